//! What can go wrong at a place, and the name that each has for the machine. Each names its place.

use action::aws::Failure;
use action::{ErrorName, NamedError};
use ledger::MalformedItem;

use crate::place::{Place, Unfit};

/// Why a place can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("read {0}")]
    Read(Place, #[source] Failure),
    /// An object may not be read, or is missing where the bucket may not be listed: S3 tells nobody which
    /// (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions").
    #[error("read {0}, which this function may not read, or whose bucket it may not list")]
    Denied(Place, #[source] Failure),
    /// What is there would not survive being written and written back.
    #[error("{0} is {1}, and only a String of data type text can be written and put back exactly: name another in the plan")]
    OtherType(Place, String),
    /// What is there is no text.
    #[error("{0} holds no UTF-8 text, so that it could not be put back exactly")]
    NoText(Place, #[source] std::str::Utf8Error),
    /// SSM's answer lacks what it always has.
    #[error("SSM's answer about {0} has no {1}")]
    Absent(Place, &'static str),
    /// The text doesn't fit there.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It can't be written.
    #[error("write {0}")]
    Write(Place, #[source] Failure),
    /// What was there can't be kept.
    #[error("keep in the ledger what {0} held")]
    Keep(Place, #[source] Failure),
    /// What was kept can't be read.
    #[error("read in the ledger what {0} held")]
    Kept(Place, #[source] Failure),
    /// What was kept is malformed.
    #[error("what the ledger keeps of {0}")]
    Malformed(Place, #[source] Box<MalformedItem>),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::OtherType(..) | Self::NoText(..) => ErrorName::Refused,
            Self::Unfit(unfit) => unfit.name(),
            Self::Absent(..) | Self::Malformed(..) => ErrorName::Permanent,
            // Another write to the same place is under way (API_PutParameter, Errors; AmazonS3/latest/API/ErrorResponses.html).
            Self::Write(_, failure) if failure.is(&["TooManyUpdates", "OperationAborted"]) => ErrorName::Transient,
            Self::Read(_, failure)
            | Self::Denied(_, failure)
            | Self::Write(_, failure)
            | Self::Keep(_, failure)
            | Self::Kept(_, failure) => failure.name(),
        }
    }
}
