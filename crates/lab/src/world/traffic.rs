//! How users are moved in the lab: what the world makes for it, and what the plan says of it.
//!
//! The traffic alarm and its health check are the workload's stack's. The routing controls are the gateway's.

use anyhow::{Context as _, Result};
use aws_types::sdk_config::SdkConfig;
use toml::{Table, Value};

use super::{make_bucket, publish_parameter};
use crate::clients;
use crate::gateway::routing::{CLUSTER, ENDPOINTS, PRIMARY_CONTROL, RECOVERY_CONTROL};

/// The alarm on the metric that moves users, which a health check follows.
pub const TRAFFIC_ALARM: &str = "relight-unishop-traffic";
/// The parameter that moves users.
pub const PARAMETER: &str = "/relight/unishop/traffic";
/// The bucket of the object that moves users.
pub const BUCKET: &str = "relight-unishop-config-traffic-000000000000-us-west-1";
/// The key of the object that moves users.
pub const KEY: &str = "site";
/// What parameter and object hold while the primary serves.
pub const PRIMARY_VALUE: &str = "primary";
/// What parameter and object hold while the recovery Region serves.
pub const RECOVERY_VALUE: &str = "recovery";

/// How users are moved: `traffic.method` of the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrafficMethod {
    /// Nobody moves them.
    None,
    /// A metric, the alarm on it, and a health check on that.
    #[default]
    HealthCheckMetric,
    /// Two routing controls.
    RoutingControl,
    /// A parameter.
    Parameter,
    /// An object.
    Object,
}

impl TrafficMethod {
    /// Makes what is moved in the recovery Region, as it is in peace.
    pub(super) async fn make(self, recovery: &SdkConfig) -> Result<()> {
        match self {
            Self::None | Self::HealthCheckMetric | Self::RoutingControl => Ok(()),
            Self::Parameter => publish_parameter(recovery, PARAMETER, PRIMARY_VALUE).await,
            Self::Object => {
                make_bucket(recovery, BUCKET).await?;
                let object = clients::s3(recovery).put_object().bucket(BUCKET).key(KEY);
                object
                    .body(PRIMARY_VALUE.as_bytes().to_vec().into())
                    .send()
                    .await
                    .context("write the object that moves users")?;
                Ok(())
            }
        }
    }

    /// What the plan says of it. `endpoint` is the gateway, where all endpoints of the cluster are.
    pub(super) fn plan(self, endpoint: &str) -> Table {
        let texts = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        match self {
            Self::None => texts(&[("method", "none")]),
            Self::HealthCheckMetric => texts(&[("method", "health-check-metric")]),
            Self::RoutingControl => {
                let mut table: Table = texts(&[
                    ("method", "routing-control"),
                    ("cluster", CLUSTER),
                    ("primaryControl", PRIMARY_CONTROL),
                    ("recoveryControl", RECOVERY_CONTROL),
                ]);
                let endpoints: Vec<Table> = ENDPOINTS.map(|region| texts(&[("region", region), ("url", endpoint)])).into();
                table.insert("endpoints".to_owned(), endpoints.into());
                table
            }
            Self::Parameter => texts(&[
                ("method", "parameter"),
                ("name", PARAMETER),
                ("primaryValue", PRIMARY_VALUE),
                ("recoveryValue", RECOVERY_VALUE),
            ]),
            Self::Object => texts(&[
                ("method", "object"),
                ("bucket", BUCKET),
                ("key", KEY),
                ("primaryBody", PRIMARY_VALUE),
                ("recoveryBody", RECOVERY_VALUE),
            ]),
        }
    }
}
