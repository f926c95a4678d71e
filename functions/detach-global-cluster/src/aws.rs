//! The one call that changes something.

use action::aws::{Failure, on_paper};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::remove_from_global_cluster::builders::RemoveFromGlobalClusterFluentBuilder;

use crate::decide::Detach;

/// Removes the cluster from its global cluster. Replication stops and promotion begins; AWS answers before either ends.
///
/// The call names the cluster by its ARN (`DbClusterIdentifier` of `RemoveFromGlobalClusterMessage` in the service
/// model), which no two Regions share.
pub(crate) async fn detach(rds: &Client, detach: &Detach, _permit: &Permit) -> Result<(), Failure> {
    request(rds, detach).send().await?;
    Ok(())
}

/// The call as plan mode lists it; RDS has no dry run.
pub(crate) async fn planned(rds: &Client, detach: &Detach) -> Result<PlannedCall, Failure> {
    let paper = Client::new(&on_paper(rds.config().region()));
    let rehearsal = Rehearsal::unsent();
    rehearsal.call(request(&paper, detach).customize().interceptor(rehearsal.clone()).send().await)
}

fn request(rds: &Client, detach: &Detach) -> RemoveFromGlobalClusterFluentBuilder {
    rds.remove_from_global_cluster()
        .global_cluster_identifier(detach.global_cluster.as_str())
        .db_cluster_identifier(detach.cluster.as_str())
}

/// Whether a refusal can mean that the cluster is already on its way out: it is no member any more, or being changed.
pub(crate) fn may_be_under_way(refused: &Failure) -> bool {
    refused.is(&[
        "DBClusterNotFoundFault",
        "InvalidDBClusterStateFault",
        "InvalidGlobalClusterStateFault",
    ])
}
