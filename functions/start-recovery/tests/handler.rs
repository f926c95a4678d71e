//! The whole handler with mocked clients: calls made, calls not made, errors named, twice is once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use action::{NamedError as _, Outcome, chain};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::ExecutionAlreadyExists;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_smithy_mocks::mock;
use aws_smithy_types::error::ErrorMetadata;
use ledger::{LastRun, Machine, Verdict};
use serde_json::Value;

use world::{EXECUTION, PLAN, World, alarm, at, stored, switch};

#[tokio::test]
async fn twice_is_once() {
    let world = World {
        exists: mock!(aws_sdk_sfn::Client::describe_execution).then_output(|| {
            DescribeExecutionOutput::builder()
                .execution_arn(EXECUTION)
                .state_machine_arn("arn")
                .status(ExecutionStatus::Running)
                .start_date(aws_sdk_sfn::primitives::DateTime::from_secs(1_795_230_903))
                .build()
                .unwrap()
        }),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(
        reply.because,
        "run unishop-20261121T031502Z was already started at 2026-11-21T03:15:03Z"
    );
    assert_eq!(reply.execution.unwrap().as_str(), EXECUTION);
    assert_eq!(world.calls(), [1, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn an_alarm_that_holds_starts_its_run_with_the_begin_of_the_incident() {
    let world = World::new();
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed, "{}", reply.because);
    assert_eq!(reply.run.unwrap().as_str(), "unishop-20261121T031502Z");
    assert_eq!(reply.execution.unwrap().as_str(), EXECUTION);
    assert_eq!(world.calls(), [1; 7]);
    let input: Value = serde_json::from_str(&world.input.lock().unwrap()[0]).unwrap();
    assert_eq!(
        input,
        serde_json::json!({
            "workload": "unishop",
            "mode": "execute",
            "trigger": {
                "kind": "alarm",
                "alarm": "relight-unishop-primary-down",
                "alarmAt": "2026-11-21T03:15:02.123Z",
                "incidentAt": "2026-11-21T03:14:31Z",
                "reason": "arn:aws:cloudwatch:us-west-1:123456789012:alarm:relight-unishop-probe-failing transitioned to ALARM at \
                           Saturday 21 November, 2026 03:15:02 UTC",
            },
        })
    );
}

#[tokio::test]
async fn a_start_that_another_delivery_has_overtaken_is_no_error() {
    let world = World {
        start: mock!(aws_sdk_sfn::Client::start_execution).then_error(|| {
            let meta = ErrorMetadata::builder().code("ExecutionAlreadyExists").build();
            StartExecutionError::ExecutionAlreadyExists(ExecutionAlreadyExists::builder().meta(meta).build())
        }),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(reply.because, "run unishop-20261121T031502Z was already started");
}

#[tokio::test]
async fn a_change_to_ok_calls_nobody() {
    let world = World::new();
    let event = include_str!("fixtures/sns-composite.json").replace(r#"\"NewStateValue\": \"ALARM\""#, r#"\"NewStateValue\": \"OK\""#);
    let reply = world.receives(&event).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(
        reply.because,
        "alarm relight-unishop-primary-down went to OK, and only ALARM starts a recovery"
    );
    assert_eq!(world.calls(), [0; 7]);
}

#[tokio::test]
async fn a_plan_that_leaves_the_start_to_people_starts_nothing() {
    let world = World {
        bucket: stored(&PLAN.replace("automatic", "notify")),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.because, "guards.mode of the plan is notify: a person starts the recovery");
    assert_eq!(world.calls(), [1, 1, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_plan_that_wants_an_approval_starts_a_run_that_asks() {
    let world = World {
        bucket: stored(&PLAN.replace("automatic", "approve")),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert!(
        reply.because.contains("which asks people before it changes anything, since alarm"),
        "{}",
        reply.because
    );
}

#[tokio::test]
async fn while_people_inhibit_recoveries_nothing_is_started_and_their_reason_is_told() {
    let world = World {
        switch: switch("Ada moves the network until 14:00"),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(
        reply.because,
        "recoveries are inhibited: /relight/inhibit says \"Ada moves the network until 14:00\"; nothing starts until it says off, \
         unless a person starts it in spite of that"
    );
    assert_eq!(world.calls(), [1, 1, 1, 0, 0, 0, 0]);

    let off = World {
        switch: switch("off"),
        ..World::new()
    };
    assert_eq!(off.receives_alarm().await.unwrap().outcome, Outcome::Changed);
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_starts_nothing_and_lambda_asks_again() {
    let world = World {
        switch: mock!(aws_sdk_ssm::Client::get_parameter).then_error(|| {
            let meta = ErrorMetadata::builder().code("ThrottlingException").build();
            GetParameterError::generic(meta)
        }),
        ..World::new()
    };
    let error = world.receives_alarm().await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Transient");
    assert_eq!(world.start.num_calls(), 0);
}

#[tokio::test]
async fn within_the_cool_down_nothing_is_started() {
    let last = LastRun {
        run: "unishop-20261121T020000Z".parse().unwrap(),
        work: "unishop-20261121T020000Z".parse().unwrap(),
        machine: Machine::Failover,
        closed_at: at("02:30:00"),
        verdict: Verdict::StoppedUntouched,
        mode: action::Mode::Execute,
    };
    let item = last.to_item(&"unishop".parse().unwrap());
    let world = World {
        last_run: mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.consistent_read() == Some(true))
            .then_output(move || GetItemOutput::builder().set_item(Some(item.clone())).build()),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert!(
        reply.because.contains("until 2026-11-21T03:30:00Z the cool-down"),
        "{}",
        reply.because
    );
    assert_eq!(world.calls(), [1, 1, 1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn an_alarm_that_is_back_to_ok_when_looked_at_again_starts_nothing() {
    let world = World {
        alarm: alarm(StateValue::Ok),
        ..World::new()
    };
    let reply = world.receives_alarm().await.unwrap();
    assert_eq!(reply.because, "alarm relight-unishop-primary-down is back in OK");
    assert_eq!(world.calls(), [1, 1, 1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn an_alarm_that_has_been_deleted_is_refused() {
    let world = World {
        alarm: mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_output(|| DescribeAlarmsOutput::builder().build()),
        ..World::new()
    };
    let error = world.receives_alarm().await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Refused");
    assert_eq!(world.start.num_calls(), 0);
}

#[tokio::test]
async fn an_unknown_begin_of_the_incident_holds_nothing_back() {
    let world = World {
        probes: mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| GetMetricDataOutput::builder().build()),
        ..World::new()
    };
    assert_eq!(world.receives_alarm().await.unwrap().outcome, Outcome::Changed);
    let input: Value = serde_json::from_str(&world.input.lock().unwrap()[0]).unwrap();
    assert_eq!(input["trigger"]["incidentAt"], Value::Null);
}

#[tokio::test]
async fn a_missing_plan_is_invalid_input_and_named() {
    let world = World {
        bucket: bucket::testing::bucket("relight", &[]),
        ..World::new()
    };
    let error = world.receives_alarm().await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    assert!(
        chain(&error).starts_with("s3://relight/plans/unishop.toml does not exist"),
        "{}",
        chain(&error)
    );
    assert_eq!(world.start.num_calls(), 0);
}

#[tokio::test]
async fn an_alarm_of_somebody_else_is_invalid_input() {
    let world = World::new();
    let event = include_str!("fixtures/sns-metric.json").replace("relight-unishop-primary-down", "disk-full");
    let error = world.receives(&event).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    assert_eq!(world.calls(), [0; 7]);
}

#[tokio::test]
async fn an_error_of_one_record_is_reported_after_the_others_had_their_turn() {
    let world = World::new();
    let mut event: Value = serde_json::from_str(include_str!("fixtures/sns-composite.json")).unwrap();
    let mut other = event["Records"][0].clone();
    let message = other["Sns"]["Message"]
        .as_str()
        .unwrap()
        .replace("relight-unishop-primary-down", "disk-full");
    other["Sns"]["Message"] = message.into();
    event["Records"].as_array_mut().unwrap().insert(0, other);
    let error = world.receives(&event.to_string()).await.unwrap_err();
    assert!(chain(&error).contains("disk-full"));
    assert_eq!(world.start.num_calls(), 1);
}
