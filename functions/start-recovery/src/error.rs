//! What can go wrong, and which name each has for Lambda.

use action::aws::Failure;
use action::ids::{ExecutionArn, Malformed, RunId, WorkloadName};
use action::{ErrorName, NamedError};
use ledger::{MalformedItem, ReadPlanError};

use crate::alarm::NoAlarm;

/// An alarm that starts no recovery, sent here by mistake.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("alarm {0:?} starts no recovery; the one that does is named relight-<workload>-primary-down")]
pub struct NotOurs(pub String);

/// Why nothing was started although it might have had to be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is no alarm.
    #[error(transparent)]
    NoAlarm(#[from] NoAlarm),
    /// The alarm is another one.
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    /// The machine's ARN in the environment is none.
    #[error("RELIGHT_FAILOVER_MACHINE names no state machine")]
    Machine(#[source] Malformed),
    /// There is no plan to follow.
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
    /// Nobody can tell whether recoveries are inhibited.
    #[error("read {}, by which people hold recoveries back", signals::PARAMETER)]
    GetInhibit(#[source] Failure),
    /// The ledger's last run can't be read.
    #[error(transparent)]
    LastRun(#[from] MalformedItem),
    /// The ledger didn't answer.
    #[error("read the last run of {0}")]
    GetLastRun(WorkloadName, #[source] Failure),
    /// CloudWatch didn't answer.
    #[error("look at alarm {0} again")]
    DescribeAlarm(String, #[source] Failure),
    /// The alarm isn't there to be looked at again.
    #[error("alarm {0} does not exist any more, so nobody can tell whether it still holds")]
    AlarmGone(String),
    /// Step Functions didn't answer.
    #[error("look for execution {0}")]
    DescribeExecution(ExecutionArn, #[source] Failure),
    /// Step Functions didn't start it.
    #[error("start run {0}")]
    StartExecution(RunId, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::NoAlarm(_) | Self::NotOurs(_) | Self::Machine(_) => ErrorName::InvalidInput,
            Self::AlarmGone(_) => ErrorName::Refused,
            Self::Plan(error) => error.name(),
            Self::LastRun(error) => error.name(),
            Self::GetInhibit(failure)
            | Self::GetLastRun(_, failure)
            | Self::DescribeAlarm(_, failure)
            | Self::DescribeExecution(_, failure)
            | Self::StartExecution(_, failure) => failure.name(),
        }
    }
}
