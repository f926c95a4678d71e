//! The action against mocked AWS: who is told, how often, and what goes with a new token.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use action::{Mode, NamedError as _, Outcome, chain};
use ask_approval::io::{Promotion, Reply, Request};
use ask_approval::{Clients, Error, Settings, handle};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessInput, SendTaskSuccessOutput};
use aws_sdk_sns::operation::publish::{PublishError, PublishInput, PublishOutput};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use ledger::{Item, Token, Trigger};

const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAA";

fn request(mode: Mode) -> Request {
    Request {
        mode,
        run: "unishop-20261121T031502Z".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z"
            .parse()
            .unwrap(),
        token: (mode == Mode::Execute).then(|| Token::new(TOKEN)),
        timeout_seconds: 900,
        trigger: Trigger::Alarm {
            alarm: "relight-unishop-primary-down".to_owned(),
            alarm_at: "2026-11-21T03:15:02Z".parse().unwrap(),
            incident_at: Some("2026-11-21T03:14:31Z".parse().unwrap()),
            reason: "3 of 3 probes failed".to_owned(),
        },
        promotion: Some(Promotion {
            verb: "failover".to_owned(),
            because: "the engine versions are the same".to_owned(),
            lag_seconds: Some(0.4),
            lag_because: None,
        }),
        instances: Some(2),
        rpo_seconds: 60,
        topic: None,
    }
}

/// What AWS was asked to do.
#[derive(Default)]
struct Asked {
    updates: Vec<UpdateItemInput>,
    published: Vec<PublishInput>,
    sent: Vec<SendTaskSuccessInput>,
}

/// Asks, with `before` of the item in the ledger.
async fn asks(request: Request, before: &[(&str, &str)], publishes: bool) -> (Result<Reply, Error>, Asked) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let before: Item = before.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    let asked = Arc::new(Mutex::new(Asked::default()));
    let (updates, published, sent) = (Arc::clone(&asked), Arc::clone(&asked), Arc::clone(&asked));
    let update = mock!(aws_sdk_dynamodb::Client::update_item)
        .match_requests(move |input| {
            updates.lock().unwrap().updates.push(input.clone());
            true
        })
        .then_compute_output(move |input| {
            // As DynamoDB does with SET and if_not_exists.
            let given = input.expression_attribute_values().unwrap();
            let mut item: HashMap<_, _> = before.clone();
            for (name, value) in [("token", ":token"), ("execution", ":execution"), ("expiresAt", ":until")] {
                item.extend(given.get(value).map(|value| (name.to_owned(), value.clone())));
            }
            item.entry("askedAt".to_owned()).or_insert_with(|| given[":now"].clone());
            UpdateItemOutput::builder().set_attributes(Some(item)).build()
        });
    let publish = mock!(aws_sdk_sns::Client::publish).match_requests(move |input| {
        published.lock().unwrap().published.push(input.clone());
        true
    });
    let publish = if publishes {
        publish.then_output(|| PublishOutput::builder().build())
    } else {
        publish.then_error(|| PublishError::generic(ErrorMetadata::builder().code("InternalError").message("later").build()))
    };
    let send = mock!(aws_sdk_sfn::Client::send_task_success)
        .match_requests(move |input| {
            sent.lock().unwrap().sent.push(input.clone());
            true
        })
        .then_output(|| SendTaskSuccessOutput::builder().build());
    let clients = Clients {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&update]),
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&send]),
        sns: mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&publish]),
    };
    let settings = Settings {
        ledger: "relight-ledger".to_owned(),
        topic: "arn:aws:sns:us-west-1:123456789012:relight-notifications".to_owned(),
    };
    let reply = handle(request, &clients, &settings, "2026-11-21T03:15:05.25Z".parse().unwrap()).await;
    drop((clients, update, publish, send));
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    (reply, asked)
}

#[tokio::test]
async fn planning_makes_no_call_and_says_whom_it_would_ask() {
    let (reply, asked) = asks(request(Mode::Plan), &[], true).await;
    let reply = reply.unwrap();
    assert_eq!((reply.outcome, reply.expires_at), (Outcome::Planned, None));
    assert!(
        reply.because.contains("relight-notifications") && reply.because.contains("900 s"),
        "{}",
        reply.because
    );
    assert_eq!((asked.updates.len(), asked.published.len(), asked.sent.len()), (0, 0, 0));
    let [kept, message, told] = reply.calls.as_slice() else {
        unreachable!("the token, the message, and that people were told: {:?}", reply.calls)
    };
    assert_eq!(
        [kept, message, told].map(|call| call.iam_action.as_str()),
        ["dynamodb:UpdateItem", "sns:Publish", "dynamodb:UpdateItem"]
    );
    assert_eq!(
        kept.arguments["ExpressionAttributeValues"][":token"]["S"],
        "(the machine's task token)"
    );
    let text = message.arguments["Message"].as_str().unwrap();
    assert!(text.contains("relight approve unishop-20261121T031502Z"), "{text}");
}

#[tokio::test]
async fn people_are_asked_once_the_token_is_kept_and_never_see_it() {
    let (reply, asked) = asks(request(Mode::Execute), &[], true).await;
    let reply = reply.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(reply.expires_at.unwrap().to_string(), "2026-11-21T03:30:05Z");
    let [kept, told] = asked.updates.as_slice() else {
        unreachable!("the token, and that people were told")
    };
    let sort = AttributeValue::S("approval#unishop-20261121T031502Z".to_owned());
    assert_eq!(kept.key().unwrap()["sk"], sort);
    assert_eq!(
        kept.expression_attribute_values().unwrap()[":token"],
        AttributeValue::S(TOKEN.to_owned())
    );
    assert_eq!(told.update_expression(), Some("SET toldAt = :now"));
    let [message] = asked.published.as_slice() else {
        unreachable!("one message")
    };
    assert!(message.subject().unwrap().len() <= 100 && message.subject().unwrap().is_ascii());
    let text = message.message().unwrap();
    for named in [
        "relight-unishop-primary-down",
        "2026-11-21T03:14:31Z",
        "3 of 3 probes failed",
        "by failover: the engine versions are the same",
        "2 instances are launched",
        "the last 0.4 s may be lost, within the RPO of 60 s",
        "Without an answer by 2026-11-21T03:30:05Z it is NOT recovered",
        "relight approve unishop-20261121T031502Z --region us-west-1",
        "relight deny unishop-20261121T031502Z --region us-west-1 --comment",
        "https://us-west-1.console.aws.amazon.com/lambda/home?region=us-west-1#/functions/relight-answer-approval?tab=testing",
        r#"{"run":"unishop-20261121T031502Z","answer":"yes","who":"your name","comment":null}"#,
        "#/v2/executions/details/arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z",
    ] {
        assert!(text.contains(named), "no {named:?} in:\n{text}");
    }
    let replied = serde_json::to_string(&reply).unwrap();
    assert!(!text.contains(TOKEN) && !replied.contains(TOKEN), "{text}\n{replied}");
}

#[tokio::test]
async fn asked_again_the_token_is_replaced_and_nobody_is_told_twice() {
    let before = [
        ("askedAt", "2026-11-21T03:15:00Z"),
        ("token", "old"),
        ("toldAt", "2026-11-21T03:15:01Z"),
    ];
    let (reply, asked) = asks(request(Mode::Execute), &before, true).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.outcome, asked.updates.len(), asked.published.len()),
        (Outcome::Unchanged, 1, 0)
    );
    assert_eq!(reply.asked_at.unwrap().to_string(), "2026-11-21T03:15:00Z");
}

#[tokio::test]
async fn an_answer_to_an_earlier_token_goes_with_the_new_one() {
    let before = [
        ("askedAt", "2026-11-21T03:15:00Z"),
        ("toldAt", "2026-11-21T03:15:01Z"),
        ("answer", "yes"),
        ("who", "Ada"),
        ("answeredAt", "2026-11-21T03:15:03Z"),
    ];
    let (reply, asked) = asks(request(Mode::Execute), &before, true).await;
    assert_eq!(reply.unwrap().outcome, Outcome::Changed);
    assert_eq!((asked.published.len(), asked.sent.len()), (0, 1));
    assert_eq!(asked.sent[0].task_token(), Some(TOKEN));
    let output: serde_json::Value = serde_json::from_str(asked.sent[0].output().unwrap()).unwrap();
    assert_eq!((&output["answer"], &output["who"]), (&"yes".into(), &"Ada".into()));
}

#[tokio::test]
async fn a_message_that_was_not_taken_is_not_noted_as_told() {
    let (reply, asked) = asks(request(Mode::Execute), &[], false).await;
    let error = reply.unwrap_err();
    assert!(chain(&error).contains("relight-notifications"), "{}", chain(&error));
    assert_eq!(asked.updates.len(), 1, "only the token was kept");
    assert!(!asked.published.is_empty());
}

#[tokio::test]
async fn executing_without_a_token_is_invalid_input() {
    let (reply, asked) = asks(
        Request {
            token: None,
            ..request(Mode::Execute)
        },
        &[],
        true,
    )
    .await;
    assert_eq!(
        (reply.unwrap_err().name().as_str(), asked.updates.len()),
        ("Relight.InvalidInput", 0)
    );
}
