//! What can go wrong, and which name each has for the machine.

use action::aws::Failure;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{ErrorName, NamedError};
use ledger::{MalformedItem, ReadPlanError};

use crate::decide::Refusal;

/// Why a run did not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A guard said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no plan to follow.
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
    /// An item of the ledger can't be read.
    #[error(transparent)]
    Item(#[from] MalformedItem),
    /// The ledger's table isn't there.
    #[error("table {0} does not exist; the engine's stack makes it")]
    NoTable(String, #[source] Failure),
    /// The ledger didn't answer.
    #[error("read the {what} of {workload} in the ledger")]
    GetItem {
        /// Which item.
        what: &'static str,
        /// Of which workload.
        workload: WorkloadName,
        /// What DynamoDB said.
        source: Failure,
    },
    /// Step Functions didn't say whether the lock's holder still runs.
    #[error("look whether execution {0} still runs")]
    DescribeExecution(ExecutionArn, #[source] Failure),
    /// The lock could not be written.
    #[error("take the lock of {0}")]
    TakeLock(WorkloadName, #[source] Failure),
    /// Another run took the lock between the look and the write.
    #[error("run {holder} took the lock of {workload} at the same moment")]
    LostRace {
        /// The workload.
        workload: WorkloadName,
        /// The run that has it now.
        holder: String,
    },
    /// The record could not be written.
    #[error("write the record of run {0}")]
    WriteRecord(RunId, #[source] Failure),
    /// A second call of the same run wrote between the look and the write.
    #[error("run {0} was opened by another call at the same moment")]
    WrittenTwice(RunId, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Refused(_) | Self::LostRace { .. } => ErrorName::Refused,
            Self::Plan(error) => error.name(),
            Self::Item(error) => error.name(),
            Self::NoTable(..) => ErrorName::InvalidInput,
            // Asked again, it finds what the other call wrote.
            Self::WrittenTwice(..) => ErrorName::Transient,
            Self::GetItem { source, .. }
            | Self::DescribeExecution(_, source)
            | Self::TakeLock(_, source)
            | Self::WriteRecord(_, source) => source.name(),
        }
    }
}
