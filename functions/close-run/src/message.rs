//! The notification: plain words for someone who was just woken. Pure.
//!
//! What matters most stands first, and lists are cut, so that the whole fits into a reply.

use std::fmt::Write as _;

use action::Mode;
use ledger::Trigger;

use crate::report::{Report, StepOutcome};
use crate::words::next;
pub use crate::words::{headline, subject};

/// The most that a message takes as JSON, in bytes: a reply stays under 4 KiB.
const MOST: usize = 3_000;
const LINES: usize = 6;
/// No run takes more steps: what a plan would do is told step by step.
const STEPS: usize = 12;
const LINE: usize = 180;
/// The action that stops the old primary.
const FENCE: &str = "fence-primary";

/// The whole message; `location` is where the report is.
pub fn message(report: &Report, location: &str) -> String {
    let mut parts = vec![headline(report)];
    if !report.not_done.is_empty() {
        parts.push(list("What is not done:", &report.not_done, LINES));
    }
    parts.push(next(report));
    parts.push(format!("Report: {location}\nExecution: {}", report.run.execution));
    let facts = [
        Some(happened(report)),
        approved(report),
        Some(took(report)),
        lost(report),
        fenced(report),
        hooked(report),
        would_take(report),
    ];
    parts.push(facts.into_iter().flatten().collect::<Vec<_>>().join("\n"));
    let changed = said(report, StepOutcome::Changed);
    let planned = said(report, StepOutcome::Planned);
    match report.run.mode {
        Mode::Execute if !changed.is_empty() => parts.push(list("What was done:", &changed, LINES)),
        Mode::Plan if !planned.is_empty() => parts.push(list("What would be done:", &planned, STEPS)),
        _ => {}
    }
    fitting(parts.join("\n\n"))
}

fn happened(report: &Report) -> String {
    match &report.run.trigger {
        Trigger::Alarm {
            alarm,
            alarm_at,
            incident_at,
            reason,
        } => {
            let first = incident_at
                .map(|at| format!(", after the first failed probe at {at}"))
                .unwrap_or_default();
            clipped(
                &format!("What happened: alarm {alarm} went off at {alarm_at}{first}. {reason}"),
                2 * LINE,
            )
        }
        Trigger::Schedule { schedule } => clipped(
            &format!("What happened: schedule {schedule} started the run at {}.", report.run.started_at),
            2 * LINE,
        ),
        Trigger::Person { who, why } => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let who = who.as_deref().unwrap_or("a person");
            clipped(
                &format!("What happened: {who} started the run at {}{why}.", report.run.started_at),
                2 * LINE,
            )
        }
    }
}

fn approved(report: &Report) -> Option<String> {
    let approval = report.approval.as_ref()?;
    Some(clipped(
        &format!("Approval: asked at {}; {}.", approval.asked_at, approval.because),
        2 * LINE,
    ))
}

fn took(report: &Report) -> String {
    let clocks = &report.clocks;
    let mut parts = Vec::new();
    for (what, seconds) in [
        ("noticed in", clocks.detect_seconds),
        ("decided in", clocks.decide_seconds),
        ("executed in", Some(clocks.execute_seconds)),
        ("in all", clocks.total_seconds),
    ] {
        parts.extend(seconds.map(|seconds| format!("{what} {}", duration(seconds))));
    }
    let mut text = format!("Time: {}", parts.join(", "));
    if let Some(rto) = report.objectives.rto_seconds.filter(|_| report.run.machine.moves()) {
        let _infallible = write!(text, "; the RTO of {} is {}", duration(rto as f64), met(report.objectives.rto_met));
    }
    text + "."
}

fn lost(report: &Report) -> Option<String> {
    if !report.run.machine.moves() {
        return None;
    }
    let mut text = match (report.rpo_seconds, &report.rpo_because) {
        (Some(lag), _) => format!("Data: the last {} before the promotion may be lost", duration(lag)),
        (None, because) => format!(
            "Data: nobody knows what may be lost: {}",
            because.as_deref().unwrap_or("no lag was measured")
        ),
    };
    if let Some(rpo) = report.objectives.rpo_seconds {
        let _infallible = write!(text, "; the RPO of {} is {}", duration(rpo as f64), met(report.objectives.rpo_met));
    }
    match report.lost_writes.as_ref().map(|lost| &lost.snapshot) {
        Some(Some(snapshot)) => {
            let _infallible = write!(text, "; the old primary's snapshot is kept as {snapshot}");
        }
        Some(None) => text.push_str("; what Aurora leaves of the old primary is kept once its Region answers"),
        None => {}
    }
    Some(clipped(&(text + "."), 2 * LINE))
}

fn would_take(report: &Report) -> Option<String> {
    let estimate = report.estimate.as_ref()?;
    let text = format!("Estimate: {}: {}.", duration(estimate.seconds as f64), estimate.because);
    Some(clipped(&text, 2 * LINE))
}

/// What became of the old primary: nobody else tells whether it may still take writes.
fn fenced(report: &Report) -> Option<String> {
    let step = report.steps.iter().find(|step| step.function.as_deref() == Some(FENCE))?;
    let because = step.because.as_deref().unwrap_or("nobody knows whether it was stopped");
    Some(clipped(&format!("Old primary: {because}."), 2 * LINE))
}

/// Which hooks were called, and what of them failed.
fn hooked(report: &Report) -> Option<String> {
    if report.hooks.is_empty() {
        return None;
    }
    let words = report.hooks.iter().map(|hook| match &hook.error {
        None => format!("{} is done", hook.name),
        Some(error) => format!("{} FAILED ({error})", hook.name),
    });
    Some(clipped(&format!("Hooks: {}.", words.collect::<Vec<_>>().join("; ")), 2 * LINE))
}

fn met(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "not known to be met",
    }
}

/// `0.4 s`, `44 s`, `4 min 12 s`, `1 h 0 min`.
fn duration(seconds: f64) -> String {
    // Seconds of a run: far below where a float loses whole numbers.
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{} s", (seconds * 10.0).round() / 10.0),
        10..60 => format!("{whole} s"),
        60..3_600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

fn said(report: &Report, outcome: StepOutcome) -> Vec<String> {
    let steps = report.steps.iter().filter(|step| step.outcome == outcome);
    steps
        .map(|step| match (&step.because, &step.resource) {
            (Some(because), _) => format!("{}: {because}", step.name),
            (None, Some(resource)) => format!("{}: {resource}", step.name),
            (None, None) => step.name.clone(),
        })
        .collect()
}

fn list(title: &str, lines: &[String], most: usize) -> String {
    let mut text = title.to_owned();
    for line in lines.iter().take(most) {
        let _infallible = write!(text, "\n- {}", clipped(line, LINE));
    }
    if lines.len() > most {
        let _infallible = write!(text, "\n- and {} more", lines.len() - most);
    }
    text
}

/// The text in one paragraph and in at most `most` bytes of JSON.
fn clipped(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sizes = text.char_indices().scan(0, |size, (at, c)| {
        *size += match c {
            '"' | '\\' => 2,
            c if c.is_control() => 6,
            c => c.len_utf8(),
        };
        Some((at, *size))
    });
    match sizes.into_iter().find(|(_, size)| *size > most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// The text with so much cut from its end that it fits into a reply.
fn fitting(mut text: String) -> String {
    let size = |text: &str| serde_json::Value::from(text).to_string().len();
    if size(&text) > MOST {
        while size(&text) > MOST - 8 {
            text.pop();
        }
        text.push_str("\n…");
    }
    text
}
