//! The alarm that moves users, and the health checks that follow it.

use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_route53::types::HealthCheckConfig;
use plan::TrafficMetric;

use super::not_seen;
use crate::Clients;
use crate::decide::{HealthCheck, NotSeen, Watched};

/// The workload's alarms on `traffic`, each with the health checks that follow it in this Region. Without an alarm no health
/// check is asked for.
pub(super) async fn watched(clients: &Clients, workload: &WorkloadName, traffic: Option<&TrafficMetric>) -> Result<Vec<Watched>, NotSeen> {
    let Some(traffic) = traffic else {
        return Ok(vec![]);
    };
    let mut watched = alarms(clients, workload, traffic).await?;
    if watched.is_empty() {
        return Ok(watched);
    }
    let mut pages = clients.route53.list_health_checks().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen("list the health checks", &error.into()))?;
        for found in page.health_checks() {
            let Some(config) = found.health_check_config() else {
                continue;
            };
            for one in &mut watched {
                if follows(config, clients.region.as_str(), &one.alarm) {
                    one.health_checks.push(HealthCheck {
                        id: found.id().to_owned(),
                        inverted: config.inverted() == Some(true),
                        disabled: config.disabled() == Some(true),
                        without_data: config
                            .insufficient_data_health_status()
                            .map_or("unknown", |status| status.as_str())
                            .to_owned(),
                    });
                }
            }
        }
    }
    Ok(watched)
}

async fn alarms(clients: &Clients, workload: &WorkloadName, traffic: &TrafficMetric) -> Result<Vec<Watched>, NotSeen> {
    let mut pages = clients
        .cloudwatch
        .describe_alarms()
        .alarm_name_prefix(format!("relight-{workload}-"))
        .alarm_types(AlarmType::MetricAlarm)
        .into_paginator()
        .send();
    let mut watched = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen(&format!("describe the alarms of {workload}"), &Failure::from(error)))?;
        let on_it = page
            .metric_alarms()
            .iter()
            .filter(|alarm| alarm.namespace() == Some(&traffic.namespace) && alarm.metric_name() == Some(&traffic.metric));
        watched.extend(on_it.filter_map(|alarm| {
            Some(Watched {
                alarm: alarm.alarm_name()?.to_owned(),
                health_checks: vec![],
            })
        }));
    }
    Ok(watched)
}

/// Only health checks of type CLOUDWATCH_METRIC name an alarm (model: HealthCheckConfig).
fn follows(config: &HealthCheckConfig, region: &str, alarm: &str) -> bool {
    config
        .alarm_identifier()
        .is_some_and(|followed| followed.name() == alarm && followed.region().as_str() == region)
}
