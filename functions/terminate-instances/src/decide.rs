//! Which instances are to be terminated, and when none may be. Pure.

use std::collections::BTreeMap;

use action::ids::{InstanceId, RunId, WorkloadName};
use images::tags;

use crate::io::Request;

/// An instance as EC2 lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// How it is.
    pub state: State,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How an instance is (model: InstanceStateName).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// `pending`, `running`, `stopping`, `stopped`, or a state that Relight doesn't know: it can still be terminated.
    Alive,
    /// It is on its way.
    ShuttingDown,
    /// It is gone; EC2 lists it for a while yet.
    Terminated,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Nothing(Nothing),
    /// Nothing, and a person must know why.
    Refuse(Refusal),
    /// Nothing but to look again: these are shutting down.
    Wait(Vec<InstanceId>),
    /// These are to be terminated.
    Terminate(Vec<InstanceId>),
}

/// Why nothing is left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The run launched none.
    Launched,
    /// These are terminated.
    Terminated(Vec<InstanceId>),
}

/// Why we will not terminate anything. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "EC2 was asked for the instances of run {run} of {workload} and listed {instance} too, whose tag {tag} is {}; nothing was terminated",
    .found.as_deref().unwrap_or("missing")
)]
pub struct Refusal {
    /// Somebody else's instance.
    pub instance: InstanceId,
    /// The tag that says so.
    pub tag: &'static str,
    /// The tag's value; none if it has no such tag.
    pub found: Option<String>,
    /// The run that was asked for.
    pub run: RunId,
    /// The workload that was asked for.
    pub workload: WorkloadName,
}

/// Decides; the first edge that holds is taken.
///
/// | seen | decision |
/// |---|---|
/// | no instance | nothing |
/// | one that isn't terminated and lacks a tag of the run | refuse: the filter was ignored, and nothing in the answer can be relied on |
/// | one or more that live | **terminate** them |
/// | one or more that are shutting down | wait |
/// | terminated ones only | nothing |
///
/// Tags of terminated instances aren't looked at: EC2 takes them off by and by
/// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html), and nothing is done with such an instance.
pub fn decide(request: &Request, seen: &[Instance]) -> Decision {
    let left = || seen.iter().filter(|one| one.state != State::Terminated);
    if let Some(refusal) = left().find_map(|one| not_ours(request, one)) {
        return Decision::Refuse(refusal);
    }
    let of = |state: &State| -> Vec<InstanceId> { seen.iter().filter(|one| one.state == *state).map(|one| one.id.clone()).collect() };
    let (alive, leaving) = (of(&State::Alive), of(&State::ShuttingDown));
    if !alive.is_empty() {
        Decision::Terminate(alive)
    } else if !leaving.is_empty() {
        Decision::Wait(leaving)
    } else if seen.is_empty() {
        Decision::Nothing(Nothing::Launched)
    } else {
        Decision::Nothing(Nothing::Terminated(of(&State::Terminated)))
    }
}

fn not_ours(request: &Request, instance: &Instance) -> Option<Refusal> {
    let (run, workload) = (&request.run, &request.workload);
    [(tags::RUN, run.as_str()), (tags::WORKLOAD, workload.as_str())]
        .into_iter()
        .find(|(tag, wanted)| instance.tags.get(*tag).map(String::as_str) != Some(*wanted))
        .map(|(tag, _)| Refusal {
            instance: instance.id.clone(),
            tag,
            found: instance.tags.get(tag).cloned(),
            run: run.clone(),
            workload: workload.clone(),
        })
}

impl Nothing {
    pub(crate) fn because(&self, request: &Request) -> String {
        match self {
            Self::Launched => format!("run {} of {} has no instance", request.run, request.workload),
            Self::Terminated(ids) => format!("{} terminated", are(ids)),
        }
    }
}

/// The first few of `ids` with the rest counted, and the verb that they need.
pub(crate) fn are(ids: &[InstanceId]) -> String {
    format!("{} {}", named(ids), if ids.len() == 1 { "is" } else { "are" })
}

/// At most this many instances are spelled out for people.
const SPELLED: usize = 8;

/// The first few of `ids`, with the rest counted: `i-…, i-… and 3 more`.
pub(crate) fn named(ids: &[InstanceId]) -> String {
    let spelled: Vec<&str> = ids.iter().take(SPELLED).map(InstanceId::as_str).collect();
    match ids.len().saturating_sub(SPELLED) {
        0 => spelled.join(", "),
        more => format!("{} and {more} more", spelled.join(", ")),
    }
}

#[cfg(test)]
mod tests;
