//! Which snapshots are to be kept, which are, and which writes they may be needed for. Pure.

use std::time::Duration;

use action::ids::ClusterArn;
use jiff::Timestamp;

use crate::error::Error;
use crate::io::{Kept, LostWrites, Moved};

/// How Aurora names what it leaves of an old primary (Aurora user guide, "Using switchover or failover in Amazon Aurora Global
/// Database").
const LEFT: &str = "rds:unplanned-global-failover-";

/// What the names of copies begin with; the role may make no others.
const COPY: &str = "relight-";

/// How long the name of a manual snapshot may be (API_CopyDBClusterSnapshot, TargetDBClusterSnapshotIdentifier).
const LONGEST_NAME: usize = 63;

/// A snapshot of the cluster, automated or manual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its identifier.
    pub id: String,
    /// Its status, such as `available`, `creating`, `copying` or `failed`.
    pub status: String,
}

/// A copy to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The automated snapshot.
    pub automated: String,
    /// The manual one.
    pub manual: String,
}

impl Copy {
    fn of(automated: &str) -> Self {
        Self {
            automated: automated.to_owned(),
            manual: manual(automated),
        }
    }

    /// The one that a failover will need, of a snapshot that isn't there yet.
    pub(crate) fn foreseen(cluster: &ClusterArn) -> Self {
        let cluster = cluster.identifier();
        Self {
            automated: format!("({LEFT}{cluster}- and a time)"),
            manual: format!("({COPY}{cluster}- and that time)"),
        }
    }

    pub(crate) fn kept(&self) -> Kept {
        Kept {
            automated: self.automated.clone(),
            manual: self.manual.clone(),
        }
    }
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What has no copy.
    pub copy: Vec<Copy>,
    /// What has one, or is being copied.
    pub kept: Vec<Kept>,
}

/// The name of the copy of `automated`: the end of its name, which has the time in it, so that no two of a cluster share one.
fn manual(automated: &str) -> String {
    let rest = automated.strip_prefix(LEFT).unwrap_or(automated);
    let begin = rest.len().saturating_sub(LONGEST_NAME - COPY.len());
    // Identifiers are ASCII, and have no two hyphens in a row.
    let end = rest.get(begin..).unwrap_or(rest).trim_start_matches('-');
    format!("{COPY}{end}")
}

/// What to do about the snapshots that were `found` of `cluster`. One that isn't available yet is left to the next hour.
///
/// # Errors
/// When a copy has failed: its name is taken.
pub fn decide(cluster: &ClusterArn, found: &[Snapshot]) -> Result<Decision, Error> {
    let prefix = format!("{LEFT}{}-", cluster.identifier());
    let mut decision = Decision::default();
    for left in found.iter().filter(|snapshot| snapshot.id.starts_with(&prefix)) {
        let copy = Copy::of(&left.id);
        match found.iter().find(|snapshot| snapshot.id == copy.manual) {
            Some(manual) if manual.status == "failed" => {
                let Copy { automated, manual } = copy;
                return Err(Error::Broken { automated, manual });
            }
            Some(_) => decision.kept.push(copy.kept()),
            None if left.status == "available" => decision.copy.push(copy),
            None => {}
        }
    }
    Ok(decision)
}

/// Which writes may be lost. Of several snapshots that are `kept`, the newest is that of the last failover.
pub fn window(cluster: &ClusterArn, moved: &Moved, kept: &[Kept]) -> LostWrites {
    let Moved {
        lag_seconds,
        measured_at,
        recovered_at: to,
    } = *moved;
    let lag = lag_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let from: Option<Timestamp> = lag.and_then(|lag| measured_at.checked_sub(lag).ok());
    let (name, region) = (cluster.identifier(), cluster.region());
    let since = match (from, lag_seconds) {
        (Some(from), Some(lag)) => {
            format!("after {from} may be missing, since the recovery cluster was {lag:.2} s behind at {measured_at}")
        }
        _ => "before the failover may be missing, nobody knows from when on, since the lag was not measured".to_owned(),
    };
    let snapshot = kept.first().map(|kept| kept.manual.clone());
    let place = match &snapshot {
        Some(snapshot) => format!("they are in snapshot {snapshot} in {region}"),
        None => format!("if Aurora leaves a snapshot of {name} in {region}, the workload's schedule keeps it once that Region answers"),
    };
    LostWrites {
        from,
        to,
        snapshot,
        because: format!(
            "writes that {name} took {since}; until {to}, when the recovery cluster was seen to be the writer, and later where nothing kept {name} from \
             taking writes; {place}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT_HERE: &str = "rds:unplanned-global-failover-unishop-primary-2026-11-21-03-15";
    const COPIED: &str = "relight-unishop-primary-2026-11-21-03-15";

    fn cluster() -> ClusterArn {
        "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary".parse().unwrap()
    }

    fn snapshot(id: &str, status: &str) -> Snapshot {
        Snapshot {
            id: id.to_owned(),
            status: status.to_owned(),
        }
    }

    fn kept() -> Kept {
        Kept {
            automated: LEFT_HERE.to_owned(),
            manual: COPIED.to_owned(),
        }
    }

    #[test]
    fn what_a_failover_left_is_copied_once_and_nothing_else_is() {
        let other = "rds:unplanned-global-failover-unishop-primary2-2026-11-21-03-15";
        for (found, copies, already) in [
            (vec![], 0, vec![]),
            (vec![snapshot("rds:unishop-primary-2026-11-21-02-00", "available")], 0, vec![]),
            (vec![snapshot(other, "available")], 0, vec![]),
            (vec![snapshot(LEFT_HERE, "creating")], 0, vec![]),
            (vec![snapshot(LEFT_HERE, "available")], 1, vec![]),
            (vec![snapshot(LEFT_HERE, "available"), snapshot(COPIED, "copying")], 0, vec![kept()]),
            (
                vec![snapshot(LEFT_HERE, "available"), snapshot(COPIED, "available")],
                0,
                vec![kept()],
            ),
        ] {
            let decision = decide(&cluster(), &found).unwrap();
            assert_eq!((decision.copy.len(), &decision.kept), (copies, &already), "{found:?}");
            assert!(decision.copy.iter().all(|copy| copy.manual == COPIED));
        }
    }

    #[test]
    fn a_copy_that_failed_is_told_and_not_made_over() {
        let found = [snapshot(LEFT_HERE, "available"), snapshot(COPIED, "failed")];
        let error = decide(&cluster(), &found).unwrap_err().to_string();
        assert!(error.contains(COPIED) && error.contains("delete-db-cluster-snapshot"), "{error}");
    }

    #[test]
    fn a_long_name_keeps_its_end_and_stays_a_name() {
        let long = format!("{LEFT}{}2026-11-21-03-15", "a-".repeat(31));
        let name = manual(&long);
        assert!(name.len() <= LONGEST_NAME && name.ends_with("-2026-11-21-03-15"), "{name}");
        assert!(!name.contains("--") && name.starts_with(COPY), "{name}");
    }

    #[test]
    fn the_window_begins_where_the_copy_was_and_says_what_nobody_knows() {
        let mut moved = Moved {
            lag_seconds: Some(1.5),
            measured_at: "2026-11-21T03:15:10Z".parse().unwrap(),
            recovered_at: "2026-11-21T03:16:00Z".parse().unwrap(),
        };
        let known = window(&cluster(), &moved, &[kept()]);
        assert_eq!(known.from, Some("2026-11-21T03:15:08.5Z".parse().unwrap()));
        assert!(
            known.because.contains("they are in snapshot relight-unishop-primary"),
            "{}",
            known.because
        );
        moved.lag_seconds = None;
        let unknown = window(&cluster(), &moved, &[]);
        assert_eq!((unknown.from, unknown.snapshot.as_deref()), (None, None));
        assert!(unknown.because.contains("nobody knows from when on"), "{}", unknown.because);
    }
}
