//! The action against a bucket in memory and a mocked ledger.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use bucket::testing::bucket;
use check_plan::error::Error;
use check_plan::io::Reply;
use check_plan::{Clients, handle};
use ledger::{Chain, Lock, Machine};
use readiness::{Answer, Verdict};
use serde_json::json;

const PLAN: &str = include_str!("../../open-run/tests/fixtures/plan.toml");

fn lock(expires_at: &str) -> Rule {
    let lock = Lock {
        owner: "unishop-1".parse().unwrap(),
        machine: Machine::Failover,
        chain: Chain::begun_by(&"unishop-1".parse().unwrap()),
        execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1"
            .parse()
            .unwrap(),
        taken_at: "2026-11-21T03:00:00Z".parse().unwrap(),
        expires_at: expires_at.parse().unwrap(),
    };
    let item = lock.to_item(&"unishop".parse().unwrap());
    mock!(aws_sdk_dynamodb::Client::get_item)
        .match_requests(|input| input.key().unwrap()["sk"].as_s().unwrap() == "lock")
        .then_output(move || GetItemOutput::builder().set_item(Some(item.clone())).build())
}

fn no_lock() -> Rule {
    mock!(aws_sdk_dynamodb::Client::get_item).then_output(|| GetItemOutput::builder().build())
}

async fn check(plan: &str, lock: &Rule, region: &str) -> Result<Reply, Error> {
    let clients = Clients {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [lock]),
        ledger: "relight-ledger".to_owned(),
        bucket: bucket("relight", &[("plans/unishop.toml", plan)]).0,
        region: region.parse().unwrap(),
    };
    let request = serde_json::from_value(json!({"run": "check-1", "workload": "unishop"})).unwrap();
    handle(request, &clients, "2026-11-21T04:00:00Z".parse().unwrap()).await
}

fn told(reply: &Reply) -> Vec<&Answer> {
    reply.answers.iter().filter(|answer| answer.verdict > Verdict::Pass).collect()
}

#[tokio::test]
async fn a_plan_that_can_be_followed_passes_and_hands_on_what_the_others_need() {
    let reply = check(PLAN, &no_lock(), "us-west-1").await.unwrap();
    assert_eq!((reply.outcome, told(&reply).len()), (Outcome::Unchanged, 0), "{:?}", reply.answers);
    assert!(reply.database.is_some() && reply.launch.is_some() && reply.asks.group.is_none());
    assert!(reply.answers[0].seen.starts_with("SHA-256 "), "{}", reply.answers[0]);
}

#[tokio::test]
async fn a_plan_for_another_region_fails_and_says_so() {
    let reply = check(PLAN, &no_lock(), "eu-west-1").await.unwrap();
    let told = told(&reply);
    assert_eq!((told.len(), told[0].verdict), (1, Verdict::Fail));
    assert!(told[0].seen.contains("by an engine in eu-west-1"), "{}", told[0]);
}

#[tokio::test]
async fn a_run_at_work_warns_until_its_lock_expires() {
    let reply = check(PLAN, &lock("2026-11-21T04:00:01Z"), "us-west-1").await.unwrap();
    let held = told(&reply);
    assert_eq!((held.len(), held[0].verdict), (1, Verdict::Warn));
    assert!(held[0].seen.contains("run unishop-1 holds the lock"), "{}", held[0]);
    let reply = check(PLAN, &lock("2026-11-21T04:00:00Z"), "us-west-1").await.unwrap();
    assert_eq!(told(&reply).len(), 0, "{:?}", reply.answers);
}

#[tokio::test]
async fn a_lock_that_can_not_be_read_fails_its_question_alone() {
    let denied = mock!(aws_sdk_dynamodb::Client::get_item).then_error(|| {
        let denied = aws_sdk_dynamodb::error::ErrorMetadata::builder()
            .code("AccessDeniedException")
            .build();
        GetItemError::generic(denied)
    });
    let reply = check(PLAN, &denied, "us-west-1").await.unwrap();
    let told = told(&reply);
    assert_eq!((told.len(), told[0].verdict), (1, Verdict::Fail));
    assert!(
        told[0].seen.contains("could not be asked") && told[0].seen.contains("AccessDenied"),
        "{}",
        told[0]
    );
}

#[tokio::test]
async fn without_a_valid_plan_nothing_is_answered_and_the_error_names_the_object() {
    let error = check("workload = 1", &no_lock(), "us-west-1").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(chain(&error).contains("plans/unishop.toml"), "{}", chain(&error));
}
