//! What goes in and what comes out.

use action::Outcome;
use action::ids::{RunId, WorkloadName};
use launch_instances::io::Launch;
use plan::Group;
use readiness::{Answer, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which compute to ask about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The check that asks: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// What would be launched; null where nothing is.
    pub launch: Option<Launch>,
    /// The Auto Scaling group that would grow; null where there is none.
    pub group: Option<Group>,
    /// How old the newest proven image may be, in seconds; null where none is proven.
    pub image_maximum_age_seconds: Option<u64>,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The answers.
    pub answers: Vec<Answer>,
}

impl Reply {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let failing = answers.iter().filter(|answer| answer.verdict == Verdict::Fail).count();
        Self {
            outcome: Outcome::Unchanged,
            because: format!("{failing} of {} questions about the compute fail", answers.len()),
            answers,
        }
    }
}
