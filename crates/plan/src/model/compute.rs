//! What runs the workload in the recovery Region, and the images that it boots from.

use action::ids::{
    AllocationId, CapacityReservationId, GroupName, InstanceId, InstanceType, KmsKeyArn, LaunchTemplateId, SecurityGroupId, SubnetId,
    TargetGroupArn,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// What runs the workload in the recovery Region: exactly one of `launch` and `group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compute {
    /// Instances launched when they are needed; for `pilot-light`.
    pub launch: Option<Launch>,
    /// An Auto Scaling group raised to full size; for `warm-standby` and `hot-standby`.
    pub group: Option<Group>,
}

/// Instances launched from an image by a launch template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Launch {
    /// The launch template in the recovery Region; its default version is used.
    pub launch_template: LaunchTemplateId,
    /// Instance types, the preferred one first; the next is tried where capacity is missing.
    #[schemars(length(min = 1))]
    pub instance_types: Vec<InstanceType>,
    /// Subnets of the recovery Region, the preferred one first; the next is tried where capacity is missing.
    #[schemars(length(min = 1))]
    pub subnets: Vec<SubnetId>,
    /// How many instances.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub count: u16,
    /// The elastic IP address that the instance gets; `count` must be 1.
    pub elastic_ip: Option<AllocationId>,
    /// Target groups of the recovery Region that the instances are registered with.
    #[serde(default)]
    pub target_groups: Vec<TargetGroupArn>,
    /// The capacity reservation that is used first.
    pub capacity_reservation: Option<CapacityReservationId>,
}

/// An Auto Scaling group in the recovery Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// The group's name.
    pub name: GroupName,
    /// How many instances serve the whole of the users.
    #[schemars(range(min = 1, max = 10_000))]
    pub full_size: u16,
    /// How much of the full size must be healthy, in percent, before the run goes on.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 100))]
    pub minimum_healthy_percent: u8,
    /// Target groups of the recovery Region in which the instances must be healthy.
    #[serde(default)]
    pub target_groups: Vec<TargetGroupArn>,
}

/// The machine images of the workload: made in the primary Region, copied, proven and pruned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// The instance in the primary Region that images are made of.
    pub source: ImageSource,
    /// How many proven images are kept in the recovery Region.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 100))]
    pub keep: u16,
    /// How old the newest proven image may be before readiness fails.
    #[serde(default = "week")]
    #[schemars(extend("x-least" = "1h", "x-most" = "365d"))]
    pub maximum_age: Span,
    /// The key of the recovery Region that copies are encrypted with. Without it, the Region's default key.
    pub kms_key: Option<KmsKeyArn>,
    /// Where a copied image is booted to prove it. Without it, images are not proven.
    pub proof: Option<ImageProof>,
}

/// The instance in the primary Region that images are made of: exactly one of `instance`, `tag` and `group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ImageSource {
    /// This instance.
    Instance(InstanceId),
    /// The newest running instance with this tag.
    Tag {
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
    /// The newest healthy instance of this Auto Scaling group.
    Group(GroupName),
}

/// Where a copied image is booted to prove it, apart from production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageProof {
    /// Subnets of the recovery Region.
    #[schemars(length(min = 1))]
    pub subnets: Vec<SubnetId>,
    /// Security groups of the recovery Region.
    #[schemars(length(min = 1))]
    pub security_groups: Vec<SecurityGroupId>,
}

fn one() -> u16 {
    1
}

fn three() -> u16 {
    3
}

fn hundred() -> u8 {
    100
}

fn week() -> Span {
    Span::fixed("7d", 7 * 24 * 3_600)
}
