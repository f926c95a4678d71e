//! The endpoints of a cluster of routing controls, and services that are away by themselves.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::gateway::routing::{ENDPOINTS, PRIMARY_CONTROL, RECOVERY_CONTROL, SAFETY_RULE};
use crate::gateway::testing::{Fake, gateway};
use crate::gateway::{Gateway, Outage, Remote, Routing, Rule, Times, Turned};

/// What hasn't come by then doesn't come.
const SILENCE: Duration = Duration::from_millis(60);

/// A call as the SDK makes it to an endpoint; the error's text when no answer comes.
pub(super) async fn ask(
    gateway: &Gateway,
    (key, caller): (&str, &str),
    region: &str,
    operation: &str,
    body: &Value,
) -> Result<(StatusCode, Value), String> {
    let scope = format!("{key}/20261121/{region}/route53-recovery-cluster/aws4_request");
    let request = Request::post(format!("{}/", gateway.url()))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .header("x-amz-target", format!("ToggleCustomerAPI.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("user-agent", format!("aws-sdk-rust/1 app/{caller}"))
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Ok((status, serde_json::from_slice(&body).unwrap()))
}

async fn root(gateway: &Gateway, region: &str, operation: &str, body: Value) -> (StatusCode, Value) {
    ask(gateway, ("test", "lab"), region, operation, &body).await.unwrap()
}

fn swap() -> Value {
    json!({"UpdateRoutingControlStateEntries": [
        {"RoutingControlArn": PRIMARY_CONTROL, "RoutingControlState": "Off"},
        {"RoutingControlArn": RECOVERY_CONTROL, "RoutingControlState": "On"},
    ]})
}

async fn lab() -> (Fake, Fake, Gateway) {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::NONE).await;
    (ministack, moto, gateway)
}

#[tokio::test]
async fn what_one_endpoint_is_told_all_five_know_and_no_emulator_hears_of_it() {
    let (ministack, moto, gateway) = lab().await;
    let control = json!({"RoutingControlArn": RECOVERY_CONTROL});
    let (status, before) = root(&gateway, ENDPOINTS[0], "GetRoutingControlState", control.clone()).await;
    assert_eq!((status, &before["RoutingControlState"]), (StatusCode::OK, &json!("Off")));
    let (status, answer) = root(&gateway, ENDPOINTS[1], "UpdateRoutingControlStates", swap()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({})));
    for region in ENDPOINTS {
        let (_, after) = root(&gateway, region, "GetRoutingControlState", control.clone()).await;
        assert_eq!(after["RoutingControlState"], "On", "{region}");
    }
    let (_, listed) = root(&gateway, ENDPOINTS[2], "ListRoutingControls", json!({})).await;
    let states: Vec<&Value> = listed["RoutingControls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|control| &control["RoutingControlState"])
        .collect();
    assert_eq!(states, ["Off", "On"]);
    assert!(ministack.received().is_empty() && moto.received().is_empty());
    let entry = &gateway.log().snapshot()[1];
    assert_eq!(entry.iam_action(), "route53-recovery-cluster:UpdateRoutingControlStates");
    assert_eq!(entry.target.as_deref(), Some(PRIMARY_CONTROL));
}

#[tokio::test]
async fn a_request_signed_for_a_region_without_an_endpoint_is_refused() {
    let (_ministack, _moto, gateway) = lab().await;
    let (status, answer) = root(&gateway, "us-west-1", "UpdateRoutingControlStates", swap()).await;
    assert_eq!(
        (status, &answer["__type"]),
        (StatusCode::FORBIDDEN, &json!("InvalidSignatureException"))
    );
    assert_eq!(gateway.routing().now(), Routing::default());
}

#[tokio::test]
async fn a_rule_that_would_not_hold_is_a_conflict_that_names_it_unless_it_is_overridden() {
    let (_ministack, _moto, gateway) = lab().await;
    let begun = Routing {
        primary: Turned::Off,
        recovery: Turned::On,
        at_least_one: true,
    };
    let remote = Remote::new(gateway.address());
    assert_eq!(remote.set_routing(&begun).await.unwrap(), begun);
    let mut off = json!({"RoutingControlArn": RECOVERY_CONTROL, "RoutingControlState": "Off"});
    let (status, answer) = root(&gateway, ENDPOINTS[0], "UpdateRoutingControlState", off.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        (&answer["__type"], &answer["resourceId"]),
        (&json!("ConflictException"), &json!(SAFETY_RULE))
    );
    assert!(answer["message"].as_str().unwrap().contains(SAFETY_RULE));
    assert_eq!(remote.routing().await.unwrap(), begun);
    off["SafetyRulesToOverride"] = json!([SAFETY_RULE]);
    let (status, _) = root(&gateway, ENDPOINTS[0], "UpdateRoutingControlState", off).await;
    assert_eq!((status, gateway.routing().now().recovery), (StatusCode::OK, Turned::Off));
    let unknown = json!({"RoutingControlArn": format!("{RECOVERY_CONTROL}0")});
    let (_, answer) = root(&gateway, ENDPOINTS[0], "GetRoutingControlState", unknown).await;
    assert_eq!(answer["__type"], "ResourceNotFoundException");
}

#[tokio::test]
async fn an_endpoint_is_dead_with_its_region_or_by_itself() {
    let (_ministack, _moto, gateway) = lab().await;
    gateway.weather().begin_outage("us-east-1", Outage::Refuse);
    let mode = |region: &str, mode: &str| -> Rule {
        let about = json!({"service": "route53-recovery-cluster", "region": region});
        serde_json::from_value(json!({"match": about, "effect": {"kind": "away", "mode": mode}})).unwrap()
    };
    gateway.weather().add(mode("us-west-2", "refuse"));
    gateway.weather().add(mode("eu-west-1", "hang"));
    let update = async |region: &str| ask(&gateway, ("test", "lab"), region, "UpdateRoutingControlStates", &swap()).await;
    for dead in ["us-east-1", "us-west-2"] {
        assert!(update(dead).await.is_err(), "{dead}");
    }
    assert!(tokio::time::timeout(SILENCE, update("eu-west-1")).await.is_err());
    assert_eq!(gateway.routing().now(), Routing::default());
    let (status, _) = update("ap-northeast-1").await.unwrap();
    assert_eq!((status, gateway.routing().now().recovery), (StatusCode::OK, Turned::On));
    let weather: Vec<_> = gateway.log().snapshot().iter().filter_map(|entry| entry.weather.clone()).collect();
    assert_eq!(weather[..2], ["outage: refuse", "outage: refuse"]);
}
