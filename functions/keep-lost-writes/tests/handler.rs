//! The action against mocked AWS: what is copied, what is told, and that no run ever gets an error.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::time::Duration;

use action::clock::Bound;
use action::{ErrorName, NamedError as _, Outcome};
use aws_sdk_rds::error::ErrorMetadata;
use aws_sdk_rds::operation::copy_db_cluster_snapshot::{CopyDBClusterSnapshotError, CopyDbClusterSnapshotOutput};
use aws_sdk_rds::operation::describe_db_cluster_snapshots::{DescribeDBClusterSnapshotsError, DescribeDbClusterSnapshotsOutput};
use aws_sdk_rds::types::DbClusterSnapshot;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use bucket::testing::bucket;
use keep_lost_writes::error::Error;
use keep_lost_writes::io::Reply;
use keep_lost_writes::{Clients, handle};
use serde_json::{Value, json};

const PLAN: &str = include_str!("../../open-run/tests/fixtures/plan.toml");
const CLUSTER: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const LEFT: &str = "rds:unplanned-global-failover-unishop-primary-2026-11-21-03-15";
const COPY: &str = "relight-unishop-primary-2026-11-21-03-15";

fn snapshots(ids: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_rds::Client::describe_db_cluster_snapshots)
        .match_requests(|input| input.db_cluster_identifier() == Some("unishop-primary"))
        .then_output(move || {
            let found = ids.iter().map(|id| {
                let snapshot = DbClusterSnapshot::builder().db_cluster_snapshot_identifier(*id);
                snapshot.status("available").build()
            });
            DescribeDbClusterSnapshotsOutput::builder()
                .set_db_cluster_snapshots(Some(found.collect()))
                .build()
        })
}

fn copying() -> Rule {
    mock!(aws_sdk_rds::Client::copy_db_cluster_snapshot)
        .match_requests(|input| {
            input.source_db_cluster_snapshot_identifier() == Some(LEFT) && input.target_db_cluster_snapshot_identifier() == Some(COPY)
        })
        .then_output(|| CopyDbClusterSnapshotOutput::builder().build())
}

fn publishing() -> Rule {
    mock!(aws_sdk_sns::Client::publish)
        .match_requests(|input| input.message().unwrap_or_default().contains(COPY))
        .then_output(|| PublishOutput::builder().build())
}

fn denied() -> Rule {
    mock!(aws_sdk_rds::Client::describe_db_cluster_snapshots)
        .then_error(|| DescribeDBClusterSnapshotsError::generic(ErrorMetadata::builder().code("AccessDenied").build()))
}

async fn ask(request: Value, rds: &[&Rule], sns: &Rule) -> Result<Reply, Error> {
    let clients = Clients {
        bucket: bucket("relight", &[("plans/unishop.toml", PLAN)]).0,
        sns: mock_client!(aws_sdk_sns, RuleMode::MatchAny, [sns]),
        topic: "arn:aws:sns:us-west-1:123456789012:relight-notifications".to_owned(),
    };
    let rds = mock_client!(aws_sdk_rds, RuleMode::MatchAny, rds.iter().copied());
    let request = serde_json::from_value(request).unwrap();
    handle(request, &clients, |_| rds, &Bound::within(Duration::from_secs(5))).await
}

fn scheduled() -> Value {
    json!({"purpose": "schedule", "workload": "unishop"})
}

fn of_run(mode: &str) -> Value {
    json!({
        "purpose": "run",
        "mode": mode,
        "run": "unishop-20261121T031502Z",
        "workload": "unishop",
        "cluster": CLUSTER,
        "moved": {"lagSeconds": 0.5, "measuredAt": "2026-11-21T03:15:10Z", "recoveredAt": "2026-11-21T03:16:00Z"},
    })
}

#[tokio::test]
async fn the_schedule_tells_people_and_copies_and_does_neither_again() {
    let (copy, publish) = (copying(), publishing());
    let reply = ask(scheduled(), &[&snapshots(&[LEFT]), &copy], &publish).await.unwrap();
    assert_eq!((reply.outcome, reply.kept[0].manual.as_str()), (Outcome::Changed, COPY));
    assert_eq!((reply.lost_writes, copy.num_calls(), publish.num_calls()), (None, 1, 1));

    let reply = ask(scheduled(), &[&snapshots(&[LEFT, COPY]), &copy], &publish).await.unwrap();
    assert_eq!((reply.outcome, reply.kept.len()), (Outcome::Unchanged, 1));
    assert_eq!((copy.num_calls(), publish.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_people_can_not_be_told_is_not_copied_in_silence() {
    let copy = copying();
    let refused = mock!(aws_sdk_sns::Client::publish).then_error(|| {
        let gone = aws_sdk_sns::error::ErrorMetadata::builder().code("NotFound").build();
        PublishError::generic(gone)
    });
    let error = ask(scheduled(), &[&snapshots(&[LEFT]), &copy], &refused).await.unwrap_err();
    assert_eq!((error.name(), copy.num_calls()), (ErrorName::Permanent, 0));
}

#[tokio::test]
async fn a_copy_that_somebody_else_began_is_the_same_copy() {
    let there = mock!(aws_sdk_rds::Client::copy_db_cluster_snapshot).then_error(|| {
        let exists = ErrorMetadata::builder().code("DBClusterSnapshotAlreadyExistsFault").build();
        CopyDBClusterSnapshotError::generic(exists)
    });
    let reply = ask(of_run("execute"), &[&snapshots(&[LEFT]), &there], &publishing()).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(reply.lost_writes.unwrap().snapshot.as_deref(), Some(COPY));
}

#[tokio::test]
async fn a_run_hears_the_window_whatever_happens_and_tells_people_by_itself() {
    let publish = publishing();
    for (rule, words) in [(denied(), "AccessDenied"), (snapshots(&[]), "no snapshot of unishop-primary")] {
        let reply = ask(of_run("execute"), &[&rule], &publish).await.unwrap();
        assert_eq!((reply.outcome, reply.kept.len()), (Outcome::Unchanged, 0));
        assert!(reply.because.contains(words), "{}", reply.because);
        let lost = reply.lost_writes.unwrap();
        assert_eq!(lost.from, Some("2026-11-21T03:15:09.5Z".parse().unwrap()));
        assert_eq!(lost.snapshot, None);
    }
    assert_eq!(publish.num_calls(), 0);
}

#[tokio::test]
async fn to_the_schedule_a_denial_is_an_error() {
    let error = ask(scheduled(), &[&denied()], &publishing()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
}

#[tokio::test]
async fn a_plan_lists_the_copy_and_makes_none() {
    let copy = copying();
    let foreseen = "(rds:unplanned-global-failover-unishop-primary-";
    for (found, source) in [(snapshots(&[]), foreseen), (snapshots(&[LEFT]), LEFT)] {
        let reply = ask(of_run("plan"), &[&found, &copy], &publishing()).await.unwrap();
        assert_eq!((reply.outcome, reply.lost_writes, copy.num_calls()), (Outcome::Planned, None, 0));
        let [call] = reply.calls.as_slice() else {
            panic!("{:?}", reply.calls)
        };
        assert_eq!(call.iam_action, "rds:CopyDBClusterSnapshot");
        let named = call.arguments["SourceDBClusterSnapshotIdentifier"].as_str().unwrap();
        assert!(named.starts_with(source), "{named}");
    }
}
