//! The alarm that moves users.

use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use plan::TrafficMetric;

use crate::alarm::AlarmState;

/// An alarm on the metric that moves users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficAlarm {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
}

/// The first of the workload's alarms on `traffic`: those whose names begin with `relight-<workload>-`. None if none watches it.
///
/// # Errors
/// When CloudWatch doesn't tell.
pub async fn traffic_alarm(
    cloudwatch: &aws_sdk_cloudwatch::Client,
    workload: &WorkloadName,
    traffic: &TrafficMetric,
) -> Result<Option<TrafficAlarm>, Failure> {
    let mut pages = cloudwatch
        .describe_alarms()
        .alarm_name_prefix(format!("relight-{workload}-"))
        .alarm_types(AlarmType::MetricAlarm)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page?;
        let watches = |alarm: &&MetricAlarm| alarm.namespace() == Some(&traffic.namespace) && alarm.metric_name() == Some(&traffic.metric);
        let found = page.metric_alarms().iter().find(watches);
        if let Some((name, state)) = found.and_then(|alarm| alarm.alarm_name().zip(alarm.state_value())) {
            return Ok(Some(TrafficAlarm {
                name: name.to_owned(),
                state: AlarmState::from(state.as_str()),
            }));
        }
    }
    Ok(None)
}
