//! An alarm's change of state, read from the three ways by which AWS delivers it.
//!
//! SNS: docs.aws.amazon.com/lambda/latest/dg/with-sns.html, with the alarm as JSON text in `Message`. Alarm action:
//! docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html. EventBridge:
//! docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html.

use aws_lambda_events::cloudwatch_alarms::{CloudWatchAlarm, CloudWatchAlarmData, CloudWatchAlarmStateValue};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sns::SnsEvent;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use signals::AlarmState;

/// One change of an alarm's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmChange {
    /// The alarm's name.
    pub alarm: String,
    /// The state that it changed to.
    pub state: AlarmState,
    /// When, in whole milliseconds: the same by every way.
    pub at: Timestamp,
    /// Why, in CloudWatch's words.
    pub reason: String,
    /// What suppresses the alarm's actions, if anything does; only EventBridge hears of such a change.
    pub suppressed_by: Option<String>,
}

/// Why an event is no alarm.
#[derive(Debug, thiserror::Error)]
pub enum NoAlarm {
    /// It is none of the three.
    #[error(
        "event is no alarm: expected an SNS event (Records), an alarm action (alarmData) or an EventBridge event \
         (detail-type \"CloudWatch Alarm State Change\"), got {0}"
    )]
    Unknown(String),
    /// It looks like one of the three, but lacks something.
    #[error("{route} event")]
    Malformed {
        /// By which way it came.
        route: &'static str,
        /// What it lacks.
        source: serde_json::Error,
    },
    /// The SNS message is no alarm.
    #[error("SNS message {id} is no alarm: {seen}")]
    Message {
        /// The message's id.
        id: String,
        /// How it begins.
        seen: String,
        /// What it lacks.
        source: serde_json::Error,
    },
    /// Its time is none.
    #[error("StateChangeTime {seen:?} of alarm {alarm} is no time")]
    Time {
        /// The alarm's name.
        alarm: String,
        /// The time as it stands there.
        seen: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
}

/// The changes that an event tells of: one, or by SNS one per record.
///
/// # Errors
/// When the event is none of the three, or isn't whole.
pub fn changes(event: &Value) -> Result<Vec<AlarmChange>, NoAlarm> {
    let detail_type = event.get("detail-type").and_then(Value::as_str);
    if event.pointer("/Records/0/Sns").is_some() {
        let event: SnsEvent = typed("SNS", event)?;
        event
            .records
            .iter()
            .map(|record| by_message(&record.sns.message_id, &record.sns.message))
            .collect()
    } else if event.get("alarmData").is_some() {
        let event: CloudWatchAlarm = typed("alarm action", event)?;
        by_data("alarm action", event.alarm_data).map(|change| vec![change])
    } else if detail_type == Some("CloudWatch Alarm State Change") {
        let event: EventBridgeEvent<CloudWatchAlarmData> = typed("EventBridge", event)?;
        by_data("EventBridge", event.detail).map(|change| vec![change])
    } else {
        Err(NoAlarm::Unknown(described(event)))
    }
}

/// The part of the message that says what happened. Its other fields differ between metric and composite alarms: a
/// composite one has `AlarmRule` where a metric one has `Trigger`, and a description may be null.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    alarm_name: String,
    new_state_value: String,
    new_state_reason: String,
    state_change_time: String,
}

fn by_message(id: &str, text: &str) -> Result<AlarmChange, NoAlarm> {
    let message: Message = serde_json::from_str(text).map_err(|source| NoAlarm::Message {
        id: id.to_owned(),
        seen: beginning(text),
        source,
    })?;
    Ok(AlarmChange {
        state: AlarmState::from(message.new_state_value.as_str()),
        at: time(&message)?,
        alarm: message.alarm_name,
        reason: message.new_state_reason,
        suppressed_by: None,
    })
}

fn time(message: &Message) -> Result<Timestamp, NoAlarm> {
    let seen = &message.state_change_time;
    seen.parse().map_err(|source| NoAlarm::Time {
        alarm: message.alarm_name.clone(),
        seen: seen.clone(),
        source,
    })
}

fn by_data(route: &'static str, data: CloudWatchAlarmData) -> Result<AlarmChange, NoAlarm> {
    let state = data.state.ok_or_else(|| NoAlarm::Malformed {
        route,
        source: serde::de::Error::missing_field("state"),
    })?;
    let at = Timestamp::from_millisecond(state.timestamp.timestamp_millis()).map_err(|source| NoAlarm::Time {
        alarm: data.alarm_name.clone(),
        seen: state.timestamp.to_string(),
        source,
    })?;
    Ok(AlarmChange {
        alarm: data.alarm_name,
        state: match state.value {
            CloudWatchAlarmStateValue::Ok => AlarmState::Ok,
            CloudWatchAlarmStateValue::Alarm => AlarmState::Alarm,
            CloudWatchAlarmStateValue::InsufficientData => AlarmState::InsufficientData,
            other => AlarmState::Other(format!("{other:?}")),
        },
        at,
        reason: state.reason,
        suppressed_by: state.actions_suppressed_by,
    })
}

fn typed<T: serde::de::DeserializeOwned>(route: &'static str, event: &Value) -> Result<T, NoAlarm> {
    T::deserialize(event).map_err(|source| NoAlarm::Malformed { route, source })
}

/// What an event is, by its outermost fields only: it may hold secrets.
fn described(event: &Value) -> String {
    match event {
        Value::Object(fields) if fields.is_empty() => "an empty object".to_owned(),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().take(8).map(String::as_str).collect();
            let detail_type = fields
                .get("detail-type")
                .map(|value| format!(" and detail-type {value}"))
                .unwrap_or_default();
            format!("an object with {}{detail_type}", names.join(", "))
        }
        Value::Array(_) => "an array".to_owned(),
        other => format!("{other}"),
    }
}

fn beginning(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}
