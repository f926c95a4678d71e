//! The items as they are written and read back, and what is said of one that can't be read.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::str::FromStr as _;

use action::ids::{RunId, WorkloadName};
use action::{Deadline, Mode, NamedError as _};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ledger::{Chain, Closed, Item, LastRun, Lock, Machine, RunRecord, Trigger, Verdict};

fn workload() -> WorkloadName {
    WorkloadName::from_str("unishop").unwrap()
}

fn run() -> RunId {
    RunId::from_str("unishop-20261121T031502Z").unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn record() -> RunRecord {
    RunRecord {
        run: run(),
        machine: Machine::Failover,
        mode: Mode::Execute,
        trigger: Trigger::Person {
            who: Some("Ada".to_owned()),
            why: None,
        },
        chain: Chain::begun_by(&run()),
        opened_at: Some(at("03:15:03.5")),
        deadline: Some(Deadline(at("03:30:03.5"))),
        plan_digest: Some("00ff".to_owned()),
        plan_version: None,
        closed: None,
    }
}

/// Of a run that goes on from the second of a chain.
fn chain() -> Chain {
    Chain {
        continues: Some("unishop-20261121T020000Z".parse().unwrap()),
        work: "unishop-20261121T010000Z".parse().unwrap(),
    }
}

fn lock() -> Lock {
    Lock {
        owner: run(),
        machine: Machine::Failover,
        chain: chain(),
        execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:x"
            .parse()
            .unwrap(),
        taken_at: at("03:15:03"),
        expires_at: at("04:30:03"),
    }
}

fn keys(item: &Item) -> (&str, &str) {
    (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap())
}

#[test]
fn items_are_read_back_as_they_were_written() {
    let closed = RunRecord {
        closed: Some(Closed {
            at: at("03:16:00"),
            verdict: Verdict::StoppedPartway,
            report: "s3://relight/reports/unishop/x.json".to_owned(),
        }),
        ..record()
    };
    let refused = RunRecord {
        opened_at: None,
        deadline: None,
        plan_digest: None,
        ..closed.clone()
    };
    let going_on = RunRecord {
        chain: chain(),
        ..record()
    };
    for record in [record(), closed, refused, going_on] {
        let item = record.to_item(&workload());
        assert_eq!(keys(&item), ("workload#unishop", "run#unishop-20261121T031502Z"));
        assert_eq!(RunRecord::from_item(&item).unwrap(), record);
    }
    let item = lock().to_item(&workload());
    assert_eq!(keys(&item), ("workload#unishop", "lock"));
    assert_eq!(
        item["expiresAt"],
        AttributeValue::N("1795235403".to_owned()),
        "as DynamoDB's time to live wants it"
    );
    assert_eq!(Lock::from_item(&item).unwrap(), lock());
}

fn last_run(verdict: Verdict) -> LastRun {
    LastRun {
        run: run(),
        work: run(),
        machine: Machine::Failover,
        closed_at: at("03:16:00"),
        verdict,
        mode: Mode::Execute,
    }
}

#[test]
fn a_run_that_stopped_untouched_leaves_the_workload_as_the_run_before_it_did() {
    use Verdict::{Done, StoppedPartway, StoppedUntouched};
    let (own, earlier) = (run(), chain().work);
    for (verdict, work, mode, partway) in [
        (Done, &own, Mode::Execute, false),
        (Done, &earlier, Mode::Execute, false),
        (StoppedUntouched, &own, Mode::Execute, false),
        (StoppedUntouched, &earlier, Mode::Execute, true),
        (StoppedPartway, &own, Mode::Execute, true),
        (StoppedPartway, &earlier, Mode::Execute, true),
        (StoppedPartway, &own, Mode::Plan, false),
        (StoppedUntouched, &earlier, Mode::Plan, false),
    ] {
        let last = LastRun {
            work: work.clone(),
            mode,
            ..last_run(verdict)
        };
        assert_eq!(last.left_partway(), partway, "{last:?}");
    }
}

#[test]
fn the_end_of_the_last_run_is_kept_in_whole_seconds_so_that_texts_sort_as_times() {
    let last = LastRun {
        closed_at: at("03:16:00.750"),
        ..last_run(Verdict::Done)
    };
    let item = last.to_item(&workload());
    assert_eq!(keys(&item), ("workload#unishop", "last-run"));
    assert_eq!(item["closedAt"].as_s().unwrap(), "2026-11-21T03:16:00Z");
    assert_eq!(
        LastRun::from_item(&item).unwrap(),
        LastRun {
            closed_at: at("03:16:00"),
            ..last
        }
    );
}

#[test]
fn what_can_not_be_read_is_named_with_its_item_and_value() {
    let mut item = lock().to_item(&workload());
    item.insert("owner".to_owned(), AttributeValue::S("no run!".to_owned()));
    let error = Lock::from_item(&item).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ledger item \"workload#unishop\" \"lock\": attribute owner is \"no run!\", not a run id"
    );
    assert_eq!(error.name().as_str(), "Relight.Permanent");

    for (attribute, value) in [
        ("status", Some("ajar")),
        ("status", None),
        ("mode", Some("dry")),
        ("machine", Some("fail\"over")),
        ("trigger", Some("{}")),
        ("openedAt", Some("yesterday")),
        ("work", None),
        ("continues", Some("no run!")),
        ("sk", Some("lock")),
    ] {
        let mut item = record().to_item(&workload());
        item.remove(attribute);
        if let Some(value) = value {
            item.insert(attribute.to_owned(), AttributeValue::S(value.to_owned()));
        }
        assert_eq!(RunRecord::from_item(&item).unwrap_err().attribute, attribute, "{value:?}");
    }
}
