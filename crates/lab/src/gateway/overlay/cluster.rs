//! The data plane of ARC's routing controls: the endpoints of one cluster, answered here since no emulator knows the service.
//!
//! AWS: route53-recovery-cluster 2019-12-02, awsJson1_0; the error shapes are the model's, with status 400 as for every shape that
//! names none. An endpoint takes requests signed for its own Region, by which it is told apart here; a request signed for a Region
//! without one fails as at any endpoint of another Region. The wording of a broken rule isn't documented; that it names the rule's
//! ARN is. IAM: actions on the control, listing on everything; `AllowSafetyRulesOverrides` says whether a rule is overridden
//! (Service Authorization Reference).

use http::{Response, StatusCode};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::access::Access;
use super::token;
use crate::gateway::call::{Call, Protocol};
use crate::gateway::fault::Fault;
use crate::gateway::routing::{CONTROL_PANEL, ENDPOINTS, PRIMARY_CONTROL, RECOVERY_CONTROL, Refusal, RoutingControls, SAFETY_RULE, Turned};

/// The signing name.
const SERVICE: &str = "route53-recovery-cluster";
const OVERRIDES: &str = "route53-recovery-cluster:AllowSafetyRulesOverrides";

/// An answer and what the log should say of it.
type Answered = (Response<Bytes>, String);

/// Whether the call is for an endpoint of a cluster.
pub(super) fn is_for_endpoint(call: &Call) -> bool {
    call.scope.service == SERVICE
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Get(String),
    List(Option<String>),
    Update {
        entries: Vec<(String, Turned)>,
        overridden: Vec<String>,
    },
}

/// Answers a call to an endpoint.
pub(super) async fn answer(call: &Call, body: &[u8], controls: &RoutingControls, access: &Access) -> Answered {
    if !ENDPOINTS.contains(&call.scope.region.as_str()) {
        let fault = Fault::new(
            StatusCode::FORBIDDEN,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        );
        return (
            fault.answer(Protocol::Json),
            "no endpoint of the cluster is in this Region".to_owned(),
        );
    }
    let asked = match read(&call.operation, body) {
        Ok(asked) => asked,
        Err(why) => {
            let fault = Fault::new(StatusCode::BAD_REQUEST, "ValidationException", &why);
            return (fault.answer(Protocol::Json), why);
        }
    };
    let overrides = matches!(&asked, Asked::Update { overridden, .. } if !overridden.is_empty());
    let context = [(OVERRIDES, if overrides { "true" } else { "false" })];
    if let Some(fault) = access.refuse_on(call, &asked.resources(), &context).await {
        return (fault.answer(Protocol::Json), "denied by the function's role".to_owned());
    }
    perform(&asked, controls)
}

fn read(operation: &str, body: &[u8]) -> Result<Asked, String> {
    let parsed: Value = serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let required = |value: &Value, name: &str| text(value, name).ok_or_else(|| format!("{name} is missing"));
    let entry = |value: &Value| {
        let turned = value.get("RoutingControlState").cloned().unwrap_or_default();
        let turned = serde_json::from_value(turned).map_err(|_| "RoutingControlState is On or Off".to_owned())?;
        Ok::<_, String>((required(value, "RoutingControlArn")?, turned))
    };
    let list = |name: &str| parsed.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let overridden = || {
        let rules = list("SafetyRulesToOverride").iter().filter_map(Value::as_str);
        rules.map(str::to_owned).collect()
    };
    match operation {
        "GetRoutingControlState" => Ok(Asked::Get(required(&parsed, "RoutingControlArn")?)),
        "ListRoutingControls" => Ok(Asked::List(text(&parsed, "ControlPanelArn"))),
        "UpdateRoutingControlState" => Ok(Asked::Update {
            entries: vec![entry(&parsed)?],
            overridden: overridden(),
        }),
        "UpdateRoutingControlStates" => Ok(Asked::Update {
            entries: list("UpdateRoutingControlStateEntries")
                .iter()
                .map(entry)
                .collect::<Result<_, _>>()?,
            overridden: overridden(),
        }),
        other => Err(format!("{other} is no operation of {SERVICE}")),
    }
}

impl Asked {
    /// The ARNs that a policy must allow.
    fn resources(&self) -> Vec<String> {
        match self {
            Self::Get(arn) => vec![arn.clone()],
            Self::List(_) => vec!["*".to_owned()],
            Self::Update { entries, .. } => entries.iter().map(|(arn, _)| arn.clone()).collect(),
        }
    }
}

fn perform(asked: &Asked, controls: &RoutingControls) -> Answered {
    let routing = controls.now();
    match asked {
        Asked::Get(arn) => match routing.control(arn) {
            Some((name, state)) => (
                success(&json!({"RoutingControlArn": arn, "RoutingControlName": name, "RoutingControlState": state})),
                format!("{name} is {state:?}"),
            ),
            None => refused(&Refusal::NoControl(arn.clone())),
        },
        Asked::List(panel) => {
            let controls: Vec<Value> = [PRIMARY_CONTROL, RECOVERY_CONTROL]
                .into_iter()
                .filter(|_| panel.as_deref().is_none_or(|panel| panel == CONTROL_PANEL))
                .filter_map(|arn| {
                    let (name, state) = routing.control(arn)?;
                    Some(json!({
                        "ControlPanelArn": CONTROL_PANEL, "ControlPanelName": "unishop", "RoutingControlArn": arn,
                        "RoutingControlName": name, "RoutingControlState": state,
                    }))
                })
                .collect();
            (success(&json!({"RoutingControls": controls})), "listed".to_owned())
        }
        Asked::Update { entries, overridden } => match controls.update(entries, overridden) {
            Ok(()) => (success(&json!({})), format!("now {:?}", controls.now())),
            Err(refusal) => refused(&refusal),
        },
    }
}

fn success(answer: &Value) -> Response<Bytes> {
    token::json(StatusCode::OK, answer)
}

/// The model's shapes: both name the resource and its type.
fn refused(refusal: &Refusal) -> Answered {
    let (code, message, id, kind) = match refusal {
        Refusal::NoControl(arn) => (
            "ResourceNotFoundException",
            format!("Routing control {arn} does not exist."),
            arn.as_str(),
            "RoutingControl",
        ),
        Refusal::NoRule(arn) => (
            "ResourceNotFoundException",
            format!("Safety rule {arn} does not exist."),
            arn.as_str(),
            "SafetyRule",
        ),
        Refusal::Unsafe => (
            "ConflictException",
            format!("The request conflicts with safety rule {SAFETY_RULE}: at least 1 of its asserted controls must be On."),
            SAFETY_RULE,
            "SafetyRule",
        ),
    };
    let body = json!({"__type": code, "message": message, "resourceId": id, "resourceType": kind});
    (token::json(StatusCode::BAD_REQUEST, &body), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_what_the_model_requires_is_no_request() {
        for (operation, body) in [
            ("GetRoutingControlState", "{}"),
            ("UpdateRoutingControlState", r#"{"RoutingControlArn":"a"}"#),
            (
                "UpdateRoutingControlState",
                r#"{"RoutingControlArn":"a","RoutingControlState":"on"}"#,
            ),
            (
                "UpdateRoutingControlStates",
                r#"{"UpdateRoutingControlStateEntries":[{"RoutingControlState":"On"}]}"#,
            ),
            ("CreateRoutingControl", "{}"),
            ("ListRoutingControls", "no JSON"),
        ] {
            assert!(read(operation, body.as_bytes()).is_err(), "{operation} {body}");
        }
    }

    #[test]
    fn policies_are_asked_about_each_control_of_an_update() {
        let body = json!({
            "UpdateRoutingControlStateEntries": [
                {"RoutingControlArn": PRIMARY_CONTROL, "RoutingControlState": "Off"},
                {"RoutingControlArn": RECOVERY_CONTROL, "RoutingControlState": "On"},
            ],
            "SafetyRulesToOverride": [SAFETY_RULE],
        });
        let asked = read("UpdateRoutingControlStates", body.to_string().as_bytes()).unwrap();
        assert_eq!(asked.resources(), [PRIMARY_CONTROL, RECOVERY_CONTROL]);
        assert!(matches!(asked, Asked::Update { overridden, .. } if overridden == [SAFETY_RULE]));
    }
}
