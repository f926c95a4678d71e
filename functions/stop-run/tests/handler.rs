//! The action against mocked AWS: the request that stands, and the wait that is ended.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use action::{NamedError as _, Outcome};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessInput, SendTaskSuccessOutput};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::ExecutionDoesNotExist;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use ledger::Item;
use serde_json::json;
use stop_run::io::Reply;
use stop_run::{Clients, Error, Settings, handle};

const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAA";

fn code(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).build()
}

fn item(fields: &[(&str, &str)]) -> Item {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())))
        .collect()
}

fn asked() -> Item {
    item(&[
        ("token", TOKEN),
        (
            "execution",
            "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1",
        ),
        ("askedAt", "2026-11-21T03:15:05Z"),
        ("expiresAt", "2026-11-21T03:30:05Z"),
    ])
}

fn execution(machine: &'static str, status: Option<ExecutionStatus>) -> Rule {
    let rule = mock!(aws_sdk_sfn::Client::describe_execution)
        .match_requests(move |input| input.execution_arn().unwrap_or_default().ends_with(&format!("{machine}:unishop-1")));
    match status {
        None => rule.then_error(|| {
            DescribeExecutionError::ExecutionDoesNotExist(ExecutionDoesNotExist::builder().meta(code("ExecutionDoesNotExist")).build())
        }),
        Some(status) => rule.then_output(move || {
            DescribeExecutionOutput::builder()
                .execution_arn("arn")
                .state_machine_arn("arn")
                .start_date(aws_smithy_types::DateTime::from_secs(1_795_230_902))
                .stop_date(aws_smithy_types::DateTime::from_secs(1_795_231_000))
                .status(status.clone())
                .input(r#"{"workload":"unishop"}"#)
                .build()
                .unwrap()
        }),
    }
}

/// What was put, and what was sent.
type Done = (Vec<PutItemInput>, Vec<SendTaskSuccessInput>);

async fn stops(
    failover: Option<ExecutionStatus>,
    refresh: Option<ExecutionStatus>,
    before: Option<Item>,
    approval: Option<Item>,
) -> (Result<Reply, Error>, Done) {
    let done: Arc<Mutex<Done>> = Arc::default();
    let (puts, sends) = (Arc::clone(&done), Arc::clone(&done));
    let put = mock!(aws_sdk_dynamodb::Client::put_item).match_requests(move |input| {
        puts.lock().unwrap().0.push(input.clone());
        input.condition_expression() == Some("attribute_not_exists(pk)")
    });
    let put = match before {
        None => put.then_output(|| PutItemOutput::builder().build()),
        Some(item) => put.then_error(move || {
            let failed = ConditionalCheckFailedException::builder().set_item(Some(item.clone())).build();
            PutItemError::ConditionalCheckFailedException(failed)
        }),
    };
    let get = mock!(aws_sdk_dynamodb::Client::get_item).then_output(move || GetItemOutput::builder().set_item(approval.clone()).build());
    let update = mock!(aws_sdk_dynamodb::Client::update_item)
        .match_requests(|input| {
            let why = input.expression_attribute_values().and_then(|values| values.get(":comment"));
            why == Some(&AttributeValue::S("wrong Region".to_owned()))
        })
        .then_output(|| UpdateItemOutput::builder().build());
    let send = mock!(aws_sdk_sfn::Client::send_task_success)
        .match_requests(move |input| {
            sends.lock().unwrap().1.push(input.clone());
            true
        })
        .then_output(|| SendTaskSuccessOutput::builder().build());
    let (failover, refresh) = (execution("failover", failover), execution("refresh-image", refresh));
    let clients = Clients {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&put, &get, &update]),
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&failover, &refresh, &send]),
    };
    let machine = |name| format!("arn:aws:states:us-west-1:123456789012:stateMachine:relight-{name}");
    let settings = Settings {
        ledger: "relight-ledger".to_owned(),
        machines: ["failover", "refresh-image"].map(machine).into(),
    };
    let request = serde_json::from_value(json!({"run": "unishop-1", "who": "Ada", "why": "wrong Region"})).unwrap();
    let reply = handle(request, &clients, &settings, "2026-11-21T03:16:00Z".parse().unwrap()).await;
    drop((clients, put, send));
    let done = std::mem::take(&mut *done.lock().unwrap());
    (reply, done)
}

#[tokio::test]
async fn a_second_request_changes_nothing_and_is_told_of_the_first() {
    let first = item(&[("who", "Bob"), ("at", "2026-11-21T03:15:30Z"), ("because", "…")]);
    let (reply, (_, sent)) = stops(Some(ExecutionStatus::Running), None, Some(first), None).await;
    let reply = reply.unwrap();
    assert_eq!((reply.outcome, reply.who.as_str()), (Outcome::Unchanged, "Bob"));
    assert!(
        reply.because.starts_with("Bob stopped the run at 2026-11-21T03:15:30Z"),
        "{}",
        reply.because
    );
    assert!(sent.is_empty());
}

#[tokio::test]
async fn a_run_that_works_is_asked_to_stop_at_its_next_safe_point() {
    let (reply, (put, sent)) = stops(None, Some(ExecutionStatus::Running), None, None).await;
    let reply = reply.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(
        reply.because,
        "Ada stopped the run at 2026-11-21T03:16:00Z: wrong Region; it stops at its next safe point"
    );
    assert!(reply.execution.as_str().contains("relight-refresh-image"));
    let item = put[0].item().unwrap();
    assert_eq!(item["sk"], AttributeValue::S("stop#unishop-1".to_owned()));
    assert_eq!(
        item["because"],
        AttributeValue::S("Ada stopped the run at 2026-11-21T03:16:00Z: wrong Region".to_owned())
    );
    assert!(sent.is_empty());
}

#[tokio::test]
async fn a_run_that_waits_for_people_stops_at_once() {
    let (reply, (put, sent)) = stops(Some(ExecutionStatus::Running), None, None, Some(asked())).await;
    let reply = reply.unwrap();
    assert!(
        reply.because.ends_with("; it waited for an approval and stops now"),
        "{}",
        reply.because
    );
    assert_eq!((put.len(), sent.len()), (1, 1));
    assert_eq!(sent[0].task_token(), Some(TOKEN));
    let output: serde_json::Value = serde_json::from_str(sent[0].output().unwrap()).unwrap();
    assert_eq!((&output["answer"], &output["comment"]), (&"stop".into(), &"wrong Region".into()));
    assert!(!serde_json::to_string(&reply).unwrap().contains(TOKEN));
}

#[tokio::test]
async fn a_run_that_has_ended_or_never_was_is_refused_with_how_it_ended() {
    let (reply, (put, _)) = stops(Some(ExecutionStatus::Aborted), None, None, None).await;
    let error = reply.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Refused");
    assert!(
        error.to_string().starts_with("run unishop-1 doesn't run: it ended ABORTED at "),
        "{error}"
    );
    assert!(put.is_empty());
    let (reply, (put, _)) = stops(None, None, None, None).await;
    let error = reply.unwrap_err();
    assert_eq!((error.name().as_str(), put.len()), ("Relight.InvalidInput", 0));
}
