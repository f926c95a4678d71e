//! What can go wrong, and which name each has for the machine.

use action::aws::Failure;
use action::ids::WorkloadName;
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::decide::Refusal;

/// Why the run may not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A guard said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The lock can't be read.
    #[error(transparent)]
    Item(#[from] MalformedItem),
    /// The ledger didn't answer.
    #[error("read the lock of {0} in the ledger")]
    GetLock(WorkloadName, #[source] Failure),
    /// Nobody can tell whether recoveries are inhibited.
    #[error("read {}, by which people hold recoveries back", signals::PARAMETER)]
    GetInhibit(#[source] Failure),
    /// Nobody can tell what the last looks came to.
    #[error("read the metric of the last looks at {0}")]
    GetMetricData(WorkloadName, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Refused(_) => ErrorName::Refused,
            Self::Item(error) => error.name(),
            Self::GetLock(_, failure) | Self::GetInhibit(failure) | Self::GetMetricData(_, failure) => failure.name(),
        }
    }
}
