//! What goes in and what comes out.

use action::ids::{AmiId, InstanceId, Region, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use images::{Image, tags};
use jiff::Timestamp;
use plan::{Consistency, ImageSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::NewImage;

/// Of what an image is to be made, and for which run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that the image is made for; its tag `relight:run`, and part of its name.
    pub run: RunId,
    /// The workload that it is an image of; its tag `relight:workload`, and part of its name.
    pub workload: WorkloadName,
    /// The primary Region, where the source is and the image will be.
    pub region: Region,
    /// The instance that the image is made of.
    pub source: ImageSource,
    /// Whether the instance is restarted for it.
    pub consistency: Consistency,
    /// When the machine first asked.
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    /// The name that the image has.
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

/// How far the image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: the image is there and can be copied. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless waiting.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The image; null while none is there.
    pub image: Option<AmiId>,
    /// The image's name, whether it is there or not.
    pub name: String,
    /// The instance that the image is, or would be, made of; null where the image's tags don't say.
    pub instance: Option<InstanceId>,
    /// When the image was asked for, in whole seconds; null while none is there.
    pub made: Option<Timestamp>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    /// About an image that is there.
    pub(crate) fn about(outcome: Outcome, image: &Image, because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            image: Some(image.id.clone()),
            name: image.name.clone(),
            instance: image.tags.get(tags::SOURCE).and_then(|id| id.parse().ok()),
            made: Some(image.made()),
            calls: vec![],
        }
    }

    /// About an image that would be made, or that EC2 doesn't show yet.
    pub(crate) fn of(outcome: Outcome, new: &NewImage, because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            image: None,
            name: new.name.clone(),
            instance: Some(new.instance.clone()),
            made: None,
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
