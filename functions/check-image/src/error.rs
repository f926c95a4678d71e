//! What can go wrong, and which name each has.

use action::aws::Failure;
use action::ids::WorkloadName;
use action::{ErrorName, NamedError};
use images::ObserveError;
use ledger::ReadPlanError;

/// Why nobody knows how old the image is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no plan to measure by.
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
    /// The plan has none.
    #[error("the plan of {0} has no [image]: add it, or take away the schedule that asks for its age")]
    NoImage(WorkloadName),
    /// The images can't be seen.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Nothing may be put.
    #[error("no permit to put the metric")]
    NoPermit,
    /// CloudWatch didn't take the metric.
    #[error("put the age of the image of {0}")]
    PutMetricData(WorkloadName, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Plan(error) => error.name(),
            Self::NoImage(_) => ErrorName::InvalidInput,
            Self::Observe(error) => error.name(),
            Self::NoPermit => ErrorName::Refused,
            Self::PutMetricData(_, failure) => failure.name(),
        }
    }
}
