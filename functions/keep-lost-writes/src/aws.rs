//! Every call of this action: a look and a copy in the old primary's Region, and a message to people. No call is waited for longer
//! than the bound.

use action::aws::{Failure, on_paper};
use action::clock::Bound;
use action::ids::ClusterArn;
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_rds::operation::copy_db_cluster_snapshot::builders::CopyDBClusterSnapshotFluentBuilder;

use crate::decide::{Copy, Snapshot};
use crate::error::Error;

/// What a call comes to within `bound`.
async fn held<T>(bound: &Bound, what: String, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Error> {
    match bound.hold(call).await {
        Some(answered) => answered.map_err(|failure| Error::Call(what, failure)),
        None => Err(Error::Unheard { what }),
    }
}

/// The snapshots of `cluster`: without a type, the automated and the manual ones (API_DescribeDBClusterSnapshots, SnapshotType).
pub(crate) async fn snapshots(rds: &aws_sdk_rds::Client, cluster: &ClusterArn, bound: &Bound) -> Result<Vec<Snapshot>, Error> {
    let look = async {
        let listed = rds.describe_db_cluster_snapshots().db_cluster_identifier(cluster.identifier());
        let mut pages = listed.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page?.db_cluster_snapshots().iter().filter_map(|snapshot| {
                Some(Snapshot {
                    id: snapshot.db_cluster_snapshot_identifier()?.to_owned(),
                    status: snapshot.status().unwrap_or_default().to_owned(),
                })
            }));
        }
        Ok(found)
    };
    let what = format!("describe the snapshots of {} in {}", cluster.identifier(), cluster.region());
    held(bound, what, look).await
}

/// Begins a copy, which AWS finishes by itself. One that somebody else has begun meanwhile is the same copy.
pub(crate) async fn copy(rds: &aws_sdk_rds::Client, copy: &Copy, bound: &Bound, _permit: &Permit) -> Result<(), Error> {
    let what = format!("copy snapshot {} to {}", copy.automated, copy.manual);
    let copied = held(bound, what, async { Ok(copying(rds, copy).send().await.map(drop)?) });
    match copied.await {
        Err(Error::Call(_, failure)) if failure.is(&["DBClusterSnapshotAlreadyExistsFault"]) => Ok(()),
        other => other,
    }
}

/// The same as plan mode lists it; RDS has no dry run.
pub(crate) async fn planned_copy(rds: &aws_sdk_rds::Client, copy: &Copy) -> Result<PlannedCall, Error> {
    let paper = aws_sdk_rds::Client::new(&on_paper(rds.config().region()));
    let rehearsal = Rehearsal::unsent();
    let answer = copying(&paper, copy).customize().interceptor(rehearsal.clone()).send().await;
    rehearsal
        .call(answer)
        .map_err(|failure| Error::Call(format!("plan the copy of snapshot {}", copy.automated), failure))
}

fn copying(rds: &aws_sdk_rds::Client, copy: &Copy) -> CopyDBClusterSnapshotFluentBuilder {
    rds.copy_db_cluster_snapshot()
        .source_db_cluster_snapshot_identifier(&copy.automated)
        .target_db_cluster_snapshot_identifier(&copy.manual)
}

/// Tells people.
pub(crate) async fn tell(
    sns: &aws_sdk_sns::Client,
    topic: &str,
    subject: &str,
    text: &str,
    bound: &Bound,
    _permit: &Permit,
) -> Result<(), Error> {
    let publish = sns.publish().topic_arn(topic).subject(subject).message(text);
    held(bound, format!("publish to {topic}"), async { Ok(publish.send().await.map(drop)?) }).await
}
