//! When nothing may happen: the alarm is over or borne out by too little, people decide or inhibit, another run holds the
//! lock, or the run only plans.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use aws_sdk_sfn::types::ExecutionStatus;
use lab::run::runs;
use lab::world::PRIMARY;
use ledger::Verdict;
use serde_json::{Value, json};

use crate::stage::{Stage, alarm, at_once, by_alarm, execute, set_alarm};

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

const INHIBIT: &str = "/relight/inhibit";

async fn inhibit(stage: &Stage, why: &str) {
    aws_sdk_ssm::Client::new(&stage.reach.looking().expect("a configuration"))
        .put_parameter()
        .name(INHIBIT)
        .value(why)
        .r#type(aws_sdk_ssm::types::ParameterType::String)
        .overwrite(true)
        .send()
        .await
        .expect("a parameter");
}

/// Runs, and says why the run was stopped before it had changed anything.
async fn stopped(stage: &Stage, input: &Value) -> String {
    let ended = stage.run(input).await;
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
    assert_eq!((stop.state.as_str(), stop.error.as_str()), ("Confirm Outage", "Relight.Refused"));
    // A long sentence is cut there, and whole in the report.
    let begin: String = stop.message.chars().take(60).collect();
    assert!(ended.cause.contains(&begin), "{}", ended.cause);
    stop.message.clone()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn while_people_inhibit_recoveries_no_alarm_starts_one_and_a_person_only_by_repeating_why() {
    let stage = Stage::set(&at_once()).await;
    inhibit(&stage, "Ada moves the network").await;
    set_alarm(&stage, StateValue::Alarm).await;
    let why = told(&stage, &alarm("ALARM", "2026-11-21T03:15:02.123+0000")).await;
    assert!(why.contains("/relight/inhibit says \"Ada moves the network\""), "{why}");

    let why = stopped(&stage, &execute()).await;
    assert!(
        why.contains("says \"Ada moves the network\"; set it to off, or repeat its text as recoverDespiteInhibit"),
        "{why}"
    );
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    let mut consenting = execute();
    consenting["recoverDespiteInhibit"] = json!("Ada moves the network");
    let ended = stage.run(&consenting).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::Done, "{}", ended.cause);
    let confirmed = report.steps.iter().find(|step| step.name == "Confirm Outage");
    let because = confirmed.and_then(|step| step.because.as_deref()).unwrap_or_default();
    assert!(because.contains("as consented to"), "{because}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_alarm_that_the_primary_has_outlived_or_that_too_few_looks_bear_out_moves_nobody() {
    let stage = Stage::set(&at_once()).await;
    let client = aws_sdk_cloudwatch::Client::new(&stage.reach.looking().expect("a configuration"));
    // An alarm that is off again, whatever the looks say: the one that is deployed follows them.
    let over = client
        .put_metric_alarm()
        .alarm_name(OVER)
        .namespace("Relight")
        .metric_name("NobodyPutsThis");
    let over = over
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .evaluation_periods(1);
    over.period(60)
        .threshold(1.0)
        .statistic(Statistic::Maximum)
        .send()
        .await
        .expect("an alarm");
    let mut by_alarm = by_alarm();
    by_alarm["trigger"]["alarm"] = json!(OVER);
    stage.looked("xxx").await;
    let why = stopped(&stage, &by_alarm).await;
    assert!(why.starts_with("the primary answers again: the site in us-east-1 passed"), "{why}");
    assert!(why.ends_with("3 of the last 3 looks failed (2 needed)"), "{why}");

    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    stage.looked("....x").await;
    let why = stopped(&stage, &by_alarm).await;
    assert!(why.contains("1 of the last 3 looks failed (2 needed)"), "{why}");
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
}

const OVER: &str = "relight-unishop-over";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_run_whose_alarm_stays_on_looks_until_the_outage_is_borne_out_and_forgets_what_was_before_an_answer() {
    let stage = Stage::set(&at_once()).await;
    stage.looked("xxx").await;
    let mut entries = stage.lab.gateway().log().subscribe();
    // The primary answers the run's first look, and the alarm stays on: nothing else would start a run.
    stage.start(&stage.reach.machine, "watching", &by_alarm()).await;
    let asked = async {
        while entries
            .recv()
            .await
            .is_ok_and(|entry| (entry.caller.as_str(), entry.operation.as_str()) != ("confirm-outage", "DescribeAlarms"))
        {}
    };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .expect("a question for the alarm");
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let mut probe = tokio::time::interval(Duration::from_secs(10));
    let ended = async { stage.ended("watching").await };
    tokio::pin!(ended);
    let ended = loop {
        tokio::select! {
            ended = &mut ended => break ended,
            _ = probe.tick() => stage.looked("x").await,
        }
    };
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::Done, "{}", ended.cause);
    let confirmed = report.steps.iter().rfind(|step| step.name == "Confirm Outage");
    let because = confirmed.and_then(|step| step.because.as_deref()).unwrap_or_default();
    assert!(
        because.contains("looks failed (2 needed, none counts from before ") && because.contains("when the primary answered"),
        "{because}"
    );
}
