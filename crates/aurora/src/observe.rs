//! Two reads, made in the cluster's own Region, and what they say in our words.

use action::aws::Failure;
use action::ids::{ClusterArn, GlobalClusterId};
use action::{ErrorName, NamedError};
use aws_sdk_rds::Client;
use aws_sdk_rds::types;

use crate::ClusterStatus;

/// What was seen of a global database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The global cluster; none if AWS doesn't know it in this Region.
    pub global: Option<GlobalCluster>,
    /// The cluster of this Region.
    pub cluster: Cluster,
}

/// A global cluster: who belongs to it, and whether it is changing its writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalCluster {
    /// Its engine's version, where AWS says it.
    pub engine_version: Option<String>,
    /// The clusters that belong to it.
    pub members: Vec<Member>,
    /// The failover or switchover under way.
    pub failover: Option<Failover>,
}

/// A cluster that belongs to a global cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The cluster's ARN.
    pub arn: String,
    /// Whether it takes writes, or replicates from the one that does.
    pub role: Role,
    /// Whether its copy follows the writer's.
    pub synchronization: Synchronization,
    /// Whether it passes the writes that it gets on to the writer. It is no writer by that, and once it is one the setting
    /// "does nothing" (model: `EnableGlobalWriteForwarding`), so that nothing may wait for it or rely on it.
    pub forwards_writes: bool,
}

/// What a member of a global cluster does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes the writes of all Regions.
    Writer,
    /// Replicates, and can only be read.
    Secondary,
}

/// Whether a member's copy follows the writer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synchronization {
    /// It does, or AWS says nothing about it.
    Connected,
    /// It doesn't, in AWS's word: `pending-resync`, or one that Relight doesn't know.
    Broken(String),
}

/// A change of writer under way, by failover or switchover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// `pending`, `failing-over`, `switching-over`, `cancelling`, or a word that Relight doesn't know: under way, all.
    pub status: String,
    /// The ARN of the cluster that becomes the writer, where AWS says it.
    pub to: Option<String>,
}

/// The cluster of this Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its status.
    pub status: ClusterStatus,
    /// Its engine's version, where AWS says it.
    pub engine_version: Option<String>,
    /// The global cluster that it says it belongs to.
    pub global_cluster: Option<String>,
    /// What its instances do.
    pub instances: Instances,
    /// Where its writer is reached, or will be.
    pub endpoint: Option<Endpoint>,
}

/// What the instances of a cluster do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// There is none: the cluster is headless and serves nobody.
    None,
    /// All of them only read, as in every secondary of a global database (gravitational/teleport#16187).
    Readers,
    /// One of them writes.
    Writer,
}

/// Where a database is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The host's name.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl GlobalCluster {
    /// What AWS's answer about `id` says.
    ///
    /// # Errors
    /// When a member lacks its ARN or its role, which are not guessed.
    pub fn read(id: &GlobalClusterId, global: &types::GlobalCluster) -> Result<Self, ObserveError> {
        let members: Option<Vec<Member>> = global.global_cluster_members().iter().map(member).collect();
        Ok(Self {
            engine_version: global.engine_version().map(str::to_owned),
            members: members.ok_or_else(|| ObserveError::NoRole(id.clone()))?,
            failover: global.failover_state().and_then(failover),
        })
    }

    /// The member that is `cluster`. Names of clusters don't differ in case only (RDS stores them in lower case).
    pub fn member(&self, cluster: &ClusterArn) -> Option<&Member> {
        self.members.iter().find(|member| member.arn.eq_ignore_ascii_case(cluster.as_str()))
    }

    /// The ARNs of the members that write. More than one is a split brain.
    pub fn writers(&self) -> Vec<&str> {
        self.members
            .iter()
            .filter(|member| member.role == Role::Writer)
            .map(|member| member.arn.as_str())
            .collect()
    }
}

impl Cluster {
    /// What AWS's answer says.
    pub fn read(cluster: &types::DbCluster) -> Self {
        let instances = cluster.db_cluster_members();
        Self {
            status: ClusterStatus::from(cluster.status().unwrap_or("without a status")),
            engine_version: cluster.engine_version().map(str::to_owned),
            global_cluster: cluster.global_cluster_identifier().filter(|id| !id.is_empty()).map(str::to_owned),
            instances: match instances.iter().any(|instance| instance.is_cluster_writer() == Some(true)) {
                true => Instances::Writer,
                false if instances.is_empty() => Instances::None,
                false => Instances::Readers,
            },
            endpoint: cluster
                .endpoint()
                .filter(|host| !host.is_empty())
                .zip(cluster.port().and_then(|port| u16::try_from(port).ok()))
                .map(|(host, port)| Endpoint {
                    host: host.to_owned(),
                    port,
                }),
        }
    }

    /// Whether the cluster itself says that it belongs to `global`.
    pub fn says_member_of(&self, global: &GlobalClusterId) -> bool {
        self.global_cluster
            .as_ref()
            .is_some_and(|named| named.eq_ignore_ascii_case(global.as_str()))
    }
}

/// Why the database could not be seen.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The global cluster could not be read.
    #[error("describe global cluster {0}")]
    GlobalCluster(GlobalClusterId, #[source] Failure),
    /// The cluster could not be read.
    #[error("describe cluster {0}")]
    Cluster(ClusterArn, #[source] Failure),
    /// The cluster isn't there.
    #[error("cluster {0} does not exist")]
    NoSuchCluster(ClusterArn),
    /// A member's role is missing from AWS's answer, and it is not guessed.
    #[error("global cluster {0} has a member without ARN or role in the answer of AWS")]
    NoRole(GlobalClusterId),
}

impl NamedError for ObserveError {
    fn name(&self) -> ErrorName {
        match self {
            Self::GlobalCluster(_, failure) | Self::Cluster(_, failure) => failure.name(),
            Self::NoSuchCluster(_) => ErrorName::InvalidInput,
            Self::NoRole(_) => ErrorName::Permanent,
        }
    }
}

/// Looks at `global` and at its member `cluster`; the client must be of the cluster's own Region.
///
/// Makes `rds:DescribeGlobalClusters` and `rds:DescribeDBClusters`.
///
/// # Errors
/// When AWS can't be asked, when it doesn't know the cluster, and when its answer lacks what must not be guessed. That
/// it doesn't know the global cluster is no error: after a detach, this Region may have no member of it left.
pub async fn observe(rds: &Client, global: &GlobalClusterId, cluster: &ClusterArn) -> Result<Seen, ObserveError> {
    Ok(Seen {
        global: global_cluster(rds, global).await?,
        cluster: member_cluster(rds, cluster).await?,
    })
}

async fn global_cluster(rds: &Client, id: &GlobalClusterId) -> Result<Option<GlobalCluster>, ObserveError> {
    let answer = match rds.describe_global_clusters().global_cluster_identifier(id.as_str()).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::from(error);
            return match failure.is(&["GlobalClusterNotFoundFault"]) {
                true => Ok(None),
                false => Err(ObserveError::GlobalCluster(id.clone(), failure)),
            };
        }
    };
    let global = answer.global_clusters().first();
    global.map(|global| GlobalCluster::read(id, global)).transpose()
}

fn member(member: &types::GlobalClusterMember) -> Option<Member> {
    use types::GlobalClusterMemberSynchronizationStatus::Connected;
    use types::WriteForwardingStatus::{Disabling, Enabled};
    Some(Member {
        arn: member.db_cluster_arn()?.to_owned(),
        role: if member.is_writer()? { Role::Writer } else { Role::Secondary },
        synchronization: match member.synchronization_status() {
            None | Some(Connected) => Synchronization::Connected,
            Some(other) => Synchronization::Broken(other.as_str().to_owned()),
        },
        forwards_writes: matches!(member.global_write_forwarding_status(), Some(Enabled | Disabling)),
    })
}

/// AWS may send the element empty: "empty unless [an] operation was called on this global cluster" (`FailoverState` in
/// the service model).
fn failover(state: &types::FailoverState) -> Option<Failover> {
    let status = state.status().map(|status| status.as_str().to_owned());
    let to = state.to_db_cluster_arn().filter(|arn| !arn.is_empty()).map(str::to_owned);
    (status.is_some() || to.is_some()).then(|| Failover {
        status: status.unwrap_or_else(|| "under way".to_owned()),
        to,
    })
}

async fn member_cluster(rds: &Client, arn: &ClusterArn) -> Result<Cluster, ObserveError> {
    let answer = rds.describe_db_clusters().db_cluster_identifier(arn.as_str()).send().await;
    let answer = answer.map_err(|error| {
        let failure = Failure::from(error);
        match failure.is(&["DBClusterNotFoundFault"]) {
            true => ObserveError::NoSuchCluster(arn.clone()),
            false => ObserveError::Cluster(arn.clone(), failure),
        }
    })?;
    let cluster = answer
        .db_clusters()
        .first()
        .ok_or_else(|| ObserveError::NoSuchCluster(arn.clone()))?;
    Ok(Cluster::read(cluster))
}
