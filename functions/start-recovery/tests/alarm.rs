//! Every way by which an alarm arrives, on documented events.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::NamedError as _;
use serde_json::{Value, json};
use start_recovery::{AlarmState, Error, changes, decide};

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn one_change_of_state_gives_the_same_run_by_every_way() {
    for (way, event) in [
        ("SNS, metric alarm", include_str!("fixtures/sns-metric.json")),
        ("SNS, composite alarm", include_str!("fixtures/sns-composite.json")),
        ("SNS, emulator", include_str!("fixtures/sns-emulator.json")),
        ("action, metric alarm", include_str!("fixtures/action-metric.json")),
        ("action, composite alarm", include_str!("fixtures/action-composite.json")),
        ("EventBridge, metric alarm", include_str!("fixtures/eventbridge-metric.json")),
        ("EventBridge, composite alarm", include_str!("fixtures/eventbridge-composite.json")),
    ] {
        let changes = changes(&fixture(event)).unwrap();
        let [change] = changes.as_slice() else {
            panic!("{way}: {changes:?}")
        };
        assert_eq!(
            (change.state.clone(), change.suppressed_by.clone()),
            (AlarmState::Alarm, None),
            "{way}"
        );
        let workload = decide::workload(&change.alarm).unwrap();
        assert_eq!(decide::run(&workload, change.at).as_str(), "unishop-20261121T031502Z", "{way}");
        assert!(!change.reason.is_empty(), "{way}");
    }
}

#[test]
fn every_record_of_a_notification_is_read() {
    let mut event = fixture(include_str!("fixtures/sns-metric.json"));
    let record = event["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(record);
    assert_eq!(changes(&event).unwrap().len(), 2);
}

#[test]
fn suppressed_actions_are_seen() {
    let mut event = fixture(include_str!("fixtures/eventbridge-composite.json"));
    event["detail"]["state"]["actionsSuppressedBy"] = json!("WaitPeriod");
    assert_eq!(changes(&event).unwrap()[0].suppressed_by.as_deref(), Some("WaitPeriod"));
}

#[test]
fn what_is_no_alarm_is_invalid_input_and_says_what_was_seen() {
    let mut no_state = fixture(include_str!("fixtures/action-metric.json"));
    no_state["alarmData"]["state"] = Value::Null;
    let mut no_time = fixture(include_str!("fixtures/sns-metric.json"));
    no_time["Records"][0]["Sns"]["Message"] =
        json!(r#"{"AlarmName":"a","NewStateValue":"ALARM","NewStateReason":"r","StateChangeTime":"yesterday"}"#);
    let mut no_message = fixture(include_str!("fixtures/sns-metric.json"));
    no_message["Records"][0]["Sns"]["Message"] = json!("Hello world!");
    for (event, said) in [
        (json!({"workload": "unishop"}), "an object with workload"),
        (json!({}), "an empty object"),
        (json!([1]), "an array"),
        (json!(null), "null"),
        (
            json!({"detail-type": "EC2 Instance State-change Notification", "detail": {}}),
            "detail-type \"EC2 Instance State-change Notification\"",
        ),
        (no_state, "alarm action event: missing field `state`"),
        (no_time, "StateChangeTime \"yesterday\" of alarm a is no time"),
        (
            no_message,
            "SNS message 95df01b4-ee98-5cb9-9903-4c221d41eb5e is no alarm: \"Hello world!\"",
        ),
    ] {
        let error = Error::from(changes(&event).unwrap_err());
        assert_eq!(error.name().as_str(), "Relight.InvalidInput", "{event}");
        let said_so = action::chain(&error);
        assert!(said_so.contains(said), "{said_so}");
    }
}
