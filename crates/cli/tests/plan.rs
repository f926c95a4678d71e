//! The command as people and scripts run it: what it prints, and how it exits.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const GOOD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/examples/unishop/plan.toml");
const BAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plan/tests/plans/five-mistakes.toml");

fn relight(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_relight"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_good_plan_exits_with_0_and_says_so() {
    let output = relight(&["plan", "check", GOOD], "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(printed(&output), format!("{GOOD}: a good plan for unishop\n"));
}

#[test]
fn every_problem_of_every_file_is_printed_with_its_place_and_the_exit_is_1() {
    let output = relight(&["plan", "check", BAD, "no-such-plan.toml", GOOD], "");
    let printed = printed(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        printed.lines().filter(|line| line.starts_with(&format!("{BAD}:"))).count(),
        5,
        "{printed}"
    );
    assert!(
        printed.contains(&format!("{BAD}:10:7: objectives.rto: found 15; write a duration")),
        "{printed}"
    );
    assert!(printed.contains("no-such-plan.toml: No such file"), "{printed}");
    assert!(printed.ends_with("a good plan for unishop\n"), "{printed}");
}

#[test]
fn a_hyphen_reads_the_plan_from_standard_input() {
    let output = relight(&["plan", "check", "-"], "workload = 1");
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("-:1:12: workload: found 1; write a workload name"));
}

#[test]
fn the_schema_is_printed_as_it_is_committed() {
    let output = relight(&["plan", "schema"], "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(printed(&output), include_str!("../../../schemas/plan.schema.json"));
}

#[test]
fn wrong_usage_exits_with_2_and_shows_the_help() {
    for arguments in [&["plan", "chekc"][..], &["plan", "check"], &["plan"], &[]] {
        let output = relight(arguments, "");
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(shown.contains("Usage: relight"), "{arguments:?}: {shown}");
    }
}
