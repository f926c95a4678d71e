//! Routing controls: five endpoints, of which some are away.

use action::{ErrorName, NamedError as _, Outcome, chain};
use serde_json::{Value, json};

use crate::world::{Answers, World};

const REGIONS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];

fn arn(which: &str) -> String {
    format!("arn:aws:route53-recovery-control::123456789012:controlpanel/01/routingcontrol/{which}")
}

fn controls() -> Value {
    let endpoints = REGIONS.map(|region| json!({"region": region, "url": format!("https://{region}.example.com/v1")}));
    json!({
        "method": "routing-control",
        "when": "after-proof",
        "cluster": "arn:aws:route53-recovery-control::123456789012:cluster/01",
        "endpoints": endpoints,
        "primaryControl": arn("east"),
        "recoveryControl": arn("west"),
    })
}

#[tokio::test]
async fn controls_that_are_so_already_are_only_looked_at() {
    let world = World::default();
    world.controls("Off", "On");
    let reply = world.asked("execute", "recovery", controls()).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Unchanged, "routing controls: primary Off, recovery On (as us-east-1 says)")
    );
    assert_eq!(world.made(), [""; 0]);
}

#[tokio::test]
async fn both_controls_change_in_one_update_and_reversing_restores_both() {
    let world = World::default();
    world.controls("On", "On");
    let first = world.asked("execute", "recovery", controls()).await.unwrap();
    assert_eq!(first.outcome, Outcome::Waiting, "{}", first.because);
    let kept = format!("keep {} On, {} On", arn("east"), arn("west"));
    assert_eq!(world.made(), [kept.as_str(), "us-east-1 updates primary Off, recovery On"]);
    assert_eq!(
        world.asked("execute", "recovery", controls()).await.unwrap().outcome,
        Outcome::Unchanged
    );
    world.asked("execute", "primary", controls()).await.unwrap();
    assert_eq!(world.made()[2..], ["us-east-1 updates primary On, recovery On"]);
    assert_eq!(
        world.asked("execute", "primary", controls()).await.unwrap().outcome,
        Outcome::Unchanged
    );
    assert_eq!(world.made().len(), 3);
}

#[tokio::test]
async fn each_endpoint_may_be_away_and_the_next_one_is_asked() {
    for away in REGIONS {
        let world = World::default();
        world.controls("On", "Off");
        world.endpoint(away, Answers::Away);
        let reply = world.asked("execute", "recovery", controls()).await.unwrap();
        let by = if away == REGIONS[0] { "us-west-2" } else { "us-east-1" };
        assert_eq!(
            reply.because,
            format!("asked {by} to update the routing controls to primary Off, recovery On")
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_only_tells_is_passed_over_for_one_that_takes_the_update() {
    let world = World::default();
    world.controls("On", "Off");
    world.endpoint("us-east-1", Answers::Looks);
    let reply = world.asked("execute", "recovery", controls()).await.unwrap();
    assert!(reply.because.starts_with("asked us-west-2 to update"), "{}", reply.because);
}

#[tokio::test]
async fn no_endpoint_at_all_is_tried_again_and_names_each() {
    let world = World::default();
    for region in REGIONS {
        world.endpoint(region, Answers::Away);
    }
    let error = world.asked("execute", "recovery", controls()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    for region in REGIONS {
        assert!(
            error.to_string().contains(&format!("{region}: get the state of routing control")),
            "{error}"
        );
    }
    assert_eq!(world.made(), [""; 0]);
}

#[tokio::test]
async fn a_safety_rule_stops_it_and_is_told_and_not_overridden() {
    let world = World::default();
    world.controls("On", "Off");
    for region in REGIONS {
        world.endpoint(region, Answers::SafetyRule);
    }
    let error = world.asked("execute", "recovery", controls()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    let told = chain(&error);
    assert!(
        told.starts_with("a safety rule of the routing controls forbids it; Relight overrides none")
            && told.ends_with("(rule at-least-one)"),
        "{told}"
    );
}

#[tokio::test]
async fn a_plan_lists_the_update_in_the_region_of_an_endpoint_that_answers() {
    let world = World::default();
    world.controls("On", "Off");
    world.endpoint("us-east-1", Answers::Away);
    let reply = world.asked("plan", "recovery", controls()).await.unwrap();
    let calls: Vec<(&str, &str)> = reply
        .calls
        .iter()
        .map(|call| (call.iam_action.as_str(), call.region.as_str()))
        .collect();
    assert_eq!(
        calls,
        [
            ("dynamodb:PutItem", "us-west-1"),
            ("route53-recovery-cluster:UpdateRoutingControlStates", "us-west-2")
        ]
    );
    assert_eq!(world.made(), [""; 0]);
}
