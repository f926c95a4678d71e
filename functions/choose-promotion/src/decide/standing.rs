//! Where the recovery cluster stands before anything is chosen.

use aurora::{Cluster, ClusterStatus, Endpoint, GlobalCluster, Instances, Member, Role, Seen, Synchronization};

use super::{Refusal, Stop};
use crate::io::{Request, Verb};

/// Where the recovery cluster stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes writes.
    Writer {
        /// Where.
        endpoint: Endpoint,
        /// Which kind of writer it is.
        because: String,
    },
    /// A promotion is under way; asking for it again only waits for it.
    Moving {
        /// The verb that waits for it.
        verb: Verb,
        /// What is under way.
        because: String,
    },
    /// It follows the writer of its global cluster.
    Follower(Follower),
}

/// A cluster that follows its global cluster's writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Why a managed failover is not possible; none if it is.
    pub bar: Option<Bar>,
    /// Whether it passes the writes that it gets on to the writer.
    pub forwards_writes: bool,
}

/// Why a managed failover is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bar {
    /// "only if the primary and secondary DB clusters have the same major and minor engine versions", and for Aurora
    /// MySQL the same patch level (AuroraUserGuide/aurora-global-database-upgrade.html). The primary's own version can't
    /// be asked for from here; the global cluster carries it.
    #[error("the engine versions differ ({cluster} here, {global} in the global cluster)")]
    Versions {
        /// The recovery cluster's.
        cluster: String,
        /// The global cluster's.
        global: String,
    },
    /// A failover needs somebody to take over from.
    #[error("the global cluster has no writer")]
    NoWriter,
    /// The copy is not what the writer has.
    #[error("its copy does not follow the writer's ({0})")]
    Synchronization(String),
}

/// Tells where the cluster stands; the first edge that holds is taken.
///
/// | seen | standing |
/// |---|---|
/// | a terminal status | stop: no promotion would end |
/// | a failover of its global cluster under way, to another member | refuse: two hands must not pull |
/// | a failover under way otherwise | moving, by failover |
/// | two writers | refuse: a split brain is a person's to mend |
/// | no member, says it belongs to another global cluster | refuse: the plan is wrong |
/// | global cluster unknown, and the cluster no standalone writer nor becoming one | no such global cluster |
/// | no instance | refuse: nothing could write afterwards |
/// | secondary | follower |
/// | writer or no member, available, an instance writes | writer |
/// | writer of its global cluster, otherwise | moving, by failover |
/// | no member, otherwise | moving, by detach |
///
/// # Errors
/// The edges that stop.
pub fn stand(request: &Request, seen: &Seen) -> Result<Standing, Stop> {
    let (arn, cluster) = (&request.cluster, &seen.cluster);
    if matches!(cluster.status, ClusterStatus::Terminal(_)) {
        return Err(Stop::Terminal(arn.clone(), cluster.status.clone()));
    }
    let member = seen.global.as_ref().and_then(|global| Some((global, global.member(arn)?)));
    if let Some((global, _)) = member
        && let Some(moving) = failing_over(request, global)?
    {
        return Ok(moving);
    }
    if let Some(global) = &seen.global
        && let writers = global.writers()
        && writers.len() > 1
    {
        let writers = writers.into_iter().map(str::to_owned).collect();
        let global_cluster = request.global_cluster.clone();
        return Err(Refusal::TwoWriters { global_cluster, writers }.into());
    }
    if member.is_none() {
        may_stand_alone(request, seen)?;
    }
    if cluster.instances == Instances::None {
        return Err(Refusal::Headless(arn.clone()).into());
    }
    let (name, global_cluster) = (arn.identifier(), &request.global_cluster);
    let (verb, writer_of) = match member {
        Some((global, member)) if member.role == Role::Secondary => {
            return Ok(Standing::Follower(Follower {
                bar: bar(&seen.cluster, global, member),
                forwards_writes: member.forwards_writes,
            }));
        }
        Some(_) => (Verb::Failover, format!("the writer of global cluster {global_cluster}")),
        None => (
            Verb::Detach,
            format!("a standalone writer, no member of global cluster {global_cluster}"),
        ),
    };
    Ok(match &cluster.endpoint {
        Some(endpoint) if writes(seen) => Standing::Writer {
            endpoint: endpoint.clone(),
            because: format!("none: {name} is already {writer_of}"),
        },
        _ => Standing::Moving {
            verb,
            because: format!("{}: {name} ({}) is already becoming {writer_of}", verb, cluster.status),
        },
    })
}

fn writes(seen: &Seen) -> bool {
    seen.cluster.status == ClusterStatus::Available && seen.cluster.instances == Instances::Writer
}

fn failing_over(request: &Request, global: &GlobalCluster) -> Result<Option<Standing>, Refusal> {
    let Some(failover) = &global.failover else {
        return Ok(None);
    };
    match &failover.to {
        Some(to) if !to.eq_ignore_ascii_case(request.cluster.as_str()) => Err(Refusal::FailingOverElsewhere {
            global_cluster: request.global_cluster.clone(),
            to: to.clone(),
            cluster: request.cluster.clone(),
        }),
        _ => Ok(Some(Standing::Moving {
            verb: Verb::Failover,
            because: format!(
                "failover: global cluster {} is already changing its writer ({})",
                request.global_cluster, failover.status
            ),
        })),
    }
}

/// A Region without a member left may not know the global cluster any more: what the cluster itself shows decides.
fn may_stand_alone(request: &Request, seen: &Seen) -> Result<(), Stop> {
    let cluster = &seen.cluster;
    let says = cluster.global_cluster.as_ref();
    if let Some(other) = says.filter(|_| !cluster.says_member_of(&request.global_cluster)) {
        return Err(Refusal::OtherGlobalCluster {
            cluster: request.cluster.clone(),
            global_cluster: request.global_cluster.clone(),
            other: other.clone(),
        }
        .into());
    }
    let promoted = cluster.instances == Instances::Writer || cluster.status.as_str() == "promoting";
    if seen.global.is_none() && (says.is_some() || !promoted) {
        return Err(Stop::NoSuchGlobalCluster(request.global_cluster.clone()));
    }
    Ok(())
}

/// Why a managed failover to `cluster`, the `member` of `global`, is not possible; none if it is.
pub fn bar(cluster: &Cluster, global: &GlobalCluster, member: &Member) -> Option<Bar> {
    if let Synchronization::Broken(status) = &member.synchronization {
        return Some(Bar::Synchronization(status.clone()));
    }
    if global.writers().is_empty() {
        return Some(Bar::NoWriter);
    }
    match (&cluster.engine_version, &global.engine_version) {
        (Some(cluster), Some(global)) if cluster != global => Some(Bar::Versions {
            cluster: cluster.clone(),
            global: global.clone(),
        }),
        _ => None,
    }
}
