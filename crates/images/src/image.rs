//! One image in our words.

use std::collections::BTreeMap;

use action::ids::{AmiId, RunId, WorkloadName};
use jiff::Timestamp;

use crate::tags;

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: AmiId,
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: State,
    /// When EC2 registered it.
    pub created: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The snapshots that it boots from, by their ids; none while it is being made.
    pub snapshots: Vec<String>,
}

/// How an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being made or copied, or is in a state that Relight doesn't know, by AWS's word.
    Pending(String),
    /// It can be launched and copied.
    Available,
    /// It never will be (model: ImageState `failed`, `error`, `invalid`, `deregistered`, `disabled`).
    Failed {
        /// AWS's word for the state.
        state: String,
        /// AWS's reason.
        reason: String,
    },
}

/// The name of the image that `run` makes, and of its copy: CreateImage has no client token, so that a second call finds the first's
/// image by its name, which is unique per account and Region (API_CreateImage: InvalidAMIName.Duplicate).
pub fn name(workload: &WorkloadName, run: &RunId) -> String {
    format!("relight-{workload}-{run}")
}

impl Image {
    /// The run that made it, if its tag names one.
    pub fn run(&self) -> Option<RunId> {
        self.tags.get(tags::RUN)?.parse().ok()
    }

    /// When it was asked for: its tag, or when EC2 registered it. A copy is as old as what it is a copy of.
    pub fn made(&self) -> Timestamp {
        self.time(tags::MADE).unwrap_or(self.created)
    }

    /// When it was proven; none if it wasn't.
    pub fn proven(&self) -> Option<Timestamp> {
        self.time(tags::PROVEN)
    }

    /// When the last good drill booted it; none if none did.
    pub fn drilled(&self) -> Option<Timestamp> {
        self.time(tags::DRILLED)
    }

    fn time(&self, tag: &str) -> Option<Timestamp> {
        self.tags.get(tag)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_as_old_as_what_it_is_a_copy_of() {
        let mut image = Image {
            id: "ami-0123456789abcdef0".parse().unwrap(),
            name: "x".to_owned(),
            state: State::Available,
            created: "2026-11-21T05:00:00Z".parse().unwrap(),
            tags: BTreeMap::from([(tags::MADE.to_owned(), "2026-11-21T03:00:00Z".to_owned())]),
            snapshots: vec![],
        };
        assert_eq!(image.made(), "2026-11-21T03:00:00Z".parse().unwrap());
        image.tags.clear();
        assert_eq!(image.made(), image.created);
        assert_eq!(image.proven(), None);
    }
}
