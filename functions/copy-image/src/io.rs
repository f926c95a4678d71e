//! What goes in and what comes out.

use action::ids::{AmiId, KmsKeyArn, Region, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use images::Image;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which image is to be copied whither.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that made the image; the copy's tag `relight:run`, and part of its name.
    pub run: RunId,
    /// The workload that it is an image of; the copy's tag `relight:workload`, and part of its name.
    pub workload: WorkloadName,
    /// The primary Region, where the image is.
    pub from: Region,
    /// The image; null in plan mode where it would first be made.
    pub image: Option<AmiId>,
    /// The recovery Region, where the copy will be.
    pub region: Region,
    /// The key of the recovery Region that the copy is encrypted with; null for the Region's default.
    pub kms_key: Option<KmsKeyArn>,
    /// Within how many minutes AWS is to have copied each snapshot, at a price of its own; null for as soon as it can. AWS
    /// counts in quarters of an hour, to which this is rounded down.
    #[schemars(range(min = 15, max = 2880))]
    pub complete_within_minutes: Option<u32>,
    /// When the machine first asked.
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    /// The name that the image and its copy have.
    pub fn image_name(&self) -> String {
        images::name(&self.workload, &self.run)
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// How far the copy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: the copy is there, with its tags, and can be launched. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless waiting.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The copy; null while none is there.
    pub image: Option<AmiId>,
    /// The snapshots that the copy boots from; none while AWS doesn't say.
    pub snapshots: Vec<String>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    /// About a copy that is there.
    pub(crate) fn about(outcome: Outcome, copy: &Image, because: String) -> Self {
        Self {
            image: Some(copy.id.clone()),
            snapshots: copy.snapshots.clone(),
            ..Self::of(outcome, because)
        }
    }

    /// About a copy that isn't there, or that EC2 doesn't show yet.
    pub(crate) fn of(outcome: Outcome, because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            image: None,
            snapshots: vec![],
            calls: vec![],
        }
    }

    pub(crate) fn again_in(self, seconds: u64) -> Self {
        Self {
            retry_after_seconds: Some(seconds),
            ..self
        }
    }
}
