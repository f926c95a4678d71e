//! The action against mocked AWS: the order of its calls, what is kept, that twice is once, and that reversing restores.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod controls;
mod world;

use action::{ErrorName, NamedError as _, Outcome, chain};
use serde_json::json;

use world::World;

fn metric() -> serde_json::Value {
    json!({"method": "health-check-metric", "when": "after-proof", "namespace": null, "metric": null})
}

fn parameter() -> serde_json::Value {
    json!({"method": "parameter", "when": "after-proof", "name": "/relight/unishop/serving", "primaryValue": "east", "recoveryValue": "west"})
}

#[tokio::test]
async fn where_users_are_sent_already_it_only_looks() {
    let world = World::default();
    world.alarm("ALARM");
    let reply = world.asked("execute", "recovery", metric()).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(
        reply.because,
        "alarm relight-unishop-traffic is ALARM: users are sent to the recovery Region"
    );
    assert_eq!(world.made(), [""; 0]);
}

#[tokio::test]
async fn a_plan_without_a_method_moves_nobody() {
    let world = World::default();
    let reply = world
        .asked("execute", "recovery", json!({"method": "none", "when": "after-proof"}))
        .await
        .unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(world.made(), [""; 0]);
}

#[tokio::test]
async fn the_metric_is_put_after_what_was_there_is_kept_and_until_the_alarm_has_heard() {
    let world = World::default();
    world.alarm("OK");
    for _ in 0..2 {
        let reply = world.asked("execute", "recovery", metric()).await.unwrap();
        assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
    }
    let puts = [
        "keep relight-unishop-traffic OK",
        "put Relight RecoveryServes Workload=unishop 1 every 60 s",
    ];
    assert_eq!(world.made(), [puts, puts].concat());
    world.alarm("ALARM");
    assert_eq!(
        world.asked("execute", "recovery", metric()).await.unwrap().outcome,
        Outcome::Unchanged
    );
    assert_eq!(world.made().len(), 4, "twice is once");
}

#[tokio::test]
async fn users_who_were_moved_before_the_run_stay_when_it_is_reversed() {
    for (kept, made) in [
        ("ALARM", vec![]),
        ("OK", vec!["put Relight RecoveryServes Workload=unishop 0 every 60 s"]),
    ] {
        let world = World::default();
        world.alarm("ALARM");
        world.keep(&[("relight-unishop-traffic", kept)]);
        world.asked("execute", "primary", metric()).await.unwrap();
        assert_eq!(world.made(), made, "kept {kept}");
    }
}

#[tokio::test]
async fn no_alarm_on_the_metric_is_an_error_that_names_both() {
    let world = World::default();
    let error = world.asked("execute", "recovery", metric()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert!(
        error
            .to_string()
            .starts_with("no alarm of unishop watches metric RecoveryServes in Relight: deploy"),
        "{error}"
    );
}

#[tokio::test]
async fn an_alarm_that_does_not_hear_ends_with_the_deadline() {
    let world = World::default();
    world.alarm("OK");
    let error = world
        .asked_at("execute", "recovery", metric(), "2026-11-21T03:30:01Z")
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert!(
        chain(&error).starts_with("waiting for what moves users: alarm relight-unishop-traffic is OK: the deadline"),
        "{}",
        chain(&error)
    );
    assert_eq!(world.made(), [""; 0]);
}

#[tokio::test]
async fn a_parameter_is_kept_written_and_read_back_and_reversing_restores_what_it_held() {
    let world = World::default();
    world.parameter("blue");
    let first = world.asked("execute", "recovery", parameter()).await.unwrap();
    assert_eq!(first.outcome, Outcome::Waiting);
    assert_eq!(
        world.made(),
        ["keep place /relight/unishop/serving blue", "put /relight/unishop/serving west"]
    );
    let second = world.asked("execute", "recovery", parameter()).await.unwrap();
    assert_eq!(second.outcome, Outcome::Unchanged, "{}", second.because);
    assert_eq!(world.made().len(), 2, "twice is once");
    // Not the plan's value for the primary, but what was there.
    world.asked("execute", "primary", parameter()).await.unwrap();
    assert_eq!(world.made()[2..], ["put /relight/unishop/serving blue"]);
    let back = world.asked("execute", "primary", parameter()).await.unwrap();
    assert_eq!(back.outcome, Outcome::Unchanged);
    assert_eq!(world.made().len(), 3);
}

#[tokio::test]
async fn a_plan_lists_what_would_be_kept_and_written_and_makes_none_of_it() {
    for (traffic, expected) in [
        (metric(), ["dynamodb:PutItem", "cloudwatch:PutMetricData"]),
        (parameter(), ["dynamodb:PutItem", "ssm:PutParameter"]),
    ] {
        let world = World::default();
        world.alarm("OK");
        world.parameter("blue");
        let reply = world.asked("plan", "recovery", traffic).await.unwrap();
        assert_eq!(reply.outcome, Outcome::Planned);
        let calls: Vec<&str> = reply.calls.iter().map(|call| call.iam_action.as_str()).collect();
        assert_eq!(calls, expected);
        assert!(reply.calls.iter().all(|call| !call.arguments.is_empty()), "{:?}", reply.calls);
        assert_eq!(world.made(), [""; 0]);
    }
}
