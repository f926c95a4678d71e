//! The report from whole histories, of AWS and of the emulator: the same run told by both is the same report.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use action::Mode;
use close_run::io::{Ended, Request};
use close_run::report::{Step, StepOutcome};
use close_run::{Report, metrics, report_schema};
use jiff::SignedDuration;
use ledger::{Trigger, Verdict};
use serde_json::json;

use world::{World, at, opened, request, stop};

const DEADLINE: &str = "the deadline of the run, 2026-11-21T03:30:03Z, has passed: i-0123456789abcdef0 is initializing";

async fn reported(history: &'static str, request: Request) -> Report {
    let world = World::new(history, Some(opened()));
    world.closes(request, "03:15:11").await.unwrap();
    world.report().1
}

async fn done(history: &'static str) -> Report {
    reported(history, request(Mode::Execute, Ended::Proven, Vec::new())).await
}

async fn stopped(history: &'static str, message: &str) -> Report {
    // The emulator's cause differs in its spaces only, and is told by its text.
    let cause = format!("{{\"errorType\": \"Relight.Permanent\", \"errorMessage\": \"{message}\"}}");
    let stop = close_run::io::Stop {
        cause,
        ..stop("Launch Instances", "Relight.Permanent", message)
    };
    reported(history, request(Mode::Execute, Ended::Stopped, vec![stop])).await
}

fn step<'a>(report: &'a Report, name: &str) -> &'a Step {
    report
        .steps
        .iter()
        .find(|step| step.name == name)
        .unwrap_or_else(|| panic!("no step {name}"))
}

/// Name, function, resource, outcome, looks.
type Told<'a> = (&'a str, Option<&'a str>, Option<&'a str>, StepOutcome, u32);

fn told(report: &Report) -> Vec<Told<'_>> {
    let mut told: Vec<Told<'_>> = report
        .steps
        .iter()
        .map(|step| {
            (
                step.name.as_str(),
                step.function.as_deref(),
                step.resource.as_deref(),
                step.outcome,
                step.looks,
            )
        })
        .collect();
    told.sort_by_key(|(name, ..)| *name);
    told
}

#[tokio::test]
async fn a_run_that_ended_well_is_told_step_by_step() {
    for (history, [detach, launch]) in [
        (include_str!("fixtures/history-aws-done.json"), [2, 2]),
        (include_str!("fixtures/history-emulator-done.json"), [4, 3]),
    ] {
        let report = done(history).await;
        assert_eq!(
            told(&report),
            [
                ("Check Launch", Some("launch-instances"), None, StepOutcome::Planned, 1),
                ("Choose Promotion", Some("choose-promotion"), None, StepOutcome::Unchanged, 1),
                (
                    "Detach Global Cluster",
                    Some("detach-global-cluster"),
                    None,
                    StepOutcome::Changed,
                    detach
                ),
                ("Launch Instances", Some("launch-instances"), None, StepOutcome::Changed, launch),
                ("Open Run", Some("open-run"), None, StepOutcome::Changed, 1),
                ("Prove Site", Some("smoke-test"), None, StepOutcome::Unchanged, 2),
                ("Put Parameter", None, Some("ssm:putParameter"), StepOutcome::Changed, 1),
            ]
        );
        assert!(report.steps.is_sorted_by_key(|step| step.started_at));
        let (database, compute) = (step(&report, "Detach Global Cluster"), step(&report, "Launch Instances"));
        assert!(
            database.started_at < compute.ended_at.unwrap() && compute.started_at < database.ended_at.unwrap(),
            "side by side: {database:?} {compute:?}"
        );
        assert_eq!(database.because.as_deref(), Some("detach-global-cluster says so"));
        assert_eq!((report.verdict, report.not_done.len(), report.stops.len()), (Verdict::Done, 0, 0));
    }
}

#[tokio::test]
async fn a_run_that_stopped_partway_says_what_failed_and_what_was_never_reached() {
    let short = "the deadline of the run has passed: i-0123456789abcdef0 is initializing";
    for (history, message) in [
        (include_str!("fixtures/history-aws-stopped.json"), DEADLINE),
        (include_str!("fixtures/history-emulator-stopped.json"), short),
    ] {
        let report = stopped(history, message).await;
        assert_eq!(report.verdict, Verdict::StoppedPartway);
        assert_eq!(step(&report, "Detach Global Cluster").outcome, StepOutcome::Changed);
        let launch = step(&report, "Launch Instances");
        assert_eq!(launch.outcome, StepOutcome::Failed);
        assert_eq!(launch.error.as_ref().unwrap().message, message);
        assert_eq!(launch.because.as_deref(), Some(message));
        assert_eq!(
            report.not_done,
            [
                format!("Launch Instances: {message}"),
                "Prove Site: never reached".to_owned(),
                "Put Parameter: never reached".to_owned(),
            ]
        );
        assert_eq!(report.stops[0].message, message);
        assert_eq!(report.clocks.execute_seconds, 7.88, "to the close, since nothing was proven");
        assert_eq!(report.objectives.rto_met, None);
    }
}

#[tokio::test]
async fn a_run_that_was_refused_is_untouched_and_names_alternatives_together() {
    let stops = vec![stop("Choose Promotion", "Relight.Refused", "lag is unknown")];
    let request = Request {
        lag_seconds: None,
        ..request(Mode::Execute, Ended::Stopped, stops)
    };
    let report = reported(include_str!("fixtures/history-aws-refused.json"), request).await;
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    assert_eq!(
        report.not_done,
        [
            "Choose Promotion: lag is unknown",
            "Check Launch: never reached",
            "Launch Instances: never reached",
            "Detach Global Cluster or Fail Over Global Cluster: never reached",
            "Prove Site: never reached",
            "Put Parameter: never reached",
        ]
    );
    assert!(report.rpo_because.unwrap().starts_with("the lag was not measured"));
}

#[tokio::test]
async fn the_clocks_and_objectives_are_those_of_the_incident() {
    let report = done(include_str!("fixtures/history-aws-done.json")).await;
    assert_eq!(
        serde_json::to_value((&report.clocks, &report.objectives, report.rpo_seconds)).unwrap(),
        json!([
            {
                "detectSeconds": 31.0,
                "decideSeconds": 1.12,
                "executeSeconds": 6.88,
                "totalSeconds": 39.0,
                "because": null,
            },
            {"rtoSeconds": 900, "rpoSeconds": 60, "rtoMet": true, "rpoMet": true},
            0.4,
        ])
    );
}

#[tokio::test]
async fn a_person_who_starts_a_run_leaves_the_incident_unknown() {
    let by_hand = |started: SignedDuration| Request {
        trigger: Trigger::Person { who: None, why: None },
        started_at: at("03:15:03.120") - started,
        ..request(Mode::Execute, Ended::Proven, Vec::new())
    };
    let report = reported(include_str!("fixtures/history-aws-done.json"), by_hand(SignedDuration::ZERO)).await;
    let clocks = &report.clocks;
    assert_eq!(
        (clocks.detect_seconds, clocks.decide_seconds, clocks.total_seconds),
        (None, None, None)
    );
    assert!(clocks.because.as_ref().unwrap().starts_with("a person started the run"));
    assert_eq!(report.objectives.rto_met, None, "nobody can tell");
    let late = reported(
        include_str!("fixtures/history-aws-done.json"),
        by_hand(SignedDuration::from_mins(15)),
    )
    .await;
    assert_eq!(late.objectives.rto_met, Some(false), "the run alone took longer");
}

#[tokio::test]
async fn the_metrics_are_those_of_the_report() {
    let report = done(include_str!("fixtures/history-aws-done.json")).await;
    let metrics = metrics(&report).to_json(at("03:15:11"));
    for (name, value) in [
        ("Workload", json!("unishop")),
        ("Machine", json!("failover")),
        ("TotalSeconds", json!(39.0)),
        ("RpoSeconds", json!(0.4)),
        ("Done", json!(1.0)),
        ("StoppedPartway", json!(0.0)),
    ] {
        assert_eq!(metrics[name], value, "{name}");
    }
}

#[test]
fn the_committed_schema_is_the_one_of_the_report() {
    let committed: serde_json::Value = serde_json::from_str(include_str!("../../../schemas/report.schema.json")).unwrap();
    assert_eq!(
        committed,
        serde_json::to_value(report_schema()).unwrap(),
        "run `cargo xtask schemas` and commit what it writes"
    );
}
