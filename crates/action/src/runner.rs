//! Runs an action in Lambda: parses the payload itself, logs one line in and one out, names the error.

use std::future::Future;
use std::time::Instant;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{error, info};

use crate::clock;
use crate::error::{ErrorName, NamedError, chain};
use crate::outcome::Outcome;
use crate::region_switch::RegionSwitch;

/// A payload that is no request of this action.
#[derive(Debug, thiserror::Error)]
#[error("payload of {action}: at {place}")]
pub struct NoRequest {
    action: &'static str,
    place: String,
    source: serde_json::Error,
}

impl NamedError for NoRequest {
    fn name(&self) -> ErrorName {
        ErrorName::InvalidInput
    }
}

/// Serves invocations of `action` until Lambda ends the process.
///
/// The payload is taken as JSON and parsed here, so that a bad one is `Relight.InvalidInput` and names the field,
/// rather than an error named after a type of the runtime.
///
/// # Errors
/// When the runtime API can't be reached.
pub async fn run<Request, Reply, Failure, Handle, Answer>(action: &'static str, handle: Handle) -> Result<(), lambda_runtime::Error>
where
    Request: DeserializeOwned,
    Reply: Serialize,
    Failure: NamedError,
    Handle: Fn(Request) -> Answer,
    Answer: Future<Output = Result<Reply, Failure>>,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .init();
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        answer(action, event.payload, handle).await
    }))
    .await
}

async fn answer<Request, Reply, Failure, Handle, Answer>(
    action: &'static str,
    mut payload: Value,
    handle: &Handle,
) -> Result<Value, Diagnostic>
where
    Request: DeserializeOwned,
    Reply: Serialize,
    Failure: NamedError,
    Handle: Fn(Request) -> Answer,
    Answer: Future<Output = Result<Reply, Failure>>,
{
    let started = Instant::now();
    let switch = RegionSwitch::take(&mut payload, clock::now());
    let field = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (run, mode) = (field("run"), field("mode"));
    match &switch {
        None => info!(action, run, mode, "called"),
        Some(by) => info!(
            action,
            run,
            mode,
            plan = by.plan,
            execution = by.execution,
            step = by.step,
            "called by Region switch"
        ),
    }
    let result = match serde_path_to_error::deserialize(payload) {
        Ok(request) => handle(request).await.map_err(|error| diagnostic(&error)),
        Err(error) => {
            let place = error.path().to_string();
            Err(diagnostic(&NoRequest {
                action,
                place,
                source: error.into_inner(),
            }))
        }
    };
    let result = result.and_then(|reply| {
        serde_json::to_value(reply)
            .map(|reply| signed(action, reply))
            .map_err(|error| Diagnostic {
                error_type: ErrorName::Permanent.as_str().to_owned(),
                error_message: error.to_string(),
            })
    });
    let result = match result {
        Ok(reply) if switch.is_some() => settled(reply),
        result => result,
    };
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match &result {
        Ok(reply) => {
            let said = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
            info!(
                action,
                run,
                mode,
                outcome = said("outcome"),
                because = said("because"),
                millis,
                "answered"
            );
        }
        Err(diagnostic) => error!(
            action,
            run,
            mode,
            error = diagnostic.error_type,
            because = diagnostic.error_message,
            millis,
            "failed"
        ),
    }
    result
}

/// Region switch calls again what fails, and takes every reply for the end: one that waits is an error to it.
fn settled(reply: Value) -> Result<Value, Diagnostic> {
    let outcome = reply
        .get("outcome")
        .and_then(|outcome| serde_json::from_value(outcome.clone()).ok());
    if outcome != Some(Outcome::Waiting) {
        return Ok(reply);
    }
    let because = reply.get("because").and_then(Value::as_str).unwrap_or_default();
    Err(Diagnostic {
        error_type: ErrorName::Transient.as_str().to_owned(),
        error_message: format!("not yet: {because}"),
    })
}

/// The reply with the name of the action that gave it, so that the history of an execution says by itself who replied.
fn signed(action: &'static str, mut reply: Value) -> Value {
    if let Some(fields) = reply.as_object_mut() {
        fields.insert("action".to_owned(), action.into());
    }
    reply
}

fn diagnostic<E: NamedError>(error: &E) -> Diagnostic {
    Diagnostic {
        error_type: error.name().as_str().to_owned(),
        error_message: chain(error),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        count: u8,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("lag is unknown")]
    struct Refusal;

    impl NamedError for Refusal {
        fn name(&self) -> ErrorName {
            ErrorName::Refused
        }
    }

    async fn twice(request: Request) -> Result<u8, Refusal> {
        request.count.checked_mul(2).ok_or(Refusal)
    }

    async fn call(payload: Value) -> Result<Value, Diagnostic> {
        answer("twice", payload, &twice).await
    }

    #[tokio::test]
    async fn answers_with_the_reply() {
        assert_eq!(call(json!({"count": 2})).await, Ok(json!(4)));
    }

    #[test]
    fn a_reply_names_its_action() {
        assert_eq!(
            signed("twice", json!({"outcome": "changed"})),
            json!({"outcome": "changed", "action": "twice"})
        );
    }

    #[tokio::test]
    async fn region_switch_sends_the_same_payload_with_its_own_keys_beside_it() {
        let by =
            json!({"InvokedBy": "ARC", "PlanArn": "arn:aws:arc-region-switch::1:plan/a", "ExecutionId": "1", "StepName": "s", "count": 2});
        assert_eq!(call(by).await, Ok(json!(4)));
    }

    #[test]
    fn to_region_switch_what_waits_has_failed_and_will_be_called_again() {
        let error = settled(json!({"outcome": "waiting", "because": "shop is promoting"})).unwrap_err();
        assert_eq!(
            (error.error_type.as_str(), error.error_message.as_str()),
            ("Relight.Transient", "not yet: shop is promoting")
        );
        for outcome in ["unchanged", "changed", "planned"] {
            assert!(settled(json!({"outcome": outcome})).is_ok(), "{outcome}");
        }
    }

    #[tokio::test]
    async fn an_unknown_field_is_invalid_input_and_named() {
        let Err(error) = call(json!({"count": 2, "cuont": 3})).await else {
            panic!("accepted an unknown field")
        };
        assert_eq!(error.error_type, "Relight.InvalidInput");
        assert!(
            error.error_message.contains("unknown field `cuont`, expected `count`"),
            "{}",
            error.error_message
        );
    }

    #[tokio::test]
    async fn a_field_of_the_wrong_type_is_named_with_its_value() {
        let Err(error) = call(json!({"count": "two"})).await else {
            panic!("accepted a text for a number")
        };
        assert_eq!(
            error.error_message,
            "payload of twice: at count: invalid type: string \"two\", expected u8"
        );
    }

    #[tokio::test]
    async fn an_error_keeps_its_name() {
        let Err(error) = call(json!({"count": 200})).await else {
            panic!("200 doubled fits no byte")
        };
        assert_eq!(
            (error.error_type.as_str(), error.error_message.as_str()),
            ("Relight.Refused", "lag is unknown")
        );
    }
}
