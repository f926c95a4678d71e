//! What goes in, what comes out, and what a plan's own fence is called with.

use action::ids::{FunctionArn, InstanceId, Region, RunId, WorkloadName};
use action::{Mode, Outcome, PlannedCall, clipped};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What is to be fenced, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run.
    pub run: RunId,
    /// The workload; what is fenced carries it as its tag `relight:workload`.
    pub workload: WorkloadName,
    /// The Region that the workload leaves.
    pub primary_region: Region,
    /// The Region that it goes to, in which nothing is stopped.
    pub recovery_region: Region,
    /// The plan's `guards.fence`.
    pub fence: How,
}

impl Request {
    /// # Errors
    /// When the Region that is left is the one that is gone to.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.primary_region == self.recovery_region {
            return Err(Error::SameRegion(self.primary_region.clone()));
        }
        Ok(())
    }
}

/// The plan's `guards.fence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum How {
    /// Groups and instances are stopped.
    Try,
    /// Nothing is fenced.
    Skip,
    /// This function, in the recovery Region, is called with a [`FenceCall`].
    Function(FunctionArn),
}

/// What a plan's own fence is called with. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FenceCall {
    /// The workload.
    pub workload: WorkloadName,
    /// The run.
    pub run: RunId,
    /// `execute`; in plan mode the function isn't called.
    pub mode: Mode,
    /// The Region whose writers are to be stopped.
    pub primary_region: Region,
    /// The Region that the workload goes to.
    pub recovery_region: Region,
}

/// What was fenced and what wasn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `changed`: something was stopped, or may have been. `unchanged`: nothing was. `planned`: plan mode.
    pub outcome: Outcome,
    /// One sentence for people; a group's sizes from before stand in it too.
    pub because: String,
    /// What was stopped; in plan mode, what would be.
    pub fenced: Vec<Fenced>,
    /// What may still take writes.
    pub not_fenced: Vec<NotFenced>,
    /// How many entries of both lists are left out, so that the reply stays below 4 KiB.
    pub left_out: usize,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

/// One thing that was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Fenced {
    /// An Auto Scaling group, with the sizes that it had before it was set to zero: the way home needs them.
    Group(Sized),
    /// An instance that belongs to no group.
    Instance(InstanceId),
    /// The plan's own fence was called, and answered without an error.
    Function(FunctionArn),
}

/// A group and its sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sized {
    /// Its name.
    pub name: String,
    /// Its least size.
    pub min_size: i32,
    /// Its largest size.
    pub max_size: i32,
    /// Its desired size.
    pub desired_capacity: i32,
}

/// One thing that may still take writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotFenced {
    /// What.
    pub what: String,
    /// Why it wasn't stopped.
    pub because: String,
}

impl NotFenced {
    pub(crate) fn new(what: impl Into<String>, because: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            because: because.into(),
        }
    }
}

impl Reply {
    /// How many bytes of JSON a reply takes at most, its action's name included.
    pub const MOST_BYTES: usize = 4_000;
    /// How many bytes `because` takes at most.
    const WORDS: usize = 1_000;

    pub(crate) fn new(outcome: Outcome, because: &str, fenced: Vec<Fenced>, not_fenced: Vec<NotFenced>) -> Self {
        let not_fenced = not_fenced
            .into_iter()
            .map(|left| NotFenced::new(left.what, clipped(&left.because, Self::WORDS / 2)));
        Self {
            outcome,
            because: clipped(because, Self::WORDS),
            fenced,
            not_fenced: not_fenced.collect(),
            left_out: 0,
            calls: Vec::new(),
        }
        .fitting()
    }

    /// Leaves out the last entries of the longer list until the rest fits.
    fn fitting(mut self) -> Self {
        let size = |reply: &Self| serde_json::to_string(reply).map_or(0, |text| text.len());
        while size(&self) > Self::MOST_BYTES {
            let left_out = if self.fenced.len() > self.not_fenced.len() {
                self.fenced.pop().is_some()
            } else {
                self.not_fenced.pop().is_some()
            };
            if !left_out {
                break;
            }
            self.left_out += 1;
        }
        self
    }
}
