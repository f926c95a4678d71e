//! The guards, one table each.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use action::Mode;
use jiff::Timestamp;
use ledger::{LastRun, Machine, Verdict};
use start_recovery::decide::{Hold, Probe, by_change, by_last_run, by_second_look, incident, looks, run, workload};
use start_recovery::{AlarmChange, AlarmState};

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn change(state: AlarmState, suppressed_by: Option<&str>) -> AlarmChange {
    AlarmChange {
        alarm: "relight-unishop-primary-down".to_owned(),
        state,
        at: at("03:15:02"),
        reason: "3 of 3 probes failed".to_owned(),
        suppressed_by: suppressed_by.map(str::to_owned),
    }
}

#[test]
fn only_an_unsuppressed_change_to_alarm_goes_on() {
    for (state, suppressed_by, goes_on) in [
        (AlarmState::Alarm, None, true),
        (AlarmState::Alarm, Some("Alarm"), false),
        (AlarmState::Ok, None, false),
        (AlarmState::InsufficientData, None, false),
        (AlarmState::Other("MAYBE".to_owned()), None, false),
    ] {
        assert_eq!(
            by_change(&change(state.clone(), suppressed_by)).is_none(),
            goes_on,
            "{state:?} {suppressed_by:?}"
        );
    }
}

#[test]
fn an_alarm_that_is_not_in_alarm_any_more_starts_nothing() {
    assert_eq!(by_second_look("a", &AlarmState::Alarm), None);
    for state in [AlarmState::Ok, AlarmState::InsufficientData, AlarmState::Other("MAYBE".to_owned())] {
        assert!(matches!(by_second_look("a", &state), Some(Hold::Recovered { .. })), "{state}");
    }
}

#[test]
fn the_cool_down_is_counted_from_the_end_of_the_last_run() {
    let last = LastRun {
        run: "unishop-20261121T020000Z".parse().unwrap(),
        work: "unishop-20261121T020000Z".parse().unwrap(),
        machine: Machine::Failover,
        closed_at: at("02:30:00"),
        verdict: Verdict::Done,
        mode: Mode::Execute,
    };
    let hour = Duration::from_secs(3_600);
    for (last, cool_down, now, held) in [
        (None, hour, "03:15:02", false),
        (Some(last.clone()), hour, "03:15:02", true),
        (Some(last.clone()), hour, "03:29:59.999", true),
        (Some(last.clone()), hour, "03:30:00", false),
        (Some(last.clone()), Duration::ZERO, "02:30:00", false),
        (Some(last.clone()), Duration::MAX, "23:59:59", true),
    ] {
        assert_eq!(by_last_run(last, cool_down, at(now)).is_some(), held, "{cool_down:?} {now}");
    }
    let said = by_last_run(Some(last), hour, at("03:00:00")).unwrap().to_string();
    assert_eq!(
        said,
        "run unishop-20261121T020000Z ended done at 2026-11-21T02:30:00Z; until 2026-11-21T03:30:00Z the cool-down lets no alarm start \
         another, a person may"
    );
}

#[test]
fn the_incident_begins_with_the_unbroken_row_of_failures_before_the_alarm() {
    let probes = |text: &str| -> Vec<Probe> {
        text.bytes()
            .enumerate()
            .filter(|(_, mark)| *mark != b' ')
            .map(|(index, mark)| Probe {
                at: Timestamp::from_second(1_000 + 10 * i64::try_from(index).unwrap()).unwrap(),
                failed: mark == b'x',
            })
            .collect()
    };
    let alarm_at = Timestamp::from_second(1_050).unwrap();
    // One mark each ten seconds; the alarm is at the sixth.
    for (seen, begin) in [
        ("", None),
        ("......", None),
        ("...xxx", Some(1_030)),
        (".x.xxx", Some(1_030)),
        ("xxxxxx", Some(1_000)),
        (".xx xx", Some(1_010)),
        ("xxxxx.", None),
        ("...xxx.", Some(1_030)),
        (".....xxx", Some(1_050)),
    ] {
        let begin = begin.map(|second| Timestamp::from_second(second).unwrap());
        assert_eq!(incident(&probes(seen), alarm_at), begin, "{seen:?}");
        let mut newest_first = probes(seen);
        newest_first.reverse();
        assert_eq!(incident(&newest_first, alarm_at), begin, "{seen:?} newest first");
    }
}

#[test]
fn probes_below_a_minute_are_looked_at_by_the_second() {
    for (period, seconds) in [(10, 1), (30, 1), (60, 60)] {
        let looks = looks(Duration::from_secs(period), at("03:15:02"));
        assert_eq!(looks.period, seconds);
        assert!(looks.to > at("03:15:02"), "the point of the alarm's own second is part of it");
        assert!(
            looks.from > at("00:15:02"),
            "no point below a minute is kept for three hours and more"
        );
    }
}

#[test]
fn the_workload_is_read_from_the_name_of_its_alarm_only() {
    assert_eq!(workload("relight-unishop-primary-down").unwrap().as_str(), "unishop");
    assert_eq!(workload("relight-a-primary-down-primary-down").unwrap().as_str(), "a-primary-down");
    for alarm in [
        "relight-unishop-probe-failing",
        "relight--primary-down",
        "unishop-primary-down",
        "relight-primary-down",
        "",
    ] {
        assert!(workload(alarm).is_err(), "{alarm}");
    }
}

#[test]
fn the_longest_workload_still_makes_a_run_id() {
    let workload = "a".repeat(32).parse().unwrap();
    assert_eq!(run(&workload, at("03:15:02.999")).as_str().len(), 49);
}
