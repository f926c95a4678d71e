//! What goes in and what comes out.

use std::fmt;

use action::ids::{ClusterArn, GlobalClusterId, RunId};
use action::{Mode, Outcome};
use aurora::Endpoint;
use plan::{DataLoss, Promotion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{Choice, Lag};

/// Which cluster is to become the writer, and what may be lost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute; nothing is changed in either.
    pub mode: Mode,
    /// The run that asks.
    pub run: RunId,
    /// The global cluster.
    pub global_cluster: GlobalClusterId,
    /// The recovery cluster.
    pub cluster: ClusterArn,
    /// What the plan says about the verb.
    pub promotion: Promotion,
    /// The lag that needs nobody's consent, in seconds.
    pub rpo_seconds: u64,
    /// The loss that somebody has accepted; absent, none beyond the RPO.
    #[serde(default)]
    pub accept_data_loss: DataLoss,
}

/// What makes the recovery cluster the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `detach-global-cluster`.
    Detach,
    /// `failover-global-cluster`.
    Failover,
    /// Nothing: it is the writer already.
    None,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detach => "detach",
            Self::Failover => "failover",
            Self::None => "none",
        })
    }
}

/// The choice and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Always `unchanged`: this action only looks.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// What is to be done.
    pub verb: Verb,
    /// How far the recovery cluster was behind when it was last measured, in seconds; null if that is unknown.
    pub lag_seconds: Option<f64>,
    /// Why the lag is null; null otherwise.
    pub lag_because: Option<String>,
    /// The host that takes writes; null unless the verb is `none`.
    pub endpoint: Option<String>,
    /// The port that takes writes; null unless the verb is `none`.
    pub port: Option<u16>,
}

impl Reply {
    pub(crate) fn writer(endpoint: Endpoint, because: String) -> Self {
        let not_measured = "it takes writes already, and a writer has no lag".to_owned();
        Self {
            endpoint: Some(endpoint.host),
            port: Some(endpoint.port),
            ..Self::of(Verb::None, because, Lag::Unknown(not_measured))
        }
    }

    pub(crate) fn moving(verb: Verb, because: String) -> Self {
        let not_measured = "the promotion was already under way when the lag was to be measured".to_owned();
        Self::of(verb, because, Lag::Unknown(not_measured))
    }

    pub(crate) fn chosen(choice: Choice) -> Self {
        Self::of(choice.verb, choice.because, choice.lag)
    }

    fn of(verb: Verb, because: String, lag: Lag) -> Self {
        let (lag_seconds, lag_because) = match lag {
            Lag::Measured { lag, .. } => (Some(lag.as_secs_f64()), None),
            Lag::Unknown(why) => (None, Some(why)),
        };
        Self {
            outcome: Outcome::Unchanged,
            because,
            verb,
            lag_seconds,
            lag_because,
            endpoint: None,
            port: None,
        }
    }
}
