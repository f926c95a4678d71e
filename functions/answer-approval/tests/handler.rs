//! The action against mocked AWS: what is recorded, what is sent, and who is told who was first.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use action::{NamedError as _, Outcome, chain};
use answer_approval::io::Reply;
use answer_approval::{Clients, Error, Settings, handle};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessError, SendTaskSuccessInput, SendTaskSuccessOutput};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::{ExecutionDoesNotExist, TaskTimedOut};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use ledger::Item;
use serde_json::json;

const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAA";

fn code(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).build()
}

fn item(fields: &[(&str, &str)]) -> Item {
    let asked = [
        ("token", TOKEN),
        (
            "execution",
            "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1",
        ),
        ("askedAt", "2026-11-21T03:15:05Z"),
        ("expiresAt", "2026-11-21T03:30:05Z"),
    ];
    let fields = asked.iter().chain(fields);
    fields
        .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())))
        .collect()
}

/// What AWS answers, and what it was asked to do.
struct World {
    execution: Rule,
    approval: Option<Item>,
    /// What is there when the answer is to be recorded, if that is something else by then.
    by_then: Option<Item>,
    send: Rule,
    updates: Arc<Mutex<Vec<UpdateItemInput>>>,
    sent: Arc<Mutex<Vec<SendTaskSuccessInput>>>,
}

impl World {
    fn new(approval: Option<Item>) -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        Self {
            execution: running(ExecutionStatus::Running),
            approval,
            by_then: None,
            send: sending(&sent).then_output(|| SendTaskSuccessOutput::builder().build()),
            updates: Arc::default(),
            sent,
        }
    }

    async fn says(&self, answer: &str, who: &str) -> Result<Reply, Error> {
        let (approval, by_then, updates) = (self.approval.clone(), self.by_then.clone(), Arc::clone(&self.updates));
        let get = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|input| input.consistent_read() == Some(true))
            .then_output(move || GetItemOutput::builder().set_item(approval.clone()).build());
        let update = mock!(aws_sdk_dynamodb::Client::update_item).match_requests(move |input| {
            updates.lock().unwrap().push(input.clone());
            true
        });
        let update = match by_then {
            None => update.then_output(|| UpdateItemOutput::builder().build()),
            Some(item) => update.then_error(move || {
                let failed = ConditionalCheckFailedException::builder().set_item(Some(item.clone())).build();
                UpdateItemError::ConditionalCheckFailedException(failed)
            }),
        };
        let clients = Clients {
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &update]),
            sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&self.execution, &self.send]),
        };
        let settings = Settings {
            ledger: "relight-ledger".to_owned(),
            machine: "arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover".to_owned(),
        };
        let request = json!({"run": "unishop-1", "answer": answer, "who": who, "comment": "seen it"});
        let request = serde_json::from_value(request).unwrap();
        handle(request, &clients, &settings, "2026-11-21T03:16:00Z".parse().unwrap()).await
    }

    /// How many answers were recorded, and how many were sent.
    fn done(&self) -> (usize, usize) {
        (self.updates.lock().unwrap().len(), self.sent.lock().unwrap().len())
    }
}

fn running(status: ExecutionStatus) -> Rule {
    mock!(aws_sdk_sfn::Client::describe_execution)
        .match_requests(|input| input.execution_arn() == Some("arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1"))
        .then_output(move || {
            DescribeExecutionOutput::builder()
                .execution_arn("arn")
                .state_machine_arn("arn")
                .start_date(aws_smithy_types::DateTime::from_secs(1_795_230_902))
                .stop_date(aws_smithy_types::DateTime::from_secs(1_795_231_000))
                .status(status.clone())
                .input(r#"{"workload":"unishop","mode":"execute"}"#)
                .build()
                .unwrap()
        })
}

fn sending(
    sent: &Arc<Mutex<Vec<SendTaskSuccessInput>>>,
) -> aws_smithy_mocks::RuleBuilder<SendTaskSuccessInput, SendTaskSuccessOutput, SendTaskSuccessError> {
    let sent = Arc::clone(sent);
    mock!(aws_sdk_sfn::Client::send_task_success).match_requests(move |input| {
        sent.lock().unwrap().push(input.clone());
        true
    })
}

#[tokio::test]
async fn the_first_answer_is_recorded_and_then_sent_without_showing_the_token() {
    let world = World::new(Some(item(&[])));
    let reply = world.says("no", "Ada").await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Changed, "Ada said no at 2026-11-21T03:16:00Z: seen it")
    );
    assert!(!serde_json::to_string(&reply).unwrap().contains(TOKEN));
    assert_eq!(world.done(), (1, 1));
    let updates = world.updates.lock().unwrap();
    assert_eq!(
        updates[0].condition_expression(),
        Some("attribute_not_exists(answer) AND #token = :token")
    );
    let sent = world.sent.lock().unwrap();
    assert_eq!(sent[0].task_token(), Some(TOKEN));
    let output: serde_json::Value = serde_json::from_str(sent[0].output().unwrap()).unwrap();
    let expected = json!({
        "outcome": "unchanged", "because": "Ada said no at 2026-11-21T03:16:00Z: seen it", "answer": "no", "who": "Ada",
        "at": "2026-11-21T03:16:00Z", "comment": "seen it",
    });
    assert_eq!(output, expected);
}

#[tokio::test]
async fn another_answer_than_the_first_is_refused_and_nothing_is_sent() {
    let world = World::new(Some(item(&[
        ("answer", "yes"),
        ("who", "Bob"),
        ("answeredAt", "2026-11-21T03:15:30Z"),
    ])));
    let error = world.says("no", "Ada").await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Refused");
    assert_eq!(error.to_string(), "answered already: Bob said yes at 2026-11-21T03:15:30Z");
    assert_eq!(world.done(), (0, 0));
}

#[tokio::test]
async fn an_answer_that_loses_the_race_is_refused_and_not_sent() {
    let by_then = item(&[("answer", "yes"), ("who", "Bob"), ("answeredAt", "2026-11-21T03:15:59Z")]);
    let world = World {
        by_then: Some(by_then),
        ..World::new(Some(item(&[])))
    };
    let error = world.says("no", "Ada").await.unwrap_err();
    assert_eq!(error.to_string(), "answered already: Bob said yes at 2026-11-21T03:15:59Z");
    let asked_again = World {
        by_then: Some(item(&[("token", "new")])),
        ..World::new(Some(item(&[])))
    };
    let error = asked_again.says("no", "Ada").await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Transient", "{error}");
    assert_eq!((world.done(), asked_again.done()), ((1, 0), (1, 0)));
}

#[tokio::test]
async fn the_same_answer_again_delivers_the_recorded_one() {
    let recorded = item(&[("answer", "yes"), ("who", "Bob"), ("answeredAt", "2026-11-21T03:15:30Z")]);
    let world = World::new(Some(recorded.clone()));
    let reply = world.says("yes", "Ada").await.unwrap();
    assert_eq!((reply.outcome, reply.who.as_str()), (Outcome::Changed, "Bob"));
    assert_eq!(world.done(), (0, 1));
    // It had arrived: the same person is told so, another one that somebody was first.
    for (who, refused) in [("Bob", false), ("Ada", true)] {
        let mut world = World::new(Some(recorded.clone()));
        world.send = sending(&world.sent)
            .then_error(|| SendTaskSuccessError::TaskTimedOut(TaskTimedOut::builder().meta(code("TaskTimedOut")).build()));
        let result = world.says("yes", who).await;
        assert_eq!(result.is_err(), refused, "{result:?}");
        assert_eq!(world.done(), (0, 1));
    }
}

#[tokio::test]
async fn an_answer_that_could_not_be_sent_says_that_it_is_recorded() {
    let mut world = World::new(Some(item(&[])));
    world.send = sending(&world.sent)
        .then_error(|| SendTaskSuccessError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build()));
    let error = world.says("yes", "Ada").await.unwrap_err();
    assert!(chain(&error).contains("give the same answer again"), "{}", chain(&error));
    assert_eq!(world.done(), (1, 1));
}

#[tokio::test]
async fn a_run_that_has_ended_or_never_was_is_named() {
    let mut world = World::new(Some(item(&[])));
    world.execution = running(ExecutionStatus::Failed);
    let error = world.says("yes", "Ada").await.unwrap_err();
    assert!(error.to_string().starts_with("run unishop-1 has ended FAILED at "), "{error}");
    world.execution = mock!(aws_sdk_sfn::Client::describe_execution).then_error(|| {
        DescribeExecutionError::ExecutionDoesNotExist(ExecutionDoesNotExist::builder().meta(code("ExecutionDoesNotExist")).build())
    });
    let error = world.says("yes", "Ada").await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput", "{error}");
    assert_eq!(world.done(), (0, 0));
}
