//! What can go wrong, and the name that each has for the machine.

use action::aws::Failure;
use action::ids::{GroupName, TargetGroupArn};
use action::{DeadlinePassed, ErrorName, NamedError};

use crate::decide::{InTheWay, Raise};

/// Why the group does not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be raised.
    #[error(transparent)]
    InTheWay(#[from] InTheWay),
    /// Too little of it serves.
    #[error("waiting for the group: {last}")]
    TooLate {
        /// What was seen last.
        last: String,
        /// The end of the wait.
        source: DeadlinePassed,
    },
    /// The group can't be read.
    #[error("describe Auto Scaling group {0}")]
    DescribeGroup(GroupName, #[source] Failure),
    /// What its target group says can't be read.
    #[error("describe target health of {0}")]
    DescribeTargetHealth(TargetGroupArn, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("AWS's answer about Auto Scaling group {0} has no {1}")]
    Absent(GroupName, &'static str),
    /// Its sizes can't be kept.
    #[error("keep the sizes of Auto Scaling group {0} in the ledger")]
    Remember(GroupName, #[source] Failure),
    /// It can't be raised: AWS says no.
    #[error("raise Auto Scaling group {0}")]
    UpdateGroup(GroupName, #[source] Failure),
}

impl Error {
    pub(crate) fn too_late(raise: &Raise, source: DeadlinePassed) -> Self {
        Self::TooLate {
            last: format!("it is still to be raised from {}", raise.from),
            source,
        }
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::InTheWay(_) | Self::TooLate { .. } | Self::Absent(..) => ErrorName::Permanent,
            Self::DescribeGroup(_, failure)
            | Self::DescribeTargetHealth(_, failure)
            | Self::Remember(_, failure)
            | Self::UpdateGroup(_, failure) => failure.name(),
        }
    }
}
