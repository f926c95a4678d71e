//! The report of a run: written once, as JSON; its schema is committed as schemas/report.schema.json.

use std::collections::BTreeMap;

use action::Mode;
use action::ids::{ExecutionArn, Region, RunId, WorkloadName};
use jiff::Timestamp;
use ledger::{Machine, Trigger, Verb, Verdict};
use plan::Point;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a run was, did, took and lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Report of a run")]
pub struct Report {
    /// Which run.
    pub run: Run,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took, and what of that was whose.
    pub clocks: Clocks,
    /// What it might take and lose, and whether it kept to that.
    pub objectives: Objectives,
    /// The lag of replication in seconds, measured just before the promotion: what was lost, at most. Null if it wasn't
    /// measured.
    pub rpo_seconds: Option<f64>,
    /// Why `rpoSeconds` is null.
    pub rpo_because: Option<String>,
    /// What people said before anything was changed; null if they weren't asked.
    pub approval: Option<Approval>,
    /// Which writes a managed failover may have lost, and where they are kept; null if there was none, or nobody could tell.
    pub lost_writes: Option<LostWrites>,
    /// What was done, by the time it began. Steps that ran side by side overlap in time.
    pub steps: Vec<Step>,
    /// What of the user's own was called, in order.
    pub hooks: Vec<CalledHook>,
    /// Of a plan run: each call that would be made, in order, those of Relight's own books included. Else empty.
    pub calls: Vec<ReportedCall>,
    /// Of a plan run: how long those calls would take. Null where there are none.
    pub estimate: Option<Estimate>,
    /// What remains to be done, in plain words; empty unless the run stopped.
    pub not_done: Vec<String>,
    /// What stopped the run.
    pub stops: Vec<ReportedStop>,
}

/// Which run a report is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The run's id.
    pub id: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The machine.
    pub machine: Machine,
    /// Whether it could change anything.
    pub mode: Mode,
    /// The run that it went on from, since that one left the workload partway; null if there is none. Some of what was
    /// done stands in its report.
    pub continues: Option<RunId>,
    /// What started it.
    pub trigger: Trigger,
    /// Its execution.
    pub execution: ExecutionArn,
    /// The Region that it ran in, and that it recovers to.
    pub region: Region,
    /// When its execution started.
    pub started_at: Timestamp,
    /// When it took the workload's lock; null if it was refused before that.
    pub opened_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// How long a run took, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clocks {
    /// From the first failed probe to the alarm.
    pub detect_seconds: Option<f64>,
    /// From the alarm to the start of the execution.
    pub decide_seconds: Option<f64>,
    /// From the start of the execution to the end of its last step; of a run that stopped, to its close.
    pub execute_seconds: f64,
    /// From the first failed probe to the end of `executeSeconds`: what the RTO is held against.
    pub total_seconds: Option<f64>,
    /// Why a clock is null.
    pub because: Option<String>,
}

/// What a run might take and lose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Objectives {
    /// The plan's recovery time objective, in seconds; null if the plan wasn't read.
    pub rto_seconds: Option<u64>,
    /// The plan's recovery point objective, in seconds; null if the plan wasn't read.
    pub rpo_seconds: Option<u64>,
    /// Whether the run was done within the RTO. Null if nobody can tell yet.
    pub rto_met: Option<bool>,
    /// Whether the measured lag was within the RPO. Null if it wasn't measured.
    pub rpo_met: Option<bool>,
}

/// What people said when they were asked whether the run may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// When the run asked.
    pub asked_at: Timestamp,
    /// The answer; null if nobody gave one that the machine knows.
    pub answer: Option<Verb>,
    /// Who gave it.
    pub who: Option<String>,
    /// When the machine had it.
    pub answered_at: Option<Timestamp>,
    /// Why, in their words.
    pub comment: Option<String>,
    /// The whole in one sentence.
    pub because: String,
}

/// The writes that a managed failover may have lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LostWrites {
    /// The first moment whose writes may be missing; null if nobody knows how far the recovery cluster was behind.
    pub from: Option<Timestamp>,
    /// When the recovery cluster was seen to be the writer.
    pub to: Timestamp,
    /// The manual snapshot of the old primary that has them; null while there is none.
    pub snapshot: Option<String>,
    /// The whole in one sentence.
    pub because: String,
}

/// One state of the machine that called something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The state's name.
    pub name: String,
    /// The action; null where the machine calls AWS itself.
    pub function: Option<String>,
    /// The API action that the machine calls itself, such as `ssm:putParameter`; null for a function.
    pub resource: Option<String>,
    /// When it first began.
    pub started_at: Timestamp,
    /// When it last ended; null if it didn't.
    pub ended_at: Option<Timestamp>,
    /// What it came to, all its looks together.
    pub outcome: StepOutcome,
    /// Why, in the last words of the action.
    pub because: Option<String>,
    /// How often the state was entered: a step that waits is looked at again and again.
    pub looks: u32,
    /// The error that it ended with.
    pub error: Option<StepError>,
}

/// A hook of the plan that was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalledHook {
    /// Its name.
    pub name: String,
    /// At which point.
    pub when: Point,
    /// Whether the run stops where it fails.
    pub critical: bool,
    /// When it was called.
    pub started_at: Timestamp,
    /// When it came back, or was given up.
    pub ended_at: Timestamp,
    /// The error that it ended with, with its cause; null where it did its work.
    pub error: Option<String>,
}

/// A call that a plan run found would be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportedCall {
    /// The step that would make it.
    pub step: String,
    /// The IAM action that it needs.
    pub iam_action: String,
    /// The Region that it would go to.
    pub region: String,
    /// Its arguments as they would stand on the wire. What isn't made yet stands in words, in parentheses.
    pub arguments: BTreeMap<String, Value>,
    /// How long what it sets off typically takes, in seconds; null where that depends on the amount of data.
    pub typical_seconds: Option<u64>,
    /// What AWS charges for it, in words.
    pub cost: String,
}

/// How long the calls of a plan would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Seconds along the longest way.
    pub seconds: u64,
    /// What the figure is of, and what it leaves out.
    pub because: String,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It only looked, or all was as it should be.
    Unchanged,
    /// It said what it would do.
    Planned,
    /// It changed something.
    Changed,
    /// It waited to the end.
    Waiting,
    /// It ended with an error.
    Failed,
    /// It was given up, or never came back.
    Unfinished,
}

/// How a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepError {
    /// The error's name, such as `Relight.Permanent`.
    pub error: String,
    /// What it said.
    pub message: String,
}

/// What stopped a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportedStop {
    /// The state in which it stopped.
    pub state: String,
    /// The error's name.
    pub error: String,
    /// What it said.
    pub message: String,
}

/// The JSON Schema of a report as it is written: every field is always there.
pub fn report_schema() -> schemars::Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report>()
}
