//! The guards as a table: trigger, fresh look, looks in the metric, switch, lock.

use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-11-21T03:15:30Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn request(trigger: &str, look_failed: bool, changes: &Value) -> Request {
    let trigger = match trigger {
        "alarm" => json!({"kind": "alarm", "alarm": "a", "alarmAt": NOW, "incidentAt": null, "reason": "r"}),
        "schedule" => json!({"kind": "schedule", "schedule": "s"}),
        _ => json!({"kind": "person", "who": "Ada", "why": null}),
    };
    let mut request = json!({
        "mode": "execute",
        "run": "unishop-1",
        "workload": "unishop",
        "trigger": trigger,
        "look": {"at": "2026-11-21T03:15:29Z", "failed": look_failed, "because": "the site says so"},
        "probe": {"periodSeconds": 10, "failures": 12, "looks": 15},
        "recoverDespiteInhibit": null,
        "countFrom": null,
        "deadline": "2026-11-21T03:30:00Z",
    });
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

fn seen(failed: u16, missing: u16) -> Seen {
    Seen {
        inhibit: None,
        holder: Some(Holder::Run("unishop-1".parse().unwrap())),
        tally: Some(Tally {
            failed,
            passed: 15 - failed - missing,
            missing,
            failed_before: false,
            last_failed: Some(at("2026-11-21T03:15:15Z")),
        }),
    }
}

fn told(request: &Request, seen: &Seen) -> Result<String, String> {
    match decide(request, seen, at(NOW)) {
        Ok(Decision::GoOn(because)) => Ok(because),
        Ok(Decision::LookAgain { seconds, because, .. }) => Err(format!("again in {seconds} s: {because}")),
        Err(refusal) => Err(refusal.to_string()),
    }
}

#[test]
fn an_alarm_and_a_schedule_need_the_fresh_look_and_the_looks_of_the_plan() {
    for trigger in ["alarm", "schedule"] {
        for (failed_now, failed, missing, expected) in [
            (
                true,
                14,
                0,
                Ok("14 of the last 15 looks failed (12 needed), and the look just now failed too: the site says so"),
            ),
            (
                true,
                12,
                3,
                Ok("12 of the last 15 looks failed (12 needed, 3 never happened), and the look just now failed too: the site says so"),
            ),
            (
                true,
                11,
                4,
                Err(
                    "the plan asks for more failed looks than there are: 11 of the last 15 looks failed (12 needed, 4 never \
                     happened); the look just now failed too: the site says so",
                ),
            ),
            (
                true,
                0,
                15,
                Err(
                    "the plan asks for more failed looks than there are: 0 of the last 15 looks failed (12 needed, 15 never \
                     happened); the look just now failed too: the site says so",
                ),
            ),
            (
                false,
                15,
                0,
                Err("the primary answers again: the site says so; 15 of the last 15 looks failed (12 needed)"),
            ),
            (
                false,
                0,
                0,
                Err("the primary answers again: the site says so; 0 of the last 15 looks failed (12 needed)"),
            ),
        ] {
            let found = told(&request(trigger, failed_now, &json!({})), &seen(failed, missing));
            assert_eq!(
                found.as_deref().map_err(String::as_str),
                expected,
                "{trigger}, {failed_now}, {failed}, {missing}"
            );
        }
    }
}

#[test]
fn a_person_needs_no_outage_and_is_told_what_was_seen() {
    assert_eq!(
        told(&request("person", false, &json!({})), &seen(0, 1)).unwrap(),
        "a person decided; the primary answers just now: the site says so; 0 of the last 15 looks failed (12 needed, 1 never happened)"
    );
    let unread = Seen { tally: None, ..seen(0, 0) };
    assert_eq!(
        told(&request("person", true, &json!({})), &unread).unwrap(),
        "a person decided; the primary fails just now: the site says so; the last looks are unknown, since their metric can't be read"
    );
}

#[test]
fn an_alarm_without_a_metric_is_refused() {
    let unread = Seen { tally: None, ..seen(0, 0) };
    assert!(told(&request("alarm", true, &json!({})), &unread).unwrap_err().contains("unknown"));
}

#[test]
fn the_switch_stops_everybody_but_a_person_who_repeats_its_text() {
    let inhibited = Seen {
        inhibit: Inhibit::read("Ada moves the network"),
        ..seen(15, 0)
    };
    let consent = |text: &str| json!({"recoverDespiteInhibit": text});
    for (trigger, changes) in [
        ("alarm", json!({})),
        ("alarm", consent("Ada moves the network")),
        ("schedule", consent("Ada moves the network")),
        ("person", json!({})),
        ("person", consent("")),
        ("person", consent("true")),
        ("person", consent("Ada moves the database")),
    ] {
        assert_eq!(
            told(&request(trigger, true, &changes), &inhibited).unwrap_err(),
            "recoveries are inhibited: /relight/inhibit says \"Ada moves the network\"; set it to off, or repeat its text as \
             recoverDespiteInhibit",
            "{trigger} {changes}"
        );
    }
    let gone = told(&request("person", true, &consent(" Ada moves the network ")), &inhibited).unwrap();
    assert!(
        gone.starts_with("although /relight/inhibit says \"Ada moves the network\", as consented to: a person decided"),
        "{gone}"
    );
    // Consent without a switch is no reason to stop.
    assert!(told(&request("person", true, &consent("Ada moves the network")), &seen(15, 0)).is_ok());
}

#[test]
fn a_run_without_the_lock_stops_whoever_started_it() {
    for (holder, who) in [
        (Holder::Run("unishop-2".parse().unwrap()), "run unishop-2 does"),
        (Holder::Nobody, "nobody does"),
    ] {
        let lost = Seen {
            holder: Some(holder),
            ..seen(15, 0)
        };
        for trigger in ["alarm", "person", "schedule"] {
            assert_eq!(
                told(&request(trigger, true, &json!({})), &lost).unwrap_err(),
                format!("run unishop-1 does not hold the lock of unishop any more: {who}")
            );
        }
    }
}

#[test]
fn an_outage_of_just_the_failed_looks_is_looked_at_again_a_period_after_the_last() {
    let look = |second: &str| json!({"look": {"at": format!("2026-11-21T03:15:{second}Z"), "failed": true, "because": "x"}});
    let early = told(&request("alarm", true, &look("22.5")), &seen(12, 0));
    assert_eq!(
        early.unwrap_err(),
        "again in 3 s: 12 of the last 15 looks failed (12 needed), and the look just now came within a period of the last: x"
    );
    assert!(told(&request("alarm", true, &look("25")), &seen(12, 0)).is_ok());
    // One more failed look shows the same.
    assert!(told(&request("alarm", true, &look("16")), &seen(13, 0)).is_ok());
    let mut before = seen(12, 0);
    before.tally.as_mut().unwrap().failed_before = true;
    assert!(told(&request("alarm", true, &look("16")), &before).is_ok());
    // Whoever has no time left to look again has seen too little.
    let mut late = look("16");
    late["deadline"] = json!("2026-11-21T03:15:00Z");
    assert_eq!(
        told(&request("alarm", true, &late), &seen(12, 0)).unwrap_err(),
        "the outage is younger than the plan asks for, and the deadline of the run, 2026-11-21T03:15:00Z, has passed"
    );
}

/// What becomes of a run whose looks refuse it, given what its alarm says by now.
fn watched(request: &Request, seen: &Seen, state: Result<Option<AlarmState>, String>) -> Result<Decision, Refusal> {
    let refusal = decide(request, seen, at(NOW)).unwrap_err();
    assert!(refusal.is_of_the_looks(), "{refusal}");
    while_the_alarm_is_on(request, refusal, "primary-down", &state, at(NOW))
}

#[test]
fn while_the_alarm_is_on_or_unreadable_the_run_looks_on_and_an_answer_ends_what_was_counted() {
    let unread = Err("throttled".to_owned());
    for (state, by_now) in [
        (Ok(Some(AlarmState::Alarm)), "is still on"),
        (Ok(None), "is not there any more"),
        (unread, "can't be read (throttled)"),
    ] {
        for (failed_now, count_from) in [(false, Some(at("2026-11-21T03:15:29Z"))), (true, None)] {
            let decided = watched(&request("alarm", failed_now, &json!({})), &seen(3, 0), state.clone());
            let Ok(Decision::LookAgain {
                seconds,
                because,
                count_from: from,
            }) = decided
            else {
                panic!("{decided:?}")
            };
            assert_eq!((seconds, from), (10, count_from), "{because}");
            assert!(
                because.ends_with(&format!("alarm primary-down {by_now}, so the run looks on")),
                "{because}"
            );
        }
    }
}

#[test]
fn an_alarm_that_is_off_starts_another_run_when_it_goes_on_so_this_one_ends() {
    for state in [AlarmState::Ok, AlarmState::InsufficientData] {
        let refusal = watched(&request("alarm", false, &json!({})), &seen(12, 0), Ok(Some(state))).unwrap_err();
        assert!(matches!(refusal, Refusal::Answers { .. }), "{refusal}");
    }
}

#[test]
fn a_run_looks_at_most_a_hundred_times_and_says_at_its_deadline_what_was_seen() {
    let long = request("alarm", false, &json!({"deadline": "2026-11-22T03:15:30Z"}));
    let decided = watched(&long, &seen(3, 0), Ok(Some(AlarmState::Alarm)));
    let Ok(Decision::LookAgain { seconds, .. }) = decided else {
        panic!("{decided:?}")
    };
    assert_eq!(seconds, 864, "a hundredth of a day");
    let late = request("alarm", false, &json!({"deadline": NOW}));
    let refusal = watched(&late, &seen(3, 0), Ok(Some(AlarmState::Alarm))).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the primary answers again: the site says so; 3 of the last 15 looks failed (12 needed); the deadline of the run, \
         2026-11-21T03:15:30Z, has passed, and alarm primary-down is still on: it starts no other run before it has been OK. If the \
         primary is down, start one"
    );
}

#[test]
fn looks_from_before_an_answer_are_told_as_such() {
    let answered = request("alarm", true, &json!({"countFrom": "2026-11-21T03:14:00Z"}));
    assert_eq!(
        told(&answered, &seen(3, 12)).unwrap_err(),
        "the plan asks for more failed looks than there are: 3 of the last 15 looks failed (12 needed, none counts from before \
         2026-11-21T03:14:00Z, when the primary answered); the look just now failed too: the site says so"
    );
}
