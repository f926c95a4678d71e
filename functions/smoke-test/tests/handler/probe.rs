//! The probe: its cadence, its metric, and what it does when the metric can't be put.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use action::{ErrorName, NamedError as _, chain};
use aws_sdk_cloudwatch::operation::put_metric_data::{PutMetricDataError, PutMetricDataInput, PutMetricDataOutput};
use aws_sdk_cloudwatch::types::StandardUnit;
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::mock;
use aws_smithy_types::body::SdkBody;
use serde_json::json;
use smoke_test::handle;
use smoke_test::io::{ProbeReply, Reply, Request};

use super::support::{Put, TestClock, TestSite, metrics, ok, plan, reach, status, stored};

const HOME: &str = "[[site.checks]]\nname = \"home\"\npath = \"/\"\n\n[[site.checks]]\nname = \"order\"\nmethod = \"POST\"\npath = \"/\"\n";
const START: &str = "2026-11-21T03:15:02Z";

fn request() -> Request {
    serde_json::from_value(json!({"purpose": "probe", "workload": "unishop", "site": "primary"})).unwrap()
}

async fn probe(plan: String, clock: &TestClock) -> (ProbeReply, Put) {
    let (rule, put) = metrics();
    match handle(request(), &reach(stored(&plan).0, &rule), clock).await.unwrap() {
        Reply::Probe(reply) => (reply, put),
        other => panic!("{other:?}"),
    }
}

/// Of each put: the second it is of, `ProbeFailed`, and whether it has a latency.
fn looks(put: &Put) -> Vec<(i64, f64, bool)> {
    let of = |input: &PutMetricDataInput| {
        let data = input.metric_data();
        assert_eq!(data[0].metric_name(), Some("ProbeFailed"));
        (data[0].timestamp().unwrap().secs(), data[0].value().unwrap(), data.len() == 2)
    };
    put.lock().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn looks_six_times_a_minute_at_whole_periods_and_only_with_what_may_be_probed() {
    let site = TestSite::start(|_| ok("")).await;
    let (reply, put) = probe(plan(&site.url(), "https://recovery.example.com", HOME), &TestClock::at(START)).await;
    assert_eq!((reply.looks, reply.failed), (6, 0));
    assert_eq!(reply.because, "0 of 6 looks failed; the site in us-east-1 passed 1 of 1 checks");
    let start = super::support::at(START).as_second();
    let expected: Vec<_> = (0..6).map(|number| (start + 10 * number, 0.0, true)).collect();
    assert_eq!(looks(&put), expected);
    assert_eq!(site.lines(), ["GET /"; 6]);
}

#[tokio::test]
async fn a_look_that_overruns_neither_shifts_nor_bunches_the_others() {
    let clock = TestClock::at(START);
    let (asked, slow) = (AtomicUsize::new(0), clock.clone());
    let site = TestSite::start(move |_| {
        slow.advance(if asked.fetch_add(1, Ordering::SeqCst) == 1 { 22 } else { 0 });
        ok("")
    })
    .await;
    let (reply, put) = probe(plan(&site.url(), "https://recovery.example.com", HOME), &clock).await;
    let start = super::support::at(START).as_second();
    let seconds: Vec<i64> = looks(&put).iter().map(|(second, ..)| second - start).collect();
    assert_eq!((reply.looks, seconds), (5, vec![0, 10, 32, 40, 50]));
}

#[tokio::test]
async fn the_metric_is_what_the_alarm_watches() {
    let site = TestSite::start(|_| ok("")).await;
    let (_, put) = probe(plan(&site.url(), "https://recovery.example.com", HOME), &TestClock::at(START)).await;
    let put = put.lock().unwrap();
    assert_eq!(put[0].namespace(), Some("Relight"));
    let [failed, latency] = put[0].metric_data() else {
        panic!("{put:?}")
    };
    assert_eq!(
        (failed.metric_name(), failed.unit()),
        (Some("ProbeFailed"), Some(&StandardUnit::Count))
    );
    assert_eq!(
        (latency.metric_name(), latency.unit()),
        (Some("ProbeLatency"), Some(&StandardUnit::Milliseconds))
    );
    for datum in [failed, latency] {
        let [dimension] = datum.dimensions() else { panic!("{datum:?}") };
        assert_eq!((dimension.name(), dimension.value()), (Some("Workload"), Some("unishop")));
        assert_eq!(datum.storage_resolution(), Some(1));
    }
}

#[tokio::test]
async fn a_period_of_a_minute_needs_no_high_resolution() {
    let site = TestSite::start(|_| ok("")).await;
    let plan = plan(&site.url(), "https://recovery.example.com", HOME).replace("period = \"10s\"", "period = \"60s\"");
    let (reply, put) = probe(plan, &TestClock::at(START)).await;
    assert_eq!(reply.looks, 1);
    assert_eq!(put.lock().unwrap()[0].metric_data()[0].storage_resolution(), Some(60));
}

#[tokio::test]
async fn a_site_that_fails_half_way_is_a_failed_look_from_then_on() {
    let asked = AtomicUsize::new(0);
    let site = TestSite::start(move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) < 4 {
            ok("")
        } else {
            status(502)
        }
    })
    .await;
    let (reply, put) = probe(plan(&site.url(), "https://recovery.example.com", HOME), &TestClock::at(START)).await;
    assert_eq!((reply.looks, reply.failed), (6, 2));
    assert_eq!(
        reply.because,
        "2 of 6 looks failed; the last that did: the site in us-east-1 failed 1 of 1 checks: home (status 502 instead of 200)"
    );
    let failed: Vec<f64> = looks(&put).iter().map(|(_, failed, _)| *failed).collect();
    assert_eq!(failed, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
}

#[tokio::test]
async fn a_site_that_refuses_connections_is_a_failed_look_without_a_latency() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (reply, put) = probe(
        plan(&format!("http://{gone}"), "https://recovery.example.com", HOME),
        &TestClock::at(START),
    )
    .await;
    assert_eq!((reply.looks, reply.failed), (6, 6));
    assert!(reply.because.contains("home (Connection refused"), "{}", reply.because);
    assert!(looks(&put).iter().all(|(_, failed, latency)| *failed == 1.0 && !latency));
}

#[tokio::test]
async fn one_metric_that_could_not_be_put_is_an_error_and_takes_no_look_from_the_alarm() {
    let site = TestSite::start(|_| ok("")).await;
    let (stored, _) = stored(&plan(&site.url(), "https://recovery.example.com", HOME));
    let rule = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .sequence()
        .output(|| PutMetricDataOutput::builder().build())
        .error(|| {
            let meta = aws_smithy_types::error::ErrorMetadata::builder()
                .code("AccessDenied")
                .message("no")
                .build();
            PutMetricDataError::generic(meta)
        })
        .output(|| PutMetricDataOutput::builder().build())
        .times(4)
        .build();
    let error = handle(request(), &reach(stored, &rule), &TestClock::at(START)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "put the metric of 1 of 6 looks at unishop; the last time: AccessDenied (no)"
    );
    assert_eq!((rule.num_calls(), site.lines().len()), (6, 6));
}

#[tokio::test]
async fn a_probe_that_cannot_look_puts_no_metric() {
    let (stored, _) = stored(&plan("http://169.254.169.254", "https://recovery.example.com", HOME));
    let (rule, put) = metrics();
    let error = handle(request(), &reach(stored, &rule), &TestClock::at(START)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(put.lock().unwrap().is_empty());
}

/// CBOR as CloudWatch answers it (protocol smithy-rpc-v2-cbor in the service model): a map of two texts.
fn throttled() -> http::Response<SdkBody> {
    let mut body = vec![0xa2, 0x66];
    body.extend(b"__type\x6aThrottling\x67message\x6dRate exceeded");
    http::Response::builder()
        .status(400)
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("content-type", "application/cbor")
        .body(SdkBody::from(body))
        .unwrap()
}

#[tokio::test]
async fn the_metric_on_the_wire_and_a_throttled_one_is_transient() {
    let site = TestSite::start(|_| ok("")).await;
    let plan = plan(&site.url(), "https://recovery.example.com", HOME).replace("period = \"10s\"", "period = \"60s\"");
    let wire = StaticReplayClient::new(vec![ReplayEvent::new(http::Request::new(SdkBody::empty()), throttled())]);
    let config = aws_sdk_cloudwatch::Config::builder()
        .with_test_defaults()
        .region(aws_sdk_cloudwatch::config::Region::new("us-west-1"))
        .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
        .http_client(wire.clone())
        .build();
    let (rule, _) = metrics();
    let mut reach = reach(stored(&plan).0, &rule);
    reach.cloudwatch = aws_sdk_cloudwatch::Client::from_conf(config);
    let error = handle(request(), &reach, &TestClock::at(START)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert!(chain(&error).ends_with("Throttling (Rate exceeded)"), "{}", chain(&error));
    let sent = wire.actual_requests().next().unwrap();
    assert!(sent.uri().ends_with("/operation/PutMetricData"), "{}", sent.uri());
    let body = Arc::new(sent.body().bytes().unwrap().to_vec());
    for name in [
        "ProbeFailed",
        "ProbeLatency",
        "Workload",
        "unishop",
        "Milliseconds",
        "StorageResolution",
        "Relight",
    ] {
        assert!(body.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
}
