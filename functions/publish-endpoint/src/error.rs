//! What can go wrong, and the name that each has for the machine.

use action::ids::WorkloadName;
use action::{ErrorName, NamedError};
use ledger::ReadPlanError;
use places::Place;

use crate::decide::{Unknown, Unpublishable};

/// Why not every place says where things are.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no plan to go by.
    #[error("plan of {0}")]
    ReadPlan(WorkloadName, #[source] Box<ReadPlanError>),
    /// The plan can't be published.
    #[error("nothing written")]
    Unpublishable(#[from] Unpublishable),
    /// A placeholder has no value.
    #[error("nothing written")]
    Unknown(#[from] Unknown),
    /// A place can't be looked at, or what it holds not be kept, or not be put back later.
    #[error("nothing written")]
    Before(#[source] places::Error),
    /// A place can't be written, or not be read back.
    #[error("{written} of {of} written")]
    Partway {
        /// How many were written, and read back, by this call.
        written: usize,
        /// How many had to be.
        of: usize,
        /// What went wrong at the next.
        source: places::Error,
    },
    /// A place was written and doesn't say so. What has been written can be read from S3 at once, and from SSM soon: so the
    /// next look tells whether somebody else writes there, too.
    #[error("{written} of {of} written: {place} was written too, and holds something else when it is read back")]
    Differs {
        /// How many were written, and read back, by this call.
        written: usize,
        /// How many had to be.
        of: usize,
        /// The place.
        place: Place,
    },
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::ReadPlan(_, source) => source.name(),
            Self::Unpublishable(_) | Self::Unknown(_) => ErrorName::InvalidInput,
            Self::Before(source) => source.name(),
            // What was written before makes an untouched end untrue.
            Self::Partway { source, .. } => match source.name() {
                ErrorName::Transient => ErrorName::Transient,
                _ => ErrorName::Permanent,
            },
            Self::Differs { .. } => ErrorName::Transient,
        }
    }
}
