//! The table of questions.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// check-plan.
    Plan,
    /// check-database.
    Database,
    /// check-compute.
    Compute,
    /// launch-instances in plan mode, under the role that a recovery launches with.
    Launch,
    /// check-readiness itself.
    Watch,
}

impl Asker {
    /// The function that asks.
    pub fn function(self) -> &'static str {
        match self {
            Self::Plan => "check-plan",
            Self::Database => "check-database",
            Self::Compute => "check-compute",
            Self::Launch => "launch-instances",
            Self::Watch => "check-readiness",
        }
    }
}

macro_rules! questions {
    ($($name:ident, $id:literal, $asker:ident, $holds:literal;)+) => {
        /// A question that every readiness check asks, named by what it is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Question {
            $(#[doc = $holds] $name,)+
        }

        impl Question {
            /// Every question, in the order in which people read them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its id, as it stands in replies, reports and documentation.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// Who asks it.
            pub fn asker(self) -> Asker {
                match self { $(Self::$name => Asker::$asker,)+ }
            }

            /// What holds where it passes.
            pub fn holds(self) -> &'static str {
                match self { $(Self::$name => $holds,)+ }
            }
        }
    };
}

questions! {
    Plan, "plan", Plan, "The plan is in the bucket, valid, and of this Region.";
    OtherRun, "other-run", Plan, "No run holds the workload's lock.";
    GlobalCluster, "global-cluster", Database, "The global cluster is known in the recovery Region, and is not changing its writer.";
    Members, "members", Database, "The plan's primary is the only writer, the plan's recovery cluster its secondary, and its copy follows.";
    ClusterHealth, "cluster-health", Database, "The recovery cluster is available.";
    EngineVersions, "engine-versions", Database, "The engine versions let a managed failover happen.";
    ClusterInstances, "cluster-instances", Database, "The recovery cluster has an instance, and all of them are available.";
    InstanceClasses, "instance-classes", Database, "The instance classes are allowed in a global database.";
    ReplicationLag, "replication-lag", Database, "The replication lag can be read, and is within the RPO.";
    EncryptionKey, "encryption-key", Database, "The KMS key of the recovery cluster is enabled.";
    DeletionProtection, "deletion-protection", Database, "The global cluster and the recovery cluster are protected from deletion.";
    Image, "image", Compute, "The image pointer names an image that can be launched.";
    ImageAge, "image-age", Compute, "The newest proven image is no older than the plan allows.";
    LaunchTemplate, "launch-template", Compute, "The launch template has a default version that lets the subnet be chosen.";
    SecurityGroups, "security-groups", Compute, "The security groups of the launch template exist.";
    Subnets, "subnets", Compute, "The plan's subnets exist and are available.";
    FreeAddresses, "free-addresses", Compute, "The subnets have a free address for every instance.";
    InstanceTypes, "instance-types", Compute, "Every instance type of the plan is offered in the zones of its subnets.";
    VcpuQuota, "vcpu-quota", Compute, "The On-Demand vCPU quota leaves room for the launch.";
    CapacityReservation, "capacity-reservation", Compute, "The capacity reservation, where the plan names one, holds the whole launch.";
    ElasticIp, "elastic-ip", Compute, "The elastic IP address exists, and leads to nobody else.";
    TargetGroups, "target-groups", Compute, "The target groups exist, take instances of the subnets' network, and are used by a load balancer.";
    GroupSize, "group-size", Compute, "The Auto Scaling group may grow to its full size.";
    LaunchRehearsal, "launch-rehearsal", Launch, "A dry run of the launch succeeds under the role of a recovery.";
    Tables, "tables", Watch, "Every table has an active replica in both Regions.";
    ProbeAlarms, "probe-alarms", Watch, "The probe looks at the primary, and its alarms have data.";
    RecoveryAlarm, "recovery-alarm", Watch, "The alarm that starts a recovery exists, and its action is taken.";
    TrafficAlarm, "traffic-alarm", Watch, "The alarm that moves users watches the plan's metric, and keeps its state without data.";
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_on_the_wire_is_the_id_in_the_table() {
        for question in Question::ALL {
            assert_eq!(serde_json::to_value(question).ok(), Some(question.id().into()));
        }
    }
}
