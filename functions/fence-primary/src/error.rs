//! What can go wrong, and the name that the machine sees. A fence that doesn't hold is no error: it is a reply.

use action::ids::Region;
use action::{ErrorName, NamedError};

/// Why nothing was even tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recovery would be fenced.
    #[error("{0} is the primary Region and the recovery Region too; nothing was stopped")]
    SameRegion(Region),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::SameRegion(_) => ErrorName::InvalidInput,
        }
    }
}
