//! The request and the reply.

use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome, PlannedCall};
use jiff::Timestamp;
use ledger::{Machine, Trigger, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{Approval, CalledHook, LostWrites, Report};

/// Which run to close, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Whether the run could change anything.
    pub mode: Mode,
    /// The run.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The machine.
    pub machine: Machine,
    /// The run's execution, whose history is reported.
    pub execution: ExecutionArn,
    /// When the execution started.
    pub started_at: Timestamp,
    /// What started it.
    pub trigger: Trigger,
    /// What open-run replied; null if it refused.
    pub opened: Option<Opened>,
    /// The lag that choose-promotion measured.
    pub lag_seconds: Option<f64>,
    /// Why it measured none.
    pub lag_because: Option<String>,
    /// What people said before anything was changed; null if they weren't asked.
    pub approval: Option<Approval>,
    /// Which writes a managed failover may have lost; null if there was none, or nobody could tell.
    pub lost_writes: Option<LostWrites>,
    /// Where in the machine the run ended.
    pub ended: Ended,
    /// The errors that the machine caught.
    pub stops: Vec<Stop>,
    /// The hooks that were called, in order.
    pub hooks: Vec<CalledHook>,
    /// Of a plan run: the calls that the machine would make itself, without a function.
    pub planned: Vec<Planned>,
}

/// A call that the machine would make itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Planned {
    /// The state that would make it.
    pub state: String,
    /// The call.
    pub call: PlannedCall,
}

/// What open-run replied, as far as the report needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opened {
    /// When the run was opened.
    pub opened_at: Timestamp,
    /// What it may take and lose.
    pub objectives: Objectives,
    /// When it stops waiting.
    pub deadline: Deadline,
    /// The run that it goes on from; null if there is none.
    pub continues: Option<RunId>,
    /// The run under whose tag it made and found things.
    pub work: RunId,
}

/// What a recovery may take and lose, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objectives {
    /// Recovery time objective.
    pub rto_seconds: u64,
    /// Recovery point objective.
    pub rpo_seconds: u64,
}

/// Where in the machine a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Behind the proof.
    Proven,
    /// At the end of a plan run.
    Planned,
    /// Anywhere else.
    Stopped,
}

/// An error that the machine caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stop {
    /// The state that it caught it in.
    pub state: String,
    /// The error's name.
    pub error: String,
    /// Its cause, as Step Functions has it.
    pub cause: String,
}

/// What became of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: the run is closed. `unchanged`: it was. `planned`: plan mode.
    pub outcome: Outcome,
    /// How the run ended, for people.
    pub because: String,
    /// How the run ended.
    pub verdict: Verdict,
    /// Where the report is, or, in plan mode, is to be put by the machine.
    pub report: String,
    /// The report itself, in plan mode only, where a function writes nothing; null otherwise. It may exceed the 4 KiB of
    /// other replies.
    pub document: Option<Box<Report>>,
    /// The subject of the notification: at most 100 ASCII characters in one line, as SNS wants it
    /// (model: PublishInput$Subject).
    pub subject: String,
    /// The notification.
    pub message: String,
}
