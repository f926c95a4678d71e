//! What people say to a run: yes, no, or stop. Each is a call of one of the engine's functions.

use std::io::Write;

use action::aws::Failure;
use action::ids::RunId;
use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::primitives::Blob;
use aws_types::os_shim_internal::Env;
use aws_types::sdk_config::SdkConfig;
use serde_json::{Value, json};

use crate::access::Access;

/// A word to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Go on.
    Yes,
    /// Don't.
    No,
    /// Stop at the next safe point.
    Stop,
}

/// What the three commands have in common.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Saying {
    /// The run, by its id: the name of its execution
    run: RunId,
    /// Who says it, for the report [default: the caller that AWS knows, else the name on this machine]
    #[arg(long)]
    who: Option<String>,
    #[command(flatten)]
    access: Access,
}

/// Says `word` to the run; writes what became of it to `out`. Returns whether the engine took it.
///
/// # Errors
/// When AWS can't be reached, or `out` can't be written to.
pub(crate) async fn say(word: Word, saying: &Saying, why: Option<&str>, out: &mut impl Write) -> Result<bool> {
    let config = saying.access.config().await?;
    let who = match &saying.who {
        Some(who) => who.clone(),
        None => caller(&config).await,
    };
    let run = &saying.run;
    let (function, payload) = match word {
        Word::Yes => ("answer-approval", json!({"run": run, "answer": "yes", "who": who, "comment": why})),
        Word::No => ("answer-approval", json!({"run": run, "answer": "no", "who": who, "comment": why})),
        Word::Stop => ("stop-run", json!({"run": run, "who": who, "why": why})),
    };
    match invoke(&config, function, &payload).await? {
        Ok(because) => {
            writeln!(out, "{run}: {because}")?;
            Ok(true)
        }
        Err(refusal) => {
            writeln!(out, "{run}: NOT taken: {refusal}")?;
            Ok(false)
        }
    }
}

/// Invokes a function: what it says of its success, or of its failure.
async fn invoke(config: &SdkConfig, function: &str, payload: &Value) -> Result<Result<String, String>> {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let name = format!("relight-{function}");
    let reply = aws_sdk_lambda::Client::new(config)
        .invoke()
        .function_name(&name)
        .payload(Blob::new(payload.to_string()))
        .send()
        .await;
    let reply = match reply.map_err(Failure::from) {
        Ok(reply) => reply,
        Err(failure) if failure.is(&["ResourceNotFoundException"]) => {
            bail!("there is no function {name} in {region}: is the engine deployed there? --region names another Region")
        }
        Err(failure) => return Err(failure).with_context(|| format!("invoke {name} in {region}")),
    };
    let answer: Value = reply
        .payload()
        .and_then(|payload| serde_json::from_slice(payload.as_ref()).ok())
        .with_context(|| format!("understand the answer of {name}"))?;
    let text = |field: &str| {
        answer
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or("nothing was said why")
            .to_owned()
    };
    Ok(if reply.function_error().is_some() {
        Err(text("errorMessage"))
    } else {
        Ok(text("because"))
    })
}

/// Who calls: the ARN that AWS knows the credentials by, asked of STS in the Region; where that can't be asked, the name on
/// this machine, since an answer must not fail for want of a name.
async fn caller(config: &SdkConfig) -> String {
    let known = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    match known.ok().and_then(|identity| identity.arn) {
        Some(arn) => arn,
        None => {
            let env = Env::real();
            let set = |name: &str| env.get(name).ok().filter(|value| !value.is_empty());
            let user = set("USER").or_else(|| set("USERNAME")).unwrap_or_else(|| "somebody".to_owned());
            match set("HOSTNAME") {
                Some(host) => format!("{user}@{host}"),
                None => user,
            }
        }
    }
}
