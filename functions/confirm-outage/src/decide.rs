//! Whether the run may move the workload, guard by guard. Pure.

use std::time::Duration;

use action::ids::{RunId, WorkloadName};
use action::{DeadlinePassed, Mode};
use jiff::Timestamp;
use ledger::Trigger;
use signals::{AlarmState, Inhibit};

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
    /// Look again after so many seconds: the outage may still be a cut that is shorter than the plan asks for, or become one
    /// that is not.
    LookAgain {
        /// After how many.
        seconds: u64,
        /// Why.
        because: String,
        /// From when looks count then.
        count_from: Option<Timestamp>,
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
    /// The alarm stays on, and the looks have not borne it out as long as the run may wait.
    #[error(
        "{seen}; {passed}, and alarm {alarm} is still on: it starts no other run before it has been OK. If the primary is down, start one"
    )]
    NotBorneOut {
        /// What the last looks were.
        seen: Box<Refusal>,
        /// The alarm.
        alarm: String,
        /// The end of the wait.
        passed: DeadlinePassed,
    },
}

impl Refusal {
    /// Whether it is the looks that don't bear the outage out: those of a minute later may.
    pub fn is_of_the_looks(&self) -> bool {
        matches!(self, Self::Answers { .. } | Self::TooFew { .. })
    }
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
    let counted = sentence(seen.tally, request.count_from, &window);
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
        seconds: whole_seconds(left),
        because: format!("{counted_now}, and the look just now came within a period of the last: {seen_now}"),
        count_from: request.count_from,
    })
}

/// Of how many looks a run's wait for its alarm has at most: each is some twenty events of the execution's 25,000
/// (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const MOST_LOOKS: u32 = 100;

/// What is made of looks that refuse an alarm's run, given what the alarm says by now.
///
/// An alarm that is off again starts another run when it goes on; so this one ends. One that is on starts none: so the run
/// looks on, until the outage is borne out, the alarm is off, or its time is over. Nobody knows that an alarm that can't be
/// read is off. A look that the primary answered ends whatever was counted before.
///
/// # Errors
/// With the guard that says no.
pub fn while_the_alarm_is_on(
    request: &Request,
    refusal: Refusal,
    alarm: &str,
    state: &Result<Option<AlarmState>, String>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let by_now = match state {
        Ok(Some(AlarmState::Alarm)) => "is still on".to_owned(),
        Ok(Some(_)) => return Err(refusal),
        Ok(None) => "is not there any more".to_owned(),
        Err(why) => format!("can't be read ({why})"),
    };
    let left = Duration::try_from(request.deadline.0.duration_since(now)).unwrap_or_default();
    if left.is_zero() {
        return Err(Refusal::NotBorneOut {
            seen: Box::new(refusal),
            alarm: alarm.to_owned(),
            passed: DeadlinePassed(request.deadline.0),
        });
    }
    let answered = matches!(refusal, Refusal::Answers { .. });
    Ok(Decision::LookAgain {
        seconds: whole_seconds(request.probe.window().period.max(left / MOST_LOOKS)),
        because: format!("{refusal}; alarm {alarm} {by_now}, so the run looks on"),
        count_from: if answered { Some(request.look.at) } else { request.count_from },
    })
}

/// Rounded up: a look that is taken too early would only ask for another.
fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(1).max(1)
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
fn sentence(tally: Option<Tally>, count_from: Option<Timestamp>, window: &Window) -> String {
    let Some(tally) = tally else {
        return "the last looks are unknown, since their metric can't be read".to_owned();
    };
    let missing = match (count_from, tally.missing) {
        (Some(from), _) => format!(", none counts from before {from}, when the primary answered"),
        (None, 0) => String::new(),
        (None, missing) => format!(", {missing} never happened"),
    };
    format!(
        "{} of the last {} looks failed ({} needed{missing})",
        tally.failed, window.looks, window.failures
    )
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
