//! What can go wrong, and which name each has.

use action::aws::Failure;
use action::ids::{Malformed, RunId};
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::decide::Refusal;

/// Why a run was not asked to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A machine's ARN in the environment is none.
    #[error("RELIGHT_MACHINES names what is no state machine")]
    Machine(#[source] Malformed),
    /// The run's input names no workload.
    #[error("the input of run {0} names no workload: stop its execution in the console")]
    NoWorkload(RunId),
    /// There is nothing to stop.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger's item can't be read.
    #[error(transparent)]
    Item(#[from] MalformedItem),
    /// Nothing may be written.
    #[error("no permit to ask for a stop")]
    NoPermit,
    /// Step Functions didn't say how the run is.
    #[error("look how run {0} is")]
    DescribeExecution(RunId, #[source] Failure),
    /// The ledger didn't take the request.
    #[error("write to the ledger that run {0} is to stop")]
    PutItem(RunId, #[source] Failure),
    /// The ledger didn't answer.
    #[error("run {0} stops at its next safe point; read whether it waits for an approval")]
    GetItem(RunId, #[source] Failure),
    /// The ledger didn't take the answer to the approval.
    #[error("run {0} stops at its next safe point; record the stop as the answer to its approval")]
    UpdateItem(RunId, #[source] Failure),
    /// Step Functions didn't end the wait.
    #[error("run {0} stops at its next safe point; end its wait for an approval")]
    EndWait(RunId, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Machine(_) | Self::NoWorkload(_) | Self::Refused(Refusal::NoRun(_)) => ErrorName::InvalidInput,
            Self::Refused(_) | Self::NoPermit => ErrorName::Refused,
            Self::Item(error) => error.name(),
            Self::DescribeExecution(_, failure)
            | Self::PutItem(_, failure)
            | Self::GetItem(_, failure)
            | Self::UpdateItem(_, failure)
            | Self::EndWait(_, failure) => failure.name(),
        }
    }
}
