//! When nothing may happen: the alarm is over, people decide, another run holds the lock, or the run only plans.

use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::ExecutionStatus;
use lab::run::runs;
use ledger::Verdict;
use serde_json::{Value, json};

use crate::stage::{Stage, alarm, at_once, execute};

async fn set_alarm(stage: &Stage, state: StateValue) {
    let client = aws_sdk_cloudwatch::Client::new(&stage.reach.looking().expect("a configuration"));
    for name in ["relight-unishop-probe-failing", "relight-unishop-primary-down"] {
        client
            .set_alarm_state()
            .alarm_name(name)
            .state_value(state.clone())
            .state_reason("test")
            .send()
            .await
            .expect("an alarm");
    }
}

async fn told(stage: &Stage, event: &Value) -> String {
    let answer = stage.reach.invoke("start-recovery", event).await.expect("an answer");
    assert_eq!(answer.error, None, "{answer:?}");
    assert_eq!(answer.payload["outcome"], "unchanged", "{answer:?}");
    answer.payload["because"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_alarm_that_is_over_or_that_people_answer_starts_nothing_and_says_why() {
    let stage = Stage::set(&at_once()).await;
    set_alarm(&stage, StateValue::Ok).await;
    let why = told(&stage, &alarm("ALARM", "2026-11-21T03:15:02.123+0000")).await;
    assert!(why.contains("OK"), "{why}");

    stage.change_plan("mode = \"automatic\"", "mode = \"notify\"").await;
    let why = told(&stage, &alarm("ALARM", "2026-11-21T03:16:02.123+0000")).await;
    assert!(why.contains("notify"), "{why}");

    assert!(runs(&stage.reach, &stage.reach.machine).await.expect("the runs").is_empty());
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn planning_walks_the_machine_and_changes_nothing() {
    let stage = Stage::set(&at_once()).await;
    // Without a mode a run plans.
    let ended = stage.run(&json!({"workload": "unishop"})).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{}", ended.cause);
    assert_eq!(ended.output["verdict"], "done", "{}", ended.output);
    let by_functions = stage
        .log()
        .into_iter()
        .filter(|entry| entry.caller != "lab" && entry.caller != "site" && entry.succeeded());
    let changing = [
        "RunInstances",
        "FailoverGlobalCluster",
        "RemoveFromGlobalCluster",
        "PutItem",
        "DeleteItem",
        "PutObject",
        "AssociateAddress",
    ];
    let changed: Vec<_> = by_functions
        .filter(|entry| changing.contains(&entry.operation.as_str()) && !entry.dry_run)
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_second_run_is_refused_and_told_who_holds_the_lock() {
    let stage = Stage::set(&crate::stage::settings()).await;
    let client = aws_sdk_sfn::Client::new(&stage.reach.looking().expect("a configuration"));
    let mut entries = stage.lab.gateway().log().subscribe();
    let first = client
        .start_execution()
        .state_machine_arn(&stage.reach.machine)
        .name("first")
        .input(execute().to_string())
        .send()
        .await
        .expect("an execution");
    // The first holds the lock once it asks for something to be promoted; until then it only looks.
    let asked = async { while entries.recv().await.is_ok_and(|entry| entry.operation != "FailoverGlobalCluster") {} };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .expect("the first run asks for a failover");
    let second = stage.run(&execute()).await;
    assert_eq!(second.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", second.cause);
    assert!(second.cause.contains("first"), "{}", second.cause);
    let report = second.report.expect("a report");
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    let ended = stage.ended(first.execution_arn().rsplit(':').next().unwrap_or_default()).await;
    assert_eq!(ended.report.expect("a report").verdict, Verdict::Done, "{}", ended.cause);
}
