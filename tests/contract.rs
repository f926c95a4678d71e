//! The machines, the template, the policies and the functions, held against each other.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

#[path = "contract/guards.rs"]
mod guards;

use std::collections::BTreeSet;
use std::time::Duration;

use action::ErrorName;
use action::aws::CALL_TIMEOUT;
use relight_tests::{Function, State, allowed, deployed, functions, machines, root, states};
use serde_json::Value;

fn tasks() -> Vec<State> {
    states()
        .expect("the machines")
        .into_iter()
        .filter(|state| state.definition["Type"] == "Task")
        .collect()
}

fn invocations() -> Vec<(State, Function)> {
    let invocations: Vec<_> = tasks()
        .into_iter()
        .filter_map(|state| {
            let name = state.function()?;
            let function = functions().into_iter().find(|function| function.name == name);
            Some((
                state.clone(),
                function.unwrap_or_else(|| panic!("{} invokes {name}, which is no function", state.name)),
            ))
        })
        .collect();
    assert!(invocations.len() >= 7, "the machines invoke {} functions only", invocations.len());
    invocations
}

/// The variant of a request's schema that a payload is of, with definitions resolved.
fn variant(schema: &Value, payload: &Value) -> Value {
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let fits = |variant: &Value| {
        variant["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .all(|(name, property)| property.get("const").is_none_or(|constant| payload[name] == *constant))
    };
    variants.into_iter().find(fits).expect("a variant of the request")
}

#[test]
fn every_payload_names_exactly_the_fields_of_its_request() {
    for (state, function) in invocations() {
        let payload = &state.definition["Arguments"]["Payload"];
        let schema = serde_json::to_value(function.request.expect("a request")).expect("a schema");
        let schema = variant(&schema, payload);
        let known: BTreeSet<&String> = schema["properties"].as_object().expect("properties").keys().collect();
        let named: BTreeSet<&String> = payload.as_object().expect("named fields").keys().collect();
        assert_eq!(
            named, known,
            "{}: the payload of {} against the fields of its request",
            state.machine, state.name
        );
    }
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let fresh = relight_tests::schemas().expect("the schemas");
    for (name, schema) in &fresh {
        let committed = std::fs::read_to_string(root().join("schemas").join(name)).unwrap_or_default();
        assert!(
            committed == *schema,
            "schemas/{name} is not what the types say: run `cargo xtask schemas`"
        );
    }
    let kept = std::fs::read_dir(root().join("schemas")).expect("schemas/").count();
    assert_eq!(kept, fresh.len(), "schemas/ holds a file that no type has");
}

#[test]
fn machines_match_no_error_name_outside_the_closed_set() {
    let ours: BTreeSet<&str> = [
        ErrorName::InvalidInput,
        ErrorName::Refused,
        ErrorName::Transient,
        ErrorName::Permanent,
    ]
    .map(ErrorName::as_str)
    .into();
    let mut matched = 0;
    for state in states().expect("the machines") {
        for rule in ["Retry", "Catch"]
            .iter()
            .flat_map(|kind| state.definition[kind].as_array().cloned().unwrap_or_default())
        {
            for name in rule["ErrorEquals"].as_array().expect("names") {
                let name = name.as_str().expect("a name");
                let theirs = ["States.", "Lambda.", "StepFunctions."]
                    .iter()
                    .any(|prefix| name.starts_with(prefix));
                assert!(ours.contains(name) || theirs, "{} matches {name}", state.name);
                matched += 1;
            }
        }
    }
    assert!(matched > 0);
}

#[test]
fn states_all_is_last_alone_and_never_retried() {
    for state in states().expect("the machines") {
        for retry in state.definition["Retry"].as_array().into_iter().flatten() {
            assert!(
                !retry["ErrorEquals"].as_array().expect("names").contains(&"States.ALL".into()),
                "{} retries everything",
                state.name
            );
        }
        let catches = state.definition["Catch"].as_array().cloned().unwrap_or_default();
        for (index, catch) in catches.iter().enumerate() {
            let names = catch["ErrorEquals"].as_array().expect("names");
            if names.contains(&"States.ALL".into()) {
                assert_eq!(
                    (names.len(), index),
                    (1, catches.len() - 1),
                    "{} catches everything, but not last and alone",
                    state.name
                );
            }
        }
    }
}

#[test]
fn every_task_is_caught_so_that_every_way_leads_to_the_report() {
    for state in tasks() {
        let catches = state.definition["Catch"].as_array().cloned().unwrap_or_default();
        assert!(
            catches.iter().any(|catch| catch["ErrorEquals"][0] == "States.ALL"),
            "{} lets errors out",
            state.name
        );
    }
}

#[test]
fn every_state_says_why_it_is_there() {
    for (name, machine) in machines().expect("the machines") {
        assert!(machine["Comment"].is_string(), "{name} has no Comment");
        assert_eq!(machine["QueryLanguage"], "JSONata", "{name}");
    }
    for state in states().expect("the machines") {
        assert!(
            state.definition["Comment"].as_str().is_some_and(|comment| comment.len() > 20),
            "{} has no Comment",
            state.name
        );
    }
}

#[test]
fn an_unknown_outcome_never_leads_to_a_change() {
    let all = states().expect("the machines");
    let choices: Vec<&State> = all.iter().filter(|state| state.definition["Type"] == "Choice").collect();
    assert!(!choices.is_empty());
    for choice in choices {
        let default = choice.definition["Default"]
            .as_str()
            .unwrap_or_else(|| panic!("{} has no Default", choice.name));
        let next = all
            .iter()
            .find(|state| state.name == default && state.machine == choice.machine)
            .expect("the default's state");
        let changes = match next.function() {
            // In plan mode nothing changes, whatever the function.
            Some(_) if next.definition["Arguments"]["Payload"]["mode"] == "plan" => false,
            Some(name) => name != "close-run",
            None => matches!(next.definition["Type"].as_str(), Some("Task" | "Map" | "Parallel")),
        };
        assert!(!changes, "{} leads to {default} when nothing matches", choice.name);
    }
}

#[test]
fn time_outs_nest_call_in_function_in_state_in_machine() {
    let deployed = deployed().expect("the template");
    for (state, function) in invocations() {
        let timeout = Duration::from_secs(deployed[function.name]["Timeout"].as_u64().expect("a Timeout"));
        let calls = u32::try_from(function.calls.len()).expect("a few");
        let calls = match function.name {
            // All its calls together end with its own bound.
            fence_primary::NAME => fence_primary::WITHIN,
            keep_lost_writes::NAME => keep_lost_writes::WITHIN,
            _ => CALL_TIMEOUT * calls.min(3),
        };
        assert!(calls < timeout, "{} of {timeout:?} may end before its calls do", function.name);
        let patience = Duration::from_secs(patience(&state).expect("TimeoutSeconds").0);
        assert!(
            timeout < patience,
            "{} waits {patience:?} for {}, which may take {timeout:?}",
            state.name,
            function.name
        );
    }
    let machines = machines().expect("the machines");
    for (name, machine) in &machines {
        assert!(
            machine["TimeoutSeconds"].as_u64().is_some_and(|seconds| seconds >= 3600),
            "{name} has no TimeoutSeconds"
        );
    }
    for state in tasks() {
        let (_, most) = patience(&state).unwrap_or_else(|| panic!("{} has no TimeoutSeconds", state.name));
        let whole = machines[&state.machine]["TimeoutSeconds"].as_u64().expect("seconds");
        assert!(most < whole, "{} may wait {most} s of its machine's {whole}", state.name);
    }
}

/// The least and the most seconds that a Task waits. A wait for people or for a hook is as long as the plan says, within the
/// plan's own bounds.
fn patience(state: &State) -> Option<(u64, u64)> {
    let seconds = &state.definition["TimeoutSeconds"];
    let schema = serde_json::to_value(plan::schema()).ok()?;
    let bounds = |table: &str, key: &str| {
        let span = schema["$defs"][table]["properties"][key].clone();
        let bound = |name: &str| span[name].as_str()?.parse::<plan::Span>().ok().map(|span| span.seconds());
        Some((bound("x-least")?, bound("x-most")?))
    };
    if seconds.as_str().is_some_and(|seconds| seconds.ends_with("[0].timeoutSeconds %}")) {
        return bounds("Hook", "timeout");
    }
    if state.definition["Resource"] != "arn:aws:states:::lambda:invoke.waitForTaskToken" {
        return seconds.as_u64().map(|seconds| (seconds, seconds));
    }
    assert_eq!(seconds, "{% $opened.approval.timeoutSeconds %}", "{}", state.name);
    bounds("Guards", "approvalTimeout")
}

#[test]
fn each_function_is_deployed_under_its_name_with_a_role_of_its_own() {
    let deployed = deployed().expect("the template");
    let names: BTreeSet<&str> = functions().iter().map(|function| function.name).collect();
    assert_eq!(deployed.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    let roles: BTreeSet<String> = deployed.values().map(|function| format!("{:?}", function["Role"])).collect();
    assert_eq!(roles.len(), names.len(), "two functions share a role");
    for (name, function) in &deployed {
        assert_eq!(function["FunctionName"].as_str(), Some(format!("relight-{name}").as_str()));
    }
}

#[test]
fn each_policy_holds_what_its_function_calls_and_nothing_else() {
    let deployed = deployed().expect("the template");
    for function in functions() {
        let allowed = allowed(&deployed[function.name], "calls").expect("the policy");
        let called: BTreeSet<String> = function.calls.iter().map(|call| call.iam_action.to_owned()).collect();
        assert_eq!(allowed, called, "the policy of {} against its CALLS", function.name);
    }
}

#[test]
fn no_policy_allows_a_wildcard_of_actions() {
    let deployed = deployed().expect("the template");
    for (name, function) in &deployed {
        for policy in ["calls", "implied"] {
            for action in allowed(function, policy).expect("the policy") {
                assert!(!action.contains('*'), "{name} may {action}");
            }
        }
    }
}

#[test]
fn the_probe_is_scheduled_with_the_payload_that_the_lab_begins_with() {
    let workload = std::fs::read_to_string(root().join("infra/workload.yaml")).expect("infra/workload.yaml");
    for part in [r#""purpose":"probe""#, r#""site":"primary""#] {
        assert!(workload.replace(": ", ":").contains(part), "the schedule's input has no {part}");
    }
}

/// A handler that its program doesn't hold would fail at every start, and in an account first.
#[test]
fn each_function_is_deployed_from_the_bundle_that_holds_its_action() {
    let deployed = deployed().expect("the template");
    let mut held = 0;
    for bundle in bootstrap::BUNDLES {
        for action in bundle.actions {
            let function = &deployed[*action];
            let key = relight_tests::text(&function["CodeUri"]["Key"]);
            assert_eq!(key, format!("${{ArtifactPrefix}}/{}.zip", bundle.name), "{action}");
            held += 1;
        }
    }
    assert_eq!(deployed.len(), held, "a function is in no bundle");
}

#[test]
fn the_documented_questions_are_those_that_are_asked() {
    let page = std::fs::read_to_string(root().join("docs/readiness.md")).expect("docs/readiness.md");
    let documented: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let asked: Vec<String> = readiness::Question::ALL
        .iter()
        .map(|question| {
            let (asker, before_move) = (question.asker().function(), question.before_move().words());
            format!("| `{question}` | {asker} | {} | {before_move} |", question.holds())
        })
        .collect();
    assert_eq!(documented, asked);
}
