//! What can go wrong, and which name each has for the machine.

use action::aws::Failure;
use action::ids::RunId;
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine waits for nothing.
    #[error("run {0} asks for an approval without the token of a state that waits for it")]
    NoToken(RunId),
    /// The ledger's item can't be read.
    #[error(transparent)]
    Item(#[from] MalformedItem),
    /// The ledger didn't take the token, or that people were told.
    #[error("write the approval of run {0} to the ledger")]
    UpdateItem(RunId, #[source] Failure),
    /// SNS didn't take the message.
    #[error("ask people by {0}")]
    Publish(String, #[source] Failure),
    /// Step Functions didn't take the answer to an earlier asking.
    #[error("hand the answer that is in the ledger to run {0}")]
    SendAnswer(RunId, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::NoToken(_) => ErrorName::InvalidInput,
            Self::Item(error) => error.name(),
            Self::UpdateItem(_, failure) | Self::Publish(_, failure) | Self::SendAnswer(_, failure) => failure.name(),
        }
    }
}
