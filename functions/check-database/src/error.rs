//! What can go wrong, and which name it has.

use action::{ErrorName, NamedError};
use aurora::ObserveError;

/// Why nothing can be asked of the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The clusters can't be seen, or not whole.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Observe(error) => error.name(),
        }
    }
}
