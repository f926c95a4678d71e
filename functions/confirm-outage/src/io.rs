//! What goes in and what comes out.

use std::time::Duration;

use action::ids::{RunId, WorkloadName};
use action::{Deadline, Mode, Outcome};
use jiff::Timestamp;
use ledger::Trigger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tally::{Tally, Window};

/// Which run asks, what started it, and what it has seen just now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// In plan mode nothing is refused: the reply says what would be.
    pub mode: Mode,
    /// The run.
    pub run: RunId,
    /// The workload that it would move.
    pub workload: WorkloadName,
    /// What started it.
    pub trigger: Trigger,
    /// The look at the primary that was taken just now.
    pub look: FreshLook,
    /// The plan's probe.
    pub probe: ProbeNumbers,
    /// A person's consent to go on against the switch that inhibits recoveries: its text, repeated. So it is consent to what
    /// that person has read, and to nothing that the switch says later.
    pub recover_despite_inhibit: Option<String>,
    /// From when looks count: when the primary last answered a look of this run; null if it never has.
    pub count_from: Option<Timestamp>,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

/// A look at the primary, as smoke-test replied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreshLook {
    /// When it was taken.
    pub at: Timestamp,
    /// Whether any check failed.
    pub failed: bool,
    /// What was seen.
    pub because: String,
}

/// How many failed looks are an outage, as the plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeNumbers {
    /// The time from one look to the next.
    #[schemars(range(min = 1, max = 3600))]
    pub period_seconds: u16,
    /// How many of `looks` must have failed.
    #[schemars(range(min = 1))]
    pub failures: u16,
    /// How many looks are judged.
    #[schemars(range(min = 1, max = 720))]
    pub looks: u16,
}

impl ProbeNumbers {
    /// The same for [`crate::tally`].
    pub fn window(self) -> Window {
        Window {
            period: Duration::from_secs(self.period_seconds.max(1).into()),
            failures: self.failures,
            looks: self.looks,
        }
    }
}

/// That the run may go on, or when to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: go on. `waiting`: the outage is younger than the plan asks for, or the alarm is on and the looks
    /// don't bear it out yet; look again. `planned`: plan mode.
    pub outcome: Outcome,
    /// When to look again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people, with the numbers.
    pub because: String,
    /// What to ask with next time as `countFrom`.
    pub count_from: Option<Timestamp>,
    /// What the metric says of the last looks; null if it can't be read, which only a person's run goes on with.
    pub looks: Option<Counted>,
}

/// The looks that were judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counted {
    /// How many failed.
    pub failed: u16,
    /// How many passed.
    pub passed: u16,
    /// How many never happened, or were never heard of.
    pub missing: u16,
}

impl From<Tally> for Counted {
    fn from(tally: Tally) -> Self {
        Self {
            failed: tally.failed,
            passed: tally.passed,
            missing: tally.missing,
        }
    }
}
