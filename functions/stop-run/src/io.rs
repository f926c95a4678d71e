//! The request and the reply.

use action::Outcome;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which run to stop. Its workload is told by the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The run.
    pub run: RunId,
    /// Who stops it: goes into the report.
    pub who: String,
    /// Why, in their words.
    pub why: Option<String>,
}

/// The request that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: the stop is asked for. `unchanged`: it was.
    pub outcome: Outcome,
    /// Who asked, when, why, and when the run stops: for people.
    pub because: String,
    /// The workload.
    pub workload: WorkloadName,
    /// The run's execution.
    pub execution: ExecutionArn,
    /// Who asked first.
    pub who: String,
    /// When.
    pub at: Timestamp,
}
