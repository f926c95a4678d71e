//! Reading the plan, on S3's answers as they come over the wire.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{NamedError as _, chain};
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use ledger::{ReadPlanError, StoredPlan, read_plan};

const PLAN: &str = include_str!("plan.toml");

/// An S3 that answers once.
fn s3(status: u16, headers: &[(&str, &str)], body: &str) -> (aws_sdk_s3::Client, StaticReplayClient) {
    let request = http::Request::builder()
        .uri("https://relight.s3.us-west-1.amazonaws.com/")
        .body(SdkBody::empty());
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let event = ReplayEvent::new(request.unwrap(), response.body(SdkBody::from(body)).unwrap());
    let replay = StaticReplayClient::new(vec![event]);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .http_client(replay.clone());
    (aws_sdk_s3::Client::from_conf(config.build()), replay)
}

async fn read(s3: &aws_sdk_s3::Client, version: Option<&str>) -> Result<StoredPlan, ReadPlanError> {
    read_plan(s3, "relight", &"unishop".parse().unwrap(), version).await
}

fn refusal(code: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>said so</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
    )
}

#[tokio::test]
async fn a_plan_is_read_with_its_version_and_digest() {
    let (client, replay) = s3(200, &[("x-amz-version-id", "3HL4kqtJvjVBH40Nrjfkd")], PLAN);
    let stored = read(&client, None).await.unwrap();
    assert_eq!(stored.plan.workload.as_str(), "unishop");
    assert_eq!(stored.version.as_deref(), Some("3HL4kqtJvjVBH40Nrjfkd"));
    assert_eq!(stored.digest.len(), 64);
    let asked = replay.actual_requests().next().unwrap().uri().to_owned();
    assert!(
        asked.starts_with("https://relight.s3.us-west-1.amazonaws.com/plans/unishop.toml"),
        "{asked}"
    );
    assert!(!asked.contains("versionId"), "{asked}");
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id() {
    let (client, replay) = s3(200, &[], PLAN);
    assert_eq!(read(&client, Some("v1")).await.unwrap().version, None);
    let asked = replay.actual_requests().next().unwrap().uri().to_owned();
    assert!(asked.contains("versionId=v1"), "{asked}");
}

#[tokio::test]
async fn one_letter_more_is_another_digest() {
    let (as_is, _) = s3(200, &[], PLAN);
    let (longer, _) = s3(200, &[], &format!("{PLAN}# \n"));
    assert_ne!(read(&as_is, None).await.unwrap().digest, read(&longer, None).await.unwrap().digest);
}

#[tokio::test]
async fn what_is_missing_is_invalid_input_and_named_with_what_to_do() {
    for (status, code, version, said) in [
        (404, "NoSuchKey", None, "s3://relight/plans/unishop.toml does not exist"),
        (
            403,
            "AccessDenied",
            None,
            "s3://relight/plans/unishop.toml does not exist, or may not be read",
        ),
        (404, "NoSuchBucket", None, "bucket relight does not exist"),
        (
            404,
            "NoSuchVersion",
            Some("v1"),
            "version v1 of s3://relight/plans/unishop.toml does not exist any more",
        ),
    ] {
        let (client, _) = s3(status, &[], &refusal(code));
        let error = read(&client, version).await.unwrap_err();
        assert_eq!(error.name().as_str(), "Relight.InvalidInput", "{code}");
        let text = chain(&error);
        assert!(text.starts_with(said) && text.ends_with(&format!("{code} (said so)")), "{text}");
    }
}

#[tokio::test]
async fn an_s3_in_trouble_is_transient() {
    let (client, _) = s3(503, &[], &refusal("SlowDown"));
    let error = read(&client, None).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Transient");
    assert_eq!(chain(&error), "read s3://relight/plans/unishop.toml: SlowDown (said so)");
}

#[tokio::test]
async fn an_invalid_plan_says_everything_that_is_wrong() {
    let wrong = PLAN.replace("\"15m\"", "\"15 parsecs\"").replace("automatic", "always");
    let (client, _) = s3(200, &[], &wrong);
    let error = read(&client, None).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    let text = chain(&error);
    assert!(text.starts_with("s3://relight/plans/unishop.toml is no valid plan"), "{text}");
    assert!(text.contains("15 parsecs"), "{text}");
}

#[tokio::test]
async fn the_plan_of_another_workload_is_refused() {
    let (client, _) = s3(
        200,
        &[],
        &PLAN
            .replace("workload = \"unishop\"", "workload = \"other\"")
            .replace("/relight/unishop/", "/relight/other/"),
    );
    let error = read(&client, None).await.unwrap_err();
    assert!(
        matches!(&error, ReadPlanError::OtherWorkload { described, .. } if described.as_str() == "other"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let event = {
        let request = http::Request::builder()
            .uri("https://relight.s3.us-west-1.amazonaws.com/")
            .body(SdkBody::empty());
        let response = http::Response::builder().status(200).body(SdkBody::from(&b"\xff\xfe"[..]));
        ReplayEvent::new(request.unwrap(), response.unwrap())
    };
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(StaticReplayClient::new(vec![event]));
    let client = aws_sdk_s3::Client::from_conf(config.build());
    assert!(matches!(read(&client, None).await, Err(ReadPlanError::NoText { .. })));
}
