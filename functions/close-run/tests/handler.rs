//! The whole handler, Step Functions over the wire: writes made, writes not made, errors named, twice is once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use action::{Mode, NamedError as _, Outcome};
use close_run::io::{Ended, Request};
use ledger::{Chain, Closed, LastRun, RunRecord, Trigger, Verdict};

use world::{BEFORE, FIRST, RUN, World, at, going_on, opened, request, stop};

const DONE: &str = include_str!("fixtures/history-aws-done.json");
const STOPPED: &str = include_str!("fixtures/history-aws-stopped.json");
const REFUSED: &str = include_str!("fixtures/history-aws-refused.json");
const LOCATION: &str = "s3://relight/reports/unishop/unishop-20261121T031502Z.json";

#[tokio::test]
async fn twice_is_once() {
    let first = World::new(DONE, Some(opened()));
    let said = first
        .closes(request(Mode::Execute, Ended::Proven, Vec::new()), "03:15:11")
        .await
        .unwrap();

    let closed = Some(Closed {
        at: at("03:15:11"),
        verdict: Verdict::Done,
        report: LOCATION.to_owned(),
    });
    let second = World::new(DONE, Some(RunRecord { closed, ..opened() }));
    let again = second
        .closes(request(Mode::Execute, Ended::Proven, Vec::new()), "03:20:00")
        .await
        .unwrap();
    assert_eq!((said.outcome, again.outcome), (Outcome::Changed, Outcome::Unchanged));
    assert_eq!(
        (said.verdict, said.report, said.subject, said.message),
        (again.verdict, again.report, again.subject, again.message)
    );
    // What may have broken off before is done again: the last run and the lock.
    assert_eq!(second.writes(), [0, 1, 1]);
}

#[tokio::test]
async fn a_proven_run_is_reported_closed_and_its_lock_let_go() {
    let world = World::new(DONE, Some(opened()));
    let reply = world
        .closes(request(Mode::Execute, Ended::Proven, Vec::new()), "03:15:11")
        .await
        .unwrap();
    assert_eq!((reply.verdict, Some(reply.report.as_str())), (Verdict::Done, Some(LOCATION)));
    assert_eq!(world.report().0, LOCATION);

    let puts = world.puts.lock().unwrap();
    let [record, last] = puts.as_slice() else { panic!("{puts:?}") };
    assert_eq!(record.condition_expression(), Some("attribute_not_exists(pk) OR #status = :open"));
    let record = RunRecord::from_item(record.item().unwrap()).unwrap();
    assert_eq!(
        record,
        RunRecord {
            closed: Some(Closed {
                at: at("03:15:11"),
                verdict: Verdict::Done,
                report: LOCATION.to_owned()
            }),
            ..opened()
        }
    );
    assert_eq!(
        last.condition_expression(),
        Some("attribute_not_exists(pk) OR closedAt <= :closedAt")
    );
    let last = LastRun::from_item(last.item().unwrap()).unwrap();
    assert_eq!(
        (last.run.as_str(), last.work.as_str(), last.closed_at, last.verdict),
        (RUN, RUN, at("03:15:11"), Verdict::Done)
    );

    let deletes = world.deletes.lock().unwrap();
    let [lock] = deletes.as_slice() else { panic!("{deletes:?}") };
    assert_eq!(lock.key().unwrap()["sk"].as_s().unwrap(), "lock");
    assert_eq!(lock.condition_expression(), Some("#owner = :run"));
    assert_eq!(lock.expression_attribute_values().unwrap()[":run"].as_s().unwrap(), RUN);
}

#[tokio::test]
async fn a_run_that_was_refused_before_it_opened_is_recorded_and_starts_no_cool_down() {
    let world = World::new(REFUSED, None);
    let stops = vec![stop("Open Run", "Relight.Refused", "run other holds the lock of unishop")];
    let request = Request {
        opened: None,
        lag_seconds: None,
        ..request(Mode::Execute, Ended::Stopped, stops)
    };
    let reply = world.closes(request, "03:15:04").await.unwrap();
    assert_eq!(reply.verdict, Verdict::StoppedUntouched);
    assert_eq!(world.writes(), [1, 1, 1]);
    let record = RunRecord::from_item(world.puts.lock().unwrap()[0].item().unwrap()).unwrap();
    assert_eq!(
        (record.opened_at, record.closed.map(|closed| closed.verdict)),
        (None, Some(Verdict::StoppedUntouched))
    );
    // The lock that another run holds stays: only its own would be let go.
    assert_eq!(world.deletes.lock().unwrap()[0].condition_expression(), Some("#owner = :run"));
}

#[tokio::test]
async fn a_run_that_guards_alone_stopped_untouched_starts_no_cool_down_and_one_that_people_stopped_does() {
    for (error, writes) in [
        ("Relight.Refused", [1, 1, 1]),
        ("Relight.Denied", [1, 2, 1]),
        ("Relight.Stopped", [1, 2, 1]),
        ("Relight.Permanent", [1, 2, 1]),
    ] {
        let world = World::new(REFUSED, Some(opened()));
        let stops = vec![stop("Confirm Outage", error, "why")];
        let reply = world
            .closes(request(Mode::Execute, Ended::Stopped, stops), "03:15:04")
            .await
            .unwrap();
        assert_eq!(reply.verdict, Verdict::StoppedUntouched);
        assert_eq!(world.writes(), writes, "{error}: report, ledger's items, lock");
    }
}

#[tokio::test]
async fn what_a_run_went_on_from_is_reported_and_kept_for_the_next() {
    let chain = Chain {
        continues: Some(BEFORE.parse().unwrap()),
        work: FIRST.parse().unwrap(),
    };
    // Also where the record is lost: the machine says it too.
    for record in [Some(RunRecord { chain, ..opened() }), None] {
        let world = World::new(STOPPED, record);
        let stops = vec![stop("Launch Instances", "Relight.Permanent", "no room")];
        let request = going_on(request(Mode::Execute, Ended::Stopped, stops));
        world.closes(request, "03:15:11").await.unwrap();
        assert_eq!(world.report().1.run.continues.unwrap().as_str(), BEFORE);
        let last = LastRun::from_item(world.puts.lock().unwrap()[1].item().unwrap()).unwrap();
        assert_eq!((last.run.as_str(), last.work.as_str()), (RUN, FIRST));
        assert!(last.left_partway());
    }
}

#[tokio::test]
async fn a_run_that_stopped_untouched_does_not_hide_the_one_that_stopped_partway_before_it() {
    for (goes_on, partway, subject) in [
        (false, false, "Relight: unishop was NOT recovered, nothing was changed"),
        (
            true,
            true,
            "Relight: unishop is still only PARTLY recovered, nothing more was changed",
        ),
    ] {
        let world = World::new(REFUSED, None);
        let stops = vec![stop("Choose Promotion", "Relight.Permanent", "access denied")];
        let request = request(Mode::Execute, Ended::Stopped, stops);
        let request = if goes_on { going_on(request) } else { request };
        let reply = world.closes(request, "03:15:11").await.unwrap();
        assert_eq!((reply.verdict, reply.subject.as_str()), (Verdict::StoppedUntouched, subject));
        assert_eq!(reply.because.contains(BEFORE), goes_on, "{}", reply.because);
        let last = LastRun::from_item(world.puts.lock().unwrap()[1].item().unwrap()).unwrap();
        assert_eq!((last.verdict, last.left_partway()), (Verdict::StoppedUntouched, partway));
    }
}

#[tokio::test]
async fn plan_mode_words_the_notification_and_writes_nothing() {
    for (ended, verdict) in [(Ended::Planned, Verdict::Done), (Ended::Stopped, Verdict::StoppedUntouched)] {
        let world = World::new(DONE, None);
        let reply = world.closes(request(Mode::Plan, ended, Vec::new()), "03:15:11").await.unwrap();
        assert_eq!(
            (reply.outcome, reply.verdict, reply.report.as_str()),
            (Outcome::Planned, verdict, LOCATION)
        );
        assert!(!reply.message.is_empty());
        let report = reply.document.expect("a report");
        let books: Vec<&str> = report.calls.iter().map(|call| call.iam_action.as_str()).collect();
        assert_eq!(
            books,
            ["s3:PutObject", "dynamodb:PutItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
        );
        assert!(
            report
                .calls
                .iter()
                .all(|call| call.step == "Close Run" && !call.arguments.is_empty())
        );
        assert_eq!(world.writes(), [0, 0, 0]);
    }
}

#[tokio::test]
async fn a_machine_that_contradicts_itself_is_invalid_input() {
    let world = World::new(DONE, Some(opened()));
    let error = world
        .closes(request(Mode::Execute, Ended::Planned, Vec::new()), "03:15:11")
        .await
        .unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    assert_eq!(world.writes(), [0, 0, 0]);
}

#[tokio::test]
async fn a_reply_stays_small_whatever_stopped_the_run() {
    let long = "\"\u{7}ünïcödé\" ".repeat(2_000);
    let stops = (0..50).map(|n| stop(&format!("State {n}"), "Relight.Permanent", &long)).collect();
    let request = Request {
        trigger: Trigger::Person {
            who: Some(long.clone()),
            why: Some(long.clone()),
        },
        lag_seconds: None,
        lag_because: Some(long),
        ..request(Mode::Execute, Ended::Stopped, stops)
    };
    let reply = World::new(STOPPED, Some(opened())).closes(request, "03:15:11").await.unwrap();
    let size = serde_json::to_string(&reply).unwrap().len();
    assert!(size < 4_096, "{size} bytes");
    assert!(
        reply.message.contains("and 4") && reply.message.contains(LOCATION),
        "{}",
        reply.message
    );
}

#[test]
fn an_unknown_field_is_refused() {
    let mut wire = serde_json::to_value(request(Mode::Plan, Ended::Stopped, Vec::new())).unwrap();
    wire["opened"]["launch"] = 1.into();
    assert!(serde_json::from_value::<Request>(wire).is_err());
}
