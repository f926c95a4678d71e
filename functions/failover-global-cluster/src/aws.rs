//! The one call that changes something.

use action::aws::{Failure, on_paper};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::failover_global_cluster::builders::FailoverGlobalClusterFluentBuilder;

use crate::decide::FailOver;

/// Fails the global cluster over. AWS answers before the failover has begun.
///
/// Without `AllowDataLoss` the same call is a switchover, which needs the primary that is gone; with `Switchover` too it
/// is an error. The target is named by its ARN, "so that Aurora can locate the cluster in its … Region"
/// (`FailoverGlobalClusterMessage` in the service model).
pub(crate) async fn fail_over(rds: &Client, failover: &FailOver, _permit: &Permit) -> Result<(), Failure> {
    request(rds, failover).send().await?;
    Ok(())
}

/// The call as plan mode lists it; RDS has no dry run.
pub(crate) async fn planned(rds: &Client, failover: &FailOver) -> Result<PlannedCall, Failure> {
    let paper = Client::new(&on_paper(rds.config().region()));
    let rehearsal = Rehearsal::unsent();
    rehearsal.call(request(&paper, failover).customize().interceptor(rehearsal.clone()).send().await)
}

fn request(rds: &Client, failover: &FailOver) -> FailoverGlobalClusterFluentBuilder {
    rds.failover_global_cluster()
        .global_cluster_identifier(failover.global_cluster.as_str())
        .target_db_cluster_identifier(failover.cluster.as_str())
        .allow_data_loss(true)
}

/// Whether a refusal can mean that the failover is already under way, or over.
pub(crate) fn may_be_under_way(refused: &Failure) -> bool {
    refused.is(&["InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"])
}
