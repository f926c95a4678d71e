//! The whole plan, and the parts that say what the workload is: Regions, objectives, database, tables.

use std::collections::BTreeMap;

use action::ids::{ClusterArn, GlobalClusterId, ParameterName, Region, TableName, WorkloadName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compute::{Compute, Image};
use super::guards::{Guards, Notifications};
use super::hooks::Hook;
use super::moves::{Endpoint, Traffic};
use super::site::{Probe, Site};
use super::span::Span;

/// How one workload is recovered, and within what bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The workload's name: part of the names of its alarms, parameters, runs and metrics.
    pub workload: WorkloadName,
    /// How much of the workload stands ready in the recovery Region.
    pub strategy: Strategy,
    /// Where the workload lives, and where it goes.
    pub regions: Regions,
    /// What a recovery may take and lose.
    pub objectives: Objectives,
    /// The Aurora global database. Leave it out for a workload without one.
    pub database: Option<Database>,
    /// What runs the workload in the recovery Region: `launch` or `group`. Leave it out where nothing has to be started.
    pub compute: Option<Compute>,
    /// The machine images that `compute.launch` boots from.
    pub image: Option<Image>,
    /// DynamoDB global tables.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// The site, and what proves that it works.
    pub site: Site,
    /// How often the primary is looked at.
    #[serde(default)]
    pub probe: Probe,
    /// How users are moved.
    #[serde(default)]
    pub traffic: Traffic,
    /// What is told where the database and the site now are.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// What of your own is called in the middle of a recovery.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// Who and what may stop a recovery.
    pub guards: Guards,
    /// Who hears of a run.
    #[serde(default)]
    pub notifications: Notifications,
}

/// How much of the workload stands ready in the recovery Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The data is there; instances are launched from an image when they are needed.
    PilotLight,
    /// A small Auto Scaling group serves there and is raised to full size.
    WarmStandby,
    /// Everything serves there at full size.
    HotStandby,
}

/// Where the workload lives, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Regions {
    /// Where the workload lives today.
    pub primary: Region,
    /// Where it goes, and where Relight itself runs. Not the primary.
    pub recovery: Region,
}

/// What a recovery may take and lose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objectives {
    /// Recovery time objective: a run waits for nothing after it.
    #[schemars(extend("x-least" = "1s", "x-most" = "7d"))]
    pub rto: Span,
    /// Recovery point objective: a failover that would lose more is refused, unless `guards.acceptDataLoss` consents.
    #[schemars(extend("x-least" = "0s", "x-most" = "7d"))]
    pub rpo: Span,
}

/// The Aurora global database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// The global cluster's identifier.
    pub global_cluster: GlobalClusterId,
    /// The ARN of the member cluster in the primary Region.
    pub primary_cluster: ClusterArn,
    /// The ARN of the member cluster in the recovery Region.
    pub recovery_cluster: ClusterArn,
    /// How the recovery cluster becomes the writer.
    #[serde(default)]
    pub promotion: Promotion,
}

/// How the recovery cluster becomes the writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Promotion {
    /// A managed failover, or a detach where that is not possible.
    #[default]
    Auto,
    /// A managed failover (FailoverGlobalCluster): the global cluster stays.
    Failover,
    /// A detach (RemoveFromGlobalCluster): the recovery cluster stands alone afterwards.
    Detach,
}

/// A DynamoDB global table with a replica in both Regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// The table's name, the same in both Regions.
    pub name: TableName,
    /// The key, by attribute, of an item that a recovery writes and reads back. Without it, nothing is written.
    pub probe_item: Option<BTreeMap<String, String>>,
}

impl Plan {
    /// The SSM parameter that names the workload's newest proven image: `/relight/<workload>/image`.
    pub fn image_pointer(&self) -> ParameterName {
        ParameterName::of_image(&self.workload)
    }
}
