//! Reading the plan, on S3's answers as they come over the wire.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{NamedError as _, chain};
use bucket::Bucket;
use bucket::testing::{Asked, answering, refusal};
use ledger::{ReadPlanError, StoredPlan, read_plan};

const PLAN: &str = include_str!("plan.toml");

/// A bucket that answers always the same.
fn answers(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (Bucket, Asked) {
    let reply = (status, headers.to_vec(), body.as_bytes().to_vec());
    answering("relight", move |_| reply.clone())
}

async fn read(bucket: &Bucket, version: Option<&str>) -> Result<StoredPlan, ReadPlanError> {
    read_plan(bucket, &"unishop".parse().unwrap(), version).await
}

#[tokio::test]
async fn a_plan_is_read_with_its_version_and_digest() {
    let (bucket, asked) = answers(200, &[("x-amz-version-id", "3HL4kqtJvjVBH40Nrjfkd")], PLAN);
    let stored = read(&bucket, None).await.unwrap();
    assert_eq!(stored.plan.workload.as_str(), "unishop");
    assert_eq!(stored.version.as_deref(), Some("3HL4kqtJvjVBH40Nrjfkd"));
    assert_eq!(stored.digest.len(), 64);
    let asked = asked.requests()[0].uri().to_string();
    assert!(
        asked.starts_with("https://relight.s3.us-west-1.amazonaws.com/plans/unishop.toml"),
        "{asked}"
    );
    assert!(!asked.contains("versionId"), "{asked}");
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id() {
    let (bucket, asked) = answers(200, &[], PLAN);
    assert_eq!(read(&bucket, Some("v1")).await.unwrap().version, None);
    let asked = asked.requests()[0].uri().to_string();
    assert!(asked.contains("versionId=v1"), "{asked}");
}

#[tokio::test]
async fn one_letter_more_is_another_digest() {
    let (as_is, _) = answers(200, &[], PLAN);
    let (longer, _) = answers(200, &[], &format!("{PLAN}# \n"));
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
        let (bucket, _) = answers(status, &[], &refusal(code, "said so"));
        let error = read(&bucket, version).await.unwrap_err();
        assert_eq!(error.name().as_str(), "Relight.InvalidInput", "{code}");
        let text = chain(&error);
        assert!(text.starts_with(said) && text.ends_with(&format!("{code} (said so)")), "{text}");
    }
}

#[tokio::test]
async fn an_s3_in_trouble_is_transient() {
    let (bucket, _) = answers(503, &[], &refusal("SlowDown", "said so"));
    let error = read(&bucket, None).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Transient");
    assert_eq!(chain(&error), "read s3://relight/plans/unishop.toml: SlowDown (said so)");
}

#[tokio::test]
async fn an_invalid_plan_says_everything_that_is_wrong() {
    let wrong = PLAN.replace("\"15m\"", "\"15 parsecs\"").replace("automatic", "always");
    let (bucket, _) = answers(200, &[], &wrong);
    let error = read(&bucket, None).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    let text = chain(&error);
    assert!(text.starts_with("s3://relight/plans/unishop.toml is no valid plan"), "{text}");
    assert!(text.contains("15 parsecs"), "{text}");
}

#[tokio::test]
async fn the_plan_of_another_workload_is_refused() {
    let (bucket, _) = answers(
        200,
        &[],
        &PLAN
            .replace("workload = \"unishop\"", "workload = \"other\"")
            .replace("/relight/unishop/", "/relight/other/"),
    );
    let error = read(&bucket, None).await.unwrap_err();
    assert!(
        matches!(&error, ReadPlanError::OtherWorkload { described, .. } if described.as_str() == "other"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let (bucket, _) = answering("relight", |_| (200, Vec::new(), b"\xff\xfe".to_vec()));
    assert!(matches!(read(&bucket, None).await, Err(ReadPlanError::NoText { .. })));
}
