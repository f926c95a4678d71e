//! Who may open a run, as tables.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{Deadline, Mode};
use jiff::Timestamp;
use ledger::{Chain, Closed, LastRun, Lock, Machine, RunRecord, StoredPlan, Trigger, Verdict};
use open_run::decide::{Decision, Holder, Opening, Refusal, chain, decide, unsupported, worth_asking};
use open_run::io::Request;
use plan::Plan;

const PLAN: &str = include_str!("fixtures/plan.toml");
const OURS: &str = "unishop-20261121T031502Z";
const OTHER: &str = "unishop-20261121T020000Z";

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn execution(run: &str) -> String {
    format!("arn:aws:states:us-west-1:123456789012:execution:relight-failover:{run}")
}

fn request() -> Request {
    Request {
        mode: Mode::Execute,
        run: OURS.parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        machine: Machine::Failover,
        execution: execution(OURS).parse().unwrap(),
        started_at: at("03:15:03"),
        trigger: Trigger::Person { who: None, why: None },
        accept_data_loss: None,
    }
}

fn stored() -> StoredPlan {
    StoredPlan {
        plan: Plan::parse(PLAN).unwrap(),
        version: Some("v1".to_owned()),
        digest: "00ff".to_owned(),
    }
}

fn record() -> RunRecord {
    RunRecord {
        run: OURS.parse().unwrap(),
        machine: Machine::Failover,
        mode: Mode::Execute,
        trigger: Trigger::Person { who: None, why: None },
        chain: Chain::begun_by(&OURS.parse().unwrap()),
        opened_at: Some(at("03:15:04")),
        deadline: Some(Deadline(at("03:30:04"))),
        plan_digest: Some("00ff".to_owned()),
        plan_version: Some("v1".to_owned()),
        closed: None,
    }
}

fn lock(owner: &str) -> Lock {
    Lock {
        owner: owner.parse().unwrap(),
        machine: Machine::Failover,
        chain: Chain::begun_by(&owner.parse().unwrap()),
        execution: execution(owner).parse().unwrap(),
        taken_at: at("03:10:00"),
        expires_at: at("04:25:00"),
    }
}

fn decided(record: Option<RunRecord>, held: Option<(Lock, Holder)>, now: &str) -> Result<Decision, Refusal> {
    decide(&request(), record.as_ref(), held, None, &stored(), at(now))
}

#[test]
fn a_run_that_is_open_is_told_what_it_was_told_first() {
    let decision = decided(Some(record()), Some((lock(OURS), Holder::Live)), "03:20:00").unwrap();
    let Decision::Resume(Opening { at: opened, deadline, .. }) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!((opened, deadline), (at("03:15:04"), Deadline(at("03:30:04"))));
}

#[test]
fn the_lock_is_taken_where_nobody_lives_who_holds_it() {
    for (held, now, opens) in [
        (None, "03:15:04", true),
        (Some((lock(OTHER), Holder::Live)), "03:15:04", false),
        (Some((lock(OTHER), Holder::Ended)), "03:15:04", true),
        (Some((lock(OTHER), Holder::Live)), "04:24:59.999", false),
        (Some((lock(OTHER), Holder::Live)), "04:25:00", true),
    ] {
        let seen = lock_of(&held);
        match decided(None, held.clone(), now) {
            Ok(Decision::Open(opening)) => {
                assert!(opens, "{held:?} at {now}");
                assert_eq!(opening.replaces, seen, "taken over conditionally on what was seen");
                assert_eq!(
                    (opening.at, opening.deadline.0),
                    (at(now), at(now) + jiff::SignedDuration::from_mins(15))
                );
                assert!(opening.lock_expires() > opening.deadline.0);
            }
            Err(Refusal::Held { holder, since, .. }) => {
                assert!(!opens, "{held:?} at {now}");
                assert_eq!((holder.as_str(), since), (OTHER, at("03:10:00")));
            }
            other => panic!("{other:?}"),
        }
    }
}

fn lock_of(held: &Option<(Lock, Holder)>) -> Option<Lock> {
    held.as_ref().map(|(lock, _)| lock.clone())
}

#[test]
fn a_call_that_broke_off_between_lock_and_record_keeps_the_time_of_the_lock() {
    let decision = decided(None, Some((lock(OURS), Holder::Ended)), "03:20:00").unwrap();
    let Decision::Open(opening) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(opening.at, at("03:10:00"));
}

#[test]
fn a_lock_that_somebody_removed_is_taken_again_with_the_first_deadline() {
    let decision = decided(Some(record()), None, "03:20:00").unwrap();
    let Decision::Open(opening) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!((opening.at, opening.deadline.0), (at("03:15:04"), at("03:30:04")));
}

fn last_run(run: &str, work: &str, verdict: Verdict) -> Option<LastRun> {
    Some(LastRun {
        run: run.parse().unwrap(),
        work: work.parse().unwrap(),
        machine: Machine::Failover,
        closed_at: at("02:30:00"),
        verdict,
        mode: Mode::Execute,
    })
}

#[test]
fn a_run_goes_on_from_the_one_before_if_that_one_left_the_workload_partway() {
    use Verdict::{Done, StoppedPartway, StoppedUntouched};
    const FIRST: &str = "unishop-20261121T010000Z";
    let second = |run: &str| {
        let chain = Chain {
            continues: Some(FIRST.parse().unwrap()),
            work: FIRST.parse().unwrap(),
        };
        Lock { chain, ..lock(run) }
    };
    for (lock, last, continues, work) in [
        (None, None, None, OURS),
        (None, last_run(OTHER, OTHER, Done), None, OURS),
        (None, last_run(OTHER, OTHER, StoppedUntouched), None, OURS),
        (None, last_run(OTHER, OTHER, StoppedPartway), Some(OTHER), OTHER),
        // A chain: its tag is that of its first run, and a run that changed nothing doesn't break it.
        (None, last_run(OTHER, FIRST, StoppedPartway), Some(OTHER), FIRST),
        (None, last_run(OTHER, FIRST, StoppedUntouched), Some(OTHER), FIRST),
        (None, last_run(OTHER, FIRST, Done), None, OURS),
        // A run that ended without a word may have done anything.
        (Some(lock(OTHER)), None, Some(OTHER), OTHER),
        (Some(lock(OTHER)), last_run(FIRST, FIRST, Done), Some(OTHER), OTHER),
        (Some(second(OTHER)), last_run(FIRST, FIRST, StoppedPartway), Some(OTHER), FIRST),
        // One that only failed to let its lock go has had its word.
        (Some(lock(OTHER)), last_run(OTHER, OTHER, Done), None, OURS),
        (Some(lock(OTHER)), last_run(OTHER, OTHER, StoppedPartway), Some(OTHER), OTHER),
        // A call that broke off behind the lock.
        (Some(second(OURS)), last_run(OTHER, OTHER, Done), Some(FIRST), FIRST),
    ] {
        let chain = chain(&request(), None, lock.as_ref(), last.as_ref());
        assert_eq!(
            (chain.continues.as_ref().map(|run| run.as_str()), chain.work.as_str()),
            (continues, work),
            "{lock:?} {last:?}"
        );
    }
}

#[test]
fn an_open_run_keeps_what_it_goes_on_from_whatever_came_after() {
    let last = last_run(OTHER, OTHER, Verdict::StoppedPartway);
    assert_eq!(chain(&request(), Some(&record()), None, last.as_ref()), record().chain);
}

#[test]
fn a_run_that_was_closed_stays_closed() {
    let closed = Some(Closed {
        at: at("03:16:00"),
        verdict: Verdict::Done,
        report: "s3://relight/x".to_owned(),
    });
    let record = RunRecord { closed, ..record() };
    assert!(matches!(decided(Some(record), None, "03:20:00"), Err(Refusal::Closed { .. })));
}

#[test]
fn a_plan_that_was_changed_under_an_open_run_is_refused() {
    let record = RunRecord {
        plan_digest: Some("ff00".to_owned()),
        ..record()
    };
    assert!(matches!(
        decided(Some(record), Some((lock(OURS), Holder::Live)), "03:20:00"),
        Err(Refusal::PlanChanged { .. })
    ));
}

#[test]
fn nobody_is_asked_about_a_lock_that_is_ours_or_has_expired() {
    for (owner, now, asked) in [(OTHER, "03:15:04", true), (OTHER, "04:25:00", false), (OURS, "03:15:04", false)] {
        assert_eq!(worth_asking(&request(), &lock(owner), at(now)), asked, "{owner} at {now}");
    }
}

#[test]
fn everything_that_this_version_does_not_do_is_named_at_once() {
    let region = "us-west-1".parse().unwrap();
    assert_eq!(unsupported(Machine::Failover, &Plan::parse(PLAN).unwrap(), &region), [""; 0]);

    assert_eq!(
        unsupported(Machine::Failover, &Plan::parse(PLAN).unwrap(), &"eu-west-1".parse().unwrap()),
        ["recovery in us-west-1 by an engine in eu-west-1"]
    );
}

/// The plan with a proof of its copies.
fn with_proof() -> String {
    PLAN.replace(
        "[site]\n",
        "[image.proof]\nsubnets = [\"subnet-0fedcba9876543210\"]\nsecurityGroups = [\"sg-0123456789abcdef0\"]\nchecks = [\"home\"]\n[site]\n",
    )
}

#[test]
fn a_refresh_needs_a_proof_and_a_template() {
    let region = "us-west-1".parse().unwrap();
    let named = |plan: &str| unsupported(Machine::RefreshImage, &Plan::parse(plan).unwrap(), &region);
    assert_eq!(named(&with_proof()), [""; 0]);
    assert_eq!(named(PLAN), ["a refresh without [image.proof], so that no image could be proven"]);
}

#[test]
fn a_refresh_waits_for_half_a_day_whatever_the_rto_is() {
    let request = Request {
        machine: Machine::RefreshImage,
        ..request()
    };
    let Ok(Decision::Open(opening)) = decide(&request, None, None, None, &stored(), at("03:15:04")) else {
        panic!("it opens");
    };
    assert_eq!(opening.deadline, Deadline(at("15:15:04")));
}

#[test]
fn only_an_alarms_run_asks_for_an_approval_and_its_lock_lasts_as_much_longer() {
    let approve = StoredPlan {
        plan: Plan::parse(&PLAN.replacen("mode = \"automatic\"", "mode = \"approve\"\napprovalTimeout = \"20m\"", 1)).unwrap(),
        ..stored()
    };
    let alarm = Trigger::Alarm {
        alarm: "relight-unishop-primary-down".to_owned(),
        alarm_at: at("03:15:02"),
        incident_at: None,
        reason: "test".to_owned(),
    };
    let person = request().trigger;
    for (plan, mode, trigger, asks) in [
        (&approve, Mode::Execute, &alarm, true),
        (&approve, Mode::Execute, &person, false),
        // A plan run shows what an alarm's run would do.
        (&approve, Mode::Plan, &person, true),
        (&stored(), Mode::Execute, &alarm, false),
        (&stored(), Mode::Plan, &alarm, false),
    ] {
        let request = Request {
            mode,
            trigger: trigger.clone(),
            ..request()
        };
        let decision = decide(&request, None, None, None, plan, at("03:15:04")).unwrap();
        let Decision::Open(opening) = decision else {
            panic!("{decision:?}")
        };
        assert_eq!(open_run::decide::asks(&request, &plan.plan), asks, "{mode:?} {trigger:?}");
        assert_eq!(opening.deadline.0, at("03:30:04"), "people's time is no part of the deadline");
        // An hour, the wait for people, and the RTO once more, for which a run may watch its alarm.
        let watches = matches!(trigger, Trigger::Alarm { .. });
        let expires = match (asks, watches) {
            (true, true) => "05:05:04",
            (true, false) => "04:50:04",
            (false, true) => "04:45:04",
            (false, false) => "04:30:04",
        };
        assert_eq!(opening.lock_expires(), at(expires), "{mode:?} {trigger:?}");
    }
    let refresh = Request {
        machine: Machine::RefreshImage,
        trigger: alarm,
        ..request()
    };
    assert!(!open_run::decide::asks(&refresh, &approve.plan), "a refresh asks nobody");
}

/// Fifty starts that look and write in any order, against a table that writes a lock only as it was seen: the condition that
/// `aws::Ledger::take` asks DynamoDB for.
#[test]
fn however_fifty_starts_interleave_one_takes_the_lock_and_a_dead_owners_lock_is_taken_over_once() {
    let mut dice = 43_u64;
    for order in 0..400 {
        let dead = (order % 2 == 1).then(|| lock(OTHER));
        let mut table = dead.clone();
        let mut seen: Vec<Option<Result<Opening, Refusal>>> = (0..50).map(|_| None).collect();
        let (mut taken, mut refused) = (Vec::new(), 0);
        let mut left: Vec<usize> = (0..50).flat_map(|start| [start, start]).collect();
        while !left.is_empty() {
            // Knuth's generator of MMIX: any order will do, the same each time.
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let start = left.swap_remove(usize::try_from(dice >> 33).unwrap() % left.len());
            let run = format!("unishop-start-{start}");
            match seen[start].take() {
                None => {
                    let holder = |lock: &Lock| {
                        if lock.owner.as_str() == OTHER {
                            Holder::Ended
                        } else {
                            Holder::Live
                        }
                    };
                    let held = table.clone().map(|lock| (lock.clone(), holder(&lock)));
                    let request = Request {
                        run: run.parse().unwrap(),
                        ..request()
                    };
                    seen[start] = Some(match decide(&request, None, held, None, &stored(), at("03:15:04")) {
                        Ok(Decision::Open(opening)) => Ok(opening),
                        Ok(other) => panic!("{other:?}"),
                        Err(refusal) => Err(refusal),
                    });
                }
                Some(Ok(opening)) => {
                    let same = |one: &Lock, other: &Lock| (&one.owner, one.taken_at) == (&other.owner, other.taken_at);
                    let as_seen = match (&opening.replaces, &table) {
                        (None, None) => true,
                        (Some(replaced), Some(there)) => same(replaced, there),
                        _ => false,
                    };
                    if as_seen {
                        assert_eq!(opening.replaces, dead, "a lock was taken over that nobody had left");
                        table = Some(lock(&run));
                        taken.push(run);
                    }
                }
                Some(Err(Refusal::Held { holder, .. })) => {
                    assert_eq!(taken, [holder.to_string()], "a refusal names the holder");
                    refused += 1;
                }
                Some(Err(refusal)) => panic!("{refusal}"),
            }
        }
        assert_eq!(taken.len(), 1, "order {order}: {taken:?}, {refused} were refused");
    }
}
