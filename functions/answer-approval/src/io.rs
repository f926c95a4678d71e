//! The request and the reply.

use action::Outcome;
use action::ids::{ExecutionArn, RunId};
use jiff::Timestamp;
use ledger::Verb;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer. Its workload is told by the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The run that waits.
    pub run: RunId,
    /// The answer.
    pub answer: YesOrNo,
    /// Who answers: goes into the report.
    pub who: String,
    /// Why, in their words.
    pub comment: Option<String>,
}

/// What a person can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum YesOrNo {
    /// The run goes on.
    Yes,
    /// The run stops, with nothing changed.
    No,
}

impl From<YesOrNo> for Verb {
    fn from(answer: YesOrNo) -> Self {
        match answer {
            YesOrNo::Yes => Self::Yes,
            YesOrNo::No => Self::No,
        }
    }
}

/// The answer that the run has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: the run has the answer by this call. `unchanged`: it had it.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The answer.
    pub answer: Verb,
    /// Who gave it.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// The run's execution.
    pub execution: ExecutionArn,
}
