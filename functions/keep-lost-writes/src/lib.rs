//! Keeps what a managed failover may have lost: the snapshot that Aurora leaves of the old primary.
//!
//! A managed failover loses what the old primary took and the recovery cluster had not received. Aurora tries to leave a snapshot
//! of the old primary's volume in its own Region, `rds:unplanned-global-failover-<cluster>-<time>`, which expires like any
//! automated snapshot (Aurora user guide, "Using switchover or failover in Amazon Aurora Global Database"). This copies it there to
//! a manual one, which does not expire, under a name that follows from its own: asked twice, it is one copy.
//!
//! It is asked at the end of a recovery, whose Region is seldom back by then, and once an hour by the workload's schedule, which
//! needs no memory of any run: whatever snapshot of that kind has no copy gets one. A run hears the window of the writes that
//! may be lost. Nothing waits for it beyond [`WITHIN`]. To a run every end is a reply; to the schedule, what AWS says no to
//! is an error, so that the function's alarm tells people.
//!
//! Deliberately absent: deleting a copy, which would lose the writes after all; and merging them, which only people can do.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
mod words;

use std::time::Duration;

use action::aws::FAR_CALL_TIMEOUT;
use action::clock::Bound;
use action::ids::{ClusterArn, Region};
use action::{Call, Mode, Outcome, Permit, environment};
use bucket::Bucket;

use decide::{Copy, Decision, decide};
use error::Error;
use io::{Kept, Reply, Request};

/// The action's name.
pub const NAME: &str = "keep-lost-writes";

/// How long the whole takes at most: a look and a copy. The function's time-out is above it, its state's above that one.
pub const WITHIN: Duration = FAR_CALL_TIMEOUT.saturating_mul(2);

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("rds:DescribeDBClusterSnapshots"),
    Call::read("s3:GetObject"),
    Call::change("rds:CopyDBClusterSnapshot"),
    Call::change("sns:Publish"),
];

/// What this action needs in its own Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The plan.
    pub bucket: Bucket,
    /// The message to people.
    pub sns: aws_sdk_sns::Client,
    /// The topic of workloads whose plan names none.
    pub topic: String,
}

/// Looks, and keeps what has no copy yet; `rds` makes the client of the old primary's Region.
///
/// # Errors
/// To the schedule: when there is no valid plan, when AWS says no, or when people can't be told. To a run: never.
pub async fn handle(
    request: Request,
    clients: &Clients,
    rds: impl FnOnce(&ClusterArn) -> aws_sdk_rds::Client,
    bound: &Bound,
) -> Result<Reply, Error> {
    match request {
        Request::Run {
            mode,
            workload,
            cluster,
            moved,
            ..
        } => {
            // The run's own message tells people.
            let kept = keep(&rds(&cluster), &cluster, mode, bound, async |_, _| Ok(())).await;
            let reply = kept.unwrap_or_else(|error| Reply::unchanged(words::not_yet(&workload, &cluster, &error)));
            Ok(match mode {
                Mode::Execute => reply.with_window(&cluster, &moved),
                Mode::Plan => reply,
            })
        }
        Request::Schedule { workload } => {
            let plan = ledger::read_plan(&clients.bucket, &workload, None).await?.plan;
            let Some(database) = &plan.database else {
                return Ok(Reply::unchanged(format!("the plan of {workload} has no database")));
            };
            let cluster = &database.primary_cluster;
            let topic = plan
                .notifications
                .topic
                .as_ref()
                .map_or(clients.topic.as_str(), |topic| topic.as_str());
            let tell = async |copy: &Copy, permit: &Permit| {
                let (subject, text) = words::message(&workload, cluster, copy);
                aws::tell(&clients.sns, topic, &subject, &text, bound, permit).await
            };
            match keep(&rds(cluster), cluster, Mode::Execute, bound, tell).await {
                // A Region that is away stays away for hours, and its snapshot waits there.
                Err(error) if error.is_silence() => Ok(Reply::unchanged(words::not_yet(&workload, cluster, &error))),
                other => other,
            }
        }
    }
}

/// Copies every snapshot of that kind which has no copy. `tell` is called before each: said twice is better than never.
async fn keep(
    rds: &aws_sdk_rds::Client,
    cluster: &ClusterArn,
    mode: Mode,
    bound: &Bound,
    tell: impl AsyncFn(&Copy, &Permit) -> Result<(), Error>,
) -> Result<Reply, Error> {
    let found = aws::snapshots(rds, cluster, bound).await?;
    let decision = decide(cluster, &found)?;
    let Some(permit) = mode.permit() else {
        return plan(rds, cluster, decision).await;
    };
    for copy in &decision.copy {
        tell(copy, &permit).await?;
        aws::copy(rds, copy, bound, &permit).await?;
    }
    let outcome = if decision.copy.is_empty() {
        Outcome::Unchanged
    } else {
        Outcome::Changed
    };
    let begun: Vec<Kept> = decision.copy.iter().map(Copy::kept).collect();
    let because = words::kept(cluster, &begun, &decision.kept);
    Ok(Reply::new(outcome, because, begun.into_iter().chain(decision.kept)))
}

/// Plan mode: the copies that would be made. Before a failover there is no such snapshot, and the call stands for it in words.
async fn plan(rds: &aws_sdk_rds::Client, cluster: &ClusterArn, decision: Decision) -> Result<Reply, Error> {
    let mut copies = decision.copy;
    if copies.is_empty() {
        copies.push(Copy::foreseen(cluster));
    }
    let mut calls = Vec::new();
    for copy in &copies {
        calls.push(aws::planned_copy(rds, copy).await?);
    }
    let reply = Reply::new(Outcome::Planned, words::would_keep(cluster), decision.kept);
    Ok(Reply { calls, ..reply })
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
        sns: aws_sdk_sns::Client::new(&config),
        topic: environment::required("RELIGHT_TOPIC")?,
    };
    let rds = |cluster: &ClusterArn| {
        // The ARN of a cluster has a Region in it; where that is none of AWS's, the call fails and says so.
        let far = cluster.region().parse::<Region>().map(|region| action::aws::far(&config, &region));
        aws_sdk_rds::Client::new(far.as_ref().unwrap_or(&config))
    };
    action::run(NAME, |request| {
        let bound = Bound::within(WITHIN);
        let (clients, rds) = (&clients, &rds);
        async move { handle(request, clients, rds, &bound).await }
    })
    .await
}
