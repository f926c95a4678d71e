//! A lost race for the lock, on DynamoDB's answers as they come over the wire.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{Mode, NamedError as _};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::{RuleMode, mock_client};
use aws_smithy_types::body::SdkBody;
use ledger::{Machine, Trigger};
use open_run::io::Request;
use open_run::{Clients, Error, Settings, handle};

fn answer(status: u16, body: &str) -> ReplayEvent {
    let request = http::Request::builder()
        .uri("https://dynamodb.us-west-1.amazonaws.com/")
        .body(SdkBody::empty());
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(SdkBody::from(body));
    ReplayEvent::new(request.unwrap(), response.unwrap())
}

async fn opens(answers: Vec<ReplayEvent>) -> (Error, Vec<serde_json::Value>) {
    let replay = StaticReplayClient::new(answers);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(replay.clone());
    let (bucket, _) = bucket::testing::bucket("relight", &[("plans/unishop.toml", include_str!("fixtures/plan.toml"))]);
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::from_conf(config.build()),
        bucket,
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, []),
    };
    let settings = Settings {
        ledger: "relight-ledger".to_owned(),
        region: "us-west-1".parse().unwrap(),
    };
    let request = Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        machine: Machine::Failover,
        execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1"
            .parse()
            .unwrap(),
        started_at: "2026-11-21T03:15:03Z".parse().unwrap(),
        trigger: Trigger::Person { who: None, why: None },
        accept_data_loss: None,
    };
    let error = handle(request, &clients, &settings, "2026-11-21T03:15:04Z".parse().unwrap())
        .await
        .unwrap_err();
    let asked = replay
        .actual_requests()
        .map(|request| serde_json::from_slice(request.body().bytes().unwrap()).unwrap())
        .collect();
    (error, asked)
}

fn lost_to(owner: &str) -> ReplayEvent {
    answer(
        400,
        &format!(
            r#"{{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":{{"owner":{{"S":"{owner}"}},"pk":{{"S":"workload#unishop"}},"sk":{{"S":"lock"}}}},"message":"The conditional request failed"}}"#
        ),
    )
}

#[tokio::test]
async fn on_the_wire_a_lost_race_is_refused_and_names_the_winner() {
    let (error, asked) = opens(vec![answer(200, "{}"), answer(200, "{}"), answer(200, "{}"), lost_to("unishop-2")]).await;
    assert_eq!(error.name().as_str(), "Relight.Refused");
    assert_eq!(error.to_string(), "run unishop-2 took the lock of unishop at the same moment");
    assert_eq!(
        asked[0]["Key"],
        serde_json::json!({"pk": {"S": "workload#unishop"}, "sk": {"S": "run#unishop-1"}})
    );
    assert_eq!(asked[0]["ConsistentRead"], true);
    assert_eq!(asked[3]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(asked[3]["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    assert_eq!(
        asked[3]["Item"]["expiresAt"],
        serde_json::json!({"N": "1795235404"}),
        "the RTO and an hour"
    );
}

#[tokio::test]
async fn on_the_wire_a_race_against_itself_is_tried_again() {
    let (error, _) = opens(vec![answer(200, "{}"), answer(200, "{}"), answer(200, "{}"), lost_to("unishop-1")]).await;
    assert_eq!(error.name().as_str(), "Relight.Transient");
}
