//! What is to be stopped, and what can't be. Pure.

use std::collections::BTreeMap;

use action::ids::{InstanceId, Region, WorkloadName};
use images::tags;

use crate::io::{NotFenced, Sized};

/// An Auto Scaling group as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name and its sizes.
    pub sized: Sized,
    /// How many of its instances are protected from scale in: they live on in a group of size zero.
    pub protected: usize,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An instance as EC2 lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Whether it runs or is about to (model: InstanceStateName).
    pub runs: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The tag that EC2 Auto Scaling puts on the instances of a group (Amazon EC2 Auto Scaling user guide, "Tag Auto Scaling groups
/// and instances").
const GROUP: &str = "aws:autoscaling:groupName";

/// Why one of the two lists is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Whether AWS answered at all.
    pub answered: bool,
    /// What it said, or how the call ended.
    pub why: String,
}

/// What was seen of the primary Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The groups with the workload's tag.
    pub groups: Result<Vec<Group>, Unseen>,
    /// The instances with the workload's tag.
    pub instances: Result<Vec<Instance>, Unseen>,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// These groups are to be set to zero.
    pub groups: Vec<Group>,
    /// These instances are to be stopped.
    pub instances: Vec<InstanceId>,
    /// What can't be stopped, each with its reason.
    pub cannot: Vec<NotFenced>,
}

impl Decision {
    /// Whether there is nothing to stop.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.instances.is_empty()
    }
}

/// Whether the Region gave no answer to anything: the case that a fence is made for.
pub fn is_away(seen: &Seen) -> Option<&str> {
    match (&seen.groups, &seen.instances) {
        (Err(groups), Err(instances)) if !groups.answered && !instances.answered => Some(&groups.why),
        _ => None,
    }
}

/// Decides.
///
/// | seen | decision |
/// |---|---|
/// | a group with the workload's tag that isn't at zero | **set it to zero** |
/// | a group or an instance without the tag | nothing: the filter was ignored, and it isn't ours |
/// | an instance that runs, in no group | **stop** it |
/// | an instance of such a group | nothing: its group ends it |
/// | an instance of another group, or of one that couldn't be seen | not stopped, since its group would put another in its place |
/// | a list that AWS didn't give | said, with the reason |
pub fn decide(workload: &WorkloadName, region: &Region, seen: &Seen) -> Decision {
    let ours = |tags: &BTreeMap<String, String>| tags.get(tags::WORKLOAD).map(String::as_str) == Some(workload.as_str());
    let mut decision = Decision::default();
    let mut fenced = Vec::new();
    match &seen.groups {
        Ok(groups) => {
            for group in groups.iter().filter(|group| ours(&group.tags)) {
                fenced.push(group.sized.name.as_str());
                if (group.sized.min_size, group.sized.max_size, group.sized.desired_capacity) != (0, 0, 0) {
                    decision.groups.push(group.clone());
                }
                if group.protected > 0 {
                    let because = format!("{} protected from scale in and live on when the group is at zero", group.protected);
                    decision
                        .cannot
                        .push(NotFenced::new(format!("instances of group {}", group.sized.name), because));
                }
            }
        }
        Err(unseen) => decision
            .cannot
            .push(NotFenced::new(format!("the Auto Scaling groups of {region}"), &unseen.why)),
    }
    match &seen.instances {
        Ok(instances) => {
            for instance in instances.iter().filter(|instance| instance.runs && ours(&instance.tags)) {
                match instance.tags.get(GROUP).map(String::as_str) {
                    None => decision.instances.push(instance.id.clone()),
                    Some(group) if fenced.contains(&group) => {}
                    Some(group) => {
                        let because = match &seen.groups {
                            Ok(_) => format!(
                                "its group {group} has no tag {}={workload} and would put another in its place",
                                tags::WORKLOAD
                            ),
                            Err(_) => format!("its group {group} could not be looked at and would put another in its place"),
                        };
                        decision.cannot.push(NotFenced::new(instance.id.as_str(), because));
                    }
                }
            }
        }
        Err(unseen) => decision
            .cannot
            .push(NotFenced::new(format!("the instances of {region}"), &unseen.why)),
    }
    decision
}

#[cfg(test)]
mod tests;
