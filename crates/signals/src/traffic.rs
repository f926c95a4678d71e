//! The alarm that moves users.

use std::collections::BTreeMap;

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
        let written = BTreeMap::from([("Workload".to_owned(), workload.to_string())]);
        let watches = |alarm: &&MetricAlarm| {
            alarm.namespace() == Some(&traffic.namespace)
                && alarm.metric_name() == Some(&traffic.metric)
                && AlarmSettings::of(alarm).dimensions == written
        };
        let found = page.metric_alarms().iter().find(watches);
        let found = found.and_then(|alarm| Some((alarm.alarm_name()?, alarm.state_value()?, AlarmSettings::of(alarm))));
        if let Some((name, state, settings)) = found {
            return Ok(Some(TrafficAlarm {
                name: name.to_owned(),
                state: AlarmState::from(state.as_str()),
                settings,
            }));
        }
    }
    Ok(None)
}
