//! What goes in and what comes out.

use action::Outcome;
use action::ids::{RunId, WorkloadName};
use plan::Database;
use readiness::{Answer, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which database to ask about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The check that asks: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The plan's database.
    pub database: Database,
    /// The lag that the plan allows, in seconds.
    pub rpo_seconds: u64,
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
            because: format!("{failing} of {} questions about the database fail", answers.len()),
            answers,
        }
    }
}
