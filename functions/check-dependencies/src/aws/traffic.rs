//! The alarm that moves users, and the health checks that follow it.

use std::collections::BTreeMap;

use action::ids::WorkloadName;
use aws_sdk_route53::types::{CloudWatchAlarmConfiguration, HealthCheck as Found, HealthCheckConfig};
use plan::TrafficMetric;
use signals::AlarmSettings;

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
    let Some(alarm) = alarm else {
        return Ok(None);
    };
    let mut health_checks = Vec::new();
    let mut pages = clients.route53.list_health_checks().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen("list the health checks", &error.into()))?;
        let following = page.health_checks().iter().filter_map(|found| {
            let config = found.health_check_config()?;
            follows(config, clients.region.as_str(), &alarm.name).then(|| read(found, config, &alarm.settings))
        });
        health_checks.extend(following);
    }
    Ok(Some(Watched {
        alarm: alarm.name,
        health_checks,
    }))
}

fn read(found: &Found, config: &HealthCheckConfig, alarm: &AlarmSettings) -> HealthCheck {
    let without_data = config.insufficient_data_health_status();
    HealthCheck {
        id: found.id().to_owned(),
        inverted: config.inverted() == Some(true),
        disabled: config.disabled() == Some(true),
        without_data: without_data.map_or("unknown", |status| status.as_str()).to_owned(),
        outdated: found
            .cloud_watch_alarm_configuration()
            .map_or_else(Vec::new, |judged| outdated(judged, alarm)),
    }
}

/// Which of the alarm's settings the health check has as they were: it keeps those of its own last change (Route 53 developer guide,
/// "Updating health checks when you change CloudWatch alarm settings").
fn outdated(judged: &CloudWatchAlarmConfiguration, alarm: &AlarmSettings) -> Vec<&'static str> {
    let dimensions = judged.dimensions().iter();
    let dimensions: BTreeMap<String, String> = dimensions.map(|one| (one.name().to_owned(), one.value().to_owned())).collect();
    let same = [
        ("Dimensions", dimensions == alarm.dimensions),
        ("Statistic", Some(judged.statistic().as_str()) == alarm.statistic.as_deref()),
        ("Period", judged.period() == alarm.period),
        ("EvaluationPeriods", judged.evaluation_periods() == alarm.evaluation_periods),
        ("ComparisonOperator", judged.comparison_operator().as_str() == alarm.operator),
        ("Threshold", Some(judged.threshold()) == alarm.threshold),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

/// Only health checks of type CLOUDWATCH_METRIC name an alarm (model: HealthCheckConfig).
fn follows(config: &HealthCheckConfig, region: &str, alarm: &str) -> bool {
    config
        .alarm_identifier()
        .is_some_and(|followed| followed.name() == alarm && followed.region().as_str() == region)
}
