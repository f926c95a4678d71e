//! When to fail over, when to wait, and when not to touch anything. Pure.

use action::aws::Failure;
use action::ids::{ClusterArn, GlobalClusterId};
use aurora::{Cluster, ClusterStatus, Endpoint, Instances, Role, Seen};

use crate::io::Request;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the cluster is the writer, and takes writes here.
    AlreadyWriter(Endpoint),
    /// Nothing but to look again.
    Wait(Waiting),
    /// Nothing, and a person must know why.
    Refuse(Refusal),
    /// Nothing: AWS doesn't know such a global cluster in this Region.
    NoSuchGlobalCluster,
    /// Nothing: the cluster is in this status, which it doesn't leave by itself.
    GiveUp(ClusterStatus),
    /// The one call.
    FailOver(FailOver),
}

/// The call that makes a secondary the writer of its global cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailOver {
    /// The global cluster.
    pub global_cluster: GlobalClusterId,
    /// The secondary; the call takes its ARN.
    pub cluster: ClusterArn,
}

/// Why there is nothing to do but to look again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Waiting {
    /// The global cluster is on its way.
    #[error("is becoming the writer of its global cluster: the failover is {0}")]
    FailingOver(String),
    /// `promoting`, or anything else under way.
    #[error("is {0}")]
    UnderWay(ClusterStatus),
    /// The writer of the global cluster, and yet all its instances only read.
    #[error("is the writer of its global cluster, but none of its instances is the writer yet")]
    NoWriterYet,
    /// A writer that can't be reached is none.
    #[error("is the writer of its global cluster, but has no endpoint yet")]
    NoEndpointYet,
}

/// Why we will not fail over. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A managed failover moves the role of the writer between members.
    #[error("{cluster} is no member of global cluster {global_cluster}; a managed failover moves the writer among members only")]
    NotMember {
        /// The cluster.
        cluster: ClusterArn,
        /// The global cluster.
        global_cluster: GlobalClusterId,
    },
    /// Somebody else is already moving the writer elsewhere.
    #[error("global cluster {global_cluster} is already failing over to {to} ({status}), not to {cluster}")]
    FailingOverElsewhere {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The cluster that becomes the writer.
        to: String,
        /// The status of the failover.
        status: String,
        /// The cluster that should have.
        cluster: ClusterArn,
    },
    /// Which data is the right data is no question for a machine.
    #[error("global cluster {global_cluster} has {} writers ({}); a person must decide which data counts", writers.len(), writers.join(", "))]
    TwoWriters {
        /// The global cluster.
        global_cluster: GlobalClusterId,
        /// The ARNs of its writers.
        writers: Vec<String>,
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
/// | global cluster unknown | no such global cluster |
/// | no member | refuse: only a member can become the writer |
/// | a failover under way to another member | refuse: two hands must not pull |
/// | a failover under way, in whatever status | wait |
/// | two writers | refuse: a split brain is a person's to mend |
/// | no instance | refuse: nothing could write afterwards |
/// | not available | wait |
/// | secondary, available | **fail over** |
/// | writer, available, but no instance writes or can be reached yet | wait |
/// | writer, available, an instance writes | done |
///
/// A failover under way is looked at before the count of writers: while roles change hands, none or two may show.
pub fn decide(request: &Request, seen: &Seen) -> Decision {
    let (
        Request {
            global_cluster, cluster, ..
        },
        status,
    ) = (request, &seen.cluster.status);
    if matches!(status, ClusterStatus::Terminal(_)) {
        return Decision::GiveUp(status.clone());
    }
    let Some(global) = &seen.global else {
        return Decision::NoSuchGlobalCluster;
    };
    let Some(member) = global.member(cluster) else {
        return Decision::Refuse(Refusal::NotMember {
            cluster: cluster.clone(),
            global_cluster: global_cluster.clone(),
        });
    };
    if let Some(failover) = &global.failover {
        return match &failover.to {
            Some(to) if !to.eq_ignore_ascii_case(cluster.as_str()) => Decision::Refuse(Refusal::FailingOverElsewhere {
                global_cluster: global_cluster.clone(),
                to: to.clone(),
                status: failover.status.clone(),
                cluster: cluster.clone(),
            }),
            _ => Decision::Wait(Waiting::FailingOver(failover.status.clone())),
        };
    }
    let writers = global.writers();
    if writers.len() > 1 {
        return Decision::Refuse(Refusal::TwoWriters {
            global_cluster: global_cluster.clone(),
            writers: writers.into_iter().map(str::to_owned).collect(),
        });
    }
    if seen.cluster.instances == Instances::None {
        return Decision::Refuse(Refusal::Headless(cluster.clone()));
    }
    if *status != ClusterStatus::Available {
        return Decision::Wait(Waiting::UnderWay(status.clone()));
    }
    match member.role {
        Role::Writer => decide_writer(&seen.cluster),
        Role::Secondary => Decision::FailOver(FailOver {
            global_cluster: global_cluster.clone(),
            cluster: cluster.clone(),
        }),
    }
}

fn decide_writer(cluster: &Cluster) -> Decision {
    match (cluster.instances, &cluster.endpoint) {
        (Instances::Writer, Some(endpoint)) => Decision::AlreadyWriter(endpoint.clone()),
        (Instances::Writer, None) => Decision::Wait(Waiting::NoEndpointYet),
        _ => Decision::Wait(Waiting::NoWriterYet),
    }
}

impl FailOver {
    pub(crate) fn asked(&self) -> String {
        format!("asked AWS to fail global cluster {} over to {}", self.global_cluster, self.cluster)
    }

    pub(crate) fn would_ask(&self) -> String {
        format!(
            "would call rds:FailoverGlobalCluster with AllowDataLoss, global cluster {} and target {}",
            self.global_cluster, self.cluster
        )
    }

    pub(crate) fn not_yet(&self, refused: &Failure) -> String {
        format!(
            "AWS does not fail global cluster {} over to {} yet: {refused}",
            self.global_cluster, self.cluster
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
