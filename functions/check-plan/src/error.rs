//! What can go wrong, and which name it has.

use action::{ErrorName, NamedError};
use ledger::ReadPlanError;

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no plan to ask by.
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Plan(error) => error.name(),
        }
    }
}
