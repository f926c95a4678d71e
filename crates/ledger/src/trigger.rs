//! What started a run, which machine it is of, and how it ended: the words that requests, ledger and report share.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Trigger {
    /// An alarm that went to `ALARM`.
    Alarm {
        /// The alarm's name.
        alarm: String,
        /// When the alarm changed its state.
        alarm_at: Timestamp,
        /// The first failed probe of the unbroken row of failures before the alarm; null if the metric doesn't tell.
        incident_at: Option<Timestamp>,
        /// Why the alarm changed its state, in CloudWatch's words.
        reason: String,
    },
    /// A schedule of EventBridge Scheduler.
    Schedule {
        /// The schedule's name.
        schedule: String,
    },
    /// A person, in the console or by the command line.
    Person {
        /// Who.
        who: Option<String>,
        /// Why.
        why: Option<String>,
    },
}

/// The state machine that a run is an execution of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// The unplanned move to the recovery Region.
    Failover,
    /// The making, copying, proving and pruning of machine images.
    RefreshImage,
}

impl Machine {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::RefreshImage => "refresh-image",
        }
    }

    /// Whether its runs move the workload, and so are held to the plan's objectives: a refresh moves nobody and loses nothing.
    pub const fn moves(self) -> bool {
        match self {
            Self::Failover => true,
            Self::RefreshImage => false,
        }
    }

    /// What the names of its lock and its last run end with. Machines that move the workload exclude each other and share a
    /// cool-down; a refresh excludes only other refreshes, since no recovery may ever wait for one.
    pub(crate) const fn lane(self) -> &'static str {
        match self {
            Self::Failover => "",
            Self::RefreshImage => "#refresh-image",
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that the machine is for was done, and proven. For a plan run: the whole way was walked.
    Done,
    /// It stopped before it changed anything.
    StoppedUntouched,
    /// It stopped after it had changed something, or may have.
    StoppedPartway,
}

impl Verdict {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::StoppedUntouched => "stopped-untouched",
            Self::StoppedPartway => "stopped-partway",
        }
    }

    /// The verdict of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Done, Self::StoppedUntouched, Self::StoppedPartway]
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trigger_is_told_by_its_kind_and_writes_its_nulls() {
        let person = json!({"kind": "person", "who": null, "why": null});
        let alarm = json!({
            "kind": "alarm",
            "alarm": "relight-unishop-primary-down",
            "alarmAt": "2026-11-21T03:15:02Z",
            "incidentAt": null,
            "reason": "3 of 3 probes failed",
        });
        let schedule = json!({"kind": "schedule", "schedule": "relight-unishop-refresh-image"});
        for wire in [person, alarm, schedule] {
            let trigger: Trigger = serde_json::from_value(wire.clone()).unwrap();
            assert_eq!(serde_json::to_value(&trigger).unwrap(), wire);
        }
    }

    #[test]
    fn a_trigger_with_an_unknown_field_or_kind_is_refused() {
        for wire in [json!({"kind": "person", "name": "Ada"}), json!({"kind": "robot"})] {
            assert!(serde_json::from_value::<Trigger>(wire.clone()).is_err(), "{wire}");
        }
    }

    #[test]
    fn names_on_the_wire_are_the_names_in_texts() {
        for verdict in [Verdict::Done, Verdict::StoppedUntouched, Verdict::StoppedPartway] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
        }
        for machine in [Machine::Failover, Machine::RefreshImage] {
            assert_eq!(serde_json::to_value(machine).unwrap(), machine.as_str());
        }
    }
}
