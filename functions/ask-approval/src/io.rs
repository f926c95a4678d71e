//! The request and the reply.

use action::ids::{ExecutionArn, RunId, TopicArn, WorkloadName};
use action::{Mode, Outcome, PlannedCall};
use jiff::Timestamp;
use ledger::{Approval, Token, Trigger};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What people are asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Whether the run may change anything.
    pub mode: Mode,
    /// The run that asks.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The run's execution.
    pub execution: ExecutionArn,
    /// What the machine waits for; null in plan mode, where it waits for nothing.
    pub token: Option<Token>,
    /// How long the machine waits, in seconds.
    pub timeout_seconds: u64,
    /// What started the run.
    pub trigger: Trigger,
    /// What would become of the database; null if the workload has none.
    pub promotion: Option<Promotion>,
    /// How many instances would be launched; null if none would.
    pub instances: Option<u16>,
    /// The plan's recovery point objective, in seconds.
    pub rpo_seconds: u64,
    /// The plan's own topic; null: the engine's.
    pub topic: Option<TopicArn>,
}

/// What choose-promotion replied, as far as people need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Promotion {
    /// What makes the recovery cluster the writer, such as `failover`.
    pub verb: String,
    /// Why.
    pub because: String,
    /// How far the recovery cluster was behind, in seconds; null if that is unknown.
    pub lag_seconds: Option<f64>,
    /// Why the lag is null.
    pub lag_because: Option<String>,
}

/// What became of the asking. The machine goes on waiting whatever it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: people were told, or an answer was delivered. `unchanged`: they knew. `planned`: plan mode.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// When the run first asked; null in plan mode.
    pub asked_at: Option<Timestamp>,
    /// When no answer means no; null in plan mode.
    pub expires_at: Option<Timestamp>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    pub(crate) fn planned(topic: &str, timeout_seconds: u64, calls: Vec<PlannedCall>) -> Self {
        Self {
            outcome: Outcome::Planned,
            because: format!(
                "a run that an alarm starts would ask people by {topic} here and wait {timeout_seconds} s for their answer; no answer means no"
            ),
            asked_at: None,
            expires_at: None,
            calls,
        }
    }

    pub(crate) fn asked(outcome: Outcome, because: String, approval: &Approval) -> Self {
        Self {
            outcome,
            because,
            asked_at: Some(approval.asked_at),
            expires_at: Some(approval.expires_at),
            calls: vec![],
        }
    }
}
