//! What the copy is to the run, which tags it lacks, and whether its source and its key allow a copy. Pure.

mod key;
mod token;

use std::collections::BTreeMap;
use std::fmt;

use action::ids::{AmiId, InstanceId, KmsKeyArn, Region, RunId, WorkloadName};
use images::{Image, State, tags};
use jiff::Timestamp;

use crate::io::Request;

pub use key::{Key, Unfit, fit, near};
pub use token::client_token;

/// What an image of the run's name in the recovery Region is to the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its copy, which can be launched; its tags are the next question.
    Available,
    /// Its copy, on its way, in AWS's word.
    Copying(String),
    /// Its copy, which never will be.
    Failed {
        /// AWS's word for the state.
        state: String,
        /// AWS's reason.
        reason: String,
    },
    /// Somebody else's.
    Refuse(Refusal),
}

/// Why nothing is copied, or taken for a copy. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A tag of the image says that it isn't what its name says.
    #[error("image {image} in {region} has the name {name}, but its tag {tag} is {value}, not {ours}; deregister it or start a new run")]
    NotOurs {
        /// The image.
        image: AmiId,
        /// Its Region.
        region: Region,
        /// Its name.
        name: String,
        /// The tag that says otherwise.
        tag: &'static str,
        /// What it says.
        value: String,
        /// What it would say.
        ours: String,
    },
    /// There is nothing to copy.
    #[error("image {0} does not exist in {1}, so that it can't be copied; start a new run")]
    NoSource(AmiId, Region),
    /// What there is can't be copied.
    #[error("image {image} in {region} is {state} ({reason}), so that it can't be copied; start a new run")]
    SourceFailed {
        /// The image.
        image: AmiId,
        /// Its Region.
        region: Region,
        /// AWS's word for the state.
        state: String,
        /// AWS's reason.
        reason: String,
    },
    /// The image can't be told to be this run's.
    #[error(
        "image {image} in {region} has no usable tag {tag}, so that it can't be told whether this run made it, and when; start a new run"
    )]
    SourceUnmarked {
        /// The image.
        image: AmiId,
        /// Its Region.
        region: Region,
        /// The tag.
        tag: &'static str,
    },
}

/// Decides; the first edge that holds is taken.
///
/// | seen under the name | decision |
/// |---|---|
/// | a tag that names another workload or run | refuse: it is somebody else's |
/// | on its way | wait |
/// | failed, or in another state that it doesn't leave | give up |
/// | available | look at its tags |
///
/// A copy without tags is the run's all the same, since the name has the run in it: its tags were lost, and are put back.
pub fn standing(request: &Request, copy: &Image) -> Standing {
    if let Some(refusal) = contradiction(request, copy, &request.region) {
        return Standing::Refuse(refusal);
    }
    match &copy.state {
        State::Pending(word) => Standing::Copying(word.clone()),
        State::Failed { state, reason } => Standing::Failed {
            state: state.clone(),
            reason: reason.clone(),
        },
        State::Available => Standing::Available,
    }
}

fn ours(request: &Request) -> [(&'static str, &str); 2] {
    [(tags::WORKLOAD, request.workload.as_str()), (tags::RUN, request.run.as_str())]
}

fn contradiction(request: &Request, image: &Image, region: &Region) -> Option<Refusal> {
    ours(request).into_iter().find_map(|(tag, ours)| {
        let value = image.tags.get(tag).filter(|value| *value != ours)?;
        Some(Refusal::NotOurs {
            image: image.id.clone(),
            region: region.clone(),
            name: image.name.clone(),
            tag,
            value: value.clone(),
            ours: ours.to_owned(),
        })
    })
}

/// The tags of an available copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// All that it must have, as its source has them.
    Whole,
    /// These are missing, or say something else than the source's.
    Lacks(BTreeMap<&'static str, String>),
    /// These are missing, and nothing is left that says what they were.
    Lost(Vec<&'static str>),
}

/// Which tags the copy must still get. `source` is none where it is gone, or not known yet.
///
/// | tag | must be | if the copy's is missing or another |
/// |---|---|---|
/// | workload, run | the request's | put (another one has been refused before) |
/// | source, made | the source image's | put |
/// | source, made, and the source image is gone | well formed | lost: what nobody knows isn't made up |
pub fn tagging(request: &Request, copy: &Image, source: Option<&Image>) -> Tagging {
    let (mut lacks, mut lost) = (BTreeMap::new(), vec![]);
    for (tag, value) in ours(request) {
        if copy.tags.get(tag).is_none_or(|is| is != value) {
            lacks.insert(tag, value.to_owned());
        }
    }
    for tag in OF_THE_SOURCE {
        let has = copy.tags.get(tag).filter(|text| usable(tag, text));
        match source.and_then(|image| image.tags.get(tag)).filter(|text| usable(tag, text)) {
            Some(value) if has != Some(value) => {
                lacks.insert(tag, value.clone());
            }
            None if has.is_none() => lost.push(tag),
            _ => {}
        }
    }
    if !lost.is_empty() {
        Tagging::Lost(lost)
    } else if lacks.is_empty() {
        Tagging::Whole
    } else {
        Tagging::Lacks(lacks)
    }
}

/// The tags that only the source image knows.
const OF_THE_SOURCE: [&str; 2] = [tags::SOURCE, tags::MADE];

/// Whether a text can be the value of such a tag.
fn usable(tag: &str, text: &str) -> bool {
    match tag {
        tags::SOURCE => text.parse::<InstanceId>().is_ok(),
        tags::MADE => text.parse::<Timestamp>().is_ok(),
        _ => !text.is_empty(),
    }
}

/// Whether the source image may be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It may.
    Ready,
    /// Not yet: it is still being made, in AWS's word.
    Wait(String),
    /// It may not.
    Refuse(Refusal),
}

/// Decides; the first edge that holds is taken.
///
/// | seen of the source | decision |
/// |---|---|
/// | nothing | refuse |
/// | a tag that names another workload or run | refuse: another run's data would bear this run's name |
/// | on its way | wait: AWS copies available images only |
/// | failed, or in another state that it doesn't leave | refuse |
/// | a tag missing that the copy must have | refuse: a copy of unknown age is never pruned nor believed |
/// | available | ready |
pub fn source(request: &Request, id: &AmiId, seen: Option<&Image>) -> Source {
    let region = || request.from.clone();
    let Some(image) = seen else {
        return Source::Refuse(Refusal::NoSource(id.clone(), region()));
    };
    if let Some(refusal) = contradiction(request, image, &request.from) {
        return Source::Refuse(refusal);
    }
    match &image.state {
        State::Pending(word) => return Source::Wait(word.clone()),
        State::Failed { state, reason } => {
            return Source::Refuse(Refusal::SourceFailed {
                image: id.clone(),
                region: region(),
                state: state.clone(),
                reason: reason.clone(),
            });
        }
        State::Available => {}
    }
    let unmarked = |tag: &&str| !image.tags.get(*tag).is_some_and(|text| usable(tag, text));
    match tags::FROM_THE_MAKING.into_iter().find(unmarked) {
        None => Source::Ready,
        Some(tag) => Source::Refuse(Refusal::SourceUnmarked {
            image: id.clone(),
            region: region(),
            tag,
        }),
    }
}

/// The call that copies the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCopy {
    /// The copy's name.
    pub name: String,
    /// Where the image is.
    pub from: Region,
    /// The image.
    pub image: Original,
    /// Where the copy will be.
    pub region: Region,
    /// The run that made the image.
    pub run: RunId,
    /// The workload that it is an image of.
    pub workload: WorkloadName,
    /// The key that the copy is encrypted with.
    pub kms_key: Option<KmsKeyArn>,
    /// Within how many minutes it is to be copied: a multiple of 15.
    pub within_minutes: Option<u32>,
}

/// AWS counts time-based copies in quarters of an hour (API_CopyImage: SnapshotCopyCompletionDurationMinutes), from 15 minutes
/// to 48 hours (docs.aws.amazon.com/ebs/latest/userguide/time-based-copies.html).
const QUARTER: u32 = 15;

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// This image.
    Made(AmiId),
    /// The image that a plan run doesn't make.
    Unmade,
}

impl Original {
    /// The image's id, or words in its place.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Made(id) => id.as_str(),
            Self::Unmade => "(the image that create-image makes)",
        }
    }
}

impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NewCopy {
    /// The copy of `image` that the request asks for.
    pub fn of(request: &Request, image: Option<&AmiId>) -> Self {
        Self {
            name: request.image_name(),
            from: request.from.clone(),
            image: image.cloned().map_or(Original::Unmade, Original::Made),
            region: request.region.clone(),
            run: request.run.clone(),
            workload: request.workload.clone(),
            kms_key: request.kms_key.clone(),
            within_minutes: request.complete_within_minutes.map(|minutes| minutes / QUARTER * QUARTER),
        }
    }

    /// The tags of the copy's snapshots; its own are copied.
    pub fn snapshot_tags(&self) -> [(&'static str, &str); 2] {
        [(tags::WORKLOAD, self.workload.as_str()), (tags::RUN, self.run.as_str())]
    }
}

/// The call that execute mode would make; `image` is none where that would first be made.
pub(crate) fn would_copy(request: &Request, image: Option<&AmiId>) -> String {
    let what = match image {
        Some(id) => format!("of {id} in {}", request.from),
        None => format!("of the image that create-image would make in {}", request.from),
    };
    let encrypted = request.kms_key.as_ref().map(|key| format!(", encrypted with {key}"));
    let within = request
        .complete_within_minutes
        .map(|minutes| format!(", within {} minutes", minutes / QUARTER * QUARTER));
    format!(
        "would call ec2:CopyImage in {} {what} as {}{}{}",
        request.region,
        request.image_name(),
        encrypted.unwrap_or_default(),
        within.unwrap_or_default()
    )
}

/// What the request's types can't say.
///
/// # Errors
/// Says what is wrong with it.
pub fn sound(request: &Request) -> Result<(), &'static str> {
    if request.from == request.region {
        Err("from and region are the same Region")
    } else if request
        .complete_within_minutes
        .is_some_and(|minutes| !(QUARTER..=2880).contains(&minutes))
    {
        Err("completeWithinMinutes is not between 15 and 2880")
    } else if request.image.is_none() && request.mode == action::Mode::Execute {
        Err("image is null, which only plan mode can do with")
    } else {
        Ok(())
    }
}

/// What to say of a failed copy beyond AWS's reason. A key that may not be used shows only there, long after the call: AWS
/// "authenticates the KMS key asynchronously" (API_CopyImage: KmsKeyId).
pub(crate) fn usual_cause(key: Option<&KmsKeyArn>, reason: &str) -> String {
    let reason = reason.to_ascii_lowercase();
    let about_keys = ["kms", "key", "encrypt"].iter().any(|word| reason.contains(word));
    match key {
        Some(key) if about_keys => format!("; the usual cause is {key}: mend its state, its policy or what the role may do with it"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
