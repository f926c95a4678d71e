//! Whether the plan can be followed from here, and whether a run is in the way. Pure.

use action::ids::Region;
use jiff::Timestamp;
use ledger::{Lock, Machine, StoredPlan};
use open_run::decide::unsupported;
use readiness::{Answer, Question, unasked};

/// How many digits of a digest tell one plan from another at a glance.
const SHORT: usize = 12;

/// A plan that is read is valid; left is whether a run of it would open.
pub fn plan(stored: &StoredPlan, region: &Region) -> Answer {
    let digest: String = stored.digest.chars().take(SHORT).collect();
    let version = stored.version.as_deref().unwrap_or("none");
    let seen = format!("SHA-256 {digest}, version {version}");
    let limit = format!("valid, recover in {region}, and ask for nothing that this version doesn't do");
    let unsupported = unsupported(Machine::Failover, &stored.plan, region);
    if unsupported.is_empty() {
        Answer::pass(Question::Plan, seen, limit)
    } else {
        let remedy = "change the plan (relight plan check) and upload it, or deploy an engine that does it";
        Answer::fail(
            Question::Plan,
            format!("{seen}, asks for {}", unsupported.join("; ")),
            limit,
            remedy,
        )
    }
}

/// A run at work holds up no other workload, and ends by itself: worth knowing, and no failure. An expired lock is free.
pub fn other_run(lock: Result<Option<Lock>, String>, now: Timestamp) -> Answer {
    let limit = "no lock";
    match lock {
        Err(why) => unasked(Question::OtherRun, why),
        Ok(Some(lock)) if now < lock.expires_at => Answer::warn(
            Question::OtherRun,
            format!("run {} holds the lock since {}", lock.owner, lock.taken_at),
            limit,
            format!("wait for the end of {}, or stop it", lock.execution),
        ),
        Ok(Some(lock)) => Answer::pass(
            Question::OtherRun,
            format!("the lock of run {} expired at {}", lock.owner, lock.expires_at),
            limit,
        ),
        Ok(None) => Answer::pass(Question::OtherRun, "no lock", limit),
    }
}
