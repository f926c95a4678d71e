//! The lag on the wire. CloudWatch speaks CBOR (smithy-rpc-v2-cbor), so that the recorded answer is written by hand.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use aws_sdk_rds::Client;
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;
use choose_promotion::io::{Request, Verb};
use serde_json::json;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

/// As much of RFC 8949 as an answer of GetMetricData needs.
mod cbor {
    fn head(major: u8, length: usize) -> Vec<u8> {
        let length = u16::try_from(length).unwrap();
        [&[major << 5 | 25][..], &length.to_be_bytes()].concat()
    }

    pub(super) fn text(text: &str) -> Vec<u8> {
        [head(3, text.len()), text.as_bytes().to_vec()].concat()
    }

    pub(super) fn number(number: f64) -> Vec<u8> {
        [vec![0xfb], number.to_be_bytes().to_vec()].concat()
    }

    /// Tag 1: seconds since 1970.
    pub(super) fn time(seconds: f64) -> Vec<u8> {
        [vec![0xc1], number(seconds)].concat()
    }

    pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
        [head(4, items.len()), items.concat()].concat()
    }

    pub(super) fn map(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let fields: Vec<_> = fields.iter().map(|(name, value)| [text(name), value.clone()].concat()).collect();
        [head(5, fields.len()), fields.concat()].concat()
    }
}

fn replay(answers: Vec<http::Response<SdkBody>>) -> StaticReplayClient {
    let events = answers.into_iter().map(|answer| {
        let request = http::Request::builder()
            .uri("https://us-west-1.amazonaws.com/")
            .body(SdkBody::empty());
        ReplayEvent::new(request.unwrap(), answer)
    });
    StaticReplayClient::new(events.collect())
}

fn xml(operation: &str, result: &str) -> http::Response<SdkBody> {
    let body = format!(
        "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{result}</{operation}Result>\
         </{operation}Response>"
    );
    http::Response::builder().status(200).body(SdkBody::from(body)).unwrap()
}

#[tokio::test]
async fn the_lag_is_asked_for_by_cluster_and_read_in_milliseconds() {
    let database = replay(vec![
        xml(
            "DescribeGlobalClusters",
            &format!(
                "<GlobalClusters><GlobalClusterMember><EngineVersion>16.11</EngineVersion><GlobalClusterMembers>\
                 <GlobalClusterMember><DBClusterArn>{PRIMARY}</DBClusterArn><IsWriter>true</IsWriter></GlobalClusterMember>\
                 <GlobalClusterMember><DBClusterArn>{RECOVERY}</DBClusterArn><IsWriter>false</IsWriter></GlobalClusterMember>\
                 </GlobalClusterMembers></GlobalClusterMember></GlobalClusters>"
            ),
        ),
        xml(
            "DescribeDBClusters",
            "<DBClusters><DBCluster><Status>available</Status><EngineVersion>16.11</EngineVersion><DBClusterMembers>\
             <DBClusterMember><IsClusterWriter>false</IsClusterWriter></DBClusterMember></DBClusterMembers></DBCluster></DBClusters>",
        ),
    ]);
    let result = |id, timestamps: &[Vec<u8>], values: &[Vec<u8>]| {
        cbor::map(&[
            ("Id", cbor::text(id)),
            ("Label", cbor::text(id)),
            ("Timestamps", cbor::list(timestamps)),
            ("Values", cbor::list(values)),
            ("StatusCode", cbor::text("Complete")),
        ])
    };
    // 03:15:00 and 03:14:00, the newest first, as `TimestampDescending`, the default, has it.
    let times = [cbor::time(1_795_230_900.0), cbor::time(1_795_230_840.0)];
    let answer = cbor::map(&[(
        "MetricDataResults",
        cbor::list(&[
            result("rpo", &times, &[cbor::number(732.5), cbor::number(40.0)]),
            result("replication", &[], &[]),
        ]),
    )]);
    let metrics = replay(vec![
        http::Response::builder()
            .status(200)
            .header("content-type", "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor")
            .body(SdkBody::from(answer))
            .unwrap(),
    ]);

    let rds = aws_sdk_rds::Config::builder().with_test_defaults_v2().http_client(database);
    let cloudwatch = aws_sdk_cloudwatch::Config::builder()
        .with_test_defaults_v2()
        .http_client(metrics.clone());
    let request: Request = serde_json::from_value(json!({
        "mode": "plan",
        "run": "unishop-1",
        "globalCluster": "unishop",
        "cluster": RECOVERY,
        "promotion": "auto",
        "rpoSeconds": 60,
        "acceptDataLoss": "none",
    }))
    .unwrap();
    let reply = choose_promotion::handle(
        request,
        &Client::from_conf(rds.build()),
        &aws_sdk_cloudwatch::Client::from_conf(cloudwatch.build()),
        "2026-11-21T03:16:40Z".parse().unwrap(),
    )
    .await
    .unwrap();

    assert_eq!((reply.verb, reply.lag_seconds), (Verb::Failover, Some(0.7325)));
    assert!(reply.because.contains("was 0.73 s behind, 100 s ago"), "{}", reply.because);
    let asked = metrics.actual_requests().next().unwrap();
    assert!(
        asked
            .uri()
            .ends_with("/service/GraniteServiceVersion20100801/operation/GetMetricData"),
        "{}",
        asked.uri()
    );
    let body = String::from_utf8_lossy(asked.body().bytes().unwrap()).into_owned();
    for part in [
        "AWS/RDS",
        "AuroraGlobalDBRPOLag",
        "AuroraGlobalDBReplicationLag",
        "DBClusterIdentifier",
        "unishop-recovery",
    ] {
        assert!(body.contains(part), "{part} is not in the request");
    }
}
