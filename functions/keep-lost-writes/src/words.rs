//! What people are told.

use action::chain;
use action::ids::{ClusterArn, WorkloadName};

use crate::decide::Copy;
use crate::error::Error;
use crate::io::Kept;

const LATER: &str = "the workload's schedule goes on looking once an hour";

/// What is kept: what was begun now, or else what was begun before.
pub(crate) fn kept(cluster: &ClusterArn, begun: &[Kept], before: &[Kept]) -> String {
    let listed = |kept: &[Kept]| kept.iter().map(|kept| kept.manual.as_str()).collect::<Vec<_>>().join(", ");
    let (name, region) = (cluster.identifier(), cluster.region());
    match (begun, before) {
        ([], []) => format!("Aurora has left no snapshot of {name} in {region} that could be copied; {LATER}"),
        ([], before) => format!("kept in {region} already: {}", listed(before)),
        (begun, _) => format!(
            "copying what Aurora left of {name} to {} in {region}: a manual snapshot does not expire",
            listed(begun)
        ),
    }
}

/// That nothing could be kept now, and who goes on.
pub(crate) fn not_yet(workload: &WorkloadName, cluster: &ClusterArn, error: &Error) -> String {
    let (name, region) = (cluster.identifier(), cluster.region());
    format!(
        "what {workload} may have lost with {name} in {region} is not kept yet: {}; {LATER}",
        chain(error)
    )
}

/// What execute would do.
pub(crate) fn would_keep(cluster: &ClusterArn) -> String {
    format!(
        "would look in {} for the snapshot that Aurora leaves of {}, and copy it to a manual one, which does not expire",
        cluster.region(),
        cluster.identifier()
    )
}

/// The message, its subject first: one line of ASCII, as SNS wants it (model: PublishInput$Subject).
pub(crate) fn message(workload: &WorkloadName, cluster: &ClusterArn, copy: &Copy) -> (String, String) {
    let (name, region) = (cluster.identifier(), cluster.region());
    let text = format!(
        "Aurora left snapshot {} of {name} in {region}, with writes of {workload} that its failover may have lost. Relight copies it to {}, which \
         does not expire.\n\nTo merge them, restore it as a cluster of its own and compare:\naws rds restore-db-cluster-from-snapshot --region {region} \
         --snapshot-identifier {} --db-cluster-identifier NAME --engine ENGINE\n\nThe report of the run that failed over names the window \
         (lostWrites). The copy costs storage until somebody deletes it; Relight never does.",
        copy.automated, copy.manual, copy.manual
    );
    (format!("Relight: the lost writes of {workload} are being kept"), text)
}
