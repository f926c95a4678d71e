//! What goes in and what comes out.

use action::ids::{AmiId, ParameterName, Region, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose images are pruned, and what is kept of them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks; its own images stay.
    pub run: RunId,
    /// The workload that they are images of.
    pub workload: WorkloadName,
    /// Where images are made and where they are copied to.
    pub regions: Regions,
    /// How many proven images are kept, the newest; the very newest is kept even with 0.
    pub keep: u16,
    /// How old an image must be before it may go.
    pub minimum_age_seconds: u64,
    /// The SSM parameter of the recovery Region that launches read the image's id from.
    pub pointer: ParameterName,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops; nothing is deregistered after it.
    pub deadline: Deadline,
}

/// Where images are made and where they are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Regions {
    /// Where images are made.
    pub primary: Region,
    /// Where they are copied to, proven and launched. Not the primary.
    pub recovery: Region,
}

impl Request {
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }

    pub(crate) fn minimum_age(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.minimum_age_seconds).unwrap_or(i64::MAX))
    }
}

/// What went, and why the rest stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `changed`: what had to go went, the last of it by this call. `waiting`: there is more to go than one call removes.
    /// `unchanged`: nothing went. Or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next call; null unless waiting.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The images that this call removed, or execute would remove, at most [`Reply::MOST`] of them.
    #[schemars(length(max = 32))]
    pub removed: Vec<AmiId>,
    /// How many images of the workload stay, in both Regions together.
    pub spared: u32,
    /// For each image where it is and why it goes or stays, those that go first; cut so that the reply stays below 4 KiB.
    pub reasons: Vec<String>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    /// How many removed images a reply lists, so that it stays below 4 KiB.
    pub const MOST: usize = 32;
}
