//! What the project's own files say of themselves, read for the tests that hold them against each other: the machines,
//! the engine's template, and the functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use action::Call;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// What can't be read in a repository that is whole.
pub type Unreadable = Box<dyn std::error::Error>;

/// One function: what its crate says of it.
pub struct Function {
    /// Its name, which is its handler's too.
    pub name: &'static str,
    /// The AWS calls that it can make.
    pub calls: &'static [Call],
    /// The schema of its requests; none for an AWS event.
    pub request: Option<Schema>,
    /// The schema of its replies.
    pub reply: Schema,
}

/// Every function of the artifact.
pub fn functions() -> Vec<Function> {
    macro_rules! function {
        ($name:ident, $request:expr) => {
            Function {
                name: $name::NAME,
                calls: $name::CALLS,
                request: $request,
                reply: reply::<$name::io::Reply>(),
            }
        };
    }
    macro_rules! with_request {
        ($name:ident) => {
            function!($name, Some(schemars::schema_for!($name::io::Request)))
        };
    }
    vec![
        with_request!(adopt_image),
        with_request!(answer_approval),
        with_request!(ask_approval),
        with_request!(check_compute),
        with_request!(check_database),
        with_request!(check_dependencies),
        with_request!(check_plan),
        with_request!(check_readiness),
        with_request!(check_tables),
        with_request!(choose_promotion),
        with_request!(close_run),
        with_request!(confirm_outage),
        with_request!(copy_image),
        with_request!(create_image),
        with_request!(detach_global_cluster),
        with_request!(failover_global_cluster),
        with_request!(fence_primary),
        with_request!(keep_lost_writes),
        with_request!(launch_instances),
        with_request!(open_run),
        with_request!(prune_images),
        with_request!(publish_endpoint),
        with_request!(scale_group),
        with_request!(shift_traffic),
        with_request!(smoke_test),
        with_request!(stop_run),
        with_request!(terminate_instances),
        function!(start_recovery, None),
    ]
}

/// A reply always carries all its fields, so its schema is that of what is written: nullable fields are required.
fn reply<T: JsonSchema>() -> Schema {
    SchemaSettings::default()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The committed schemas by file name, as they follow from the types now.
///
/// # Errors
/// When one can't be written as JSON.
pub fn schemas() -> Result<BTreeMap<String, String>, Unreadable> {
    let mut schemas = BTreeMap::new();
    schemas.insert("plan.schema.json".to_owned(), serde_json::to_value(plan::schema())?);
    schemas.insert("report.schema.json".to_owned(), serde_json::to_value(close_run::report_schema())?);
    for function in functions() {
        if let Some(request) = function.request {
            schemas.insert(format!("{}.request.schema.json", function.name), serde_json::to_value(request)?);
        }
        schemas.insert(
            format!("{}.reply.schema.json", function.name),
            serde_json::to_value(function.reply)?,
        );
    }
    schemas
        .into_iter()
        .map(|(name, schema)| Ok((name, format!("{}\n", serde_json::to_string_pretty(&schema)?))))
        .collect()
}

/// The template of the engine.
///
/// # Errors
/// When it can't be read.
pub fn engine() -> Result<Yaml, Unreadable> {
    Ok(serde_yaml_ng::from_str(&std::fs::read_to_string(
        root().join("infra/engine.yaml"),
    )?)?)
}

/// The engine's functions by name, with their properties.
///
/// # Errors
/// When the template can't be read.
pub fn deployed() -> Result<BTreeMap<String, Yaml>, Unreadable> {
    let engine = engine()?;
    let resources = engine["Resources"].as_mapping().cloned().unwrap_or_default();
    let functions = resources
        .into_values()
        .filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    Ok(functions
        .filter_map(|function| {
            Some((
                function["Properties"]["Handler"].as_str()?.to_owned(),
                function["Properties"].clone(),
            ))
        })
        .collect())
}

/// The IAM actions that the policy `name` of a function's role allows.
///
/// # Errors
/// When the template can't be read.
pub fn allowed(function: &Yaml, name: &str) -> Result<BTreeSet<String>, Unreadable> {
    let engine = engine()?;
    let role = text(&function["Role"]).trim_end_matches(".Arn").to_owned();
    let policies = engine["Resources"][role.as_str()]["Properties"]["Policies"]
        .as_sequence()
        .cloned()
        .unwrap_or_default();
    let policy = policies.into_iter().find(|policy| policy["PolicyName"] == name).unwrap_or_default();
    let statements = policy["PolicyDocument"]["Statement"].as_sequence().cloned().unwrap_or_default();
    Ok(statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Yaml::Sequence(actions) => actions.iter().map(text).collect(),
            action => vec![text(action)],
        })
        .collect())
}

/// A text of the template, without the tag that says how CloudFormation reads it.
pub fn text(value: &Yaml) -> String {
    match value {
        Yaml::Tagged(tagged) => text(&tagged.value),
        value => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// The names of the functions that the machine in the file `machine` invokes.
///
/// # Panics
/// When the machines can't be read.
#[expect(clippy::expect_used, reason = "for tests, which fail by panicking")]
pub fn invoked(machine: &str) -> BTreeSet<String> {
    let states = states().expect("the machines");
    states
        .iter()
        .filter(|state| state.machine == machine)
        .filter_map(State::function)
        .collect()
}

/// A state of a machine, wherever it is nested.
#[derive(Clone, Debug)]
pub struct State {
    /// The machine's file name.
    pub machine: String,
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: Value,
}

/// Every machine by its file's name.
///
/// # Errors
/// When one can't be read.
pub fn machines() -> Result<BTreeMap<String, Value>, Unreadable> {
    let mut machines = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("statemachine"))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".asl.json") {
            machines.insert(name, serde_json::from_str(&std::fs::read_to_string(&path)?)?);
        }
    }
    Ok(machines)
}

/// Every state of every machine.
///
/// # Errors
/// When a machine can't be read.
pub fn states() -> Result<Vec<State>, Unreadable> {
    let mut states = Vec::new();
    for (machine, definition) in machines()? {
        collect(&machine, &definition, &mut states);
    }
    Ok(states)
}

fn collect(machine: &str, definition: &Value, states: &mut Vec<State>) {
    for (name, state) in definition["States"].as_object().into_iter().flatten() {
        states.push(State {
            machine: machine.to_owned(),
            name: name.clone(),
            definition: state.clone(),
        });
        for branch in state["Branches"].as_array().into_iter().flatten() {
            collect(machine, branch, states);
        }
        if state.get("ItemProcessor").is_some() {
            collect(machine, &state["ItemProcessor"], states);
        }
    }
}

impl State {
    /// The function that a Task invokes, by its name, if it invokes one.
    pub fn function(&self) -> Option<String> {
        // By itself, or in an expression that may name another function of the same contract.
        let (_, placeholder) = self.definition["Arguments"]["FunctionName"].as_str()?.split_once("${")?;
        Some(kebab(placeholder.split_once('}')?.0))
    }
}

fn kebab(camel: &str) -> String {
    let mut name = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
