//! The machine's definition, as far as a report needs it: what each state calls, and what comes after it.
//!
//! The history of an execution says what happened; only the definition says what would have. Amazon States Language:
//! states-language.net/spec.html.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

/// The actions that change nothing of a workload: they look, or they keep the books.
const LOOKING: &[&str] = &[
    "start-recovery",
    "open-run",
    "ask-approval",
    "close-run",
    "check-compute",
    "check-database",
    "check-readiness",
    "choose-promotion",
    "confirm-outage",
    "check-tables",
    "smoke-test",
];

/// How the API actions begin that change nothing.
const READING: &[&str] = &["get", "describe", "list", "head", "query", "scan", "batchGet"];

/// The action that ends every way through a machine; what comes after it is no part of a run.
const LAST: &str = "close-run";

/// The action that asks people: nothing that remains to be done where a run ended before it.
const ASKING: &str = "ask-approval";

/// The action that comes when users are served already: no clock counts it, and nothing of it remains to be done, since a schedule
/// does it too.
pub const AFTERWARDS: &str = "keep-lost-writes";

/// A machine's states by name. Names are unique in a machine, also across its branches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    states: BTreeMap<String, State>,
}

/// One state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Whether it is a step of the report: a Task, other than a look that the machine takes by itself.
    pub task: bool,
    /// Whether it remains to be done where it was never reached.
    due: bool,
    /// The action that it calls, by its short name.
    pub function: Option<String>,
    /// The API action that it calls itself, such as `ssm:putParameter`; none for a function.
    pub resource: Option<String>,
    /// Whether it may change anything of the workload.
    pub changes: bool,
    /// Whether it is a dry run whatever the run's mode.
    pub rehearses: bool,
    /// The states that may come next, except after an error.
    next: Vec<String>,
    /// The Parallel or Map that it is in.
    group: Option<String>,
}

impl Definition {
    /// Reads a definition in Amazon States Language. What can't be read is left out: a report is worth having anyway.
    pub fn read(text: &str) -> Self {
        let mut states = BTreeMap::new();
        if let Ok(machine) = serde_json::from_str(text) {
            collect(&machine, None, &mut states);
        }
        Self { states }
    }

    /// The state of that name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// Whether a call of this state may change something. What isn't known may.
    pub fn changes(&self, name: &str) -> bool {
        self.state(name).is_none_or(|state| state.changes)
    }

    /// Whether this state is a dry run whatever the run's mode.
    pub fn rehearses(&self, name: &str) -> bool {
        self.state(name).is_some_and(|state| state.rehearses)
    }

    /// The Task states in the Parallel or Map `group`, at any depth.
    pub fn tasks_in<'a>(&'a self, group: &'a str) -> impl Iterator<Item = (&'a str, &'a State)> {
        self.states
            .iter()
            .filter(move |(name, state)| state.task && self.groups(name).any(|outer| outer == group))
            .map(|(name, state)| (name.as_str(), state))
    }

    fn groups<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(Some(name), |name| self.states.get(*name)?.group.as_deref()).skip(1)
    }

    /// The Task states that would have come after `from`, had it gone well, the nearest first. Alternatives, of which a
    /// machine takes one, stand together.
    pub fn after(&self, from: &str) -> Vec<Vec<&str>> {
        let mut found: Vec<Vec<&str>> = Vec::new();
        for name in self.reachable(from) {
            let alternative = found
                .iter_mut()
                .find(|others| others.iter().all(|other| self.alternatives(other, name)));
            match alternative {
                Some(others) => others.push(name),
                None => found.push(vec![name]),
            }
        }
        found
    }

    /// Whether the way from `from` can lead to `to`.
    pub fn leads(&self, from: &str, to: &str) -> bool {
        self.reachable(from).contains(&to)
    }

    /// Whether one Choice leads to either of two Tasks at once, and neither to the other.
    fn alternatives(&self, one: &str, other: &str) -> bool {
        let chosen = |state: &State| [one, other].iter().all(|name| state.next.iter().any(|next| next == name));
        self.states.values().any(|state| !state.task && chosen(state))
            && !self.reachable(one).contains(&other)
            && !self.reachable(other).contains(&one)
    }

    fn reachable(&self, from: &str) -> Vec<&str> {
        let mut seen = BTreeSet::from([from]);
        let mut found = Vec::new();
        let mut queue: VecDeque<&str> = self.following(from).into();
        while let Some(name) = queue.pop_front() {
            let Some((name, state)) = self.states.get_key_value(name) else {
                continue;
            };
            if state.function.as_deref() == Some(LAST) || !seen.insert(name) {
                continue;
            }
            if state.due {
                found.push(name.as_str());
            }
            queue.extend(self.following(name));
        }
        found
    }

    /// What may follow a state: its own successors, or, where its branch ends, those of the group around it.
    fn following(&self, name: &str) -> Vec<&str> {
        match self.states.get(name) {
            Some(state) if state.next.is_empty() => state.group.as_deref().map_or_else(Vec::new, |group| self.leaving(group)),
            Some(state) => state.next.iter().map(String::as_str).collect(),
            None => Vec::new(),
        }
    }

    /// What follows a Parallel or Map once its branches have ended.
    fn leaving(&self, group: &str) -> Vec<&str> {
        let Some(state) = self.states.get(group) else {
            return Vec::new();
        };
        let inside = |name: &str| self.states.get(name).is_some_and(|state| state.group.as_deref() == Some(group));
        let outside: Vec<&str> = state.next.iter().map(String::as_str).filter(|next| !inside(next)).collect();
        match (&state.group, outside.is_empty()) {
            (Some(outer), true) => self.leaving(outer),
            _ => outside,
        }
    }
}

fn collect(machine: &Value, group: Option<&str>, states: &mut BTreeMap<String, State>) {
    for (name, state) in machine.get("States").and_then(Value::as_object).into_iter().flatten() {
        let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
        let inner: Vec<&Value> = branches.chain(state.get("ItemProcessor")).chain(state.get("Iterator")).collect();
        let first = inner.iter().filter_map(|machine| machine.get("StartAt"));
        let choices = state.get("Choices").and_then(Value::as_array).into_iter().flatten();
        let next: Vec<String> = first
            .chain(choices.filter_map(|choice| choice.get("Next")))
            .chain(state.get("Default"))
            .chain(state.get("Next"))
            .filter_map(|next| next.as_str().map(str::to_owned))
            .collect();
        let call = Call::of(state);
        let task = state.get("Type").and_then(Value::as_str) == Some("Task") && !call.only_reads() && !call.is_hook();
        states.insert(
            name.clone(),
            State {
                task,
                due: task && ![Some(ASKING), Some(AFTERWARDS)].contains(&call.function.as_deref()),
                changes: call.changes(state),
                rehearses: rehearses(state),
                function: call.function,
                resource: call.resource,
                next,
                group: group.map(str::to_owned),
            },
        );
        for machine in inner {
            collect(machine, Some(name), states);
        }
    }
}

struct Call {
    function: Option<String>,
    resource: Option<String>,
}

impl Call {
    fn of(state: &Value) -> Self {
        let resource = state.get("Resource").and_then(Value::as_str).unwrap_or_default();
        let arguments = state.get("Arguments").or_else(|| state.get("Parameters"));
        let invoked = arguments
            .and_then(|arguments| arguments.get("FunctionName"))
            .and_then(Value::as_str);
        let function = invoked.or_else(|| resource.contains(":function:").then_some(resource));
        Self {
            function: function.map(short_function),
            resource: if function.is_some() { None } else { short_resource(resource) },
        }
    }

    /// Whether it is of the user's own: the machine tells of those by their names.
    fn is_hook(&self) -> bool {
        let machine = |resource: &String| resource.starts_with("states:startExecution");
        self.function.as_deref() == Some("") || self.resource.as_ref().is_some_and(machine)
    }

    /// Whether the machine itself reads something.
    fn only_reads(&self) -> bool {
        self.resource.as_deref().is_some_and(reads)
    }

    fn changes(&self, state: &Value) -> bool {
        if rehearses(state) {
            return false;
        }
        match (&self.function, &self.resource) {
            (Some(function), _) => !LOOKING.contains(&function.as_str()),
            (None, Some(resource)) => !resource.starts_with("sns:") && !reads(resource),
            (None, None) => false,
        }
    }
}

fn rehearses(state: &Value) -> bool {
    let mode = state
        .pointer("/Arguments/Payload/mode")
        .or_else(|| state.pointer("/Parameters/Payload/mode"));
    mode.and_then(Value::as_str) == Some("plan")
}

fn reads(resource: &str) -> bool {
    let (_, call) = resource.split_once(':').unwrap_or(("", resource));
    READING.iter().any(|reading| call.starts_with(reading))
}

/// `arn:aws:lambda:us-west-2:123456789012:function:relight-open-run:live` → `open-run`.
pub(crate) fn short_function(name: &str) -> String {
    let name = name.split_once(":function:").map_or(name, |(_, rest)| rest);
    // Up to a version, or to the end of an expression that the name stands in.
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let name = end.and_then(|end| name.get(..end)).unwrap_or(name);
    name.strip_prefix("relight-").unwrap_or(name).to_owned()
}

/// `arn:aws:states:::aws-sdk:ssm:putParameter` → `ssm:putParameter`; of the service integrations, `sns:publish` stays.
pub(crate) fn short_resource(arn: &str) -> Option<String> {
    let rest = arn.split_once(":states:::").map_or(arn, |(_, rest)| rest);
    let rest = rest.strip_prefix("aws-sdk:").unwrap_or(rest);
    (!rest.is_empty()).then(|| rest.to_owned())
}
