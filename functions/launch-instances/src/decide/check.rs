//! The check before the point of no return: everything that a launch needs, and what of it is missing.

use std::collections::{BTreeMap, BTreeSet};

use action::ErrorName;
use action::ids::{
    AllocationId, AmiId, CapacityReservationId, InstanceType, LaunchTemplateId, ParameterName, SubnetId, TargetGroupArn, WorkloadName,
};

use super::listed;
use super::pools::{Pool, Reserved, pools};
use super::serve::{Address, Taken, lead};
use crate::io::Launch;

/// The state of a capacity reservation that can be used (CapacityReservationState).
pub const ACTIVE: &str = "active";

/// What was found of what a launch needs; an entry that isn't there wasn't found.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The image that is chosen, if it is there and available; none where it isn't made yet.
    pub image: Result<Option<AmiId>, Problem>,
    /// Whether the default version of the launch template brings network interfaces of its own.
    pub template: Result<Template, Problem>,
    /// The plan's subnets.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Which of the plan's types are offered in which Availability Zone.
    pub offered: BTreeSet<(InstanceType, String)>,
    /// The plan's elastic IP address.
    pub address: Option<Address>,
    /// The plan's target groups.
    pub target_groups: BTreeMap<TargetGroupArn, TargetGroup>,
    /// The plan's capacity reservation.
    pub reservation: Option<Reservation>,
}

/// A launch template's default version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Whether it has network interfaces, which a launch into a chosen subnet excludes.
    pub has_interfaces: bool,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its Availability Zone.
    pub zone: String,
    /// Its VPC.
    pub vpc: String,
    /// Whether its state is `available`.
    pub available: bool,
    /// How many addresses are free in it.
    pub free: usize,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// What its targets are: `instance`, `ip`, `lambda`, `alb`.
    pub kind: String,
    /// Its VPC.
    pub vpc: String,
    /// Whether a load balancer uses it.
    pub used: bool,
}

/// A capacity reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The type that it is for.
    pub instance_type: InstanceType,
    /// Its Availability Zone.
    pub zone: String,
    /// `active`, or why it can't be used.
    pub state: String,
    /// How many instances still fit.
    pub free: usize,
}

/// One thing that would stop the launch. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum Problem {
    #[error("image pointer {0} does not exist in this Region's Parameter Store; refresh the image, or write the id of an image there")]
    NoPointer(ParameterName),
    #[error("image pointer {pointer} holds {value:?}, which is no image id")]
    NoImageId { pointer: ParameterName, value: String },
    #[error("the image is not made yet")]
    Unmade,
    #[error("image {image}{} does not exist in this Region", named(pointer.as_ref()))]
    NoImage { image: AmiId, pointer: Option<ParameterName> },
    #[error("image {image}{} is {state}, not available", named(pointer.as_ref()))]
    ImageState {
        image: AmiId,
        pointer: Option<ParameterName>,
        state: String,
    },
    #[error("launch template {0} does not exist in this Region")]
    NoTemplate(LaunchTemplateId),
    #[error("launch template {0} has no default version")]
    NoTemplateVersion(LaunchTemplateId),
    #[error(
        "the default version of launch template {0} has network interfaces, which exclude choosing the subnet; give it security groups instead"
    )]
    TemplateHasInterfaces(LaunchTemplateId),
    #[error("subnet {0} does not exist in this Region")]
    NoSubnet(SubnetId),
    #[error("subnet {0} is not available")]
    SubnetState(SubnetId),
    #[error("the subnets have {free} free addresses together, fewer than the {count} instances")]
    SubnetsFull { free: usize, count: u16 },
    #[error("instance type {instance_type} is not offered in {zones}, the zones of the plan's subnets")]
    NotOffered { instance_type: InstanceType, zones: String },
    #[error("elastic IP {0} does not exist in this Region")]
    NoAddress(AllocationId),
    #[error(transparent)]
    AddressTaken(#[from] Taken),
    #[error("target group {0} does not exist")]
    NoTargetGroup(TargetGroupArn),
    #[error("target group {arn} takes targets of type {kind}, not instances")]
    TargetGroupKind { arn: TargetGroupArn, kind: String },
    #[error("target group {arn} is in {vpc}, subnet {subnet} is not")]
    TargetGroupVpc {
        arn: TargetGroupArn,
        vpc: String,
        subnet: SubnetId,
    },
    #[error("target group {0} is used by no load balancer, so no target of it ever becomes healthy")]
    TargetGroupUnused(TargetGroupArn),
    #[error("a dry run of launching {pool} is refused: {text}")]
    Refused { pool: Pool, text: String, denied: bool },
}

fn named(pointer: Option<&ParameterName>) -> String {
    pointer.map(|pointer| format!(", named by {pointer},")).unwrap_or_default()
}

/// Everything that would stop the launch, in one message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Wrong input, unless AWS denies the launch itself: no other input mends that.
    pub fn name(&self) -> ErrorName {
        let denied = |problem: &Problem| matches!(problem, Problem::Refused { denied: true, .. });
        if self.0.iter().any(denied) {
            ErrorName::Permanent
        } else {
            ErrorName::InvalidInput
        }
    }
}

impl Surroundings {
    /// What of the plan isn't as a launch needs it.
    pub fn problems(&self, launch: &Launch, workload: &WorkloadName) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(self.image.as_ref().err().cloned());
        match &self.template {
            Err(problem) => problems.push(problem.clone()),
            Ok(template) if template.has_interfaces => problems.push(Problem::TemplateHasInterfaces(launch.launch_template.clone())),
            Ok(_) => {}
        }
        self.subnet_problems(launch, &mut problems);
        self.type_problems(launch, &mut problems);
        if let Some(id) = &launch.elastic_ip {
            match &self.address {
                None => problems.push(Problem::NoAddress(id.clone())),
                Some(address) => problems.extend(lead(address, workload, None).err().map(Problem::from)),
            }
        }
        for arn in &launch.target_groups {
            self.target_group_problems(arn, &mut problems);
        }
        problems
    }

    fn subnet_problems(&self, launch: &Launch, problems: &mut Vec<Problem>) {
        for id in &launch.subnets {
            match self.subnets.get(id) {
                None => problems.push(Problem::NoSubnet(id.clone())),
                Some(subnet) if !subnet.available => problems.push(Problem::SubnetState(id.clone())),
                Some(_) => {}
            }
        }
        let free = self.subnets.values().map(|subnet| subnet.free).sum();
        if !self.subnets.is_empty() && free < usize::from(launch.count) {
            problems.push(Problem::SubnetsFull { free, count: launch.count });
        }
    }

    fn type_problems(&self, launch: &Launch, problems: &mut Vec<Problem>) {
        let zones: BTreeSet<&String> = self.subnets.values().map(|subnet| &subnet.zone).collect();
        if zones.is_empty() {
            return;
        }
        problems.extend(
            launch
                .instance_types
                .iter()
                .filter(|name| !self.offered.iter().any(|(offered, _)| offered == *name))
                .map(|name| Problem::NotOffered {
                    instance_type: name.clone(),
                    zones: listed(&zones),
                }),
        );
    }

    fn target_group_problems(&self, arn: &TargetGroupArn, problems: &mut Vec<Problem>) {
        let Some(group) = self.target_groups.get(arn) else {
            problems.push(Problem::NoTargetGroup(arn.clone()));
            return;
        };
        if group.kind != "instance" {
            problems.push(Problem::TargetGroupKind {
                arn: arn.clone(),
                kind: group.kind.clone(),
            });
        }
        if let Some((subnet, _)) = self.subnets.iter().find(|(_, subnet)| subnet.vpc != group.vpc) {
            problems.push(Problem::TargetGroupVpc {
                arn: arn.clone(),
                vpc: group.vpc.clone(),
                subnet: subnet.clone(),
            });
        }
        if !group.used {
            problems.push(Problem::TargetGroupUnused(arn.clone()));
        }
    }

    /// Why the capacity reservation won't hold the whole launch, if it won't. No problem: without it there are the other
    /// pools, and a run that was refused over it would recover nothing.
    pub fn unreserved(&self, launch: &Launch) -> Option<String> {
        let id = launch.capacity_reservation.as_ref()?;
        let Some(reservation) = &self.reservation else {
            return Some(format!("capacity reservation {id} does not exist in this Region"));
        };
        let reserved = reserved_in(id, reservation, &self.subnets);
        let (name, zone, free) = (&reservation.instance_type, &reservation.zone, reservation.free);
        if reservation.state != ACTIVE {
            Some(format!("capacity reservation {id} is {}", reservation.state))
        } else if reserved.subnets.is_empty() || !launch.instance_types.contains(name) {
            Some(format!(
                "capacity reservation {id} is for {name} in {zone}, which the plan doesn't include"
            ))
        } else {
            (free < usize::from(launch.count)).then(|| format!("capacity reservation {id} has room for {free} of {}", launch.count))
        }
    }

    /// The pools of the launch in which its types are offered, the reservation's first.
    pub fn pools(&self, launch: &Launch) -> Vec<Pool> {
        let usable = self.reservation.as_ref().filter(|reservation| reservation.state == ACTIVE);
        let reserved = launch.capacity_reservation.as_ref().zip(usable);
        let reserved = reserved.map(|(id, reservation)| reserved_in(id, reservation, &self.subnets));
        let mut pools = pools(launch, reserved.as_ref(), 0, 0);
        pools.retain(|pool| {
            self.subnets
                .get(&pool.subnet)
                .is_some_and(|subnet| self.offered.contains(&(pool.instance_type.clone(), subnet.zone.clone())))
        });
        pools
    }
}

/// The reservation as launches see it: its type, and the subnets in its zone.
pub fn reserved_in(id: &CapacityReservationId, reservation: &Reservation, subnets: &BTreeMap<SubnetId, Subnet>) -> Reserved {
    Reserved {
        id: id.clone(),
        instance_type: reservation.instance_type.clone(),
        subnets: subnets
            .iter()
            .filter(|(_, subnet)| subnet.zone == reservation.zone)
            .map(|(id, _)| id.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests;
