//! What goes in and what comes out.

use action::ids::{ClusterArn, RunId, WorkloadName};
use action::{Mode, Outcome, PlannedCall};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::window;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "purpose", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// A run that failed the database over, when its site is proven.
    Run {
        /// Plan or execute.
        mode: Mode,
        /// The run.
        run: RunId,
        /// The workload.
        workload: WorkloadName,
        /// The cluster that was the primary.
        cluster: ClusterArn,
        /// When the writer was moved.
        moved: Moved,
    },
    /// The workload's schedule.
    Schedule {
        /// The workload.
        workload: WorkloadName,
    },
}

/// When the writer was moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Moved {
    /// How far the recovery cluster was behind, in seconds; null if nobody knows.
    pub lag_seconds: Option<f64>,
    /// When that was measured.
    pub measured_at: Timestamp,
    /// When the recovery cluster was seen to be the writer.
    pub recovered_at: Timestamp,
}

/// What was found and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `changed`: a copy was begun. `unchanged`: there is nothing to copy, or nothing to be seen of it. `planned`: plan mode.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The snapshots that are kept, the newest first; at most [`Reply::MOST`].
    #[schemars(length(max = 4))]
    pub kept: Vec<Kept>,
    /// Which writes may be lost; null to the schedule, and in plan mode.
    pub lost_writes: Option<LostWrites>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

/// A snapshot that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// The automated one, which expires.
    pub automated: String,
    /// The manual copy of it, which doesn't.
    pub manual: String,
}

/// Which writes may be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LostWrites {
    /// The first moment whose writes may be missing; null if nobody knows how far the recovery cluster was behind.
    pub from: Option<Timestamp>,
    /// When the recovery cluster was seen to be the writer.
    pub to: Timestamp,
    /// The manual snapshot that has them; null while there is none.
    pub snapshot: Option<String>,
    /// The whole in one sentence.
    pub because: String,
}

impl Reply {
    /// How many snapshots a reply lists.
    pub const MOST: usize = 4;

    pub(crate) fn new(outcome: Outcome, because: String, kept: impl IntoIterator<Item = Kept>) -> Self {
        let mut kept: Vec<Kept> = kept.into_iter().collect();
        // All are of one cluster, and their names end in their time.
        kept.sort_by(|one, other| other.automated.cmp(&one.automated));
        kept.truncate(Self::MOST);
        Self {
            outcome,
            because,
            kept,
            lost_writes: None,
            calls: Vec::new(),
        }
    }

    pub(crate) fn unchanged(because: String) -> Self {
        Self::new(Outcome::Unchanged, because, [])
    }

    /// With the window of `moved`, and the snapshot of that failover if it is kept.
    pub(crate) fn with_window(mut self, cluster: &ClusterArn, moved: &Moved) -> Self {
        self.lost_writes = Some(window(cluster, moved, &self.kept));
        self
    }
}
