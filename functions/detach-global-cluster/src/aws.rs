//! The one call that changes something.

use action::Permit;
use action::aws::Failure;
use aws_sdk_rds::Client;

use crate::decide::Detach;

/// Removes the cluster from its global cluster. Replication stops and promotion begins; AWS answers before either ends.
///
/// The call names the cluster by its ARN (`DbClusterIdentifier` of `RemoveFromGlobalClusterMessage` in the service
/// model), which no two Regions share.
pub(crate) async fn detach(rds: &Client, detach: &Detach, _permit: &Permit) -> Result<(), Failure> {
    rds.remove_from_global_cluster()
        .global_cluster_identifier(detach.global_cluster.as_str())
        .db_cluster_identifier(detach.cluster.as_str())
        .send()
        .await?;
    Ok(())
}

/// Whether a refusal can mean that the cluster is already on its way out: it is no member any more, or being changed.
pub(crate) fn may_be_under_way(refused: &Failure) -> bool {
    refused.is(&[
        "DBClusterNotFoundFault",
        "InvalidDBClusterStateFault",
        "InvalidGlobalClusterStateFault",
    ])
}
