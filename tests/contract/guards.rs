//! What docs/safety.md tells of the guards, held against what they say.

use std::time::Duration;

use check_readiness::decide::NotReady;
use choose_promotion::decide::Refusal as Unpromoted;
use confirm_outage::decide::{Holder, Refusal as Unconfirmed};
use open_run::decide::Refusal as Unopened;
use relight_tests::{functions, root};
use start_recovery::AlarmState;
use start_recovery::decide::Hold;

/// What the guards say, of as many as can be made here without AWS, each with the function that says it.
fn guards() -> Vec<(&'static str, String)> {
    let run = || "unishop-1".parse().expect("a run");
    let workload = || "unishop".parse().expect("a workload");
    let cluster = || "arn:aws:rds:us-west-1:123456789012:cluster:c".parse().expect("an ARN");
    let at = || "2026-11-21T03:15:02Z".parse().expect("a time");
    let inhibit = || signals::Inhibit::read("why").expect("a reason");
    let (seen, counted, alarm) = (|| "seen".to_owned(), || "counted".to_owned(), || "a".to_owned());
    let state = AlarmState::Ok;
    let last = ledger::LastRun {
        run: run(),
        work: run(),
        machine: ledger::Machine::Failover,
        closed_at: at(),
        verdict: ledger::Verdict::Done,
        mode: action::Mode::Execute,
    };
    let holds = [
        Hold::NoAlarm {
            alarm: alarm(),
            state: state.clone(),
        },
        Hold::Suppressed {
            alarm: alarm(),
            by: seen(),
        },
        Hold::AlreadyStarted { run: run(), since: None },
        Hold::Guarded(plan::GuardMode::Notify),
        Hold::Inhibited { why: inhibit() },
        Hold::CoolingDown { last, until: at() },
        Hold::Recovered { alarm: alarm(), state },
    ];
    let unopened = [
        Unopened::Held {
            workload: workload(),
            holder: run(),
            execution: "arn:aws:states:us-west-1:123456789012:execution:m:unishop-1"
                .parse()
                .expect("an ARN"),
            since: at(),
        },
        Unopened::Unsupported(vec![seen()]),
    ];
    let second = Duration::from_secs(1);
    let unpromoted = [
        Unpromoted::TwoWriters {
            global_cluster: "g".parse().expect("an id"),
            writers: vec![seen()],
        },
        Unpromoted::LagAboveRpo {
            cluster: cluster(),
            lag: second,
            age: second,
            rpo: second,
        },
        Unpromoted::LagUnknown {
            cluster: cluster(),
            why: seen(),
        },
    ];
    let unconfirmed = [
        Unconfirmed::LockLost {
            run: run(),
            workload: workload(),
            holder: Holder::Nobody,
        },
        Unconfirmed::Inhibited { why: inhibit() },
        Unconfirmed::Answers {
            seen: seen(),
            counted: counted(),
        },
        Unconfirmed::TooFew {
            seen: seen(),
            counted: counted(),
        },
        Unconfirmed::NoTime(action::DeadlinePassed(at())),
        Unconfirmed::NotBorneOut {
            seen: Box::new(Unconfirmed::Answers {
                seen: seen(),
                counted: counted(),
            }),
            alarm: seen(),
            passed: action::DeadlinePassed(at()),
        },
    ];
    let raced = open_run::Error::LostRace {
        workload: workload(),
        holder: "unishop-2".to_owned(),
    };
    let full = readiness::Answer::fail(readiness::Question::VcpuQuota, seen(), "enough", "ask for more");
    let not_ready = NotReady(vec![full]);
    let holds = holds.iter().map(|hold| (start_recovery::NAME, hold.to_string()));
    let unopened = unopened.iter().map(|refusal| (open_run::NAME, refusal.to_string()));
    let unpromoted = unpromoted.iter().map(|refusal| (choose_promotion::NAME, refusal.to_string()));
    let unconfirmed = unconfirmed.iter().map(|refusal| (confirm_outage::NAME, refusal.to_string()));
    let raced = std::iter::once((open_run::NAME, raced.to_string()));
    let not_ready = std::iter::once((check_readiness::NAME, not_ready.to_string()));
    holds
        .chain(unopened)
        .chain(not_ready)
        .chain(raced)
        .chain(unpromoted)
        .chain(unconfirmed)
        .collect()
}

/// Whether `text` has the parts of `pattern` between its gaps, in their order, from the first to the last.
fn says(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let parts: Vec<&str> = pattern.split('…').collect();
    parts.iter().enumerate().all(|(index, part)| match rest.find(part) {
        Some(found) if index > 0 || found == 0 => {
            rest = &rest[found + part.len()..];
            index + 1 < parts.len() || part.is_empty() || rest.is_empty()
        }
        _ => false,
    })
}

#[test]
fn the_guards_on_the_page_say_what_the_guards_in_the_code_say() {
    let page = std::fs::read_to_string(root().join("docs/safety.md")).expect("docs/safety.md");
    let section = page
        .split_once("## The guards")
        .map_or("", |(_, rest)| rest.split("\n## ").next().unwrap_or_default());
    let table = section.split("\n### ").next().unwrap_or_default();
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let known = functions().iter().any(|function| cells.get(2) == Some(&function.name));
            known.then(|| (cells[2], cells[4].trim_matches('`')))
        })
        .collect();
    let guards = guards();
    for (function, text) in &guards {
        let told = rows.iter().any(|(by, pattern)| by == function && says(pattern, text));
        assert!(told, "docs/safety.md doesn't tell what {function} says: {text}");
    }
    for (function, pattern) in &rows {
        let made = guards.iter().any(|(by, text)| by == function && says(pattern, text));
        assert!(made, "docs/safety.md tells what {function} never says: {pattern}");
    }
}

#[test]
fn a_pattern_says_its_parts_in_their_order_and_nothing_around_them() {
    assert!(says("run … ended", "run a ended") && says("… b…", "a b c"));
    assert!(!says("run … ended", "a run a ended") && !says("run … ended", "run a ended now") && !says("b … a", "a b"));
}
