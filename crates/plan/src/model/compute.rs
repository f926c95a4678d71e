//! What runs the workload in the recovery Region, and the images that it boots from.

use action::ids::{
    AllocationId, CapacityReservationId, FunctionArn, GroupName, InstanceId, InstanceType, KmsKeyArn, LaunchTemplateId, SecurityGroupId,
    SubnetId, TargetGroupArn,
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
    /// What becomes of writes that the source holds in memory while its image is made.
    #[serde(default)]
    pub consistency: Consistency,
    /// How many proven images are kept in the recovery Region.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 100))]
    pub keep: u16,
    /// How old an image must be before it may be pruned, whatever else speaks for it.
    #[serde(default = "day")]
    #[schemars(extend("x-least" = "0s", "x-most" = "365d"))]
    pub minimum_age: Span,
    /// How old the newest proven image may be before readiness fails.
    #[serde(default = "week")]
    #[schemars(extend("x-least" = "1h", "x-most" = "365d"))]
    pub maximum_age: Span,
    /// The key of the recovery Region that copies are encrypted with. Without it, the Region's default key.
    pub kms_key: Option<KmsKeyArn>,
    /// Within what time AWS is to have copied the snapshots, at a price of its own; without it, as soon as it can.
    #[schemars(extend("x-least" = "15m", "x-most" = "48h"))]
    pub copy_within: Option<Span>,
    /// Where a copied image is booted to prove it. Without it no image can be proven, and so none is refreshed.
    pub proof: Option<ImageProof>,
}

/// What becomes of writes that an instance holds in memory while an image of it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// The image holds what was on the disk, as after a power cut: CreateImage with `NoReboot`. The instance serves on.
    #[default]
    Crash,
    /// The instance is restarted for its image, so that everything is on the disk. It serves nobody meanwhile.
    Reboot,
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
    /// Where the booted instance is looked at; `{address}` stands for its private IP address. Check paths are joined to it.
    #[serde(default = "at_its_address")]
    #[schemars(length(min = 1))]
    pub site: String,
    /// The names of the site's checks that it must pass, in the site's order: those that need nothing of production.
    #[schemars(length(min = 1))]
    pub checks: Vec<String>,
    /// The function that looks at the instance from inside its network: smoke-test, as infra/workload.yaml deploys it there. Without
    /// it, Relight's own looks, which is in no network of yours and reaches public addresses only.
    pub function: Option<FunctionArn>,
    /// How long it may take from the launch to the last check passed.
    #[serde(default = "half_an_hour")]
    #[schemars(extend("x-least" = "10s", "x-most" = "6h"))]
    pub within: Span,
}

impl ImageProof {
    /// What stands for the booted instance's private IP address in `site`.
    pub const ADDRESS: &str = "{address}";
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

fn day() -> Span {
    Span::fixed("1d", 24 * 3_600)
}

fn half_an_hour() -> Span {
    Span::fixed("30m", 1_800)
}

fn at_its_address() -> String {
    format!("http://{}", ImageProof::ADDRESS)
}

fn week() -> Span {
    Span::fixed("7d", 7 * 24 * 3_600)
}
