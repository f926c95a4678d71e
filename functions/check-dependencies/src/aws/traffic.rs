//! The alarm that moves users, and the health checks that follow it.

use action::ids::WorkloadName;
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
    let alarm = signals::traffic_alarm(&clients.cloudwatch, workload, traffic).await;
    let alarm = alarm.map_err(|failure| not_seen(&format!("describe the alarms of {workload}"), &failure))?;
    let Some(alarm) = alarm.map(|alarm| alarm.name) else {
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

/// Only health checks of type CLOUDWATCH_METRIC name an alarm (model: HealthCheckConfig).
fn follows(config: &HealthCheckConfig, region: &str, alarm: &str) -> bool {
    config
        .alarm_identifier()
        .is_some_and(|followed| followed.name() == alarm && followed.region().as_str() == region)
}
