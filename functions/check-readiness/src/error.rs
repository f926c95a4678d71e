//! What can go wrong, and which name each has.

use action::aws::Failure;
use action::ids::WorkloadName;
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::decide::NotReady;

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The move must not begin.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The last check can't be read.
    #[error("read the last readiness check of {0}")]
    GetLast(WorkloadName, #[source] Failure),
    /// The last check isn't one.
    #[error(transparent)]
    Malformed(#[from] MalformedItem),
    /// The answers can't be written as JSON.
    #[error("write the answers as JSON")]
    Json(#[source] serde_json::Error),
    /// The check can't be written.
    #[error("write the readiness check of {0}")]
    Put(WorkloadName, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::NotReady(_) => ErrorName::Refused,
            Self::GetLast(_, failure) | Self::Put(_, failure) => failure.name(),
            Self::Malformed(error) => error.name(),
            Self::Json(_) => ErrorName::Permanent,
        }
    }
}
