//! What goes in and what comes out.

use action::ids::{InstanceId, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::Instance;

/// Whose instances are to go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run whose instances go; their tag `relight:run`.
    pub run: RunId,
    /// The workload that they belong to; their tag `relight:workload`.
    pub workload: WorkloadName,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting. What lives then is terminated all the same.
    pub deadline: Deadline,
}

impl Request {
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// How far the run's instances are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: there is none, or every one is terminated. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless waiting.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The run's instances that EC2 lists, terminated ones too, at most [`Reply::MOST`] of them. EC2 lists a terminated one for
    /// about an hour (API_TerminateInstances).
    #[schemars(length(max = 64))]
    pub instances: Vec<InstanceId>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    /// How many instances a reply lists, so that it stays below 4 KiB.
    pub const MOST: usize = 64;

    pub(crate) fn unchanged(seen: &[Instance], because: String) -> Self {
        Self::of(Outcome::Unchanged, seen, because)
    }

    pub(crate) fn planned(seen: &[Instance], because: String, calls: Vec<PlannedCall>) -> Self {
        Self {
            calls,
            ..Self::of(Outcome::Planned, seen, because)
        }
    }

    pub(crate) fn waiting(seen: &[Instance], again: u64, because: String) -> Self {
        Self {
            retry_after_seconds: Some(again),
            ..Self::of(Outcome::Waiting, seen, because)
        }
    }

    fn of(outcome: Outcome, seen: &[Instance], because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            instances: seen.iter().take(Self::MOST).map(|one| one.id.clone()).collect(),
            calls: vec![],
        }
    }
}
