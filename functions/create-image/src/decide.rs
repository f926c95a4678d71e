//! What the image's name leads to, and which instance an image is made of. Pure.

use std::collections::BTreeMap;

use action::ids::{AmiId, GroupName, InstanceId, Region, RunId, WorkloadName};
use images::{Image, State, tags};
use jiff::Timestamp;
use plan::{Consistency, ImageSource};

use crate::io::Request;

/// What an image of the run's name is to the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The image, ready to be copied.
    Made,
    /// The image, on its way, in AWS's word.
    Making(String),
    /// The image, which never will be.
    Failed {
        /// AWS's word for the state.
        state: String,
        /// AWS's reason.
        reason: String,
    },
    /// Something that isn't this run's.
    Refuse(NotOurs),
}

/// Why an image of the right name isn't taken for this run's. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "image {image} in {region} has the name {name} and not this run's tags ({} is {}, {} is {}); deregister it or start a new run",
    tags::WORKLOAD, said(workload.as_deref()), tags::RUN, said(run.as_deref())
)]
pub struct NotOurs {
    /// The image.
    pub image: AmiId,
    /// Its Region.
    pub region: Region,
    /// Its name.
    pub name: String,
    /// The workload that its tag names, if any.
    pub workload: Option<String>,
    /// The run that its tag names, if any.
    pub run: Option<String>,
}

fn said(tag: Option<&str>) -> &str {
    tag.unwrap_or("missing")
}

/// Decides; the first edge that holds is taken.
///
/// | seen under the name | decision |
/// |---|---|
/// | a tag that names another workload or run | refuse: it is somebody else's |
/// | on its way, without the tags | wait: what EC2 shows may lag behind what it did |
/// | anything else without the tags | refuse: it may be anybody's |
/// | on its way | wait |
/// | failed, or in another state that it doesn't leave | give up |
/// | available | done |
pub fn standing(request: &Request, image: &Image) -> Standing {
    let tag = |key| image.tags.get(key);
    let (workload, run) = (tag(tags::WORKLOAD), tag(tags::RUN));
    let is = |tag: Option<&String>, ours: &str| tag.map(|text| text == ours);
    let (same_workload, same_run) = (is(workload, request.workload.as_str()), is(run, request.run.as_str()));
    let refuse = || {
        Standing::Refuse(NotOurs {
            image: image.id.clone(),
            region: request.region.clone(),
            name: image.name.clone(),
            workload: workload.cloned(),
            run: run.cloned(),
        })
    };
    if [same_workload, same_run].contains(&Some(false)) {
        return refuse();
    }
    match &image.state {
        State::Pending(word) => Standing::Making(word.clone()),
        _ if [same_workload, same_run].contains(&None) => refuse(),
        State::Failed { state, reason } => Standing::Failed {
            state: state.clone(),
            reason: reason.clone(),
        },
        State::Available => Standing::Made,
    }
}

/// What was seen of the plan's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The members of its Auto Scaling group; none if the source is no group, or the group doesn't exist.
    pub group: Option<Vec<Member>>,
    /// The instances that come into question.
    pub instances: Vec<Instance>,
}

/// A member of an Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The instance.
    pub id: InstanceId,
    /// Its place in the group's life cycle, as AWS writes it.
    pub lifecycle: String,
    /// Its health, as AWS writes it.
    pub health: String,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its state, as AWS writes it.
    pub state: String,
    /// When it was last launched.
    pub launched: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Why there is nothing to make an image of, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSource {
    /// The plan's instance is not there.
    #[error("instance {0} does not exist in {1}; name another one in image.source of the plan")]
    NoInstance(InstanceId, Region),
    /// The plan's instance can't be imaged.
    #[error(
        "instance {0} in {1} is {2}, and images are made of running or stopped instances; start it or name another one in image.source of the plan"
    )]
    Unfit(InstanceId, Region, String),
    /// Nothing has the plan's tag.
    #[error("no running instance in {region} has the tag {key}={value}; tag one or mend image.source of the plan")]
    NoneTagged {
        /// Where it was looked for.
        region: Region,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
    /// The plan's group is not there.
    #[error("Auto Scaling group {0} does not exist in {1}; name another one in image.source of the plan")]
    NoGroup(GroupName, Region),
    /// The plan's group has nothing to make an image of.
    #[error("of the {} in Auto Scaling group {group} in {region} none is InService, Healthy and running; mend the group first", counted(*members))]
    NoneHealthy {
        /// The group.
        group: GroupName,
        /// Its Region.
        region: Region,
        /// How many instances it has.
        members: usize,
    },
}

fn counted(count: usize) -> String {
    if count == 1 {
        "1 instance".to_owned()
    } else {
        format!("{count} instances")
    }
}

/// The members that their group takes for good.
pub fn healthy(members: &[Member]) -> Vec<&InstanceId> {
    let good = |member: &&Member| member.lifecycle == "InService" && member.health.eq_ignore_ascii_case("Healthy");
    members.iter().filter(good).map(|member| &member.id).collect()
}

/// The instance that the image is made of: the plan's own, or the newest running one that fits, by launch and then by id,
/// so that two looks at the same instances choose the same.
///
/// What EC2's filters were asked for is checked again here: an image of the wrong machine would be proven and adopted as
/// happily as one of the right one.
///
/// # Errors
/// Says what was looked for, and what to do.
pub fn choose<'a>(request: &Request, seen: &'a Seen) -> Result<&'a Instance, NoSource> {
    let region = || request.region.clone();
    let newest = |fits: &dyn Fn(&Instance) -> bool| {
        let running = seen.instances.iter().filter(|one| one.state == "running" && fits(one));
        running.max_by_key(|one| (one.launched, &one.id))
    };
    match &request.source {
        ImageSource::Instance(id) => match seen.instances.iter().find(|one| one.id == *id) {
            None => Err(NoSource::NoInstance(id.clone(), region())),
            Some(one) if one.state == "running" || one.state == "stopped" => Ok(one),
            Some(one) => Err(NoSource::Unfit(id.clone(), region(), one.state.clone())),
        },
        ImageSource::Tag { key, value } => newest(&|one| one.tags.get(key) == Some(value)).ok_or_else(|| NoSource::NoneTagged {
            region: region(),
            key: key.clone(),
            value: value.clone(),
        }),
        ImageSource::Group(name) => {
            let Some(members) = &seen.group else {
                return Err(NoSource::NoGroup(name.clone(), region()));
            };
            let good = healthy(members);
            newest(&|one| good.contains(&&one.id)).ok_or_else(|| NoSource::NoneHealthy {
                group: name.clone(),
                region: region(),
                members: members.len(),
            })
        }
    }
}

/// The call that makes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// The image's name.
    pub name: String,
    /// Where it is made.
    pub region: Region,
    /// The run that it is made for.
    pub run: RunId,
    /// The workload that it is an image of.
    pub workload: WorkloadName,
    /// The instance that it is made of.
    pub instance: InstanceId,
    /// Whether the instance is restarted for it.
    pub consistency: Consistency,
    /// When it is asked for, in whole seconds.
    pub made: Timestamp,
}

impl NewImage {
    /// The image that is asked for at `now`, to be made of `instance`.
    pub fn of(request: &Request, instance: &Instance, now: Timestamp) -> Self {
        Self {
            name: request.image_name(),
            region: request.region.clone(),
            run: request.run.clone(),
            workload: request.workload.clone(),
            instance: instance.id.clone(),
            consistency: request.consistency,
            made: Timestamp::from_second(now.as_second()).unwrap_or(now),
        }
    }

    /// The image's tags, and those of its snapshots.
    pub fn tags(&self) -> [(&'static str, String); 4] {
        [
            (tags::WORKLOAD, self.workload.to_string()),
            (tags::RUN, self.run.to_string()),
            (tags::SOURCE, self.instance.to_string()),
            (tags::MADE, self.made.to_string()),
        ]
    }

    pub(crate) fn would_call(&self) -> String {
        let reboot = match self.consistency {
            Consistency::Crash => "without restarting it",
            Consistency::Reboot => "restarting it",
        };
        format!(
            "would call ec2:CreateImage in {} on {} as {}, {reboot}",
            self.region, self.instance, self.name
        )
    }
}

#[cfg(test)]
mod tests;
