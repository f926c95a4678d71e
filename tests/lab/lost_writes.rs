//! What a failover may have lost is named in its report, and kept once the Region is back: by the schedule, once, and people are told.

use aws_sdk_rds::types::DbClusterSnapshot;
use lab::world::{PRIMARY, PRIMARY_CLUSTER, WORKLOAD};
use ledger::Verdict::Done;
use serde_json::{Value, json};

use crate::stage::{Stage, at_once, execute};

impl Stage {
    /// The workload's schedule, at its hour.
    async fn hour(&self) -> Value {
        let scheduled = json!({"purpose": "schedule", "workload": WORKLOAD});
        let answer = self.reach.invoke("keep-lost-writes", &scheduled).await.expect("an answer");
        assert!(answer.error.is_none(), "{answer:?}");
        answer.payload
    }

    async fn snapshots(&self) -> Vec<DbClusterSnapshot> {
        let here = self.reach.looking().expect("a configuration");
        let rds = aws_sdk_rds::Client::new(&action::aws::elsewhere(&here, &PRIMARY.parse().expect("a Region")));
        let found = rds
            .describe_db_cluster_snapshots()
            .db_cluster_identifier(PRIMARY_CLUSTER)
            .send()
            .await;
        found.expect("the snapshots").db_cluster_snapshots().to_vec()
    }

    /// How often the function told people.
    fn told_by_keeping(&self) -> usize {
        let log = self.log();
        let published = log
            .iter()
            .filter(|entry| entry.caller == keep_lost_writes::NAME && entry.operation == "Publish");
        published.filter(|entry| entry.succeeded()).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_a_failover_may_have_lost_is_named_at_once_and_kept_once_when_the_region_is_back() {
    let stage = Stage::set(&at_once()).await;
    assert_eq!(stage.hour().await["outcome"], "unchanged", "nothing is left in peace");

    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Done, "{}", ended.cause);
    let lost = report.lost_writes.expect("the window");
    let from = lost.from.expect("its begin");
    assert!(from < lost.to && lost.to < report.run.closed_at, "{lost:?}");
    assert_eq!(lost.snapshot, None, "a lost Region shows nothing");
    assert!(
        lost.because.contains("schedule keeps it once that Region answers"),
        "{}",
        lost.because
    );
    let away = stage.hour().await;
    assert_eq!(away["outcome"], "unchanged", "{away}");

    stage.reach.set_lost(PRIMARY, false).await.expect("the Region back");
    let kept = stage.hour().await;
    assert_eq!(kept["outcome"], "changed", "{kept}");
    let again = stage.hour().await;
    assert_eq!((&again["outcome"], &again["kept"]), (&json!("unchanged"), &kept["kept"]), "{again}");
    assert_eq!(stage.told_by_keeping(), 1, "people are told once");

    let snapshots = stage.snapshots().await;
    let of = |kind: &str| {
        let ids = snapshots.iter().filter(|snapshot| snapshot.snapshot_type() == Some(kind));
        ids.filter_map(DbClusterSnapshot::db_cluster_snapshot_identifier)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("manual"), [kept["kept"][0]["manual"].as_str().expect("a name")]);
    assert_eq!(of("automated"), [kept["kept"][0]["automated"].as_str().expect("a name")]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn where_the_old_region_still_answers_the_run_itself_keeps_them() {
    let stage = Stage::set(&at_once()).await;
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Done, "{}", ended.cause);
    let lost = report.lost_writes.expect("the window");
    let snapshot = lost.snapshot.expect("a snapshot");
    let found = stage.snapshots().await;
    assert!(
        found.iter().any(|found| found.db_cluster_snapshot_identifier() == Some(&snapshot)),
        "{found:?}"
    );
    assert_eq!(stage.told_by_keeping(), 0, "the run's own message tells");
}
