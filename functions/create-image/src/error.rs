//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{AmiId, Region};
use action::{DeadlinePassed, ErrorName, NamedError};
use images::ObserveError;

use crate::decide::{NewImage, NoSource, NotOurs};

/// Why there is no image. Each that AWS's absence can cause names the Region: the primary may be away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image could not be looked for.
    #[error("look for the image in {0}")]
    Look(Region, #[source] Box<ObserveError>),
    /// The source's group could not be seen.
    #[error("describe {0}")]
    DescribeAutoScalingGroups(String, #[source] Failure),
    /// The source could not be seen.
    #[error("describe {0}")]
    DescribeInstances(String, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("the answer of AWS about {0} lacks {1}, or has it malformed")]
    Malformed(String, &'static str),
    /// There is nothing to make an image of.
    #[error(transparent)]
    NoSource(NoSource),
    /// The name is taken by an image that isn't ours.
    #[error(transparent)]
    NotOurs(Box<NotOurs>),
    /// The image failed.
    #[error("image {image} in {region} is {state}: {reason}; start a new run")]
    Failed {
        /// The image.
        image: AmiId,
        /// Its Region.
        region: Region,
        /// AWS's word for the state.
        state: String,
        /// AWS's reason.
        reason: String,
    },
    /// AWS's own check says that it would not take the call.
    #[error("a dry run of making image {} of {} in {} is refused", .0.name, .0.instance, .0.region)]
    Rehearse(Box<NewImage>, #[source] Failure),
    /// AWS did not take the call.
    #[error("make image {} of {} in {}", .0.name, .0.instance, .0.region)]
    CreateImage(Box<NewImage>, #[source] Failure),
    /// Time is up.
    #[error("{last_seen}, and is not waited for any longer")]
    TooLate {
        /// What was last seen.
        last_seen: String,
        /// The deadline.
        source: DeadlinePassed,
    },
}

/// A look that got no answer, after the SDK's own attempts, touched nothing and is refused: the Region may be away for hours, and a
/// refresh ends well by leaving all as it is. Any other failure of a look is what AWS says.
fn looking(failure: &Failure) -> ErrorName {
    if failure.answered() { failure.name() } else { ErrorName::Refused }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Look(_, error) => match error.as_ref() {
                ObserveError::DescribeImages(_, failure) => looking(failure),
                error @ ObserveError::Malformed(..) => error.name(),
            },
            Self::DescribeAutoScalingGroups(_, failure) | Self::DescribeInstances(_, failure) => looking(failure),
            Self::Rehearse(_, failure) | Self::CreateImage(_, failure) => failure.name(),
            Self::NoSource(_) => ErrorName::InvalidInput,
            Self::NotOurs(_) => ErrorName::Refused,
            Self::Malformed(..) | Self::Failed { .. } | Self::TooLate { .. } => ErrorName::Permanent,
        }
    }
}
