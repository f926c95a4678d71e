//! How users are moved, and what is told where things now are.

use action::ids::{BucketName, ParameterName, Region, RoutingClusterArn, RoutingControlArn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::site::Address;

/// How users are moved: always by a data-plane action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Traffic {
    /// Relight moves nobody: the site moves its users itself, or a person does.
    None {
        /// When users are moved.
        #[serde(default)]
        when: When,
    },
    /// A metric is set to 1; a health check of type CLOUDWATCH_METRIC watches an alarm on it.
    HealthCheckMetric {
        /// When users are moved.
        #[serde(default)]
        when: When,
        /// The metric's namespace. Without it, `Relight`.
        namespace: Option<String>,
        /// The metric's name. Without it, `RecoveryServes`.
        metric: Option<String>,
    },
    /// Routing controls are switched.
    RoutingControl {
        /// When users are moved.
        #[serde(default)]
        when: When,
        /// The cluster that the controls are of.
        cluster: RoutingClusterArn,
        /// The cluster's endpoints, as DescribeCluster tells them: written down here, since that call's Region may be away.
        #[schemars(length(min = 1, max = 5))]
        endpoints: Vec<RoutingEndpoint>,
        /// The control that sends users to the primary: switched off.
        primary_control: RoutingControlArn,
        /// The control that sends users to the recovery Region: switched on.
        recovery_control: RoutingControlArn,
    },
    /// An SSM parameter in the recovery Region that the users' way in reads.
    Parameter {
        /// When users are moved.
        #[serde(default)]
        when: When,
        /// The parameter's full name, under `/relight/<workload>/`.
        name: ParameterName,
        /// Its value while the primary serves.
        #[schemars(length(min = 1, max = 1024))]
        primary_value: String,
        /// Its value while the recovery Region serves.
        #[schemars(length(min = 1, max = 1024))]
        recovery_value: String,
    },
    /// An S3 object in the recovery Region that the users' way in reads.
    Object {
        /// When users are moved.
        #[serde(default)]
        when: When,
        /// The bucket, in the recovery Region.
        bucket: BucketName,
        /// The object's key.
        #[schemars(length(min = 1, max = 512))]
        key: String,
        /// Its content while the primary serves.
        #[schemars(length(min = 1, max = 1024))]
        primary_body: String,
        /// Its content while the recovery Region serves.
        #[schemars(length(min = 1, max = 1024))]
        recovery_body: String,
    },
}

/// One of the endpoints of a routing control cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoutingEndpoint {
    /// The Region that it is in, for which its requests are signed.
    pub region: Region,
    /// Its address.
    #[schemars(with = "Address")]
    pub url: Url,
}

/// The metric that moves users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrafficMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric: String,
}

/// When users are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// When the recovery Region has been proven to work.
    #[default]
    AfterProof,
    /// As soon as the recovery Region's database takes writes: sooner, and before the proof.
    AfterPromotion,
}

/// One place in the recovery Region that is told where the database and the site now are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Endpoint {
    /// An SSM parameter.
    Parameter {
        /// The parameter's full name, under `/relight/<workload>/`.
        name: ParameterName,
        /// Its value. May hold `{databaseEndpoint}`, `{databasePort}` and `{region}`.
        value: String,
    },
    /// An S3 object.
    Object {
        /// The bucket, in the recovery Region.
        bucket: BucketName,
        /// The object's key.
        key: String,
        /// The object's content. May hold the same placeholders.
        body: String,
    },
}

impl Default for Traffic {
    fn default() -> Self {
        Self::None { when: When::default() }
    }
}

impl Traffic {
    /// The metric that moves users, with what stands for a name that the plan leaves out; none for the other methods.
    pub fn metric(&self) -> Option<TrafficMetric> {
        let Self::HealthCheckMetric { namespace, metric, .. } = self else {
            return None;
        };
        Some(TrafficMetric {
            namespace: namespace.clone().unwrap_or_else(|| "Relight".to_owned()),
            metric: metric.clone().unwrap_or_else(|| "RecoveryServes".to_owned()),
        })
    }

    /// When users are moved.
    pub fn when(&self) -> When {
        match self {
            Self::None { when }
            | Self::HealthCheckMetric { when, .. }
            | Self::RoutingControl { when, .. }
            | Self::Parameter { when, .. }
            | Self::Object { when, .. } => *when,
        }
    }
}
