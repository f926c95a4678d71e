//! What the name follows: a health check on the traffic alarm, the routing controls, a parameter, or an object.

use anyhow::{Context as _, Result};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_route53::types::{HealthCheckConfig, InsufficientDataHealthStatus as WithoutData};

use crate::clients;
use crate::gateway::{RoutingControls, Turned};
use crate::world::RECOVERY;
use crate::world::traffic::{BUCKET, KEY, PARAMETER, RECOVERY_VALUE, TRAFFIC_ALARM, TrafficMethod};

/// What the name follows.
#[derive(Debug)]
pub(crate) enum Follows {
    /// Nothing: it leads to the primary.
    Nothing,
    /// The primary's failover record, with the health check on the traffic alarm.
    HealthCheck {
        route53: aws_sdk_route53::Client,
        cloudwatch: aws_sdk_cloudwatch::Client,
    },
    /// A failover record for each site, with a health check each on its routing control.
    Controls(RoutingControls),
    /// A way in that reads a parameter.
    Parameter(aws_sdk_ssm::Client),
    /// A way in that reads an object.
    Object(aws_sdk_s3::Client),
}

impl Follows {
    /// What a name of this `method` follows. `ministack` is where all of it is read, but the `controls`.
    ///
    /// # Errors
    /// Never in practice; see [`clients::config`].
    pub(crate) fn new(method: TrafficMethod, ministack: &str, controls: RoutingControls) -> Result<Self> {
        let config = clients::config(ministack, RECOVERY, clients::LAB)?;
        Ok(match method {
            TrafficMethod::None => Self::Nothing,
            TrafficMethod::HealthCheckMetric => Self::HealthCheck {
                route53: aws_sdk_route53::Client::new(&config),
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            },
            TrafficMethod::RoutingControl => Self::Controls(controls),
            TrafficMethod::Parameter => Self::Parameter(aws_sdk_ssm::Client::new(&config)),
            TrafficMethod::Object => Self::Object(clients::s3(&config)),
        })
    }

    /// Whether the name should lead to the recovery Region; nothing where that stays as it is.
    ///
    /// # Errors
    /// When it can't be seen.
    pub(super) async fn lead_to_recovery(&self) -> Result<Option<bool>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Controls(controls) => {
                let routing = controls.now();
                Ok(Some(by_records(routing.primary == Turned::On, routing.recovery == Turned::On)))
            }
            Self::HealthCheck { route53, cloudwatch } => {
                let healthy = match health_check(route53).await? {
                    Some(check) => is_healthy(&check, alarm_state(cloudwatch).await?.as_ref()),
                    // A record without a health check is always healthy.
                    None => Some(true),
                };
                Ok(healthy.map(|healthy| by_records(healthy, true)))
            }
            Self::Parameter(client) => {
                let found = client.get_parameter().name(PARAMETER).send().await.context("read the parameter")?;
                let value = found.parameter().and_then(|parameter| parameter.value());
                Ok(Some(value == Some(RECOVERY_VALUE)))
            }
            Self::Object(client) => {
                let found = client
                    .get_object()
                    .bucket(BUCKET)
                    .key(KEY)
                    .send()
                    .await
                    .context("read the object")?;
                let body = found.body.collect().await.context("read the object's bytes")?.to_vec();
                Ok(Some(body == RECOVERY_VALUE.as_bytes()))
            }
        }
    }
}

/// Whether failover records lead to the secondary: it must be healthy and the primary not. With none healthy the primary is answered
/// (Route 53 developer guide, "How Amazon Route 53 chooses records when health checking is configured").
fn by_records(primary: bool, recovery: bool) -> bool {
    !primary && recovery
}

/// The health check on the traffic alarm.
async fn health_check(client: &aws_sdk_route53::Client) -> Result<Option<HealthCheckConfig>> {
    let found = client.list_health_checks().send().await.context("list the health checks")?;
    let mut configs = found.health_checks().iter().filter_map(|check| check.health_check_config());
    let follows = |config: &&HealthCheckConfig| {
        config
            .alarm_identifier()
            .is_some_and(|alarm| alarm.name() == TRAFFIC_ALARM && alarm.region().as_str() == RECOVERY)
    };
    Ok(configs.find(follows).cloned())
}

async fn alarm_state(client: &aws_sdk_cloudwatch::Client) -> Result<Option<StateValue>> {
    let found = client
        .describe_alarms()
        .alarm_names(TRAFFIC_ALARM)
        .alarm_types(AlarmType::MetricAlarm)
        .send()
        .await
        .context("describe the traffic alarm")?;
    Ok(found.metric_alarms().first().and_then(|alarm| alarm.state_value()).cloned())
}

/// What a health check of type CLOUDWATCH_METRIC says; nothing while it keeps its last status. A disabled one is always healthy, an
/// inverted one the other way round, disabled or not (model: HealthCheckConfig, `Disabled` and `Inverted`). On AWS it reads the alarm's
/// data, not its state; here they are one.
fn is_healthy(check: &HealthCheckConfig, alarm: Option<&StateValue>) -> Option<bool> {
    let healthy = if check.disabled() == Some(true) {
        true
    } else {
        match (alarm, check.insufficient_data_health_status()) {
            (Some(StateValue::Ok), _) => true,
            (Some(StateValue::Alarm), _) => false,
            (_, Some(WithoutData::Healthy)) => true,
            (_, Some(WithoutData::Unhealthy)) => false,
            // A new one, which has no last status, is healthy; and so is the name to begin with.
            _ => return None,
        }
    };
    Some(healthy != (check.inverted() == Some(true)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::HealthCheckType;

    use super::*;

    fn check(inverted: bool, disabled: bool, without_data: WithoutData) -> HealthCheckConfig {
        HealthCheckConfig::builder()
            .r#type(HealthCheckType::CloudwatchMetric)
            .inverted(inverted)
            .disabled(disabled)
            .insufficient_data_health_status(without_data)
            .build()
            .unwrap()
    }

    #[test]
    fn a_health_check_says_what_its_alarm_says_unless_it_is_disabled_and_an_inverted_one_the_opposite() {
        let (well, alarm, silent) = (Some(StateValue::Ok), Some(StateValue::Alarm), Some(StateValue::InsufficientData));
        let last = || WithoutData::LastKnownStatus;
        for (check, state, says) in [
            (check(false, false, last()), &well, Some(true)),
            (check(false, false, last()), &alarm, Some(false)),
            (check(false, false, last()), &silent, None),
            (check(false, false, last()), &None, None),
            (check(false, false, WithoutData::Unhealthy), &silent, Some(false)),
            (check(true, false, last()), &well, Some(false)),
            (check(true, false, last()), &alarm, Some(true)),
            (check(false, true, last()), &alarm, Some(true)),
            (check(true, true, last()), &well, Some(false)),
        ] {
            assert_eq!(is_healthy(&check, state.as_ref()), says, "{check:?} {state:?}");
        }
    }

    #[test]
    fn the_recovery_region_is_answered_only_when_it_alone_is_healthy() {
        let answers = [(true, true), (true, false), (false, true), (false, false)].map(|(primary, recovery)| by_records(primary, recovery));
        assert_eq!(answers, [false, false, true, false]);
    }
}
