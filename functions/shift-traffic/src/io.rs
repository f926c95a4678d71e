//! What goes in and what comes out.

use std::fmt;

use action::ids::{RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::Timestamp;
use plan::Traffic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where users are to go, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks. Where a run goes on from others, the first of them: what it found is kept.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The plan's `traffic`.
    pub traffic: Traffic,
    /// Where users are to go.
    pub to: Side,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

/// Where users go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// To the primary Region: what sent them where they were before is restored.
    Primary,
    /// To the recovery Region.
    Recovery,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "the primary Region",
            Self::Recovery => "the recovery Region",
        })
    }
}

impl Request {
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// Where users are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: they are sent where they are to go, as read back. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless `waiting`.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    pub(crate) fn moves_nobody() -> Self {
        Self::there("by this plan Relight moves nobody: the site does it itself, or a person".to_owned())
    }

    pub(crate) fn there(because: String) -> Self {
        Self {
            outcome: Outcome::Unchanged,
            retry_after_seconds: None,
            because,
            calls: vec![],
        }
    }

    pub(crate) fn waiting(again: u64, because: String) -> Self {
        Self {
            outcome: Outcome::Waiting,
            retry_after_seconds: Some(again),
            ..Self::there(because)
        }
    }

    pub(crate) fn planned(because: String, calls: Vec<PlannedCall>) -> Self {
        Self {
            outcome: Outcome::Planned,
            calls,
            ..Self::there(because)
        }
    }
}
