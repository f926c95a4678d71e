//! What can go wrong, and which name each has.

use action::aws::Failure;
use action::ids::{Malformed, RunId};
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::decide::Refusal;

/// Why an answer did not reach the run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine's ARN in the environment is none.
    #[error("RELIGHT_FAILOVER_MACHINE names no state machine")]
    Machine(#[source] Malformed),
    /// There is no such run.
    #[error("there is no run {0} of the failover machine in this Region: look at its id in the message that asked")]
    NoRun(RunId),
    /// The run's input names no workload.
    #[error("the input of run {0} names no workload")]
    NoWorkload(RunId),
    /// A guard said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger's item can't be read.
    #[error(transparent)]
    Item(#[from] MalformedItem),
    /// Nothing may be written.
    #[error("no permit to record an answer")]
    NoPermit,
    /// Step Functions didn't say how the run is.
    #[error("look how run {0} is")]
    DescribeExecution(RunId, #[source] Failure),
    /// The ledger didn't answer.
    #[error("read the approval of run {0} in the ledger")]
    GetItem(RunId, #[source] Failure),
    /// The ledger didn't take the answer.
    #[error("write the answer to run {0} to the ledger")]
    UpdateItem(RunId, #[source] Failure),
    /// Step Functions didn't take the answer, which is in the ledger.
    #[error("hand the answer to run {0}; it is recorded: give the same answer again to deliver it")]
    SendAnswer(RunId, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Machine(_) | Self::NoRun(_) | Self::NoWorkload(_) => ErrorName::InvalidInput,
            Self::Refused(Refusal::AskedAgain(_)) => ErrorName::Transient,
            Self::Refused(_) | Self::NoPermit => ErrorName::Refused,
            Self::Item(error) => error.name(),
            Self::DescribeExecution(_, failure)
            | Self::GetItem(_, failure)
            | Self::UpdateItem(_, failure)
            | Self::SendAnswer(_, failure) => failure.name(),
        }
    }
}
