//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{AmiId, Region};
use action::{DeadlinePassed, ErrorName, NamedError};
use images::ObserveError;

/// Why not everything that could go went.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is no sound one.
    #[error("request: {0}")]
    Request(&'static str),
    /// The images of a Region could not be seen.
    #[error("look at the images in {0}")]
    Observe(Region, #[source] ObserveError),
    /// Something that may refer to an image could not be read.
    #[error("nothing is pruned, since what refers to images in {region} can't all be read: {what}")]
    Unread {
        /// Where.
        region: Region,
        /// Which call, on what.
        what: Box<str>,
        /// Why not.
        source: Failure,
    },
    /// An answer lacks what it always has.
    #[error("nothing is pruned, since AWS's answer in {0} lacks {1}")]
    Absent(Region, &'static str),
    /// EC2 did not take the call.
    #[error("deregister {image} in {region}")]
    Deregister {
        /// The image.
        image: AmiId,
        /// Where it is.
        region: Region,
        /// Why not.
        source: Failure,
    },
    /// Time is up.
    #[error("{left} images are still to be pruned, and none is after the deadline")]
    TooLate {
        /// How many.
        left: usize,
        /// The deadline.
        source: DeadlinePassed,
    },
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Request(_) => ErrorName::InvalidInput,
            Self::Observe(_, error) => error.name(),
            // What may be read a moment later is asked again. What may not be read is no permission to guess.
            Self::Unread { source, .. } if source.name() == ErrorName::Transient => ErrorName::Transient,
            Self::Unread { .. } => ErrorName::Refused,
            Self::Deregister { source, .. } => source.name(),
            Self::Absent(..) | Self::TooLate { .. } => ErrorName::Permanent,
        }
    }
}
