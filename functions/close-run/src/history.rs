//! What an execution did, from its history: each visit of each Task state, with what came back.
//!
//! Step Functions chains a task's events to the state's entry by `previousEventId` (model: HistoryEvent), so that
//! branches side by side stay apart. Some emulators write no such ids, and nothing at all about the states inside a
//! Parallel or Map; there a reply is told by the action that it names, a call by its resource, and a failure by what the
//! machine caught.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use crate::definition::{Definition, State, short_resource};
use crate::io::Stop;

/// One event of an execution's history, as far as a report needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, from 1.
    pub id: i64,
    /// The event that led to it; 0 for none.
    pub previous: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A Task state was entered.
    TaskEntered(String),
    /// A Parallel or Map was entered.
    GroupEntered(String),
    /// A state of another kind was entered.
    OtherEntered,
    /// A state was left.
    Exited(String),
    /// A call was scheduled.
    Scheduled {
        /// The resource as the history names it.
        resource: String,
    },
    /// A call came back.
    Succeeded {
        /// The resource as the history names it; empty for a function called by its ARN.
        resource: String,
        /// What came back, as JSON text.
        output: String,
    },
    /// A call failed.
    Failed {
        /// The error's name.
        error: String,
        /// Its cause.
        cause: String,
    },
    /// The state was given up, since another branch failed or the execution was stopped.
    Aborted,
    /// Anything else.
    Other,
}

/// One visit of a Task state.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The state.
    pub state: String,
    /// When it was entered.
    pub entered: Timestamp,
    /// When it was left; none if it wasn't.
    pub left: Option<Timestamp>,
    /// What its calls came to: one, or more where the machine retried.
    pub results: Vec<CallResult>,
}

/// What one call came to.
#[derive(Clone, Debug, PartialEq)]
pub enum CallResult {
    /// It came back with this: a function's reply, or a service's answer.
    Answer(Value),
    /// It failed.
    Error {
        /// The error's name.
        error: String,
        /// Its cause as Step Functions has it.
        cause: String,
    },
    /// It was given up.
    Aborted,
}

/// The visits, in the order in which the states were entered.
pub fn visits(events: &[Event], definition: &Definition, stops: &[Stop]) -> Vec<Visit> {
    let mut reading = Reading {
        definition,
        stops,
        visits: Vec::new(),
        owners: BTreeMap::new(),
        groups: Vec::new(),
        scheduled: VecDeque::new(),
    };
    for event in events {
        reading.take(event);
    }
    reading.visits.sort_by_key(|visit| visit.entered);
    reading.visits
}

struct Reading<'a> {
    definition: &'a Definition,
    stops: &'a [Stop],
    visits: Vec<Visit>,
    /// Which visit an event belongs to.
    owners: BTreeMap<i64, usize>,
    /// The Parallels and Maps that are open.
    groups: Vec<String>,
    /// Calls of nameless states that haven't come back: when, and of what.
    scheduled: VecDeque<(Timestamp, String)>,
}

impl Reading<'_> {
    fn take(&mut self, event: &Event) {
        match &event.what {
            What::TaskEntered(name) => {
                self.owners.insert(event.id, self.visits.len());
                self.visits.push(Visit {
                    state: name.clone(),
                    entered: event.at,
                    left: None,
                    results: Vec::new(),
                });
            }
            What::GroupEntered(name) => self.groups.push(name.clone()),
            What::OtherEntered => {}
            what => match self.owner(event) {
                Some(visit) => {
                    self.owners.insert(event.id, visit);
                    self.belongs(visit, event.at, what);
                }
                None => self.nameless(event.at, what),
            },
        }
    }

    /// The visit that an event belongs to: by its chain, or, where no chain is written, the one that is open.
    fn owner(&self, event: &Event) -> Option<usize> {
        match event.previous {
            0 => self.visits.iter().rposition(|visit| visit.left.is_none()),
            previous => self.owners.get(&previous).copied(),
        }
        .filter(|visit| match &event.what {
            What::Exited(name) => self.visits.get(*visit).is_some_and(|visit| visit.state == *name),
            _ => true,
        })
    }

    fn belongs(&mut self, visit: usize, at: Timestamp, what: &What) {
        let Some(visit) = self.visits.get_mut(visit) else {
            return;
        };
        match what {
            What::Exited(_) => visit.left = Some(at),
            What::Aborted => {
                visit.left = Some(at);
                visit.results.push(CallResult::Aborted);
            }
            what => visit.results.extend(result(what)),
        }
    }

    /// An event of a state that the history doesn't name.
    fn nameless(&mut self, at: Timestamp, what: &What) {
        match what {
            What::Exited(name) if self.groups.contains(name) => {
                self.groups.retain(|group| group != name);
                self.scheduled.clear();
            }
            What::Scheduled { resource } => self.scheduled.push_back((at, resource.clone())),
            What::Succeeded { .. } | What::Failed { .. } => {
                let (since, resource) = self.scheduled.pop_front().unwrap_or((at, String::new()));
                if let (Some(state), Some(result)) = (self.guess(what, &resource), result(what)) {
                    self.visits.push(Visit {
                        state,
                        entered: since,
                        left: Some(at),
                        results: vec![result],
                    });
                }
            }
            _ => {}
        }
    }

    fn guess(&self, what: &What, scheduled: &str) -> Option<String> {
        let inside = || self.groups.iter().flat_map(|group| self.definition.tasks_in(group));
        let only = |found: Vec<(&str, &State)>| match found.as_slice() {
            [(name, _)] => Some((*name).to_owned()),
            _ => None,
        };
        match what {
            What::Succeeded { resource, output } => {
                let action = answer(output).get("action").and_then(Value::as_str).map(str::to_owned);
                let resource = short_resource(resource);
                only(
                    inside()
                        .filter(|(_, state)| match &state.function {
                            Some(function) => action.as_ref() == Some(function),
                            None => state.resource == resource,
                        })
                        .collect(),
                )
            }
            What::Failed { error, cause } => {
                let caught = self.stops.iter().find(|stop| stop.error == *error && stop.cause == *cause);
                caught
                    .and_then(|stop| only(inside().filter(|(name, _)| *name == stop.state).collect()))
                    .or_else(|| only(inside().filter(|(_, state)| state.resource == short_resource(scheduled)).collect()))
            }
            _ => None,
        }
    }
}

fn result(what: &What) -> Option<CallResult> {
    match what {
        What::Succeeded { output, .. } => Some(CallResult::Answer(answer(output))),
        What::Failed { error, cause } => Some(CallResult::Error {
            error: error.clone(),
            cause: cause.clone(),
        }),
        _ => None,
    }
}

/// What a call came back with; of `lambda:invoke`, the function's own reply.
fn answer(output: &str) -> Value {
    let mut output: Value = serde_json::from_str(output).unwrap_or_default();
    match output.get_mut("Payload") {
        Some(payload) => payload.take(),
        None => output,
    }
}
