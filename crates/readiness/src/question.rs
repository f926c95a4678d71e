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
    /// check-dependencies, from the schedule alone.
    Dependencies,
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
            Self::Dependencies => "check-dependencies",
            Self::Launch => "launch-instances",
            Self::Watch => "check-readiness",
        }
    }
}

/// What a question that fails does to a move that is about to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeforeMove {
    /// It stops it while nothing is touched: the recovery would break off halfway.
    Stops,
    /// It warns. An outage turns the question red by itself, or the move is better than none, or a later step of the run
    /// decides with more at hand.
    Warns,
    /// Nothing: it isn't asked then, since a recovery calls nothing of what it is about.
    Unasked,
}

impl BeforeMove {
    /// As the documentation has it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stops => "stops it",
            Self::Warns => "warns",
            Self::Unasked => "isn't asked",
        }
    }
}

macro_rules! questions {
    ($($name:ident, $id:literal, $asker:ident, $before_move:ident, $holds:literal;)+) => {
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

            /// What it does to a move that is about to begin, where it fails.
            pub fn before_move(self) -> BeforeMove {
                match self { $(Self::$name => BeforeMove::$before_move,)+ }
            }

            /// What holds where it passes.
            pub fn holds(self) -> &'static str {
                match self { $(Self::$name => $holds,)+ }
            }
        }
    };
}

questions! {
    Plan, "plan", Plan, Warns, "The plan is in the bucket, valid, and of this Region.";
    OtherRun, "other-run", Plan, Warns, "No run holds the workload's lock.";
    GlobalCluster, "global-cluster", Database, Warns, "The global cluster is known in the recovery Region, and is not changing its writer.";
    Members, "members", Database, Warns, "The plan's primary is the only writer, the plan's recovery cluster its secondary, and its copy follows.";
    ClusterHealth, "cluster-health", Database, Stops, "The recovery cluster is available.";
    EngineVersions, "engine-versions", Database, Warns, "The engine versions let a managed failover happen.";
    ClusterInstances, "cluster-instances", Database, Warns, "The recovery cluster has an instance, and all of them are available.";
    InstanceClasses, "instance-classes", Database, Warns, "The instance classes are allowed in a global database.";
    ReplicationLag, "replication-lag", Database, Warns, "The replication lag can be read, and is within the RPO.";
    EncryptionKey, "encryption-key", Database, Stops, "The KMS key of the recovery cluster is enabled.";
    DeletionProtection, "deletion-protection", Database, Warns, "The global cluster and the recovery cluster are protected from deletion.";
    Image, "image", Compute, Stops, "The image pointer names an image that can be launched.";
    ImageAge, "image-age", Compute, Warns, "The newest proven image is no older than the plan allows.";
    LaunchTemplate, "launch-template", Compute, Stops, "The launch template has a default version that lets the subnet be chosen.";
    SecurityGroups, "security-groups", Compute, Stops, "The security groups of the launch template exist.";
    Subnets, "subnets", Compute, Stops, "The plan's subnets exist and are available.";
    FreeAddresses, "free-addresses", Compute, Stops, "The subnets have a free address for every instance.";
    InstanceTypes, "instance-types", Compute, Stops, "Every instance type of the plan is offered in the zones of its subnets.";
    VcpuQuota, "vcpu-quota", Compute, Stops, "The On-Demand vCPU quota leaves room for the launch.";
    CapacityReservation, "capacity-reservation", Compute, Warns, "The capacity reservation, where the plan names one, holds the whole launch.";
    ElasticIp, "elastic-ip", Compute, Stops, "The elastic IP address exists, and leads to nobody else.";
    TargetGroups, "target-groups", Compute, Stops, "The target groups exist, take instances of the subnets' network, and are used by a load balancer.";
    GroupSize, "group-size", Compute, Stops, "The Auto Scaling group exists, and may grow to its full size.";
    LaunchRehearsal, "launch-rehearsal", Launch, Stops, "A dry run of the launch succeeds under the role of a recovery.";
    InstanceProfile, "instance-profile", Dependencies, Unasked, "The instance profile that the launch template names exists, and has a role.";
    Roles, "roles", Dependencies, Unasked, "Relight's functions have roles, which Lambda may assume.";
    TrafficHealthCheck, "traffic-health-check", Dependencies, Unasked, "A health check of Route 53 follows the alarm that moves users, the right way round.";
    OriginGroup, "origin-group", Dependencies, Unasked, "The distribution asks the primary's site first and the recovery Region's after it, on every failure of a server.";
    SiteCertificate, "site-certificate", Dependencies, Unasked, "The certificates of the target groups' load balancers are issued, and valid long enough.";
    Tables, "tables", Watch, Warns, "Every table has an active replica in both Regions.";
    ProbeAlarms, "probe-alarms", Watch, Warns, "The probe looks at the primary, and its alarms have data.";
    RecoveryAlarm, "recovery-alarm", Watch, Warns, "The alarm that starts a recovery exists, and its action is taken.";
    TrafficAlarm, "traffic-alarm", Watch, Warns, "The alarm that moves users goes off by what a run writes, within a minute, and keeps its state without data.";
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
