//! Makes the recovery cluster the writer of its global cluster by a managed failover that may lose data.
//!
//! Point of no return: what the old primary had not replicated is lost to the global cluster. Aurora tries to stop the
//! old primary's writes and to snapshot it, and takes it back as a secondary when its Region returns
//! (AuroraUserGuide/aurora-global-database-disaster-recovery.html). Running it again is harmless.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, Mode, clock};
use aws_sdk_rds::Client;
use jiff::Timestamp;

use decide::{Decision, Waiting, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "failover-global-cluster";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("rds:DescribeDBClusters"),
    Call::read("rds:DescribeGlobalClusters"),
    Call::change("rds:FailoverGlobalCluster"),
];

/// Looks at the cluster and, where it still follows and nothing is under way, fails its global cluster over to it.
///
/// Done means all of it: the writer of the global cluster, no failover under way, an instance that writes, and status
/// `available`. `rds` must be a client of the cluster's own Region.
///
/// # Errors
/// [`Error`] says which call failed on what, why nothing was done, or what was last seen when the deadline passed.
pub async fn handle(request: Request, rds: &Client, now: Timestamp) -> Result<Reply, Error> {
    let seen = aurora::observe(rds, &request.global_cluster, &request.cluster).await?;
    let decision = decide(&request, &seen);
    let (Decision::FailOver(failover), Some(permit)) = (&decision, request.mode.permit()) else {
        return report(&request, rds, &seen, &decision, now).await;
    };
    let again = request
        .pace()
        .next(now)
        .map_err(|passed| Error::too_late(&request, &decision, passed))?;
    let Err(refused) = aws::fail_over(rds, failover, &permit).await else {
        return Ok(Reply::waiting(&seen, again, failover.asked(), true));
    };
    if !aws::may_be_under_way(&refused) {
        return Err(Error::FailOver(failover.clone(), refused));
    }
    // The first look may have been older than what AWS has accepted since: only a second one can tell.
    let seen = aurora::observe(rds, &request.global_cluster, &request.cluster).await?;
    match decide(&request, &seen) {
        Decision::FailOver(failover) if !aurora::settling(request.since, now) => Err(Error::FailOver(failover, refused)),
        Decision::FailOver(failover) => Ok(Reply::waiting(&seen, again, failover.not_yet(&refused), false)),
        decision => report(&request, rds, &seen, &decision, now).await,
    }
}

/// What there is to say where nothing is to be called.
async fn report(request: &Request, rds: &Client, seen: &aurora::Seen, decision: &Decision, now: Timestamp) -> Result<Reply, Error> {
    match decision {
        Decision::AlreadyWriter(endpoint) => Ok(Reply::unchanged(request, seen, endpoint)),
        Decision::FailOver(failover) => {
            let call = aws::planned(rds, failover).await;
            let call = call.map_err(|failure| Error::FailOver(failover.clone(), failure))?;
            Ok(Reply::planned(seen, failover.would_ask(), vec![call]))
        }
        Decision::Wait(waiting) if request.mode == Mode::Plan => Ok(Reply::planned(seen, waiting.would_wait(request), vec![])),
        Decision::Wait(waiting) => {
            let passed = |passed| Error::too_late(request, decision, passed);
            let again = request.pace().next(now).map_err(passed)?;
            // A cluster that isn't available may be so for another reason, such as maintenance.
            let no_return = !matches!(waiting, Waiting::UnderWay(_));
            Ok(Reply::waiting(seen, again, waiting.because(request), no_return))
        }
        Decision::Refuse(refusal) => Err(Error::Refused(refusal.clone())),
        Decision::NoSuchGlobalCluster => Err(Error::NoSuchGlobalCluster(request.global_cluster.clone())),
        Decision::GiveUp(status) => Err(Error::Terminal(request.cluster.clone(), status.clone())),
    }
}

/// Builds the client and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let rds = Client::new(&action::aws::config(NAME)?);
    action::run(NAME, |request| handle(request, &rds, clock::now())).await
}
