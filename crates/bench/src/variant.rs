//! What is measured: each action, and what it is compared with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use crate::actions::{Action, actions, global_cluster};
use crate::artifact::Packed;
use crate::authority::Bundle;

const FAILOVER: &str = "arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover";
const TOPIC: &str = "arn:aws:sns:us-west-1:123456789012:relight-notifications";

const HANDLER: &str = include_str!("../python/handler.py");

/// What kind of program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An action: the limits are for it.
    Action,
    /// The same action's first step in Python.
    Python,
    /// The smallest possible bootstrap.
    Smallest,
}

/// One program with its settings and its payload.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name in the report.
    pub name: String,
    /// What kind of program it is.
    pub kind: Kind,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment but where the Runtime API is.
    pub environment: Vec<(String, OsString)>,
    /// What it is called with.
    pub payload: Value,
    /// The AWS calls that it makes until its first answer.
    pub calls: Vec<String>,
}

/// Where the processes find their AWS.
#[derive(Clone, Debug)]
pub struct World {
    /// The endpoint.
    pub endpoint: String,
    /// The authorities that they trust.
    pub bundle: Bundle,
}

/// Every action, by the program of its bundle.
///
/// # Errors
/// When a bundle isn't there.
pub fn of_artifact(bundles: &BTreeMap<String, Packed>, world: &World) -> Result<Vec<Variant>> {
    let of_action = |action: Action| {
        let bundle = bundles.get(action.bundle);
        let bundle = bundle.with_context(|| format!("{} is in {}.zip, which is not there", action.name, action.bundle))?;
        Ok(Variant {
            name: action.name.to_owned(),
            kind: Kind::Action,
            program: bundle.program.clone(),
            arguments: Vec::new(),
            environment: environment(action.name, world),
            payload: action.payload,
            calls: action.calls.iter().map(|&call| call.to_owned()).collect(),
        })
    };
    actions().into_iter().map(of_action).collect()
}

/// The smallest possible bootstrap, `program`.
pub fn smallest(program: &Path, world: &World) -> Variant {
    Variant {
        name: "smallest bootstrap".to_owned(),
        kind: Kind::Smallest,
        program: program.to_owned(),
        arguments: Vec::new(),
        environment: environment("smallest", world),
        payload: global_cluster(),
        calls: Vec::new(),
    }
}

/// The first step of detach-global-cluster in Python, by the virtual environment `python`; its handler is written to `folder`.
///
/// # Errors
/// When the handler can't be written.
pub fn python(python: &Path, folder: &Path, world: &World) -> Result<Variant> {
    let handler = folder.join("handler.py");
    std::fs::write(&handler, HANDLER).with_context(|| format!("write {}", handler.display()))?;
    let mut environment = environment("handler.handle", world);
    environment.push(("AWS_CA_BUNDLE".to_owned(), world.bundle.python.clone().into()));
    environment.push(("PYTHONPATH".to_owned(), folder.into()));
    Ok(Variant {
        name: "detach-global-cluster in Python".to_owned(),
        kind: Kind::Python,
        program: python.join("bin/python"),
        arguments: ["-m", "awslambdaric", "handler.handle"].map(str::to_owned).to_vec(),
        environment,
        payload: global_cluster(),
        calls: vec!["rds:DescribeGlobalClusters".to_owned()],
    })
}

/// What Lambda sets (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), what infra/engine.yaml sets, and where the
/// bench's AWS is. Nothing of the caller's own.
fn environment(handler: &str, world: &World) -> Vec<(String, OsString)> {
    let mut environment: Vec<(String, OsString)> = [
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "AQoDYXdzEJr1K...o5OytwEXAMPLE="),
        ("AWS_DEFAULT_REGION", "us-west-1"),
        ("AWS_REGION", "us-west-1"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_NAME", "relight-bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/relight-bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("RELIGHT_BUCKET", "relight-123456789012-us-west-1"),
        ("RELIGHT_LEDGER", "relight-ledger"),
        ("RELIGHT_FAILOVER_MACHINE", FAILOVER),
        ("RELIGHT_MACHINES", FAILOVER),
        ("RELIGHT_TOPIC", TOPIC),
        ("RELIGHT_ALARM_TOPIC", TOPIC),
        ("TZ", ":UTC"),
        ("_HANDLER", handler),
        ("AWS_ENDPOINT_URL", &world.endpoint),
    ]
    .map(|(name, value)| (name.to_owned(), OsString::from(value)))
    .into();
    environment.push(("AWS_CA_BUNDLE".to_owned(), world.bundle.functions.clone().into()));
    environment
}
