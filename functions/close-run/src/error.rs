//! What can go wrong, and which name each has for the machine.

use action::aws::Failure;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::decide::Contradiction;

/// Why a run could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine contradicts itself.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// The run's record can't be read.
    #[error(transparent)]
    Record(#[from] MalformedItem),
    /// The ledger didn't answer.
    #[error("read the record of run {0}")]
    GetRecord(RunId, #[source] Failure),
    /// Step Functions didn't give the definition.
    #[error("read the definition of execution {0}")]
    DescribeMachine(ExecutionArn, #[source] Failure),
    /// Step Functions didn't give the history.
    #[error("read the history of execution {0}")]
    GetHistory(ExecutionArn, #[source] Failure),
    /// The report can't be written as JSON.
    #[error("write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// S3 didn't take the report.
    #[error("write {0}")]
    PutReport(String, #[source] Failure),
    /// The ledger didn't take the record.
    #[error("close the record of run {0}")]
    PutRecord(RunId, #[source] Failure),
    /// The ledger didn't take the last run.
    #[error("write the last run of {0}")]
    PutLastRun(WorkloadName, #[source] Failure),
    /// The ledger didn't let the lock go.
    #[error("release the lock of {0}")]
    ReleaseLock(WorkloadName, #[source] Failure),
    /// The SDK can't make such a call.
    #[error("write down the calls that would be made")]
    Rehearse(#[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Contradiction(_) => ErrorName::InvalidInput,
            Self::Json(_) => ErrorName::Permanent,
            Self::Record(error) => error.name(),
            Self::GetRecord(_, failure)
            | Self::DescribeMachine(_, failure)
            | Self::GetHistory(_, failure)
            | Self::PutReport(_, failure)
            | Self::PutRecord(_, failure)
            | Self::PutLastRun(_, failure)
            | Self::ReleaseLock(_, failure)
            | Self::Rehearse(failure) => failure.name(),
        }
    }
}
