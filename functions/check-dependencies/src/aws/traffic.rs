//! The alarm that moves users, and the health checks that follow it.

use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use aws_sdk_route53::types::HealthCheckConfig;
use plan::TrafficMetric;

use super::not_seen;
use crate::Clients;
use crate::decide::{HealthCheck, NotSeen, Watched};

/// The workload's alarm on `traffic`, with the health checks that follow it in this Region. Without an alarm no health check is
/// asked for.
pub(super) async fn watched(
    clients: &Clients,
    workload: &WorkloadName,
    traffic: Option<&TrafficMetric>,
) -> Result<Option<Watched>, NotSeen> {
    let Some(traffic) = traffic else {
        return Ok(None);
    };
    let Some(alarm) = alarm(clients, workload, traffic).await? else {
        return Ok(None);
    };
    let mut health_checks = Vec::new();
    let mut pages = clients.route53.list_health_checks().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen("list the health checks", &error.into()))?;
        let following = page.health_checks().iter().filter_map(|found| {
            let config = found.health_check_config()?;
            follows(config, clients.region.as_str(), &alarm).then(|| read(found.id(), config))
        });
        health_checks.extend(following);
    }
    Ok(Some(Watched { alarm, health_checks }))
}

fn read(id: &str, config: &HealthCheckConfig) -> HealthCheck {
    let without_data = config.insufficient_data_health_status();
    HealthCheck {
        id: id.to_owned(),
        inverted: config.inverted() == Some(true),
        disabled: config.disabled() == Some(true),
        without_data: without_data.map_or("unknown", |status| status.as_str()).to_owned(),
    }
}

/// The name of the first of the workload's alarms on `traffic`.
async fn alarm(clients: &Clients, workload: &WorkloadName, traffic: &TrafficMetric) -> Result<Option<String>, NotSeen> {
    let mut pages = clients
        .cloudwatch
        .describe_alarms()
        .alarm_name_prefix(format!("relight-{workload}-"))
        .alarm_types(AlarmType::MetricAlarm)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen(&format!("describe the alarms of {workload}"), &Failure::from(error)))?;
        let watches = |alarm: &&MetricAlarm| alarm.namespace() == Some(&traffic.namespace) && alarm.metric_name() == Some(&traffic.metric);
        let found = page.metric_alarms().iter().find(watches);
        if let Some(name) = found.and_then(|alarm| alarm.alarm_name()) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// Only health checks of type CLOUDWATCH_METRIC name an alarm (model: HealthCheckConfig).
fn follows(config: &HealthCheckConfig, region: &str, alarm: &str) -> bool {
    config
        .alarm_identifier()
        .is_some_and(|followed| followed.name() == alarm && followed.region().as_str() == region)
}
