//! Whether the group is to be raised, waited for, or serves. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use action::ids::{GroupName, TargetGroupArn};
use plan::Group;

/// The processes without which a group that is raised stays as it is
/// (docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html).
const NEEDED: [&str; 2] = ["Launch", "AddToLoadBalancer"];

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The group; none if there is none of that name.
    pub group: Option<SeenGroup>,
    /// The instances that are healthy in each of the plan's target groups, by their ids.
    pub targets: BTreeMap<TargetGroupArn, BTreeSet<String>>,
}

/// The group as Auto Scaling has it.
#[derive(Clone, Debug, Default)]
pub struct SeenGroup {
    /// Its sizes.
    pub sizes: Sizes,
    /// The ids of its instances that are in service and healthy.
    pub in_service: BTreeSet<String>,
    /// Its suspended processes.
    pub suspended: BTreeSet<String>,
}

/// The three sizes of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The smallest that a scaling policy may make it.
    pub minimum: u32,
    /// The size that is asked for.
    pub desired: u32,
    /// The largest that it may grow to.
    pub maximum: u32,
}

/// `1 to 4, 2 desired`.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}, {} desired", self.minimum, self.maximum, self.desired)
    }
}

/// How many instances serve, and how many must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
    /// In service, healthy, and healthy in every target group.
    pub serving: u32,
    /// The plan's percentage of the full size, rounded up.
    pub needed: u32,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is smaller than its full size.
    Raise(Raise),
    /// It is large enough, and too little of it serves.
    Wait(Serving),
    /// Enough of it serves.
    Serves(Serving),
}

/// The sizes to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raise {
    /// What they are.
    pub from: Sizes,
    /// What they are to be.
    pub to: Sizes,
    /// How much serves by now.
    pub serving: Serving,
}

/// Why the group can't be raised. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InTheWay {
    /// There is none.
    #[error("Auto Scaling group {0} does not exist in this Region: create it, or name the right one as compute.group.name in the plan")]
    NoGroup(GroupName),
    /// It may launch nothing.
    #[error(
        "Auto Scaling group {group} stays as it is while it has {} suspended: aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes {}",
        .processes.join(" and "), .processes.join(" ")
    )]
    Suspended {
        /// The group.
        group: GroupName,
        /// The processes that it needs.
        processes: Vec<&'static str>,
    },
}

/// What to do about `group`.
///
/// # Errors
/// When there is no such group, or it may launch nothing, though it would have to.
pub fn decide(group: &Group, seen: &Seen) -> Result<Decision, InTheWay> {
    let Some(found) = &seen.group else {
        return Err(InTheWay::NoGroup(group.name.clone()));
    };
    let serving = Serving {
        serving: count(found, &seen.targets),
        needed: needed(group),
    };
    let full = u32::from(group.full_size);
    let from = found.sizes;
    let to = Sizes {
        minimum: from.minimum.max(full),
        desired: from.desired.max(full),
        maximum: from.maximum.max(full),
    };
    if from == to && serving.is_enough() {
        return Ok(Decision::Serves(serving));
    }
    let processes: Vec<&str> = NEEDED.into_iter().filter(|process| found.suspended.contains(*process)).collect();
    if !processes.is_empty() {
        return Err(InTheWay::Suspended {
            group: group.name.clone(),
            processes,
        });
    }
    Ok(if from == to {
        Decision::Wait(serving)
    } else {
        Decision::Raise(Raise { from, to, serving })
    })
}

/// Those that are in service, and healthy wherever the plan says.
fn count(found: &SeenGroup, targets: &BTreeMap<TargetGroupArn, BTreeSet<String>>) -> u32 {
    let serves = |id: &&String| targets.values().all(|healthy| healthy.contains(*id));
    u32::try_from(found.in_service.iter().filter(serves).count()).unwrap_or(u32::MAX)
}

/// At least one: a group of which none must serve serves nobody.
fn needed(group: &Group) -> u32 {
    (u32::from(group.full_size) * u32::from(group.minimum_healthy_percent))
        .div_ceil(100)
        .max(1)
}

impl Serving {
    fn is_enough(self) -> bool {
        self.serving >= self.needed
    }

    /// `3 of 4 instances of shop serve (3 needed)`, and what keeps others from it.
    pub fn because(self, group: &Group, why: Option<&str>) -> String {
        let why = why.map(|why| format!("; EC2 Auto Scaling says: {why}")).unwrap_or_default();
        format!(
            "{} of {} instances of {} serve ({} needed){why}",
            self.serving, group.full_size, group.name, self.needed
        )
    }
}

impl Raise {
    /// What was asked for.
    pub fn asked(&self, group: &Group) -> String {
        format!("asked Auto Scaling to raise {} from {} to {}", group.name, self.from, self.to)
    }

    /// What would be asked for.
    pub fn would_ask(&self, group: &Group) -> String {
        format!(
            "would call autoscaling:UpdateAutoScalingGroup to raise {} from {} to {}",
            group.name, self.from, self.to
        )
    }
}

#[cfg(test)]
mod tests;
