//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{ClusterArn, GlobalClusterId};
use action::{DeadlinePassed, ErrorName, NamedError};
use aurora::{ClusterStatus, ObserveError};

use crate::decide::{Decision, Detach, Refusal};
use crate::io::Request;

/// Why the cluster is no standalone writer, and won't become one by asking again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be seen.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Neither AWS nor the cluster knows of it.
    #[error("global cluster {0} does not exist, or has no member in this Region")]
    NoSuchGlobalCluster(GlobalClusterId),
    /// A rule said no.
    #[error(transparent)]
    Refused(Refusal),
    /// The cluster won't leave this status by itself.
    #[error("cluster {0} is {1}, which it does not leave by itself")]
    Terminal(ClusterArn, ClusterStatus),
    /// AWS did not take the call.
    #[error("remove cluster {} from global cluster {}", .0.cluster, .0.global_cluster)]
    Detach(Detach, #[source] Failure),
    /// Time is up.
    #[error("{last_seen}, and is not waited for any longer")]
    TooLate {
        /// What was last seen, with the cluster's name.
        last_seen: String,
        /// The deadline.
        source: DeadlinePassed,
    },
}

impl Error {
    pub(crate) fn too_late(request: &Request, decision: &Decision, source: DeadlinePassed) -> Self {
        let last_seen = match decision {
            Decision::Wait(waiting) => waiting.because(request),
            _ => format!(
                "{} still follows global cluster {}",
                request.cluster.identifier(),
                request.global_cluster
            ),
        };
        Self::TooLate { last_seen, source }
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Observe(error) => error.name(),
            Self::NoSuchGlobalCluster(_) => ErrorName::InvalidInput,
            Self::Refused(_) => ErrorName::Refused,
            Self::Detach(_, failure) => failure.name(),
            Self::Terminal(..) | Self::TooLate { .. } => ErrorName::Permanent,
        }
    }
}
