//! Tables of replies and what is wrong with them, and of looks and what they mean.

use action::Deadline;
use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn answer() -> Answer {
    Answer {
        status: 200,
        headers: vec![("x-region".to_owned(), "us-west-1".to_owned())],
        body: br#"{"region":"us-west-1","orders":{"count":3,"open":true},"items":[{"id":"a~/b"}]}"#.to_vec(),
        cut: false,
        millis: 800,
        certificate: Certificate::Until(at(15 * 86_400)),
    }
}

fn expected() -> Expected {
    Expected {
        status: 200,
        ..Expected::default()
    }
}

fn json_at(at: &str, value: Value) -> Expected {
    Expected {
        json: [(at.to_owned(), value)].into(),
        ..expected()
    }
}

fn header(name: &str, value: &str) -> Expected {
    Expected {
        headers: [(name.to_owned(), value.to_owned())].into(),
        ..expected()
    }
}

#[test]
fn a_reply_that_is_all_that_is_expected_is_not_complained_about() {
    let expected = Expected {
        status: 200,
        text: Some("orders".to_owned()),
        json: [
            ("/region".to_owned(), json!("us-west-1")),
            ("/orders/count".to_owned(), json!(3)),
            ("/orders/open".to_owned(), json!(true)),
            ("/items/0/id".to_owned(), json!("a~/b")),
        ]
        .into(),
        headers: [("X-Region".to_owned(), "us-west-1".to_owned())].into(),
        latency: Some(Duration::from_millis(800)),
        certificate_days: Some(15),
    };
    assert_eq!(judge(&expected, &answer(), at(0)), Vec::<String>::new());
}

#[test]
fn each_expectation_that_does_not_hold_is_said_with_what_was_seen() {
    let table = [
        (Expected { status: 204, ..expected() }, "status 200 instead of 204"),
        (
            Expected {
                text: Some("Welcome".to_owned()),
                ..expected()
            },
            "\"Welcome\" is not in the body",
        ),
        (
            json_at("/region", json!("us-east-1")),
            "/region is \"us-west-1\", not \"us-east-1\"",
        ),
        (json_at("/zone", json!("a")), "/zone is missing, expected \"a\""),
        (json_at("/orders/count", json!("3")), "/orders/count is 3, not \"3\""),
        (json_at("/orders/open", json!(false)), "/orders/open is true, not false"),
        (json_at("/orders", json!(3)), "/orders is an object, not 3"),
        (json_at("/items", json!(3)), "/items is a list, not 3"),
        (
            header("x-region", "us-east-1"),
            "header x-region is \"us-west-1\", not \"us-east-1\"",
        ),
        (header("x-zone", "a"), "header x-zone is missing"),
        (
            Expected {
                latency: Some(Duration::from_millis(799)),
                ..expected()
            },
            "took 800 ms, above the 799 ms of the plan",
        ),
        (
            Expected {
                certificate_days: Some(16),
                ..expected()
            },
            "the certificate is valid for 15 days more, until 1970-01-16T00:00:00Z; 16 are expected",
        ),
    ];
    for (expected, complaint) in table {
        assert_eq!(judge(&expected, &answer(), at(0)), [complaint]);
    }
}

#[test]
fn everything_that_is_wrong_is_said_not_only_the_first() {
    let expected = Expected {
        status: 201,
        text: Some("Welcome".to_owned()),
        json: [("/a".to_owned(), json!(1)), ("/b".to_owned(), json!(2))].into(),
        headers: [("x-zone".to_owned(), "a".to_owned())].into(),
        latency: Some(Duration::from_millis(1)),
        certificate_days: Some(398),
    };
    assert_eq!(judge(&expected, &answer(), at(0)).len(), 7);
}

#[test]
fn a_header_given_twice_may_have_the_value_in_either_place() {
    let mut twice = answer();
    twice.headers.insert(0, ("x-region".to_owned(), "other".to_owned()));
    assert!(judge(&header("x-region", "us-west-1"), &twice, at(0)).is_empty());
}

#[test]
fn a_body_that_was_cut_is_searched_for_text_but_never_read_as_json() {
    let cut = Answer { cut: true, ..answer() };
    let text = |text: &str| Expected {
        text: Some(text.to_owned()),
        ..expected()
    };
    assert!(judge(&expected(), &cut, at(0)).is_empty());
    assert!(judge(&text("orders"), &cut, at(0)).is_empty());
    assert_eq!(
        judge(&text("Welcome"), &cut, at(0)),
        ["\"Welcome\" is not in the first MiB of the body"]
    );
    assert_eq!(
        judge(&json_at("/region", json!("us-west-1")), &cut, at(0)),
        ["the body is longer than 1 MiB and isn't read as JSON"]
    );
}

#[test]
fn a_body_that_is_no_json_says_where_it_stops_being_it() {
    let html = Answer {
        body: b"<html>".to_vec(),
        ..answer()
    };
    assert_eq!(
        judge(&json_at("/region", json!("us-west-1")), &html, at(0)),
        ["the body is no JSON (expected value at line 1 column 1)"]
    );
}

#[test]
fn a_certificate_that_is_missing_unreadable_or_over_never_has_days_left() {
    let expected = Expected {
        certificate_days: Some(0),
        ..expected()
    };
    for (certificate, wrong) in [
        (Certificate::None, true),
        (Certificate::Unreadable, true),
        (Certificate::Until(at(-1)), true),
        (Certificate::Until(at(0)), false),
        (Certificate::Until(at(86_399)), false),
    ] {
        let answer = Answer { certificate, ..answer() };
        assert_eq!(judge(&expected, &answer, at(0)).is_empty(), !wrong, "{certificate:?}");
    }
}

#[test]
fn what_a_site_sends_is_cut_before_people_read_it() {
    let answer = Answer {
        body: json!({"region": "x".repeat(10_000)}).to_string().into_bytes(),
        ..answer()
    };
    let complaints = judge(&json_at("/region", json!("us-west-1")), &answer, at(0));
    assert!(complaints[0].len() < 120, "{complaints:?}");
}

#[test]
fn texts_numbers_and_booleans_are_captured() {
    let pointers = [("region", "/region"), ("count", "/orders/count"), ("open", "/orders/open")];
    let pointers = pointers.map(|(name, at)| (name.to_owned(), at.to_owned())).into();
    let captured = capture(&pointers, &answer()).unwrap();
    let captured: Vec<(&str, &str)> = captured.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(captured, [("count", "3"), ("open", "true"), ("region", "us-west-1")]);
}

#[test]
fn what_cannot_be_captured_is_said_for_each_value() {
    let pointers = [("a", "/orders"), ("b", "/nothing"), ("c", "/region")];
    let pointers = pointers.map(|(name, at)| (name.to_owned(), at.to_owned())).into();
    assert_eq!(
        capture(&pointers, &answer()),
        Err(vec![
            "/orders can't be captured: it is no text, number or boolean".to_owned(),
            "/nothing can't be captured: it is not there".to_owned(),
        ])
    );
}

fn look(verdicts: &[Verdict]) -> Vec<CheckReport> {
    verdicts
        .iter()
        .map(|verdict| CheckReport {
            name: "home".to_owned(),
            verdict: *verdict,
            millis: 1,
            because: None,
        })
        .collect()
}

#[test]
fn a_look_proves_waits_or_ends_by_its_verdicts_and_the_deadline() {
    use Verdict::{Fail, Pass, Skipped};
    let pace = Pace {
        since: at(1_000),
        deadline: Deadline(at(1_900)),
    };
    let passed = || Decision::NotProven(DeadlinePassed(at(1_900)));
    for (mode, verdicts, now, decision) in [
        (Mode::Execute, &[Pass, Pass][..], 1_000, Decision::Proven),
        (Mode::Execute, &[Pass, Pass], 2_000, Decision::Proven),
        (Mode::Execute, &[Pass, Fail], 1_000, Decision::LookAgain(1)),
        (Mode::Execute, &[Fail, Pass], 1_100, Decision::LookAgain(10)),
        (Mode::Execute, &[Pass, Fail], 1_901, passed()),
        (Mode::Execute, &[], 1_000, Decision::LookAgain(1)),
        (Mode::Execute, &[Skipped], 1_000, Decision::LookAgain(1)),
        (Mode::Plan, &[Fail, Skipped], 2_000, Decision::Planned),
        (Mode::Plan, &[Pass], 1_000, Decision::Planned),
    ] {
        assert_eq!(
            decide(mode, &look(verdicts), pace, at(now)),
            decision,
            "{mode:?} {verdicts:?} {now}"
        );
    }
}

#[test]
fn looks_are_due_at_whole_periods_whatever_the_ones_before_took() {
    let ten = Duration::from_secs(10);
    for (from, now, next) in [
        (0, 100, Some((0, 100))),
        (0, 103, Some((0, 100))),
        (1, 101, Some((1, 110))),
        (1, 109, Some((1, 110))),
        (1, 119, Some((1, 110))),
        (1, 120, Some((2, 120))),
        (1, 137, Some((3, 130))),
        (5, 155, Some((5, 150))),
        (5, 160, None),
        (6, 150, None),
    ] {
        let expected = next.map(|(number, due)| (number, at(due)));
        assert_eq!(next_look(at(100), ten, from, at(now)), expected, "look {from} at {now}");
    }
}

#[test]
fn a_minute_has_as_many_looks_as_periods() {
    for (period, looks) in [(10, 6), (12, 5), (15, 4), (20, 3), (30, 2), (60, 1), (0, 0)] {
        let period = Duration::from_secs(period);
        let mut taken = 0;
        while let Some((number, _)) = next_look(at(0), period, taken, at(0)) {
            taken = number + 1;
        }
        assert_eq!(taken, looks, "{period:?}");
    }
}
