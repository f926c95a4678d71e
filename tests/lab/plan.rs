//! Plan mode: every machine, whatever the weather, changes nothing and lists what a real run then calls.

use std::collections::BTreeSet;
use std::num::NonZero;

use action::PlannedCall;
use aws_sdk_sfn::types::ExecutionStatus;
use close_run::Report;
use close_run::report::ReportedCall;
use lab::demo::plan::asked;
use lab::demo::refresh_image::scheduled;
use lab::gateway::{Effect, Entry, Match, Rule};
use lab::world::{PRIMARY, WORKLOAD};
use ledger::Verdict;
use serde_json::{Value, json};

use crate::stage::{Stage, at_once, execute};

/// The calls that the report of a plan lists, but for those that the machine itself makes, which don't pass the gateway.
fn listed(report: &Report) -> BTreeSet<(String, String)> {
    // A metric counts as no change in the log, since the probe puts one in peace too.
    let uncounted = |call: &&ReportedCall| call.step.starts_with("Hook ") || call.iam_action == "cloudwatch:PutMetricData";
    let by_functions = report.calls.iter().filter(|call| !uncounted(call));
    by_functions.map(|call| (call.iam_action.clone(), call.region.clone())).collect()
}

impl Stage {
    /// Every change that functions asked for since the log had `since` entries.
    fn asked_for(&self, since: usize) -> BTreeSet<(String, String)> {
        let entries = self.log();
        let changes = entries.iter().skip(since).filter(|entry| entry.changes_by_function());
        changes.map(|entry| (entry.iam_action(), entry.region.clone())).collect()
    }

    /// Plans a run of `machine`, which must change nothing, and returns what the plan says.
    async fn planned(&self, machine: &str, scenario: &str) -> Report {
        let since = self.log().len();
        let ended = self.run_of(machine, &asked()).await;
        let entries = self.log();
        let changes: Vec<&Entry> = entries
            .iter()
            .skip(since)
            .map(AsRef::as_ref)
            .filter(|entry| entry.changes_by_function())
            .collect();
        assert!(changes.is_empty(), "{scenario}: {changes:?}");
        ended.report.unwrap_or_else(|| panic!("{scenario}: no report: {}", ended.cause))
    }
}

async fn plans_what_it_does(machine: impl Fn(&Stage) -> String, input: Value) {
    let stage = Stage::set(&at_once()).await;
    let machine = machine(&stage);
    let plan = stage.planned(&machine, "peace").await;
    assert_eq!(plan.verdict, Verdict::Done, "{:?}", plan.stops);
    assert!(plan.estimate.as_ref().is_some_and(|estimate| estimate.seconds > 60));
    for call in &plan.calls {
        assert!(!call.arguments.is_empty() && call.cost != "not known", "{call:?}");
    }

    let since = stage.log().len();
    let ended = stage.run_of(&machine, &input).await;
    assert_eq!(ended.report.expect("a report").verdict, Verdict::Done, "{}", ended.cause);
    assert_eq!(stage.asked_for(since), listed(&plan));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_plan_of_a_failover_lists_the_calls_that_the_failover_then_makes() {
    plans_what_it_does(|stage| stage.reach.machine.clone(), execute()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_plan_of_a_refresh_lists_the_calls_that_the_refresh_then_makes() {
    plans_what_it_does(|stage| stage.reach.refresh_machine.clone(), scheduled()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_plan_of_a_readiness_check_lists_what_the_check_then_writes() {
    let stage = Stage::set(&at_once()).await;
    let machine = &stage.reach.readiness_machine;
    for scenario in ["peace", "the primary Region is away"] {
        stage.reach.set_lost(PRIMARY, scenario != "peace").await.expect("the weather");
        let since = stage.log().len();
        let planned = stage.run_of(machine, &asked()).await;
        assert_eq!(planned.status, ExecutionStatus::Succeeded, "{scenario}: {}", planned.cause);
        assert_eq!(stage.asked_for(since), BTreeSet::new(), "{scenario}");
        let output = planned.output;
        assert_eq!(output["outcome"], "planned", "{output}");

        let since = stage.log().len();
        let checked = stage.run_of(machine, &json!({"workload": WORKLOAD})).await;
        assert_eq!(checked.status, ExecutionStatus::Succeeded, "{scenario}: {}", checked.cause);
        let calls: Vec<PlannedCall> = serde_json::from_value(output["calls"].clone()).expect("calls");
        let listed: BTreeSet<_> = calls.into_iter().map(|call| (call.iam_action, call.region)).collect();
        assert_eq!(stage.asked_for(since), listed, "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn no_weather_makes_a_plan_change_anything() {
    let stage = Stage::set(&at_once()).await;
    let weather = stage.lab.gateway().weather();
    let on = |operation: &str, effect| Rule {
        matching: Match {
            operation: Some(operation.to_owned()),
            ..Match::default()
        },
        effect,
        after: 0,
        times: NonZero::new(2),
    };
    let error = |status| Effect::Error {
        status,
        code: "InternalFailure".to_owned(),
    };
    for machine in [&stage.reach.machine, &stage.reach.refresh_machine] {
        stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
        stage.planned(machine, "the primary Region is away").await;
        stage.reach.set_lost(PRIMARY, false).await.expect("the Region back");
        for (scenario, rule) in [
            ("the ledger throttles", on("GetItem", Effect::Throttle)),
            ("RDS fails", on("DescribeGlobalClusters", error(500))),
            ("RDS refuses", on("DescribeDBClusters", error(403))),
            ("EC2 fails", on("DescribeImages", error(500))),
            ("there is no capacity", on("RunInstances", Effect::Capacity)),
        ] {
            let rule = weather.add(rule);
            stage.planned(machine, scenario).await;
            weather.remove(rule);
        }
    }
    stage.change_plan("rpo = \"1m\"", "rpo = \"0s\"").await;
    let plan = stage.planned(&stage.reach.machine, "more would be lost than the plan allows").await;
    assert_eq!(plan.verdict, Verdict::StoppedUntouched);
    assert!(plan.estimate.is_none() || plan.calls.iter().all(|call| call.step != "Launch Instances"));
}
