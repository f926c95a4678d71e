//! When to detach, when to wait, and when not to touch anything. Pure.

use action::aws::Failure;
use action::ids::{ClusterArn, GlobalClusterId};
use aurora::{ClusterStatus, Endpoint, Instances, Role, Seen};

use crate::io::Request;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the cluster stands alone and takes writes here.
    AlreadyWriter(Endpoint),
    /// Nothing but to look again.
    Wait(Waiting),
    /// Nothing, and a person must know why.
    Refuse(Refusal),
    /// Nothing: neither AWS nor the cluster knows of such a global cluster.
    NoSuchGlobalCluster,
    /// Nothing: the cluster is in this status, which it doesn't leave by itself.
    GiveUp(ClusterStatus),
    /// The one call.
    Detach(Detach),
}

/// The call that removes a cluster from its global cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detach {
    /// The global cluster.
    pub global_cluster: GlobalClusterId,
    /// The cluster; the call takes its ARN.
    pub cluster: ClusterArn,
}

/// Why there is nothing to do but to look again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Waiting {
    /// `promoting`, or anything else under way.
    #[error("is {0}")]
    UnderWay(ClusterStatus),
    /// The global cluster has let go of it; its own description hasn't followed yet.
    #[error("is available but still says that it is a member of its global cluster")]
    StillMember,
    /// Not a member and available, and yet all its instances only read.
    #[error("is available and detached, but none of its instances is the writer yet")]
    NoWriterYet,
    /// A writer that can't be reached is none.
    #[error("is available, detached and has a writer, but no endpoint yet")]
    NoEndpointYet,
}

/// Why we will not detach. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to fail over.
    #[error("{0} is the writer of its global cluster; detaching it would fail nothing over")]
    IsWriter(ClusterArn),
    /// Which data is the right data is no question for a machine.
    #[error("global cluster {global_cluster} has {} writers ({}); a person must decide which data counts", writers.len(), writers.join(", "))]
    TwoWriters {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The ARNs of its writers.
        writers: Vec<String>,
    },
    /// A detach in the middle of a failover would leave two clusters half promoted.
    #[error("global cluster {global_cluster} is changing its writer ({status}); wait for that, or end it, before detaching a member")]
    FailoverUnderWay {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The status of the failover.
        status: String,
    },
    /// The plan names the wrong global cluster.
    #[error("{cluster} belongs to global cluster {other}, not to {global_cluster}")]
    OtherGlobalCluster {
        /// The cluster.
        cluster: ClusterArn,
        /// The global cluster that the request names.
        global_cluster: GlobalClusterId,
        /// The global cluster that the cluster names.
        other: String,
    },
    /// A headless cluster has nothing that could write.
    #[error("{0} has no instance, so that nothing could take its writes; add one first")]
    Headless(ClusterArn),
}

/// Decides; the first edge that holds is taken.
///
/// | seen | decision |
/// |---|---|
/// | a terminal status | give up: waiting would only lose time |
/// | two writers | refuse: a split brain is a person's to mend |
/// | writer of its global cluster | refuse: nothing would be failed over |
/// | member while a failover is under way | refuse: AWS is already moving the writer |
/// | member without an instance | refuse: nothing could write afterwards |
/// | member, available | **detach** |
/// | member, anything else | wait |
/// | no member, says it belongs to another | refuse: the plan is wrong |
/// | no member, says it still belongs | wait: its description follows late |
/// | global cluster unknown, and the cluster no writer nor becoming one | no such global cluster |
/// | no member, no instance | refuse: it can't become a writer |
/// | no member, not available | wait: it is being promoted |
/// | no member, available, no writer or endpoint yet | wait |
/// | no member, available, writer, endpoint | done |
pub fn decide(request: &Request, seen: &Seen) -> Decision {
    let cluster = &seen.cluster;
    if matches!(cluster.status, ClusterStatus::Terminal(_)) {
        return Decision::GiveUp(cluster.status.clone());
    }
    if let Some(global) = &seen.global {
        let writers = global.writers();
        if writers.len() > 1 {
            return Decision::Refuse(Refusal::TwoWriters {
                global_cluster: request.global_cluster.clone(),
                writers: writers.into_iter().map(str::to_owned).collect(),
            });
        }
        if let Some(member) = global.member(&request.cluster) {
            let failover = global.failover.as_ref().map(|failover| failover.status.clone());
            return decide_member(request, seen, member.role, failover);
        }
    }
    decide_detached(request, seen)
}

fn decide_member(request: &Request, seen: &Seen, role: Role, failover: Option<String>) -> Decision {
    if role == Role::Writer {
        return Decision::Refuse(Refusal::IsWriter(request.cluster.clone()));
    }
    if let Some(status) = failover {
        return Decision::Refuse(Refusal::FailoverUnderWay {
            global_cluster: request.global_cluster.clone(),
            status,
        });
    }
    if seen.cluster.instances == Instances::None {
        return Decision::Refuse(Refusal::Headless(request.cluster.clone()));
    }
    match &seen.cluster.status {
        ClusterStatus::Available => Decision::Detach(Detach {
            global_cluster: request.global_cluster.clone(),
            cluster: request.cluster.clone(),
        }),
        status => Decision::Wait(Waiting::UnderWay(status.clone())),
    }
}

fn decide_detached(request: &Request, seen: &Seen) -> Decision {
    let cluster = &seen.cluster;
    let standalone = match &cluster.global_cluster {
        None => true,
        Some(_) if cluster.says_member_of(&request.global_cluster) => false,
        Some(other) => {
            return Decision::Refuse(Refusal::OtherGlobalCluster {
                cluster: request.cluster.clone(),
                global_cluster: request.global_cluster.clone(),
                other: other.clone(),
            });
        }
    };
    // A Region without a member left may not know the global cluster any more: what the cluster itself shows decides.
    let promoted = cluster.instances == Instances::Writer || cluster.status.as_str() == "promoting";
    if seen.global.is_none() && !(standalone && promoted) {
        return Decision::NoSuchGlobalCluster;
    }
    if cluster.instances == Instances::None {
        return Decision::Refuse(Refusal::Headless(request.cluster.clone()));
    }
    if cluster.status != ClusterStatus::Available {
        return Decision::Wait(Waiting::UnderWay(cluster.status.clone()));
    }
    if !standalone {
        return Decision::Wait(Waiting::StillMember);
    }
    match (cluster.instances, &cluster.endpoint) {
        (Instances::Writer, Some(endpoint)) => Decision::AlreadyWriter(endpoint.clone()),
        (Instances::Writer, None) => Decision::Wait(Waiting::NoEndpointYet),
        _ => Decision::Wait(Waiting::NoWriterYet),
    }
}

impl Detach {
    pub(crate) fn asked(&self) -> String {
        format!("asked AWS to remove {} from global cluster {}", self.cluster, self.global_cluster)
    }

    pub(crate) fn would_ask(&self) -> String {
        format!(
            "would call rds:RemoveFromGlobalCluster with cluster {} and global cluster {}",
            self.cluster, self.global_cluster
        )
    }

    pub(crate) fn not_yet(&self, refused: &Failure) -> String {
        format!(
            "AWS does not remove {} from global cluster {} yet: {refused}",
            self.cluster, self.global_cluster
        )
    }
}

impl Waiting {
    pub(crate) fn because(&self, request: &Request) -> String {
        format!("{} {self}", request.cluster.identifier())
    }

    pub(crate) fn would_wait(&self, request: &Request) -> String {
        format!("would wait, since {}", self.because(request))
    }
}

#[cfg(test)]
mod tests;
