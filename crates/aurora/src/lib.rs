//! An Aurora global database as one Region sees it: membership, a failover under way, and one member cluster.
//!
//! Shared by every action on the database, so that all of them mean the same by "writer" and "available". It only
//! looks: the calls that change something stay in the functions, each behind its permit.

mod observe;
mod status;

use std::time::Duration;

use jiff::Timestamp;

pub use observe::{Cluster, Endpoint, Failover, GlobalCluster, Instances, Member, ObserveError, Role, Seen, Synchronization, observe};
pub use status::ClusterStatus;

const SETTLING: Duration = Duration::from_secs(60);

/// Whether a refusal that nothing seen explains may still be AWS's own delay.
///
/// A change that AWS has accepted shows in its descriptions only some seconds later; asked again meanwhile, it answers
/// that the state is invalid. Such an answer is waited out for the first minute after the action was first asked
/// (`since`), and believed afterwards.
pub fn settling(since: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).is_ok_and(|spent| spent < SETTLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unexplained_refusal_is_waited_out_for_a_minute() {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        assert!(settling(at(1_000), at(1_000)));
        assert!(settling(at(1_000), at(1_059)));
        assert!(!settling(at(1_000), at(1_060)));
    }
}
