//! The request and the reply of the action.

use action::ids::{
    AllocationId, AmiId, CapacityReservationId, InstanceId, InstanceType, LaunchTemplateId, ParameterName, RunId, SecurityGroupId,
    SubnetId, TargetGroupArn, WorkloadName,
};
use action::{Deadline, Mode, Outcome, Pace, PlannedCall};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::fleet::Instance;

/// What to launch, for which run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that the instances belong to; their tag `relight:run`. Where a run goes on from others, the first of them.
    pub run: RunId,
    /// The workload that the instances belong to; their tag `relight:workload`.
    pub workload: WorkloadName,
    /// What to launch.
    pub launch: Launch,
    /// When the machine first asked; the same in all calls of a run, since it tells them from those of other runs.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

impl Request {
    /// How the machine is to wait for this request.
    pub fn pace(&self) -> Pace {
        Pace {
            since: self.since,
            deadline: self.deadline,
        }
    }
}

/// What to launch: the plan's `compute.launch`, or a copied image into the isolated subnets of its `image.proof`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Launch {
    /// The launch template; its default version is used. Its image, type and subnet, if it names any, are overridden.
    pub launch_template: LaunchTemplateId,
    /// Instance types, the preferred one first.
    #[schemars(length(min = 1))]
    pub instance_types: Vec<InstanceType>,
    /// Subnets, the preferred one first.
    #[schemars(length(min = 1))]
    pub subnets: Vec<SubnetId>,
    /// Security groups in place of the launch template's; none: the template's.
    pub security_groups: Vec<SecurityGroupId>,
    /// How many instances.
    #[schemars(range(min = 1, max = 100))]
    pub count: u16,
    /// The elastic IP address that the instance gets; `count` is 1 then.
    pub elastic_ip: Option<AllocationId>,
    /// Target groups that the instances are registered with.
    pub target_groups: Vec<TargetGroupArn>,
    /// The capacity reservation that is used first.
    pub capacity_reservation: Option<CapacityReservationId>,
    /// Which image.
    pub image: ImageChoice,
}

/// Which image is launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ImageChoice {
    /// The one whose id this SSM parameter holds: the newest proven one.
    Pointer(ParameterName),
    /// This one.
    Id(AmiId),
    /// One that a run would have made by now, were it not in plan mode; execute mode refuses it.
    Unmade,
}

/// What became of the launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `planned`; `waiting` until every instance serves; `changed` or `unchanged` when they do.
    pub outcome: Outcome,
    /// Seconds until the next look; null unless `waiting`.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// The image that the instances are, or would be, launched from; null for one that isn't made yet.
    pub image: Option<AmiId>,
    /// The run's instances, at most [`Reply::MOST`] of them.
    #[schemars(length(max = 64))]
    pub instances: Vec<InstanceId>,
    /// The type of the first instance, or the one that would be tried first; null while no instance could be launched.
    pub instance_type: Option<InstanceType>,
    /// The subnet of the first instance, or the one that would be tried first; null while no instance could be launched.
    pub subnet: Option<SubnetId>,
    /// Where the instances are reached: the elastic IP address if the plan has one, else each instance's public
    /// address, else its private one; at most [`Reply::MOST`] of them.
    #[schemars(length(max = 64))]
    pub addresses: Vec<String>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    /// How many instances and addresses a reply lists, so that it stays below 4 KiB.
    pub const MOST: usize = 64;

    /// A reply about instances that are there; without any, about the image alone.
    pub(crate) fn about(outcome: Outcome, image: Option<AmiId>, instances: &[&Instance], because: String) -> Self {
        let first = instances.first();
        let most = || instances.iter().take(Self::MOST);
        Self {
            outcome,
            retry_after_seconds: None,
            because,
            image,
            instances: most().map(|one| one.id.clone()).collect(),
            instance_type: first.map(|one| one.instance_type.clone()),
            subnet: first.and_then(|one| one.subnet.clone()),
            addresses: most().filter_map(|one| one.address.clone()).collect(),
            calls: vec![],
        }
    }
}
