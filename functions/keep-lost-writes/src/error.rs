//! What can go wrong, and the name that the schedule's alarm is told of.

use action::aws::Failure;
use action::{ErrorName, NamedError};
use ledger::ReadPlanError;

use crate::WITHIN;

/// Why nothing is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no valid plan.
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
    /// Nothing answered in time.
    #[error("{what}: no answer within {} s", WITHIN.as_secs())]
    Unheard {
        /// What was asked.
        what: String,
    },
    /// AWS said no, or the call failed.
    #[error("{0}")]
    Call(String, #[source] Failure),
    /// A copy failed on AWS's side. Its name is taken, and Relight deletes no snapshot.
    #[error("the copy {manual} of {automated} has failed: delete it (aws rds delete-db-cluster-snapshot), and it is made again")]
    Broken {
        /// The automated snapshot.
        automated: String,
        /// The manual one.
        manual: String,
    },
}

impl Error {
    /// Whether nobody answered, which is how a Region that is away looks.
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Unheard { .. } => true,
            Self::Call(_, failure) => !failure.answered(),
            Self::Plan(_) | Self::Broken { .. } => false,
        }
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Plan(error) => error.name(),
            Self::Unheard { .. } => ErrorName::Transient,
            Self::Call(_, failure) => failure.name(),
            Self::Broken { .. } => ErrorName::Permanent,
        }
    }
}
