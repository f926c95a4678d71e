//! CloudWatch's answers as they come over the wire: smithy-rpc-v2-cbor, which the SDK speaks.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use world::World;

fn answer(body: &'static [u8]) -> ReplayEvent {
    let request = http::Request::builder()
        .uri("https://monitoring.us-west-1.amazonaws.com/")
        .body(SdkBody::empty());
    let response = http::Response::builder()
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .body(SdkBody::from(body));
    ReplayEvent::new(request.unwrap(), response.unwrap())
}

#[tokio::test]
async fn on_the_wire_it_looks_at_composite_alarms_and_reads_the_points_of_the_probe() {
    let replay = StaticReplayClient::new(vec![
        answer(include_bytes!("fixtures/describe-alarms.cbor")),
        answer(include_bytes!("fixtures/get-metric-data.cbor")),
    ]);
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(replay.clone());
    let cloudwatch = aws_sdk_cloudwatch::Client::from_conf(config.build());
    let world = World::new();
    world
        .receives_beside(include_str!("fixtures/sns-composite.json"), cloudwatch)
        .await
        .unwrap();

    let asked: Vec<(String, String)> = replay
        .actual_requests()
        .map(|request| {
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            (request.uri().to_owned(), body)
        })
        .collect();
    for ((uri, body), (operation, parts)) in asked.iter().zip([
        (
            "DescribeAlarms",
            &["relight-unishop-primary-down", "CompositeAlarm", "MetricAlarm"][..],
        ),
        (
            "GetMetricData",
            &["Relight", "ProbeFailed", "Workload", "unishop", "Minimum", "TimestampDescending"],
        ),
    ]) {
        assert!(uri.ends_with(&format!("/operation/{operation}")), "{uri}");
        for part in parts {
            assert!(body.contains(part), "{operation} without {part}");
        }
    }
    assert_eq!(asked.len(), 2);
    let input: Value = serde_json::from_str(&world.input.lock().unwrap()[0]).unwrap();
    assert_eq!(input["trigger"]["incidentAt"], "2026-11-21T03:14:31Z");
}
