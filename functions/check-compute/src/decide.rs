//! What each question comes to, given what was seen. Pure.

pub mod age;
pub mod quota;

use std::collections::BTreeSet;
use std::time::Duration;

use age::{Freshness, decide as freshness};
use images::Image;
use jiff::Timestamp;
use launch_instances::decide::check::{Problem, Surroundings};
use launch_instances::io::Launch;
use quota::Quota;
use readiness::{Answer, Asker, Question, unasked};

use crate::io::Request;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What a launch needs; none where nothing is launched.
    pub around: Option<Around>,
    /// How far the group may grow; none where there is none.
    pub group_maximum: Option<u32>,
}

/// What a launch needs, each part as it was seen, or why it couldn't be.
#[derive(Clone, Debug)]
pub struct Around {
    /// Image, template, subnets, types, addresses, target groups and reservation, as launch-instances sees them.
    pub surroundings: Result<Surroundings, String>,
    /// The security groups that the template names, and those of them that aren't there.
    pub security_groups: Result<(BTreeSet<String>, BTreeSet<String>), String>,
    /// The workload's images.
    pub images: Result<Vec<Image>, String>,
    /// The quota.
    pub quota: Result<Quota, String>,
}

/// The answer to each question about the compute.
pub fn answers(request: &Request, seen: &Seen, now: Timestamp) -> Vec<Answer> {
    let ours = Question::ALL.iter().filter(|question| question.asker() == Asker::Compute);
    ours.map(|&question| answer(question, request, seen, now)).collect()
}

fn answer(question: Question, request: &Request, seen: &Seen, now: Timestamp) -> Answer {
    if question == Question::GroupSize {
        return group(request, seen);
    }
    let (Some(launch), Some(around)) = (&request.launch, &seen.around) else {
        return Answer::nothing(question, "the plan launches nothing");
    };
    match question {
        Question::ImageAge => image_age(request, around, now),
        Question::SecurityGroups => security_groups(around),
        Question::VcpuQuota => quota::answer(launch, &around.quota),
        _ => match &around.surroundings {
            Ok(surroundings) => surrounded(question, request, launch, surroundings),
            Err(why) => unasked(question, why),
        },
    }
}

/// The question that a problem of the launch is the answer to.
fn about(problem: &Problem) -> Question {
    match problem {
        Problem::NoPointer(_) | Problem::NoImageId { .. } | Problem::Unmade | Problem::NoImage { .. } | Problem::ImageState { .. } => {
            Question::Image
        }
        Problem::NoTemplate(_) | Problem::NoTemplateVersion(_) | Problem::TemplateHasInterfaces(_) => Question::LaunchTemplate,
        Problem::NoSubnet(_) | Problem::SubnetState(_) => Question::Subnets,
        Problem::SubnetsFull { .. } => Question::FreeAddresses,
        Problem::NotOffered { .. } => Question::InstanceTypes,
        Problem::NoAddress(_) | Problem::AddressTaken(_) => Question::ElasticIp,
        Problem::NoTargetGroup(_) | Problem::TargetGroupKind { .. } | Problem::TargetGroupVpc { .. } | Problem::TargetGroupUnused(_) => {
            Question::TargetGroups
        }
        Problem::Refused { .. } => Question::LaunchRehearsal,
    }
}

/// What is seen and what must be where there is no problem, and what mends one.
fn surrounded(question: Question, request: &Request, launch: &Launch, around: &Surroundings) -> Answer {
    let problems: Vec<String> = around
        .problems(launch, &request.workload)
        .iter()
        .filter(|problem| about(problem) == question)
        .map(Problem::to_string)
        .collect();
    let (seen, limit, remedy) = match question {
        Question::Image => (
            around
                .image
                .as_ref()
                .ok()
                .and_then(Option::as_ref)
                .map_or_else(String::new, ToString::to_string),
            "an image that is available in this Region".to_owned(),
            "refresh the image, or write the id of an available one to the pointer",
        ),
        Question::LaunchTemplate => (
            launch.launch_template.to_string(),
            "a template with a default version and no network interfaces".to_owned(),
            "create it or its default version, or name the right one as compute.launch.launchTemplate in the plan",
        ),
        Question::Subnets => (
            format!("{} available", around.subnets.len()),
            "available in this Region, each of them".to_owned(),
            "name existing subnets as compute.launch.subnets in the plan",
        ),
        Question::FreeAddresses => (
            format!("{} free", around.subnets.values().map(|subnet| subnet.free).sum::<usize>()),
            format!("at least {}", launch.count),
            "free addresses in the subnets, or add a subnet to compute.launch.subnets",
        ),
        Question::InstanceTypes => (
            format!("{} offered", joined(&launch.instance_types)),
            "offered in a zone of the plan's subnets, each of them".to_owned(),
            "name types that these zones offer as compute.launch.instanceTypes, or subnets in other zones",
        ),
        Question::ElasticIp => (
            launch
                .elastic_ip
                .as_ref()
                .map_or_else(|| "the plan names none".to_owned(), ToString::to_string),
            "there, and free or with an instance of this workload".to_owned(),
            "allocate it in this Region and tag it relight:workload, or release what holds it",
        ),
        Question::TargetGroups => (
            format!("{} there", launch.target_groups.len()),
            "of type instance, in the subnets' VPC, used by a load balancer".to_owned(),
            "create it or its listener, or name the right one as compute.launch.targetGroups in the plan",
        ),
        _ => return reservation(launch, around),
    };
    if !problems.is_empty() {
        return Answer::fail(question, joined(&problems), limit, remedy);
    }
    // Without a subnet there is no zone to ask for a type, and no address to count.
    if around.subnets.is_empty() && matches!(question, Question::FreeAddresses | Question::InstanceTypes) {
        return Answer::fail(question, "none of the plan's subnets exists", limit, remedy);
    }
    Answer::pass(question, seen, limit)
}

/// A launch goes on without its reservation: so it warns.
fn reservation(launch: &Launch, around: &Surroundings) -> Answer {
    let question = Question::CapacityReservation;
    let Some(id) = &launch.capacity_reservation else {
        return Answer::nothing(question, "the plan names none");
    };
    let limit = format!("active, of a type and zone of the plan, with room for {}", launch.count);
    match around.unreserved(launch) {
        None => Answer::pass(question, id.to_string(), limit),
        Some(why) => Answer::warn(
            question,
            why,
            limit,
            "create or enlarge the reservation, or name the right one as compute.launch.capacityReservation",
        ),
    }
}

fn security_groups(around: &Around) -> Answer {
    let question = Question::SecurityGroups;
    let limit = "there, each of them";
    match &around.security_groups {
        Err(why) => unasked(question, why),
        Ok((named, _)) if named.is_empty() => Answer::nothing(question, "the template names none: the network's default one is used"),
        Ok((named, missing)) if missing.is_empty() => Answer::pass(question, joined(named), limit),
        Ok((_, missing)) => Answer::fail(
            question,
            format!("{} not there", joined(missing)),
            limit,
            "create it, or make a default version of the launch template that names existing ones",
        ),
    }
}

/// A pilot light is as good as its newest image, and a refresh that no longer runs says nothing by itself.
fn image_age(request: &Request, around: &Around, now: Timestamp) -> Answer {
    let question = Question::ImageAge;
    let Some(seconds) = request.image_maximum_age_seconds else {
        return Answer::nothing(question, "the plan has no [image.proof], so that no image is proven");
    };
    let limit = format!("proven, and at most {seconds} s old");
    let remedy = "run the refresh-image machine, and look why its last runs stopped";
    match &around.images {
        Err(why) => unasked(question, why),
        Ok(found) => match freshness(found, Duration::from_secs(seconds), now) {
            Freshness::Fresh(newest) => Answer::pass(question, format!("{}, {} s old", newest.id, newest.age_seconds), limit),
            Freshness::Stale(newest) => Answer::fail(question, format!("{}, {} s old", newest.id, newest.age_seconds), limit, remedy),
            Freshness::None => Answer::fail(question, "no image is proven", limit, remedy),
        },
    }
}

fn group(request: &Request, seen: &Seen) -> Answer {
    let question = Question::GroupSize;
    let Some(group) = &request.group else {
        return Answer::nothing(question, "the plan has no group");
    };
    let limit = format!("a maximum of at least {}", group.full_size);
    match seen.group_maximum {
        None => Answer::fail(
            question,
            format!("{} does not exist in this Region", group.name),
            limit,
            "create it, or name the right one as compute.group.name in the plan",
        ),
        // A recovery raises it; whoever updates the stack of the group would set it back.
        Some(maximum) if maximum < u32::from(group.full_size) => Answer::warn(
            question,
            format!("{} may grow to {maximum}", group.name),
            limit,
            format!(
                "set it where the group is made; by hand: aws autoscaling update-auto-scaling-group --auto-scaling-group-name {} --max-size {}",
                group.name, group.full_size
            ),
        ),
        Some(maximum) => Answer::pass(question, format!("{} may grow to {maximum}", group.name), limit),
    }
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
