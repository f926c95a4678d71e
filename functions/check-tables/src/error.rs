//! What can go wrong, and the name that each has for the machine.

use action::aws::Failure;
use action::ids::{Region, TableName};
use action::{DeadlinePassed, ErrorName, NamedError};

use crate::decide::InTheWay;

/// Why the tables do not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Region that is left is the one that is gone to.
    #[error("{0} is both primaryRegion and recoveryRegion")]
    SameRegion(Region),
    /// Some of them can't.
    #[error(transparent)]
    InTheWay(#[from] InTheWay),
    /// Some of them don't yet.
    #[error("waiting for the tables: {last}")]
    TooLate {
        /// What was seen last.
        last: String,
        /// The end of the wait.
        source: DeadlinePassed,
    },
    /// AWS can't be asked about a table.
    #[error("describe table {0}")]
    DescribeTable(TableName, #[source] Failure),
    /// A probe item can't be written.
    #[error("put the probe item of table {0}")]
    PutItem(TableName, #[source] Failure),
    /// A probe item can't be read back.
    #[error("get the probe item of table {0}")]
    GetItem(TableName, #[source] Failure),
}

impl Error {
    pub(crate) fn too_late(last: &str, source: DeadlinePassed) -> Self {
        Self::TooLate {
            last: last.to_owned(),
            source,
        }
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::SameRegion(_) => ErrorName::InvalidInput,
            Self::InTheWay(_) | Self::TooLate { .. } => ErrorName::Permanent,
            Self::DescribeTable(_, failure) | Self::PutItem(_, failure) | Self::GetItem(_, failure) => failure.name(),
        }
    }
}
