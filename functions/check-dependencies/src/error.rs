//! What can go wrong: nothing.

use action::{ErrorName, NamedError};

/// Why nothing can be asked. There is no such reason: each question that can't be asked is answered with why.
#[derive(Debug, thiserror::Error)]
pub enum Error {}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match *self {}
    }
}
