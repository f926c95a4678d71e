//! What can go wrong, and the name that the machine sees.

use action::aws::Failure;
use action::ids::{AmiId, KmsKeyArn, Region};
use action::{DeadlinePassed, ErrorName, NamedError};
use images::ObserveError;

use crate::decide::{NewCopy, Refusal, Unfit};

/// Why there is no copy. Each that AWS's absence can cause names the Region.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request contradicts itself.
    #[error("request: {0}")]
    Request(&'static str),
    /// An image could not be looked at.
    #[error("look for the image in {0}")]
    Look(Region, #[source] Box<ObserveError>),
    /// The key could not be seen.
    #[error("describe key {0}")]
    DescribeKey(KmsKeyArn, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("the answer of AWS about {0} lacks {1}, or has it malformed")]
    Malformed(String, &'static str),
    /// The key can't encrypt the copy.
    #[error(transparent)]
    Key(Unfit),
    /// A rule said no.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The copy failed.
    #[error("copy {copy} in {region} is {state}: {reason}; start a new run")]
    Failed {
        /// The copy.
        copy: AmiId,
        /// Its Region.
        region: Region,
        /// AWS's word for the state.
        state: String,
        /// AWS's reason, and what usually causes such a failure, if that is known.
        reason: String,
    },
    /// The copy's tags are lost, and its source is gone.
    #[error("copy {copy} in {region} has lost {}, and no image in {from} is left to tell; start a new run", tags.join(" and "))]
    TagsLost {
        /// The copy.
        copy: AmiId,
        /// Its Region.
        region: Region,
        /// Where its source was.
        from: Region,
        /// The tags.
        tags: Vec<&'static str>,
    },
    /// AWS's own check says that it would not take the copy.
    #[error("a dry run of copying {} from {} to {} is refused", .0.image, .0.from, .0.region)]
    RehearseCopy(Box<NewCopy>, #[source] Failure),
    /// AWS's own check says that it would not take the tags.
    #[error("a dry run of tagging copy {0} is refused")]
    RehearseTags(String, #[source] Failure),
    /// AWS did not take the copy.
    #[error("copy {} from {} to {}", .0.image, .0.from, .0.region)]
    CopyImage(Box<NewCopy>, #[source] Failure),
    /// AWS took another copy under this one's token.
    #[error(
        "copy {} from {} to {}: AWS took a copy with this run's token before, from other inputs; start a new run, which has a token of its own",
        .0.image, .0.from, .0.region
    )]
    OtherInputs(Box<NewCopy>, #[source] Failure),
    /// AWS did not take the tags.
    #[error("tag copy {0}")]
    CreateTags(String, #[source] Failure),
    /// Time is up.
    #[error("{last_seen}, and is not waited for any longer")]
    TooLate {
        /// What was last seen.
        last_seen: String,
        /// The deadline.
        source: DeadlinePassed,
    },
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Look(_, error) => error.name(),
            Self::DescribeKey(_, failure)
            | Self::RehearseCopy(_, failure)
            | Self::RehearseTags(_, failure)
            | Self::CopyImage(_, failure)
            | Self::CreateTags(_, failure) => failure.name(),
            Self::Request(_) | Self::Key(_) => ErrorName::InvalidInput,
            Self::Refused(_) => ErrorName::Refused,
            Self::Malformed(..) | Self::Failed { .. } | Self::TagsLost { .. } | Self::OtherInputs(..) | Self::TooLate { .. } => {
                ErrorName::Permanent
            }
        }
    }
}
