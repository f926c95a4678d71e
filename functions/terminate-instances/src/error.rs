//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{InstanceId, RunId};
use action::{DeadlinePassed, ErrorName, NamedError};

use crate::decide::{Refusal, are, named};

/// Why instances of the run may still be there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// EC2 doesn't say which there are.
    #[error("describe the instances of run {0}")]
    DescribeInstances(RunId, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("EC2's answer lacks {0}, or has it malformed")]
    Malformed(&'static str),
    /// An answer held what was not asked for.
    #[error(transparent)]
    Refused(Refusal),
    /// Somebody protected one.
    #[error(
        "terminate {}, of which one is protected from it: take its termination protection (disableApiTermination) away and call again",
        named(.0)
    )]
    Protected(Vec<InstanceId>, #[source] Failure),
    /// EC2 did not take the call.
    #[error("terminate {}", named(.0))]
    TerminateInstances(Vec<InstanceId>, #[source] Failure),
    /// Time is up.
    #[error("{} not terminated yet, and not waited for any longer", are(left))]
    TooLate {
        /// Those that were to be gone; EC2 was asked to terminate each.
        left: Vec<InstanceId>,
        /// The deadline.
        source: DeadlinePassed,
    },
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::DescribeInstances(_, failure) | Self::TerminateInstances(_, failure) => failure.name(),
            Self::Refused(_) => ErrorName::Refused,
            Self::Malformed(_) | Self::Protected(..) | Self::TooLate { .. } => ErrorName::Permanent,
        }
    }
}
