//! The event as it arrives, and what became of it.

use action::Outcome;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::Hold;

/// An alarm's change of state, as SNS, CloudWatch or EventBridge delivers it. The shape is AWS's, so that unknown fields
/// are no error; an event that is none of the three is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Request(pub serde_json::Value);

/// What became of the notification. With several alarms in one: of the first that started something, or else of the
/// first; `because` speaks of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: a run was started. `unchanged`: none was.
    pub outcome: Outcome,
    /// Why.
    pub because: String,
    /// The workload that the alarm is of.
    pub workload: Option<WorkloadName>,
    /// The run that the alarm stands for, if it was started, now or before.
    pub run: Option<RunId>,
    /// The execution of that run.
    pub execution: Option<ExecutionArn>,
}

impl Reply {
    /// Nothing was started.
    pub(crate) fn held(workload: Option<WorkloadName>, hold: &Hold) -> Self {
        Self {
            outcome: Outcome::Unchanged,
            because: hold.to_string(),
            workload,
            run: match hold {
                Hold::AlreadyStarted { run, .. } => Some(run.clone()),
                _ => None,
            },
            execution: None,
        }
    }

    pub(crate) fn merged(replies: Vec<Self>) -> Self {
        let because = replies.iter().map(|reply| reply.because.as_str()).collect::<Vec<_>>().join("; ");
        let first = replies.iter().position(|reply| reply.outcome == Outcome::Changed).unwrap_or(0);
        match replies.into_iter().nth(first) {
            Some(reply) => Self { because, ..reply },
            None => Self {
                outcome: Outcome::Unchanged,
                because: "the notification held no record".to_owned(),
                workload: None,
                run: None,
                execution: None,
            },
        }
    }
}
