//! What goes in and what comes out.

use action::ids::{RunId, WorkloadName};
use action::{Mode, Outcome, PlannedCall};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::Decision;

/// Whose endpoints are published, and what they say of the database.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks. Where a run goes on from others, the first of them: what it found is kept.
    pub run: RunId,
    /// The workload whose plan says what is published, and where.
    pub workload: WorkloadName,
    /// The version of that plan; null for the newest, in a bucket without versions.
    pub plan_version: Option<String>,
    /// Where the database takes writes; null where the plan has none.
    pub database: Option<Database>,
}

/// Where the database takes writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// The host, for `{databaseEndpoint}`; null in plan mode, where nothing has been promoted.
    pub endpoint: Option<String>,
    /// The port, for `{databasePort}`; null as the host is.
    pub port: Option<u16>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: every place said so already, or the plan has none. Else `changed` or `planned`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// In plan mode, the calls that would be made, each text shortened.
    pub calls: Vec<PlannedCall>,
    /// How many of those calls are left out, so that the reply stays below 4 KiB.
    pub left_out: usize,
}

/// How many bytes the calls of a reply may take together, so that the reply stays below 4 KiB.
const CALLS: usize = 3_400;

impl Reply {
    pub(crate) fn unchanged(decision: &Decision) -> Self {
        Self::of(Outcome::Unchanged, decision.because())
    }

    pub(crate) fn changed(decision: &Decision) -> Self {
        Self::of(Outcome::Changed, decision.because())
    }

    pub(crate) fn planned(decision: &Decision, mut calls: Vec<PlannedCall>) -> Self {
        let all = calls.len();
        calls.truncate(fitting(&calls));
        let left_out = all - calls.len();
        Self {
            left_out,
            calls,
            ..Self::of(Outcome::Planned, decision.would_because())
        }
    }

    fn of(outcome: Outcome, because: String) -> Self {
        Self {
            outcome,
            because,
            calls: vec![],
            left_out: 0,
        }
    }
}

/// How many of the calls fit.
fn fitting(calls: &[PlannedCall]) -> usize {
    let sizes = calls
        .iter()
        .map(|call| serde_json::to_vec(call).map_or(CALLS, |json| json.len() + 1));
    let ends = sizes.scan(0, |end, size| {
        *end += size;
        Some(*end)
    });
    ends.take_while(|end| *end <= CALLS).count()
}
