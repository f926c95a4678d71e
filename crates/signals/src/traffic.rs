//! The alarm that moves users.

use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use plan::TrafficMetric;

use crate::{AlarmSettings, AlarmState};

/// An alarm on the metric that moves users.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficAlarm {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
    /// By what it goes off.
    pub settings: AlarmSettings,
}

/// The workload's alarm on `traffic`: of those whose names begin with `relight-<workload>-`, the first with the dimensions that a run
/// writes. The prefix alone is another workload's too: that of `shop` begins the alarms of `shop-eu`. None if none watches it.
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
        let on_metric = page
            .metric_alarms()
            .iter()
            .filter(|alarm| alarm.namespace() == Some(&traffic.namespace) && alarm.metric_name() == Some(&traffic.metric));
        let mut own = on_metric.filter_map(read).filter(|alarm| alarm.settings.watches(workload.as_str()));
        if let Some(alarm) = own.next() {
            return Ok(Some(alarm));
        }
    }
    Ok(None)
}

fn read(alarm: &MetricAlarm) -> Option<TrafficAlarm> {
    Some(TrafficAlarm {
        name: alarm.alarm_name()?.to_owned(),
        state: AlarmState::from(alarm.state_value()?.as_str()),
        settings: AlarmSettings::of(alarm),
    })
}
