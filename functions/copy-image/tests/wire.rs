//! The wire: answers worded as AWS words them (the API references' sample responses), and what is sent where.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::Outcome;
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;
use serde_json::json;

const RUN: &str = "unishop-20261121T031502Z";
const SOURCE: &str = "ami-0123456789abcdef0";
const COPY: &str = "ami-0fedcba9876543210";
const KEY: &str = "arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";

fn event(body: String) -> ReplayEvent {
    let answer = http::Response::builder().status(200).body(SdkBody::from(body)).unwrap();
    ReplayEvent::new(http::Request::new(SdkBody::empty()), answer)
}

fn ec2_says(operation: &str, inner: &str) -> ReplayEvent {
    event(format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>8f7724cf</requestId>{inner}</{operation}Response>"
    ))
}

fn ec2(http: &StaticReplayClient) -> aws_sdk_ec2::Client {
    let config = aws_sdk_ec2::Config::builder().with_test_defaults_v2().http_client(http.clone());
    aws_sdk_ec2::Client::from_conf(config.build())
}

fn bodies(http: &StaticReplayClient) -> Vec<String> {
    let text = |bytes| String::from_utf8_lossy(bytes).replace("%3A", ":").replace("%2F", "/");
    http.actual_requests().map(|sent| text(sent.body().bytes().unwrap())).collect()
}

#[tokio::test]
async fn the_source_is_read_there_and_the_key_and_the_copy_are_asked_for_here() {
    let tags = [
        ("relight:workload", "unishop"),
        ("relight:run", RUN),
        ("relight:source", "i-00000001"),
        ("relight:made", "2026-11-21T03:10:00Z"),
    ];
    let tags = tags
        .map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"))
        .concat();
    let there = StaticReplayClient::new(vec![ec2_says(
        "DescribeImages",
        &format!(
            "<imagesSet><item><imageId>{SOURCE}</imageId><imageState>available</imageState><name>relight-unishop-{RUN}</name>\
             <creationDate>2026-11-21T03:10:01.000Z</creationDate><tagSet>{tags}</tagSet></item></imagesSet>"
        ),
    )]);
    let here = StaticReplayClient::new(vec![
        ec2_says("DescribeImages", "<imagesSet/>"),
        ec2_says("CopyImage", &format!("<imageId>{COPY}</imageId>")),
    ]);
    let described = json!({"KeyMetadata": {
        "AWSAccountId": "123456789012", "Arn": KEY, "KeyId": "01234567-89ab-cdef-0123-456789abcdef", "Enabled": true,
        "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT",
    }});
    let kms = StaticReplayClient::new(vec![event(described.to_string())]);
    let request = json!({
        "mode": "execute", "run": RUN, "workload": "unishop", "from": "us-east-1", "image": SOURCE, "region": "us-west-1",
        "kmsKey": KEY, "completeWithinMinutes": 15, "since": "2026-11-21T03:16:00Z", "deadline": "2026-11-21T03:30:00Z",
    });
    let reply = copy_image::handle(
        serde_json::from_value(request).unwrap(),
        |region| ec2(if region.as_str() == "us-west-1" { &here } else { &there }),
        |_| {
            let config = aws_sdk_kms::Config::builder().with_test_defaults_v2().http_client(kms.clone());
            aws_sdk_kms::Client::from_conf(config.build())
        },
        "2026-11-21T03:16:30Z".parse().unwrap(),
    )
    .await
    .unwrap();
    assert_eq!((reply.outcome, reply.image.unwrap().as_str()), (Outcome::Waiting, COPY));
    assert_eq!((bodies(&there).len(), bodies(&here).len()), (1, 2));
    assert_eq!(bodies(&kms), [json!({"KeyId": KEY}).to_string()]);
    let copy = &bodies(&here)[1];
    for part in [
        "Action=CopyImage",
        "SourceRegion=us-east-1",
        &format!("SourceImageId={SOURCE}"),
        &format!("Name=relight-unishop-{RUN}"),
        "Encrypted=true",
        &format!("KmsKeyId={KEY}"),
        "CopyImageTags=true",
        "SnapshotCopyCompletionDurationMinutes=15",
        "ClientToken=",
        "TagSpecification.1.ResourceType=snapshot",
        &format!("TagSpecification.1.Tag.2.Key=relight:run&TagSpecification.1.Tag.2.Value={RUN}"),
    ] {
        assert!(copy.contains(part), "{part}: {copy}");
    }
    assert!(!copy.contains("DryRun"), "{copy}");
}
