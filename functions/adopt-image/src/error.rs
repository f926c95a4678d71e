//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{AmiId, ParameterName};
use action::{ErrorName, NamedError};
use images::ObserveError;

use crate::decide::Refusal;

/// Why launches don't use the image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Only plan mode has nothing to adopt.
    #[error("request: image is null, and only plan mode may leave it so")]
    NoImage,
    /// The image could not be seen.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// A rule said no.
    #[error(transparent)]
    Refused(Refusal),
    /// SSM doesn't say what the pointer holds.
    #[error("read image pointer {0}")]
    GetParameter(ParameterName, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("AWS's answer lacks {0}")]
    Malformed(&'static str),
    /// EC2 did not take the tag.
    #[error("tag image {0} as proven")]
    CreateTags(AmiId, #[source] Failure),
    /// SSM did not take the value. The image is tagged as proven by then.
    #[error("point image pointer {0} at {1}")]
    PutParameter(ParameterName, AmiId, #[source] Failure),
    /// The SDK can't make such a call.
    #[error("write down the calls that would be made")]
    Rehearse(#[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::NoImage => ErrorName::InvalidInput,
            Self::Observe(error) => error.name(),
            Self::Refused(_) => ErrorName::Refused,
            Self::Malformed(_) => ErrorName::Permanent,
            Self::GetParameter(_, failure) | Self::CreateTags(_, failure) | Self::PutParameter(_, _, failure) | Self::Rehearse(failure) => {
                failure.name()
            }
        }
    }
}
