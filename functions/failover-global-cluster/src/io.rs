//! What goes in and what comes out.

use action::ids::{ClusterArn, GlobalClusterId, RunId};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use aurora::{Endpoint, Seen};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which cluster is to become the writer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that asks.
    pub run: RunId,
    /// The global cluster that fails over.
    pub global_cluster: GlobalClusterId,
    /// The recovery cluster.
    pub cluster: ClusterArn,
    /// When the machine first asked.
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// How far the cluster is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `unchanged`: it is the writer of the global cluster now, by this run or by another hand. Else `waiting` or `planned`.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless waiting.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The cluster's status as AWS writes it.
    pub status: String,
    /// The host that takes writes; null until it does.
    pub endpoint: Option<String>,
    /// The port that takes writes; null until it does.
    pub port: Option<u16>,
    /// Whether the point of no return is passed: AWS has taken the call, be it this run's or another's.
    pub no_return: bool,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    pub(crate) fn unchanged(request: &Request, seen: &Seen, endpoint: &Endpoint) -> Self {
        let because = format!(
            "{} is available and the writer of global cluster {}, and no failover is under way",
            request.cluster.identifier(),
            request.global_cluster
        );
        Self {
            endpoint: Some(endpoint.host.clone()),
            port: Some(endpoint.port),
            no_return: true,
            ..Self::of(Outcome::Unchanged, seen, because)
        }
    }

    pub(crate) fn waiting(seen: &Seen, again: u64, because: String, no_return: bool) -> Self {
        Self {
            retry_after_seconds: Some(again),
            no_return,
            ..Self::of(Outcome::Waiting, seen, because)
        }
    }

    pub(crate) fn planned(seen: &Seen, because: String, calls: Vec<PlannedCall>) -> Self {
        Self {
            calls,
            ..Self::of(Outcome::Planned, seen, because)
        }
    }

    fn of(outcome: Outcome, seen: &Seen, because: String) -> Self {
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            status: seen.cluster.status.to_string(),
            endpoint: None,
            port: None,
            no_return: false,
            calls: vec![],
        }
    }
}
