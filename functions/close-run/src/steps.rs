//! The steps of a report, from the visits of the Task states. Pure.

use std::collections::BTreeMap;

use action::{ErrorName, Mode, PlannedCall};
use serde_json::Value;

use crate::definition::Definition;
use crate::history::{CallResult, Visit};
use crate::report::{Step, StepError, StepOutcome};

/// A step, and whether it changed anything of the workload, or may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Walked {
    /// The step as it is reported.
    pub step: Step,
    /// Whether it changed something, or may have.
    pub touched: bool,
    /// The calls that it would make, of a plan run.
    pub calls: Vec<PlannedCall>,
}

/// One step per state, in the order in which they were first entered. The action that reports is no step of its own.
pub fn steps(mode: Mode, visits: &[Visit], definition: &Definition) -> Vec<Walked> {
    let mut by_state: BTreeMap<&str, Vec<&Visit>> = BTreeMap::new();
    for visit in visits {
        by_state.entry(&visit.state).or_default().push(visit);
    }
    let mut walked: Vec<Walked> = by_state
        .into_iter()
        .filter_map(|(name, visits)| merged(mode, name, &visits, definition))
        .filter(|walked| walked.step.function.as_deref() != Some(crate::NAME))
        // The machine's own look whether it is to stop is worth a word only where it failed.
        .filter(|walked| walked.step.error.is_some() || definition.state(&walked.step.name).is_none_or(|state| state.task))
        .collect();
    walked.sort_by(|a, b| (a.step.started_at, &a.step.name).cmp(&(b.step.started_at, &b.step.name)));
    walked
}

fn merged(mode: Mode, name: &str, visits: &[&Visit], definition: &Definition) -> Option<Walked> {
    let state = definition.state(name);
    let last = visits.last()?;
    let results = || visits.iter().flat_map(|visit| &visit.results);
    let replies = || {
        results().filter_map(|result| match result {
            CallResult::Answer(reply) => Some(reply),
            _ => None,
        })
    };
    let said = |reply: &Value, field: &str| reply.get(field).and_then(Value::as_str).map(str::to_owned);
    let function = state
        .and_then(|state| state.function.clone())
        .or_else(|| replies().find_map(|reply| said(reply, "action")));
    let native = function.is_none();
    let touched = mode == Mode::Execute && definition.changes(name) && visits.iter().any(|visit| may_have_changed(visit, native));
    let error = match last.results.last() {
        Some(CallResult::Error { error, cause }) => Some(StepError {
            error: error.clone(),
            message: unwrapped(cause),
        }),
        _ => None,
    };
    let outcome = match last.results.last() {
        Some(CallResult::Error { .. }) => StepOutcome::Failed,
        Some(CallResult::Aborted) | None => StepOutcome::Unfinished,
        Some(CallResult::Answer(_)) if touched => StepOutcome::Changed,
        Some(CallResult::Answer(reply)) => said(reply, "outcome").map_or(StepOutcome::Unchanged, |outcome| reported(&outcome)),
    };
    let because = match &error {
        Some(error) => Some(error.message.clone()),
        None => replies().next_back().and_then(|reply| said(reply, "because")),
    };
    Some(Walked {
        step: Step {
            name: name.to_owned(),
            resource: state.and_then(|state| state.resource.clone()),
            function,
            started_at: visits.iter().map(|visit| visit.entered).min()?,
            ended_at: if visits.iter().all(|visit| visit.left.is_some()) {
                visits.iter().filter_map(|visit| visit.left).max()
            } else {
                None
            },
            outcome,
            because,
            looks: u32::try_from(visits.len()).unwrap_or(u32::MAX),
            error,
        },
        touched,
        calls: replies()
            .next_back()
            .and_then(|reply| serde_json::from_value(reply.get("calls")?.clone()).ok())
            .unwrap_or_default(),
    })
}

fn reported(outcome: &str) -> StepOutcome {
    match outcome {
        "planned" => StepOutcome::Planned,
        "changed" => StepOutcome::Changed,
        "waiting" => StepOutcome::Waiting,
        _ => StepOutcome::Unchanged,
    }
}

/// Whether a visit of a state that changes things changed something, or may have: it said so, it waits for what it set
/// off, or nobody knows. An error by which an action says that it touched nothing, or that AWS said no, is none.
fn may_have_changed(visit: &Visit, native: bool) -> bool {
    const SAID_NO: [&str; 3] = [
        ErrorName::InvalidInput.as_str(),
        ErrorName::Refused.as_str(),
        ErrorName::Permanent.as_str(),
    ];
    visit.results.is_empty()
        || visit.results.iter().any(|result| match result {
            CallResult::Answer(_) if native => true,
            CallResult::Answer(reply) => matches!(reply.get("outcome").and_then(Value::as_str), Some("changed" | "waiting") | None),
            CallResult::Error { error, .. } => !SAID_NO.contains(&error.as_str()),
            CallResult::Aborted => true,
        })
}

/// The message in an error's cause. A function's cause is a JSON text with `errorMessage`
/// (docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
pub fn unwrapped(cause: &str) -> String {
    serde_json::from_str::<Value>(cause)
        .ok()
        .and_then(|cause| Some(cause.get("errorMessage")?.as_str()?.to_owned()))
        .unwrap_or_else(|| cause.to_owned())
}
