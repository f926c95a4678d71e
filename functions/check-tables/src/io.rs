//! What goes in and what comes out.

use action::ids::{Region, RunId, TableName, WorkloadName};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::Timestamp;
use plan::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{Decision, Found, Seen};
use crate::error::Error;
use crate::words;

/// Which tables are to serve.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks. Where a run goes on from others, the first of them.
    pub run: RunId,
    /// The workload that the tables belong to.
    pub workload: WorkloadName,
    /// The plan's `tables`.
    pub tables: Vec<Table>,
    /// Where the tables were written until now.
    pub primary_region: Region,
    /// Where they are to serve: this function's own Region.
    pub recovery_region: Region,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    /// # Errors
    /// When the Region that is left is the one that is gone to: it would be its own replica.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.primary_region == self.recovery_region {
            return Err(Error::SameRegion(self.primary_region.clone()));
        }
        Ok(())
    }

    /// How the machine is to wait for this request.
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// Whether the tables serve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: all serve. `changed`: all serve, and probe items were written and read back. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless `waiting`.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The tables.
    pub tables: Vec<Standing>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
    /// How many entries of both lists are left out, so that the reply stays below 4 KiB.
    pub left_out: usize,
}

/// How a table stands here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Standing {
    /// Its name.
    pub name: TableName,
    /// Its status here, by AWS's word.
    pub status: String,
    /// The status of the primary's replica, by AWS's word. In an outage it may be anything.
    pub primary: String,
    /// How long a write took to arrive in the other Region, in seconds; null if unknown.
    pub lag_seconds: Option<f64>,
    /// From where to where, and how long ago; or why it is unknown.
    pub lag_because: String,
    /// Whether its probe item was written and read back.
    pub probed: bool,
}

impl Reply {
    /// A reply is no longer than this; the rest of its 4 KiB is for the name of the action, which the runner adds.
    const MOST_BYTES: usize = 4_000;
    /// A sentence is no longer than this, in bytes.
    const WORDS: usize = 1_200;

    pub(crate) fn serves(request: &Request, seen: &Seen, now: Timestamp) -> Self {
        let because = words::serving(request, seen);
        Self::of(Outcome::Unchanged, because, tables(request, seen, false, now))
    }

    pub(crate) fn probed(request: &Request, seen: &Seen, now: Timestamp) -> Self {
        let because = words::proven(request, seen);
        Self::of(Outcome::Changed, because, tables(request, seen, true, now))
    }

    pub(crate) fn waiting(request: &Request, seen: &Seen, again: u64, because: String, now: Timestamp) -> Self {
        Self {
            retry_after_seconds: Some(again),
            ..Self::of(Outcome::Waiting, because, tables(request, seen, false, now))
        }
    }

    pub(crate) fn planned(request: &Request, seen: &Seen, decision: &Decision, calls: Vec<PlannedCall>, now: Timestamp) -> Self {
        let because = match decision {
            Decision::Serve => words::serving(request, seen),
            Decision::Wait(creating) => format!("would wait: {}", words::creating(&request.recovery_region, creating)),
            Decision::Probe(probes) => words::would_probe(request, seen, probes),
        };
        Self::with(Outcome::Planned, because, tables(request, seen, false, now), calls)
    }

    fn of(outcome: Outcome, because: String, tables: Vec<Standing>) -> Self {
        Self::with(outcome, because, tables, vec![])
    }

    fn with(outcome: Outcome, because: String, tables: Vec<Standing>, calls: Vec<PlannedCall>) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because: action::clipped(&because, Self::WORDS),
            tables,
            calls,
            left_out: 0,
        }
        .fitting()
    }

    /// Leaves out the last entries until the rest fits; calls last, since a plan is there to list them.
    fn fitting(mut self) -> Self {
        let size = |reply: &Self| serde_json::to_string(reply).map_or(0, |text| text.len());
        while size(&self) > Self::MOST_BYTES && (self.tables.pop().is_some() || self.calls.pop().is_some()) {
            self.left_out += 1;
        }
        self
    }
}

fn tables(request: &Request, seen: &Seen, probed: bool, now: Timestamp) -> Vec<Standing> {
    let standing = |asked: &Table| {
        let Some(Found::Table(found)) = seen.tables.get(&asked.name) else {
            return None;
        };
        let primary = found.replicas.get(request.primary_region.as_str());
        let (lag_seconds, lag_because) = words::lag(&asked.name, found, seen, now);
        Some(Standing {
            name: asked.name.clone(),
            status: found.status.clone(),
            primary: primary.cloned().unwrap_or_default(),
            lag_seconds,
            lag_because,
            probed: probed && asked.probe_item.is_some(),
        })
    };
    request.tables.iter().filter_map(standing).collect()
}
