//! The stop button, pressed in every state in which a run can be seen to be.

use std::num::NonZero;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::StateValue;
use close_run::Report;
use lab::Settings;
use lab::gateway::{Effect, Match, Rule, Times};
use lab::world::RECOVERY;
use ledger::Verdict;
use serde_json::{Value, json};

use crate::stage::{Stage, at_once, by_alarm, execute, set_alarm};

const WITHIN: Duration = Duration::from_secs(60);
/// How long a call is held: well within an attempt of the SDK.
const HELD: u64 = 2_500;

/// Where a run is held, and how it ends when it is stopped there.
struct Press {
    /// The state.
    state: &'static str,
    /// The call that the state makes: who, what, and a part of the target.
    call: (&'static str, &'static str, Option<&'static str>),
    /// How many such calls states before it make.
    after: u32,
    /// How the run ends.
    verdict: Verdict,
    /// The safe point that notices; none where the run is past the last.
    noticed: Option<&'static str>,
}

const fn press(
    state: &'static str,
    call: (&'static str, &'static str, Option<&'static str>),
    verdict: Verdict,
    noticed: Option<&'static str>,
) -> Press {
    Press {
        state,
        call,
        after: 0,
        verdict,
        noticed,
    }
}

use Verdict::{Done, StoppedPartway as Partway, StoppedUntouched as Untouched};

impl Stage {
    /// Starts a run, holds it in a state, stops it there, and looks how it ends.
    async fn stopped_in(&self, machine: &str, input: &Value, run: &str, press: &Press) -> Report {
        let weather = self.lab.gateway().weather();
        let (caller, operation, target) = press.call;
        let id = weather.add(Rule {
            matching: Match {
                caller: Some(caller.to_owned()),
                operation: Some(operation.to_owned()),
                target: target.map(str::to_owned),
                ..Match::default()
            },
            effect: Effect::Delay { millis: HELD },
            after: press.after,
            times: NonZero::new(1),
        });
        self.start(machine, run, input).await;
        let begun = Instant::now();
        // The rule is used up when the call arrives, and the call is held from then on.
        while weather.standing().iter().any(|standing| standing.id == id) {
            assert!(begun.elapsed() < WITHIN, "{}: {caller} made no {operation}", press.state);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let request = json!({"run": run, "who": "Ada", "why": "a test"});
        let answer = self.reach.invoke("stop-run", &request).await.expect("an answer");
        assert_eq!(answer.payload["outcome"], "changed", "{}: {answer:?}", press.state);
        let again = json!({"run": run, "who": "Bob", "why": null});
        let again = self.reach.invoke("stop-run", &again).await.expect("an answer");
        let first = again.payload["who"] == "Ada" && again.payload["outcome"] == "unchanged";
        assert!(first || again.error.is_some(), "{}: {again:?}", press.state);
        let ended = self.ended_of(machine, run).await;
        let report = ended
            .report
            .unwrap_or_else(|| panic!("{}: no report: {}", press.state, ended.cause));
        assert_eq!(report.verdict, press.verdict, "{}: {}", press.state, ended.cause);
        match press.noticed {
            None => assert!(report.stops.is_empty(), "{}: {:?}", press.state, report.stops),
            Some(look) => {
                let noticed = report.stops.iter().find(|stop| stop.state == look);
                let noticed = noticed.unwrap_or_else(|| panic!("{}: {:?}", press.state, report.stops));
                assert_eq!(noticed.error, "Relight.Stopped");
                assert!(noticed.message.starts_with("Ada stopped the run at "), "{noticed:?}");
                assert!(noticed.message.ends_with(": a test"), "{noticed:?}");
                assert!(ended.cause.contains("Ada stopped the run"), "{}", ended.cause);
            }
        }
        report
    }

    /// A run after a stop goes on from it, and is proven.
    async fn goes_on(&self, from: &str) {
        let ended = self.run(&execute()).await;
        let report = ended.report.expect("a report");
        assert_eq!(report.verdict, Done, "{}", ended.cause);
        assert_eq!(report.run.continues.map(|run| run.to_string()).as_deref(), Some(from));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_failover_that_is_stopped_in_any_state_says_who_stopped_it_and_can_be_gone_on_with() {
    let settings = Settings {
        times: Times {
            failover: Duration::from_secs(6),
            initializing: Duration::from_secs(5),
            ..Times::NONE
        },
        // Long enough for a second run to find the site still starting.
        starting: Duration::from_secs(45),
        ..at_once()
    };
    let stage = Stage::set(&settings).await;
    let machine = stage.reach.machine.clone();
    let before = Some("Look For Stop Before Recovery");
    for (run, press) in [
        ("open", press("Open Run", ("open-run", "PutItem", None), Untouched, before)),
        (
            "choose",
            press(
                "Choose Promotion",
                ("choose-promotion", "DescribeGlobalClusters", None),
                Untouched,
                before,
            ),
        ),
        (
            "check",
            press("Check Launch", ("launch-instances", "DescribeInstances", None), Untouched, before),
        ),
        (
            "look",
            press("Look Again", ("smoke-test", "GetObject", Some("versionId")), Untouched, before),
        ),
        (
            "confirm",
            press("Confirm Outage", ("confirm-outage", "GetItem", None), Untouched, before),
        ),
    ] {
        stage.stopped_in(&machine, &execute(), run, &press).await;
        assert!(stage.changes().is_empty(), "{run}: {:?}", stage.changes());
    }
    // A run that watches its alarm: the primary answers, and the alarm is on.
    set_alarm(&stage, StateValue::Alarm).await;
    let watching = press(
        "Wait For Outage",
        ("confirm-outage", "DescribeAlarms", None),
        Untouched,
        Some("Look For Stop While Watching"),
    );
    stage.stopped_in(&machine, &by_alarm(), "watch", &watching).await;
    assert!(stage.changes().is_empty(), "watch: {:?}", stage.changes());
    let failing_over = press(
        "Fail Over Global Cluster",
        ("failover-global-cluster", "FailoverGlobalCluster", None),
        Partway,
        Some("Look For Stop While Failing Over"),
    );
    let report = stage.stopped_in(&machine, &execute(), "failing-over", &failing_over).await;
    assert!(
        report.not_done.iter().any(|left| left.starts_with("Prove Site")),
        "{:?}",
        report.not_done
    );
    // Nobody read where the database is, and no look for a stop is told as a step.
    assert!(
        report
            .steps
            .iter()
            .all(|step| !["Publish Endpoints", "Shift Traffic"].contains(&step.name.as_str()) && !step.name.starts_with("Look For Stop"))
    );
    // The next run goes on from there, and is stopped while the site still starts.
    let proving = Press {
        // Look Again reads the plan too.
        after: 1,
        ..press(
            "Prove Site",
            ("smoke-test", "GetObject", Some("versionId")),
            Partway,
            Some("Look For Stop While Proving"),
        )
    };
    let report = stage.stopped_in(&machine, &execute(), "proving", &proving).await;
    assert_eq!(report.run.continues.map(|run| run.to_string()).as_deref(), Some("failing-over"));
    stage.goes_on("proving").await;
    let launching = press(
        "Launch Instances",
        ("launch-instances", "DescribeInstanceStatus", None),
        Partway,
        Some("Look For Stop While Launching"),
    );
    stage.stopped_in(&machine, &execute(), "launching", &launching).await;
    stage.goes_on("launching").await;
    // Past the last safe point a run ends as it would have.
    let closing = press("Close Run", ("close-run", "PutObject", None), Done, None);
    stage.stopped_in(&machine, &execute(), "closing", &closing).await;
    let request = json!({"run": "closing", "who": "Ada", "why": null});
    let late = stage.reach.invoke("stop-run", &request).await.expect("an answer");
    assert_eq!(late.error.as_deref(), Some("Relight.Refused"));
    assert!(
        late.payload.as_str().is_some_and(|said| said.contains("it ended SUCCEEDED at ")),
        "{late:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_detach_and_a_refresh_that_are_stopped_leave_nothing_running_and_can_be_gone_on_with() {
    let settings = Settings {
        times: Times {
            promotion: Duration::from_secs(6),
            initializing: Duration::from_secs(4),
            ..Times::NONE
        },
        ..at_once()
    };
    let stage = Stage::set(&settings).await;
    let machine = stage.reach.refresh_machine.clone();
    let refresh = lab::demo::refresh_image::scheduled();
    for (run, press) in [
        (
            "open",
            press(
                "Open Run",
                ("open-run", "PutItem", None),
                Untouched,
                Some("Look For Stop Before Image"),
            ),
        ),
        (
            "check-copy",
            press(
                "Check Copy",
                ("copy-image", "DescribeImages", None),
                Untouched,
                Some("Look For Stop Before Image"),
            ),
        ),
        (
            "create",
            press(
                "Create Image",
                ("create-image", "CreateImage", None),
                Partway,
                Some("Look For Stop Before Image"),
            ),
        ),
        (
            "copy",
            press(
                "Copy Image",
                ("copy-image", "CopyImage", None),
                Partway,
                Some("Look For Stop Before Copy"),
            ),
        ),
        (
            "launch",
            press(
                "Launch Copy",
                ("launch-instances", "DescribeInstanceStatus", None),
                Partway,
                Some("Look For Stop Before Boot"),
            ),
        ),
        (
            "terminate",
            press(
                "Terminate Copy",
                ("terminate-instances", "TerminateInstances", None),
                Partway,
                Some("Look For Stop Before Adoption"),
            ),
        ),
        (
            "adopt",
            press(
                "Adopt Image",
                ("adopt-image", "PutParameter", None),
                Partway,
                Some("Look For Stop Before Pruning"),
            ),
        ),
        ("prune", press("Prune Images", ("prune-images", "DescribeImages", None), Done, None)),
    ] {
        let report = stage.stopped_in(&machine, &refresh, run, &press).await;
        let running = stage.lab.inventory(RECOVERY).await.expect("an inventory");
        let running: Vec<_> = running
            .instances
            .iter()
            .filter(|instance| instance.tags.contains_key("relight:run") && instance.state == "running")
            .collect();
        assert!(running.is_empty(), "{run}: {running:?}");
        let went_on = report.run.continues.is_some();
        assert_eq!(
            went_on,
            !["open", "check-copy", "create"].contains(&run),
            "{run}: {:?}",
            report.run.continues
        );
    }

    stage.change_plan("promotion = \"auto\"", "promotion = \"detach\"").await;
    let detaching = press(
        "Detach Global Cluster",
        ("detach-global-cluster", "RemoveFromGlobalCluster", None),
        Partway,
        Some("Look For Stop While Detaching"),
    );
    let machine = stage.reach.machine.clone();
    stage.stopped_in(&machine, &execute(), "detaching", &detaching).await;
    stage.goes_on("detaching").await;
}
