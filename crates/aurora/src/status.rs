//! What the status of an Aurora cluster means to someone who waits for it.

use std::fmt;

/// The status of a cluster, sorted by what waiting for it would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterStatus {
    /// `available`: healthy. Says nothing about who writes: a read-only secondary is `available` too.
    Available,
    /// Something is under way (`promoting`, `modifying`, …), or AWS says a word that Relight doesn't know.
    UnderWay(String),
    /// The cluster doesn't leave this status by itself within a recovery, so that waiting would only lose time.
    Terminal(String),
}

/// Sources: "DB cluster status" (AuroraUserGuide/Aurora.Status.html); the failures of the waiter `DBClusterAvailable`
/// in the service model; and, for the recoverable one, which a person has to end and which ends for good after seven
/// days, repost.aws/knowledge-center/rds-aurora-inaccessible-state.
const TERMINAL: [&str; 11] = [
    "cloning-failed",
    "deleted",
    "deleting",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-parameters",
    "incompatible-restore",
    "migration-failed",
    "stopped",
    "stopping",
];

impl ClusterStatus {
    /// The status as AWS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Available => "available",
            Self::UnderWay(status) | Self::Terminal(status) => status,
        }
    }
}

impl From<&str> for ClusterStatus {
    fn from(status: &str) -> Self {
        match status {
            "available" => Self::Available,
            status if TERMINAL.contains(&status) => Self::Terminal(status.to_owned()),
            status => Self::UnderWay(status.to_owned()),
        }
    }
}

impl fmt::Display for ClusterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_status_is_available_under_way_or_terminal() {
        let under_way = [
            "backing-up",
            "backtracking",
            "creating",
            "failing-over",
            "maintenance",
            "migrating",
            "modifying",
            "promoting",
            "renaming",
            "resetting-master-credentials",
            "starting",
            "update-iam-db-auth",
            "upgrading",
        ];
        assert_eq!(ClusterStatus::from("available"), ClusterStatus::Available);
        for status in under_way {
            assert_eq!(ClusterStatus::from(status), ClusterStatus::UnderWay(status.to_owned()));
        }
        for status in TERMINAL {
            assert_eq!(ClusterStatus::from(status), ClusterStatus::Terminal(status.to_owned()));
        }
    }

    #[test]
    fn an_unknown_status_is_waited_for() {
        assert_eq!(
            ClusterStatus::from("rebalancing"),
            ClusterStatus::UnderWay("rebalancing".to_owned())
        );
    }
}
