//! Whether an image may be launched from, and which of the two calls are missing. Pure.

use std::fmt;

use action::ids::{AmiId, RunId, WorkloadName};
use images::{Image, State, tags};
use jiff::Timestamp;

use crate::io::Request;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it is proven since then, and the pointer names it.
    Adopted(Timestamp),
    /// Nothing, and a person must know why.
    Refuse(Refusal),
    /// The calls that are missing.
    Adopt(Adoption),
}

/// The calls that are missing; at least one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Whether the image is to be tagged as proven.
    pub tag: bool,
    /// Whether the pointer is to name it, after that.
    pub point: bool,
    /// What the pointer holds before.
    pub before: Before,
}

/// What the pointer holds before the adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// There is no such parameter.
    Nothing,
    /// This image.
    This,
    /// Another image.
    Image(AmiId),
    /// A text that is no image's id; at most [`Before::SHOWN`] characters of it.
    Text(String),
}

/// Why launches may not use the image. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It isn't there.
    #[error("image {0} does not exist in the recovery Region, so that nothing could be launched from it")]
    NoImage(AmiId),
    /// Only an available image can be launched.
    #[error("image {0} is {1}, so that nothing could be launched from it")]
    NotAvailable(AmiId, String),
    /// What is proven is what this run made.
    #[error(
        "image {image} is not what run {run} of {workload} made: its tag {tag} is {}",
        .found.as_deref().unwrap_or("missing")
    )]
    NotOurs {
        /// The image.
        image: AmiId,
        /// The run.
        run: RunId,
        /// The workload.
        workload: WorkloadName,
        /// The tag that says so.
        tag: &'static str,
        /// The tag's value; none if it has no such tag.
        found: Option<String>,
    },
}

/// Decides; the first edge that holds is taken.
///
/// | seen | decision |
/// |---|---|
/// | no such image | refuse |
/// | a tag of it names another workload or run, or is missing | refuse: what was proven is what this run made |
/// | not available | refuse |
/// | not tagged as proven | **tag it**; and point at it unless the pointer names it |
/// | tagged, the pointer names another image or none | **point at it** |
/// | tagged, the pointer names it | done |
///
/// A tag that says since when it is proven is kept: it is the first proof that counts in what pruning keeps.
pub fn decide(request: &Request, id: &AmiId, image: Option<&Image>, pointer: Option<&str>) -> Decision {
    let Some(image) = image else {
        return Decision::Refuse(Refusal::NoImage(id.clone()));
    };
    if let Some(refusal) = not_ours(request, image) {
        return Decision::Refuse(refusal);
    }
    match &image.state {
        State::Available => {}
        State::Pending(state) => return Decision::Refuse(Refusal::NotAvailable(id.clone(), state.clone())),
        State::Failed { state, reason } => return Decision::Refuse(Refusal::NotAvailable(id.clone(), format!("{state} ({reason})"))),
    }
    let before = Before::of(id, pointer);
    match (image.proven(), before) {
        (Some(proven), Before::This) => Decision::Adopted(proven),
        (proven, before) => Decision::Adopt(Adoption {
            tag: proven.is_none(),
            point: before != Before::This,
            before,
        }),
    }
}

fn not_ours(request: &Request, image: &Image) -> Option<Refusal> {
    let (run, workload) = (&request.run, &request.workload);
    [(tags::WORKLOAD, workload.as_str()), (tags::RUN, run.as_str())]
        .into_iter()
        .find(|(tag, wanted)| image.tags.get(*tag).map(String::as_str) != Some(*wanted))
        .map(|(tag, _)| Refusal::NotOurs {
            image: image.id.clone(),
            run: run.clone(),
            workload: workload.clone(),
            tag,
            found: image.tags.get(tag).cloned(),
        })
}

impl Before {
    /// How much is shown of a text that is no image's id.
    pub const SHOWN: usize = 40;

    fn of(id: &AmiId, pointer: Option<&str>) -> Self {
        let Some(text) = pointer else { return Self::Nothing };
        match text.parse::<AmiId>() {
            Ok(image) if image == *id => Self::This,
            Ok(image) => Self::Image(image),
            Err(_) => Self::Text(text.chars().take(Self::SHOWN).collect()),
        }
    }
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("it named no image"),
            Self::This => f.write_str("it named the same"),
            Self::Image(image) => write!(f, "it named {image}"),
            Self::Text(text) => write!(f, "it held {text:?} and so no image"),
        }
    }
}

#[cfg(test)]
mod tests;
