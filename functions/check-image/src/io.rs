//! What goes in and what comes out.

use action::Outcome;
use action::ids::{AmiId, WorkloadName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose image to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The workload.
    pub workload: WorkloadName,
}

/// How old the newest proven image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// Whether it is older than the plan allows, or there is none.
    pub stale: bool,
    /// The newest proven image in the recovery Region; null if there is none.
    pub image: Option<AmiId>,
    /// How long ago its data was taken, in seconds.
    pub age_seconds: Option<u64>,
    /// How old it may be, in seconds.
    pub maximum_age_seconds: u64,
}
