//! What goes in and what comes out.

use action::ids::{RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::Timestamp;
use plan::Group;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{Decision, Serving};

/// Which group is to serve.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks. Where a run goes on from others, the first of them: the sizes that it found are kept.
    pub run: RunId,
    /// The workload that the group belongs to; its tag `relight:workload`.
    pub workload: WorkloadName,
    /// The plan's `compute.group`.
    pub group: Group,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    /// How the machine is to wait for this request.
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// How much of the group serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: enough of it serves. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless `waiting`.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// How many instances serve.
    pub serving: u32,
    /// How many must.
    pub needed: u32,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    pub(crate) fn serves(group: &Group, serving: Serving) -> Self {
        Self::of(Outcome::Unchanged, serving, serving.because(group, None))
    }

    pub(crate) fn waiting(serving: Serving, again: u64, because: String) -> Self {
        Self {
            retry_after_seconds: Some(again),
            ..Self::of(Outcome::Waiting, serving, because)
        }
    }

    pub(crate) fn planned(group: &Group, decision: &Decision, calls: Vec<PlannedCall>) -> Self {
        let (serving, because) = match decision {
            Decision::Serves(serving) => (*serving, serving.because(group, None)),
            Decision::Wait(serving) => (*serving, format!("would wait: {}", serving.because(group, None))),
            Decision::Raise(raise) => (raise.serving, raise.would_ask(group)),
        };
        Self {
            calls,
            ..Self::of(Outcome::Planned, serving, because)
        }
    }

    fn of(outcome: Outcome, serving: Serving, because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            serving: serving.serving,
            needed: serving.needed,
            calls: vec![],
        }
    }
}
