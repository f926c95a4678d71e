//! The one call that changes something.

use action::Permit;
use action::aws::Failure;
use aws_sdk_rds::Client;

use crate::decide::FailOver;

/// Fails the global cluster over. AWS answers before the failover has begun.
///
/// Without `AllowDataLoss` the same call is a switchover, which needs the primary that is gone; with `Switchover` too it
/// is an error. The target is named by its ARN, "so that Aurora can locate the cluster in its … Region"
/// (`FailoverGlobalClusterMessage` in the service model).
pub(crate) async fn fail_over(rds: &Client, failover: &FailOver, _permit: &Permit) -> Result<(), Failure> {
    rds.failover_global_cluster()
        .global_cluster_identifier(failover.global_cluster.as_str())
        .target_db_cluster_identifier(failover.cluster.as_str())
        .allow_data_loss(true)
        .send()
        .await?;
    Ok(())
}

/// Whether a refusal can mean that the failover is already under way, or over.
pub(crate) fn may_be_under_way(refused: &Failure) -> bool {
    refused.is(&["InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"])
}
