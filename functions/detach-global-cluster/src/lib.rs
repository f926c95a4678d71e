//! Makes the recovery cluster a standalone writer by removing it from its global cluster.
//!
//! Point of no return: from here on the old primary and this cluster diverge. There is no undo; the way home is a
//! failback. Running it again is harmless: a standalone writer is left as it is.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, Mode, clock};
use aws_sdk_rds::Client;
use jiff::Timestamp;

use decide::{Decision, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "detach-global-cluster";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("rds:DescribeDBClusters"),
    Call::read("rds:DescribeGlobalClusters"),
    Call::change("rds:RemoveFromGlobalCluster"),
];

/// Looks at the cluster and, where it still follows its global cluster, removes it from there.
///
/// Done means all three: no member of the global cluster, an instance that writes, and status `available`. `rds` must
/// be a client of the cluster's own Region.
///
/// # Errors
/// [`Error`] says which call failed on what, why nothing was done, or what was last seen when the deadline passed.
pub async fn handle(request: Request, rds: &Client, now: Timestamp) -> Result<Reply, Error> {
    let seen = aurora::observe(rds, &request.global_cluster, &request.cluster).await?;
    let decision = decide(&request, &seen);
    let (Decision::Detach(detach), Some(permit)) = (&decision, request.mode.permit()) else {
        return report(&request, rds, &seen, &decision, now).await;
    };
    let again = request
        .pace()
        .next(now)
        .map_err(|passed| Error::too_late(&request, &decision, passed))?;
    let Err(refused) = aws::detach(rds, detach, &permit).await else {
        return Ok(Reply::waiting(&seen, again, detach.asked(), true));
    };
    if !aws::may_be_under_way(&refused) {
        return Err(Error::Detach(detach.clone(), refused));
    }
    // The first look may have been older than what AWS has accepted since: only a second one can tell.
    let seen = aurora::observe(rds, &request.global_cluster, &request.cluster).await?;
    match decide(&request, &seen) {
        Decision::Detach(detach) if !aurora::settling(request.since, now) => Err(Error::Detach(detach, refused)),
        Decision::Detach(detach) => Ok(Reply::waiting(&seen, again, detach.not_yet(&refused), false)),
        decision => report(&request, rds, &seen, &decision, now).await,
    }
}

/// What there is to say where nothing is to be called.
async fn report(request: &Request, rds: &Client, seen: &aurora::Seen, decision: &Decision, now: Timestamp) -> Result<Reply, Error> {
    match decision {
        Decision::AlreadyWriter(endpoint) => Ok(Reply::unchanged(request, seen, endpoint)),
        Decision::Detach(detach) => {
            let call = aws::planned(rds, detach).await;
            let call = call.map_err(|failure| Error::Detach(detach.clone(), failure))?;
            Ok(Reply::planned(seen, detach.would_ask(), vec![call]))
        }
        Decision::Wait(waiting) if request.mode == Mode::Plan => Ok(Reply::planned(seen, waiting.would_wait(request), vec![])),
        Decision::Wait(waiting) => {
            let passed = |passed| Error::too_late(request, decision, passed);
            let again = request.pace().next(now).map_err(passed)?;
            let member = seen.global.as_ref().and_then(|global| global.member(&request.cluster));
            Ok(Reply::waiting(seen, again, waiting.because(request), member.is_none()))
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
