//! Why nothing may be promoted, in words for people.

use std::fmt;
use std::time::Duration;

use action::ids::{ClusterArn, GlobalClusterId};
use aurora::ClusterStatus;

use super::Bar;

/// Why nothing may be promoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// AWS doesn't know it in this Region, and the cluster doesn't stand alone.
    #[error("global cluster {0} does not exist, or has no member in this Region")]
    NoSuchGlobalCluster(GlobalClusterId),
    /// The cluster won't leave this status by itself.
    #[error("cluster {0} is {1}, which it does not leave by itself")]
    Terminal(ClusterArn, ClusterStatus),
}

/// Why we will not promote. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Which data is the right data is no question for a machine.
    #[error("global cluster {global_cluster} has {} writers ({}); a person must decide which data counts", writers.len(), writers.join(", "))]
    TwoWriters {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The ARNs of its writers.
        writers: Vec<String>,
    },
    /// Somebody else is already moving the writer elsewhere.
    #[error("global cluster {global_cluster} is already failing over to {to}, not to {cluster}")]
    FailingOverElsewhere {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The cluster that becomes the writer.
        to: String,
        /// The cluster that should have.
        cluster: ClusterArn,
    },
    /// The plan names the wrong global cluster.
    #[error("{cluster} belongs to global cluster {other}, not to {global_cluster}")]
    OtherGlobalCluster {
        /// The cluster.
        cluster: ClusterArn,
        /// The global cluster that the request names.
        global_cluster: GlobalClusterId,
        /// The global cluster that the cluster names.
        other: String,
    },
    /// A headless cluster has nothing that could write.
    #[error("{0} has no instance, so that nothing could take its writes; add one first")]
    Headless(ClusterArn),
    /// The plan insists on what can't be.
    #[error("the plan asks for a managed failover of {0}, which is not possible: {1}; ask for auto or detach")]
    FailoverNotPossible(ClusterArn, Bar),
    /// More would be lost than the plan allows.
    #[error("{cluster} was {} behind, {} ago, above the RPO of {}; to accept that loss, set acceptDataLoss to beyond-rpo", Seconds(*lag), Seconds(*age), Seconds(*rpo))]
    LagAboveRpo {
        /// The cluster.
        cluster: ClusterArn,
        /// The lag.
        lag: Duration,
        /// How long ago it was measured.
        age: Duration,
        /// The plan's RPO.
        rpo: Duration,
    },
    /// Nobody knows what would be lost.
    #[error("how far {cluster} is behind is unknown, since {why}; to accept whatever is lost, set acceptDataLoss to unmeasured")]
    LagUnknown {
        /// The cluster.
        cluster: ClusterArn,
        /// Why it is unknown.
        why: String,
    },
}

/// A duration as people read it: seconds, with two decimals at most.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", (self.0.as_secs_f64() * 100.0).round() / 100.0)
    }
}
