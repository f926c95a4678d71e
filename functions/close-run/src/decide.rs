//! How a run ended, how long it took, and what remains. Pure.

use std::collections::BTreeSet;

use action::Mode;
use action::ids::Region;
use jiff::Timestamp;
use ledger::{Trigger, Verdict};

use crate::definition::{AFTERWARDS, Definition};
use crate::estimate;
use crate::io::{Ended, Request, Stop};
use crate::report::{CalledHook, Clocks, Objectives, Report, ReportedCall, ReportedStop, Run, Step, StepOutcome};
use crate::steps::{Walked, unwrapped};

/// The machine says two things that can't both be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run in mode {mode:?} can't have ended {ended:?}")]
pub struct Contradiction {
    /// The run's mode.
    pub mode: Mode,
    /// Where it is said to have ended.
    pub ended: Ended,
}

/// How a run ended. A plan run can't have touched anything: nothing that changes anything can be called in it.
///
/// # Errors
/// When a plan run is said to be proven, or a real one planned.
pub fn verdict(mode: Mode, ended: Ended, touched: bool) -> Result<Verdict, Contradiction> {
    match (mode, ended) {
        (Mode::Execute, Ended::Proven) | (Mode::Plan, Ended::Planned) => Ok(Verdict::Done),
        (Mode::Execute, Ended::Stopped) if touched => Ok(Verdict::StoppedPartway),
        (_, Ended::Stopped) => Ok(Verdict::StoppedUntouched),
        (mode, ended) => Err(Contradiction { mode, ended }),
    }
}

/// The report.
///
/// # Errors
/// When the machine contradicts itself.
pub fn report(
    request: &Request,
    walked: Vec<Walked>,
    definition: &Definition,
    region: &Region,
    closed_at: Timestamp,
) -> Result<Report, Contradiction> {
    // What a hook has done, nobody here knows.
    let touched = walked.iter().any(|walked| walked.touched) || !request.hooks.is_empty();
    let verdict = verdict(request.mode, request.ended, touched)?;
    let calls = match request.mode {
        Mode::Plan => planned(request, &walked, definition),
        Mode::Execute => Vec::new(),
    };
    let steps: Vec<Step> = walked.into_iter().map(|walked| walked.step).collect();
    let awaited = steps.iter().filter(|step| step.function.as_deref() != Some(AFTERWARDS));
    let last_end = awaited.filter_map(|step| step.ended_at).max();
    let end = match verdict {
        Verdict::Done => last_end.unwrap_or(closed_at),
        Verdict::StoppedUntouched | Verdict::StoppedPartway => closed_at,
    };
    let (rpo_seconds, rpo_because) = rpo(request);
    Ok(Report {
        run: Run {
            id: request.run.clone(),
            workload: request.workload.clone(),
            machine: request.machine,
            mode: request.mode,
            continues: request.opened.as_ref().and_then(|opened| opened.continues.clone()),
            trigger: request.trigger.clone(),
            execution: request.execution.clone(),
            region: region.clone(),
            started_at: request.started_at,
            opened_at: request.opened.as_ref().map(|opened| opened.opened_at),
            closed_at,
        },
        verdict,
        clocks: clocks(&request.trigger, request.started_at, end),
        objectives: objectives(request, verdict, end),
        rpo_seconds,
        rpo_because,
        approval: request.approval.clone(),
        lost_writes: request.lost_writes.clone(),
        not_done: match verdict {
            Verdict::Done => Vec::new(),
            Verdict::StoppedUntouched | Verdict::StoppedPartway => not_done(&steps, &request.stops, definition),
        },
        hooks: request.hooks.iter().map(told).collect(),
        estimate: estimate::estimate(&steps, &calls, definition),
        calls,
        steps,
        stops: request.stops.iter().map(reported).collect(),
    })
}

/// The calls of the steps, in order, and then those of the machine itself. A state that is a dry run in every mode makes none.
fn planned(request: &Request, walked: &[Walked], definition: &Definition) -> Vec<ReportedCall> {
    let of_steps = walked.iter().filter(|walked| !definition.rehearses(&walked.step.name));
    let of_steps = of_steps.flat_map(|walked| walked.calls.iter().map(|call| (walked.step.name.as_str(), call)));
    let of_machine = request.planned.iter().map(|planned| (planned.state.as_str(), &planned.call));
    of_steps
        .chain(of_machine)
        .map(|(step, call)| estimate::reported(step, call.clone()))
        .collect()
}

fn told(hook: &CalledHook) -> CalledHook {
    CalledHook {
        error: hook.error.as_deref().map(caught),
        ..hook.clone()
    }
}

/// An error's name with its message, where its cause has one.
fn caught(error: &str) -> String {
    match error.split_once(": ") {
        Some((name, cause)) => format!("{name}: {}", unwrapped(cause)),
        None => error.to_owned(),
    }
}

fn reported(stop: &Stop) -> ReportedStop {
    ReportedStop {
        state: stop.state.clone(),
        error: stop.error.clone(),
        message: unwrapped(&stop.cause),
    }
}

/// The four clocks. They come from three writers' time (the probe, CloudWatch, Step Functions), so that one may seem to
/// end before it began; it is 0 then.
pub fn clocks(trigger: &Trigger, started_at: Timestamp, end: Timestamp) -> Clocks {
    let (alarm_at, incident_at, because) = match trigger {
        Trigger::Alarm { alarm_at, incident_at, .. } => (
            Some(*alarm_at),
            *incident_at,
            incident_at
                .is_none()
                .then_some("no failed probe was found just before the alarm, so nobody knows when the incident began"),
        ),
        Trigger::Schedule { .. } => (
            None,
            None,
            Some("a schedule started the run, so there was no incident to measure from"),
        ),
        Trigger::Person { .. } => (
            None,
            None,
            Some("a person started the run, so nobody measured when the incident began and when it was noticed"),
        ),
    };
    Clocks {
        detect_seconds: incident_at.zip(alarm_at).map(|(from, to)| seconds(from, to)),
        decide_seconds: alarm_at.map(|from| seconds(from, started_at)),
        execute_seconds: seconds(started_at, end),
        total_seconds: incident_at.map(|from| seconds(from, end)),
        because: because.map(str::to_owned),
    }
}

/// From one time to another, in thousandths of a second; never less than 0.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_millis().max(0) as f64 / 1_000.0
}

fn objectives(request: &Request, verdict: Verdict, end: Timestamp) -> Objectives {
    let planned = request.opened.as_ref().map(|opened| opened.objectives);
    // Without the incident, the run has taken at least this long.
    let (since, exact) = match &request.trigger {
        Trigger::Alarm {
            incident_at: Some(incident_at),
            ..
        } => (*incident_at, true),
        Trigger::Alarm { alarm_at, .. } => (*alarm_at, false),
        Trigger::Schedule { .. } | Trigger::Person { .. } => (request.started_at, false),
    };
    // The objectives are those of a recovery.
    let rto_met = planned
        .filter(|_| request.machine.moves() && request.mode == Mode::Execute)
        .and_then(|planned| {
            let within = seconds(since, end) <= planned.rto_seconds as f64;
            match (within, exact && verdict == Verdict::Done) {
                (false, _) => Some(false),
                (true, true) => Some(true),
                (true, false) => None,
            }
        });
    Objectives {
        rto_seconds: planned.map(|planned| planned.rto_seconds),
        rpo_seconds: planned.map(|planned| planned.rpo_seconds),
        rto_met,
        rpo_met: planned
            .zip(request.lag_seconds)
            .map(|(planned, lag)| lag <= planned.rpo_seconds as f64),
    }
}

fn rpo(request: &Request) -> (Option<f64>, Option<String>) {
    if !request.machine.moves() {
        return (None, Some("a refresh of images moves no data".to_owned()));
    }
    let because = match (request.lag_seconds, &request.lag_because, &request.opened) {
        (Some(_), ..) => None,
        (None, Some(because), _) => Some(because.clone()),
        (None, None, Some(_)) => Some("the lag was not measured: the workload has no database, or the run stopped before".to_owned()),
        (None, None, None) => Some("the run stopped before it had a plan to measure by".to_owned()),
    };
    (request.lag_seconds, because)
}

/// What remains: what stopped, what failed or was given up, and what would have come after.
fn not_done(steps: &[Step], stops: &[Stop], definition: &Definition) -> Vec<String> {
    let stopped: BTreeSet<&str> = stops.iter().map(|stop| stop.state.as_str()).collect();
    let mut found: Vec<String> = stops
        .iter()
        .map(|stop| format!("{}: {}", stop.state, unwrapped(&stop.cause)))
        .collect();
    let unwell = steps.iter().filter(|step| !stopped.contains(step.name.as_str()));
    found.extend(unwell.filter_map(|step| match (step.outcome, &step.error) {
        (StepOutcome::Failed, Some(error)) => Some(format!("{}: {}", step.name, error.message)),
        (StepOutcome::Unfinished, _) => Some(format!("{}: given up before it came back", step.name)),
        _ => None,
    }));
    let entered: BTreeSet<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let mut missed: Vec<String> = Vec::new();
    for alternatives in stopped.iter().flat_map(|state| definition.after(state)) {
        let reached = alternatives.iter().any(|state| entered.contains(state) || stopped.contains(state));
        let text = format!("{}: never reached", alternatives.join(" or "));
        if !reached && !missed.contains(&text) {
            missed.push(text);
        }
    }
    found.extend(missed);
    found
}
