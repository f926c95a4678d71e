//! The state that an alarm is in by now.

use std::fmt;

use action::aws::Failure;
use aws_sdk_cloudwatch::types::AlarmType;

/// The state of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// The condition doesn't hold.
    Ok,
    /// The condition holds.
    Alarm,
    /// Nobody knows.
    InsufficientData,
    /// A state that this version doesn't know.
    Other(String),
}

impl From<&str> for AlarmState {
    fn from(text: &str) -> Self {
        match text {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Other(other) => other,
        })
    }
}

/// The alarm's state by now; none if there is no such alarm. Without `AlarmTypes`, composite alarms are left out (model:
/// DescribeAlarmsInput).
///
/// # Errors
/// When CloudWatch doesn't tell.
pub async fn alarm(cloudwatch: &aws_sdk_cloudwatch::Client, name: &str) -> Result<Option<AlarmState>, Failure> {
    let seen = cloudwatch
        .describe_alarms()
        .alarm_names(name)
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .send()
        .await?;
    let composite = seen.composite_alarms().first().and_then(|alarm| alarm.state_value());
    let metric = seen.metric_alarms().first().and_then(|alarm| alarm.state_value());
    Ok(composite.or(metric).map(|state| AlarmState::from(state.as_str())))
}
