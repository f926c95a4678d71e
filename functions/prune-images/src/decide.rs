//! Which images may go, and every reason why the others stay. Pure.

mod reasons;
pub mod references;

use std::collections::{BTreeMap, BTreeSet};

use action::ids::{AmiId, Region, RunId};
use images::{Image, State, tags};
use jiff::Timestamp;

pub use reasons::{Reason, Surplus};
use references::References;

use crate::io::Request;

/// The workload's images in both Regions.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where images are made.
    pub primary: Inventory,
    /// Where they are copied to, proven and launched.
    pub recovery: Inventory,
}

/// The workload's images in one Region, and all that refers to an image there.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The Region.
    pub region: Region,
    /// The images.
    pub images: Vec<Image>,
    /// What refers to images.
    pub references: References,
}

/// What becomes of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The image.
    pub image: AmiId,
    /// Where it is.
    pub region: Region,
    /// How old its data is, by its tag.
    pub made: Timestamp,
    /// What becomes of it.
    pub fate: Fate,
}

impl Verdict {
    /// Whether the image goes.
    pub(crate) fn goes(&self) -> bool {
        matches!(self.fate, Fate::Remove(_))
    }
}

/// Whether an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes: no reason to keep it holds.
    Remove(Surplus),
    /// It stays, for every one of these reasons; there is at least one.
    Spare(Vec<Reason>),
}

/// Decides on every image, those of the primary Region first and the oldest first within each.
///
/// An image goes only if none of these holds. All that hold are named.
///
/// | the image | stays because |
/// |---|---|
/// | lacks a tag, or its name isn't what its run gives | it isn't Relight's; nothing else is asked |
/// | is this run's | the run still works with it |
/// | is pending, or in a state that Relight doesn't know | it may yet become good |
/// | is disabled | a person did that, and can undo it |
/// | is younger than the minimum age | somebody may still want to look at it |
/// | no image of the workload is proven | the one that will be needed isn't known |
/// | is the newest proven one | it is what a recovery launches, whatever `keep` says |
/// | is among the newest `keep` proven ones | the plan says so |
/// | is referred to | a launch by that would fail |
/// | is what the last good drill booted | it is known to carry a whole workload |
///
/// Proven means tagged so in the recovery Region and available there. In the primary an image counts as proven when its run's
/// copy in the recovery Region is, and is kept exactly if that copy is among those that are kept: so both Regions keep the
/// same runs, and deciding again after a removal removes nothing more.
pub fn decide(request: &Request, seen: &Seen, now: Timestamp) -> Vec<Verdict> {
    let proven = proven(request, &seen.recovery);
    let by_copy = |_: &Image, run: &RunId| proven.iter().position(|one| one.run().as_ref() == Some(run));
    let by_itself = |image: &Image, _: &RunId| proven.iter().position(|one| one.id == image.id);
    let mut verdicts = verdicts(request, &seen.primary, proven.is_empty(), by_copy, now);
    verdicts.extend(self::verdicts(request, &seen.recovery, proven.is_empty(), by_itself, now));
    verdicts
}

/// The proven images of the recovery Region, the newest first.
fn proven<'a>(request: &Request, recovery: &'a Inventory) -> Vec<&'a Image> {
    let ours = recovery.images.iter().filter(|image| ours(request, image).is_some());
    let mut proven: Vec<(Timestamp, &Image)> = ours
        .filter(|image| image.state == State::Available)
        .filter_map(|image| Some((image.proven()?, image)))
        .collect();
    proven.sort_by(|(a, first), (b, second)| (b, second.made(), &second.id).cmp(&(a, first.made(), &first.id)));
    proven.into_iter().map(|(_, image)| image).collect()
}

/// The run that made the image, if the image is Relight's: tagged with the workload and a run, and named as both say.
fn ours(request: &Request, image: &Image) -> Option<RunId> {
    let run = image.run()?;
    let tagged = image.tags.get(tags::WORKLOAD).map(String::as_str) == Some(request.workload.as_str());
    (tagged && image.name == images::name(&request.workload, &run)).then_some(run)
}

/// The verdicts on one Region's images. `place` is an image's place among the proven ones, 0 for the newest.
fn verdicts(
    request: &Request,
    inventory: &Inventory,
    none_proven: bool,
    place: impl Fn(&Image, &RunId) -> Option<usize>,
    now: Timestamp,
) -> Vec<Verdict> {
    let references = inventory.references.by_image();
    let ours_of = |image: &Image| ours(request, image);
    let drilled = inventory.images.iter().filter(|image| ours_of(image).is_some());
    let drilled = drilled.filter_map(|image| Some((image.drilled()?, &image.id))).max();
    let fate = |image: &Image| {
        let Some(run) = ours_of(image) else {
            return Fate::Spare(vec![Reason::NotOurs]);
        };
        let place = place(image, &run);
        let mut reasons = own_reasons(request, image, &run, now);
        reasons.extend(rank_reason(request, none_proven, place));
        reasons.extend(referred(image, &references));
        reasons.extend(drilled.filter(|(_, id)| **id == image.id).map(|_| Reason::LastGoodDrill));
        if reasons.is_empty() {
            Fate::Remove(Surplus::of(&image.state, place))
        } else {
            Fate::Spare(reasons)
        }
    };
    let mut images: Vec<&Image> = inventory.images.iter().collect();
    images.sort_by_key(|image| (image.made(), &image.id));
    images
        .into_iter()
        .map(|image| Verdict {
            image: image.id.clone(),
            region: inventory.region.clone(),
            made: image.made(),
            fate: fate(image),
        })
        .collect()
}

/// What speaks for the image by itself.
fn own_reasons(request: &Request, image: &Image, run: &RunId, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if *run == request.run {
        reasons.push(Reason::ThisRun);
    }
    match &image.state {
        State::Pending(state) => reasons.push(Reason::Pending(state.clone())),
        State::Failed { state, .. } if state == "disabled" => reasons.push(Reason::Disabled),
        State::Available | State::Failed { .. } => {}
    }
    if now.duration_since(image.made()) < request.minimum_age() {
        reasons.push(Reason::Young(image.made()));
    }
    reasons
}

/// What speaks for the image by its place among the proven ones.
fn rank_reason(request: &Request, none_proven: bool, place: Option<usize>) -> Option<Reason> {
    match place {
        _ if none_proven => Some(Reason::NothingProven),
        Some(0) => Some(Reason::NewestProven),
        Some(place) if place < usize::from(request.keep) => Some(Reason::AmongNewest(request.keep)),
        Some(_) | None => None,
    }
}

fn referred(image: &Image, references: &BTreeMap<AmiId, BTreeSet<String>>) -> Option<Reason> {
    let by = references.get(&image.id)?;
    Some(Reason::Referenced(by.iter().cloned().collect()))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
