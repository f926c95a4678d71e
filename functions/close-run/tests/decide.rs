//! How a run ended, by tables: the verdict, what counts as a change, and what a definition tells.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::Mode;
use close_run::decide::verdict;
use close_run::definition::Definition;
use close_run::history::{CallResult, Visit};
use close_run::io::Ended;
use close_run::report::StepOutcome;
use close_run::steps::{steps, unwrapped};
use jiff::Timestamp;
use ledger::Verdict;
use serde_json::json;

fn machine() -> Definition {
    Definition::read(include_str!("fixtures/machine.asl.json"))
}

#[test]
fn a_run_is_untouched_only_if_nothing_can_have_changed() {
    for (mode, ended, touched, expected) in [
        (Mode::Execute, Ended::Proven, true, Some(Verdict::Done)),
        (Mode::Execute, Ended::Proven, false, Some(Verdict::Done)),
        (Mode::Execute, Ended::Stopped, true, Some(Verdict::StoppedPartway)),
        (Mode::Execute, Ended::Stopped, false, Some(Verdict::StoppedUntouched)),
        (Mode::Plan, Ended::Planned, false, Some(Verdict::Done)),
        (Mode::Plan, Ended::Stopped, false, Some(Verdict::StoppedUntouched)),
        (Mode::Plan, Ended::Proven, false, None),
        (Mode::Execute, Ended::Planned, false, None),
    ] {
        assert_eq!(verdict(mode, ended, touched).ok(), expected, "{mode:?} {ended:?} {touched}");
    }
}

fn reply(outcome: &str) -> CallResult {
    CallResult::Answer(json!({"outcome": outcome, "because": "so it is"}))
}

fn error(name: &str) -> CallResult {
    CallResult::Error {
        error: name.to_owned(),
        cause: "cause".to_owned(),
    }
}

#[test]
fn a_step_touched_the_workload_if_it_says_so_or_nobody_knows() {
    use StepOutcome::{Changed, Failed, Planned, Unchanged, Unfinished, Waiting};
    const DETACH: &str = "Detach Global Cluster";
    for (state, results, outcome, touched) in [
        (DETACH, vec![reply("unchanged")], Unchanged, false),
        (DETACH, vec![reply("changed")], Changed, true),
        (DETACH, vec![reply("waiting")], Changed, true),
        (DETACH, vec![reply("planned")], Planned, false),
        (DETACH, vec![CallResult::Answer(json!({}))], Changed, true),
        (DETACH, vec![error("Relight.Refused")], Failed, false),
        (DETACH, vec![error("Relight.InvalidInput")], Failed, false),
        (DETACH, vec![error("Relight.Permanent")], Failed, false),
        (DETACH, vec![error("Relight.Transient")], Failed, true),
        (DETACH, vec![error("Lambda.Unknown")], Failed, true),
        (DETACH, vec![error("States.Timeout")], Failed, true),
        (DETACH, vec![error("Relight.Transient"), reply("unchanged")], Changed, true),
        (DETACH, vec![CallResult::Aborted], Unfinished, true),
        (DETACH, vec![], Unfinished, true),
        ("Nobody Knows", vec![reply("changed")], Changed, true),
        // What only looks, or keeps the books, touches nothing.
        ("Open Run", vec![reply("changed")], Changed, false),
        ("Prove Site", vec![reply("waiting")], Waiting, false),
        ("Choose Promotion", vec![error("Relight.Transient")], Failed, false),
        // A dry run, whatever the run's mode.
        ("Check Launch", vec![error("Lambda.Unknown")], Failed, false),
        // The machine's own calls.
        ("Put Parameter", vec![CallResult::Answer(json!({"Version": 2}))], Changed, true),
        ("Put Parameter", vec![error("States.Timeout")], Failed, true),
        (
            "Notify People",
            vec![CallResult::Answer(json!({"MessageId": "x"}))],
            Unchanged,
            false,
        ),
    ] {
        let visit = Visit {
            state: state.to_owned(),
            entered: Timestamp::UNIX_EPOCH,
            left: None,
            results: results.clone(),
        };
        let walked = steps(Mode::Execute, std::slice::from_ref(&visit), &machine());
        assert_eq!(
            (walked[0].step.outcome, walked[0].touched),
            (outcome, touched),
            "{state} {results:?}"
        );
        assert!(!steps(Mode::Plan, &[visit], &machine())[0].touched, "no plan run touches anything");
    }
}

#[test]
fn the_action_that_reports_is_no_step() {
    let visit = Visit {
        state: "Close Run".to_owned(),
        entered: Timestamp::UNIX_EPOCH,
        left: None,
        results: Vec::new(),
    };
    assert_eq!(steps(Mode::Execute, &[visit], &machine()), []);
}

#[test]
fn what_would_have_come_after_follows_the_machine_to_its_end() {
    let machine = machine();
    for (from, after) in [
        ("Prove Site", vec![]),
        ("Publish Endpoints", vec![vec!["Put Parameter"], vec!["Prove Site"]]),
        ("Launch Instances", vec![vec!["Prove Site"], vec!["Put Parameter"]]),
        ("Nobody Knows", vec![]),
    ] {
        assert_eq!(machine.after(from), after, "{from}");
    }
    let all = machine.after("Open Run").concat();
    for state in [
        "Choose Promotion",
        "Check Launch",
        "Launch Instances",
        "Put Parameter",
        "Prove Site",
    ] {
        assert!(all.contains(&state), "{state} comes after Open Run");
    }
    assert!(!all.contains(&"Close Run") && !all.contains(&"Notify People"), "{all:?}");
}

#[test]
fn functions_and_api_actions_have_their_short_names() {
    let machine = machine();
    for (state, function, resource) in [
        ("Detach Global Cluster", Some("detach-global-cluster"), None),
        ("Put Parameter", None, Some("ssm:putParameter")),
        ("Notify People", None, Some("sns:publish")),
    ] {
        let seen = machine.state(state).unwrap();
        assert_eq!(
            (seen.function.as_deref(), seen.resource.as_deref()),
            (function, resource),
            "{state}"
        );
    }
    let direct = Definition::read(
        r#"{"States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-west-1:123456789012:function:relight-open-run:live"}}}"#,
    );
    assert_eq!(direct.state("A").unwrap().function.as_deref(), Some("open-run"));
}

#[test]
fn a_definition_that_can_not_be_read_leaves_every_step_a_possible_change() {
    let unread = Definition::read("not JSON");
    assert!(unread.changes("Prove Site"));
    assert!(!machine().changes("Prove Site"));
}

#[test]
fn the_message_of_a_function_is_unwrapped_from_its_cause() {
    for (cause, message) in [
        (
            r#"{"errorType":"Relight.Refused","errorMessage":"lag is unknown"}"#,
            "lag is unknown",
        ),
        (r#"{"errorMessage":1}"#, r#"{"errorMessage":1}"#),
        ("Rate exceeded (Service: Ssm)", "Rate exceeded (Service: Ssm)"),
        ("", ""),
    ] {
        assert_eq!(unwrapped(cause), message);
    }
}

/// The machine looks in the ledger before each step, and may ask people: neither is something that was to be done.
#[test]
fn looks_for_a_stop_and_questions_to_people_remain_nothing_to_be_done() {
    const LOOK: &str = "Look For Stop Before Recovery";
    let machine = Definition::read(
        r#"{"States": {
            "Check Launch": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "relight-launch-instances"}, "Next": "Ask For Approval"},
            "Ask For Approval": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Arguments": {"FunctionName": "relight-ask-approval"}, "Next": "Look For Stop Before Recovery"},
            "Look For Stop Before Recovery": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Next": "Launch Instances"},
            "Launch Instances": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "relight-launch-instances"}, "End": true}
        }}"#,
    );
    assert_eq!(machine.after("Check Launch"), [["Launch Instances"]]);
    let visit = |state: &str, result: CallResult| Visit {
        state: state.to_owned(),
        entered: Timestamp::UNIX_EPOCH,
        left: None,
        results: vec![result],
    };
    let walked = |visit: Visit| steps(Mode::Execute, &[visit], &machine);
    assert_eq!(walked(visit(LOOK, CallResult::Answer(json!({})))), []);
    // That nobody could stop the run is worth knowing.
    let failed = walked(visit(LOOK, error("DynamoDB.InternalServerError")));
    assert_eq!((failed[0].step.outcome, failed[0].touched), (StepOutcome::Failed, false));
    let asked = walked(visit("Ask For Approval", reply("unchanged")));
    assert_eq!((asked[0].step.outcome, asked[0].touched), (StepOutcome::Unchanged, false));
}
