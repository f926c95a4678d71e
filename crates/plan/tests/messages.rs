//! What people read when a plan is wrong.
#![allow(clippy::expect_used, reason = "a test's helpers fail by panicking")]

use insta::assert_snapshot;
use plan::{Invalid, Plan};

fn refused(text: &str) -> Invalid {
    Plan::parse(text).expect_err("the plan is wrong")
}

#[test]
fn a_good_plan_gives_no_message() {
    for text in [include_str!("plans/complete.toml"), include_str!("plans/least.toml")] {
        assert_eq!(Plan::parse(text).err().map(|invalid| invalid.to_string()), None);
    }
}

#[test]
fn five_mistakes_of_five_kinds_give_five_messages() {
    let invalid = refused(include_str!("plans/five-mistakes.toml"));
    assert_eq!(invalid.problems().len(), 5);
    assert_snapshot!(invalid);
}

#[test]
fn mistakes_in_every_part_are_all_told() {
    assert_snapshot!(refused(include_str!("plans/many-mistakes.toml")));
}

#[test]
fn an_empty_document_misses_everything_that_is_required() {
    assert_snapshot!(refused(""));
}

#[test]
fn an_error_of_syntax_is_told_with_its_place() {
    assert_snapshot!(refused("workload = \"shop\"\n[regions\nprimary = 1\n"));
    assert_snapshot!(refused("workload = \"shop\"\nworkload = \"shop\"\n"));
}

#[test]
fn columns_count_characters_and_lines_may_end_in_any_way() {
    let invalid = refused("# ü\r\nstrategy = \"ü\" \r\n\"ü\" = {}\r\nobjectives = { \"ü\" = 1, rto = 2 }\r\n");
    let places: Vec<_> = invalid
        .problems()
        .iter()
        .map(|problem| (problem.line, problem.column, problem.path.as_str()))
        .collect();
    assert!(places.contains(&(2, 12, "strategy")), "{places:?}");
    assert!(places.contains(&(3, 1, "\"ü\"")), "{places:?}");
    assert!(places.contains(&(4, 31, "objectives.rto")), "{places:?}");
}

#[test]
fn every_line_names_the_file() {
    let text = refused(include_str!("plans/five-mistakes.toml")).in_file("s3://bucket/plans/shop.toml");
    assert!(text.lines().all(|line| line.starts_with("s3://bucket/plans/shop.toml:")), "{text}");
}
