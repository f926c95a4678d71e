//! Whether the run may move the workload, guard by guard. Pure.

use std::time::Duration;

use action::ids::{RunId, WorkloadName};
use action::{DeadlinePassed, Mode};
use jiff::Timestamp;
use ledger::Trigger;
use signals::Inhibit;

use crate::io::Request;
use crate::tally::{Tally, Window};

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Why recoveries are inhibited, if they are.
    pub inhibit: Option<Inhibit>,
    /// Who holds the workload's lock; not asked for a run that only plans.
    pub holder: Option<Holder>,
    /// The last looks; none if the metric can't be read.
    pub tally: Option<Tally>,
}

/// Who holds the workload's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This run.
    Run(RunId),
    /// Nobody.
    Nobody,
}

/// What the run may do, with the sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Move the workload.
    GoOn(String),
    /// Look again after so many seconds: the outage may still be a cut that is shorter than the plan asks for.
    LookAgain {
        /// After how many.
        seconds: u64,
        /// Why.
        because: String,
    },
}

/// Why the run may not go on. Shown to people as it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lock was lost.
    #[error("run {run} does not hold the lock of {workload} any more: {}", match .holder { Holder::Run(other) => format!("run {other} does"), Holder::Nobody => "nobody does".to_owned() })]
    LockLost {
        /// This run.
        run: RunId,
        /// The workload.
        workload: WorkloadName,
        /// Who holds it.
        holder: Holder,
    },
    /// People hold all recoveries back.
    #[error(
        "recoveries are inhibited: {} says {why}; set it to off, or repeat its text as recoverDespiteInhibit",
        signals::PARAMETER
    )]
    Inhibited {
        /// Their reason.
        why: Inhibit,
    },
    /// The primary serves.
    #[error("the primary answers again: {seen}; {counted}")]
    Answers {
        /// What the look just now saw.
        seen: String,
        /// The last looks.
        counted: String,
    },
    /// The alarm went off on less than the plan asks for.
    #[error("the plan asks for more failed looks than there are: {counted}; the look just now failed too: {seen}")]
    TooFew {
        /// What the look just now saw.
        seen: String,
        /// The last looks.
        counted: String,
    },
    /// There is no time left to look again.
    #[error("the outage is younger than the plan asks for, and {0}")]
    NoTime(DeadlinePassed),
}

/// Whether a person decided that the workload moves, and no outage is required. A schedule is nobody's decision of the moment.
pub fn is_decided_by_a_person(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Person { .. })
}

/// Whether the run may move the workload.
///
/// # Errors
/// With the guard that says no.
pub fn decide(request: &Request, seen: &Seen, now: Timestamp) -> Result<Decision, Refusal> {
    holds_the_lock(request, seen)?;
    let person = is_decided_by_a_person(&request.trigger);
    let despite = despite_inhibit(request, seen, person)?;
    let window = request.probe.window();
    let counted = sentence(seen.tally, &window);
    let (look, failed) = (&request.look, seen.tally.map_or(0, |tally| tally.failed));
    if person {
        let now = if look.failed { "fails" } else { "answers" };
        let because = format!("{despite}a person decided; the primary {now} just now: {}; {counted}", look.because);
        return Ok(Decision::GoOn(because));
    }
    let (seen_now, counted_now) = (look.because.clone(), counted.clone());
    if !look.failed {
        return Err(Refusal::Answers { seen: seen_now, counted });
    }
    if failed < window.failures.max(1) {
        return Err(Refusal::TooFew { seen: seen_now, counted });
    }
    let Some(left) = seen.tally.and_then(|tally| too_young(tally, &window, look.at)) else {
        return Ok(Decision::GoOn(format!(
            "{counted_now}, and the look just now failed too: {seen_now}"
        )));
    };
    if request.mode == Mode::Execute && now > request.deadline.0 {
        return Err(Refusal::NoTime(DeadlinePassed(request.deadline.0)));
    }
    Ok(Decision::LookAgain {
        // Whole seconds, rounded up: a look that is taken too early would only ask for another.
        seconds: u64::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(1).max(1),
        because: format!("{counted_now}, and the look just now came within a period of the last: {seen_now}"),
    })
}

/// A run whose lock was taken over has been given up by everybody else: another may be moving the workload already.
fn holds_the_lock(request: &Request, seen: &Seen) -> Result<(), Refusal> {
    match &seen.holder {
        None => Ok(()),
        Some(Holder::Run(run)) if *run == request.run => Ok(()),
        Some(holder) => Err(Refusal::LockLost {
            run: request.run.clone(),
            workload: request.workload.clone(),
            holder: holder.clone(),
        }),
    }
}

/// What the sentence begins with where a person goes on against the switch; nothing where nobody has set it.
fn despite_inhibit(request: &Request, seen: &Seen, person: bool) -> Result<String, Refusal> {
    let Some(why) = &seen.inhibit else { return Ok(String::new()) };
    let consent = request.recover_despite_inhibit.as_deref().filter(|_| person);
    if consent.is_some_and(|consent| why.is_repeated_by(consent)) {
        return Ok(format!("although {} says {why}, as consented to: ", signals::PARAMETER));
    }
    Err(Refusal::Inhibited { why: why.clone() })
}

/// How long the look just now must still be put off to show that the outage is no shorter cut.
///
/// From the first of M failed looks to the last there are only M - 1 periods. The M-th is closed by one more failed look: in
/// the metric, or just now, if that was a whole period after the last.
fn too_young(tally: Tally, window: &Window, look: Timestamp) -> Option<Duration> {
    if u32::from(tally.failed) + u32::from(tally.failed_before) > u32::from(window.failures) {
        return None;
    }
    let closed = tally.last_failed?.checked_add(window.period).ok()?;
    Duration::try_from(closed.duration_since(look)).ok().filter(|left| !left.is_zero())
}

/// The last looks with their numbers.
fn sentence(tally: Option<Tally>, window: &Window) -> String {
    let Some(tally) = tally else {
        return "the last looks are unknown, since their metric can't be read".to_owned();
    };
    let missing = match tally.missing {
        0 => String::new(),
        missing => format!(", {missing} never happened"),
    };
    format!(
        "{} of the last {} looks failed ({} needed{missing})",
        tally.failed, window.looks, window.failures
    )
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
