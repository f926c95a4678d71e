//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::ClusterArn;
use action::{ErrorName, NamedError};
use aurora::ObserveError;

use crate::decide::Stop;

/// Why nothing was chosen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be seen.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Nothing may be promoted.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// The lag could not be asked for, and nobody has accepted a loss that isn't measured.
    #[error("read the replication lag of {0}")]
    Lag(ClusterArn, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Observe(error) => error.name(),
            Self::Stop(Stop::Refused(_)) => ErrorName::Refused,
            Self::Stop(Stop::NoSuchGlobalCluster(_)) => ErrorName::InvalidInput,
            Self::Stop(Stop::Terminal(..)) => ErrorName::Permanent,
            Self::Lag(_, failure) => failure.name(),
        }
    }
}
