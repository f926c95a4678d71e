//! Plan mode: nothing changes, everything missing is named at once, AWS's dry run has its say.

use action::{ErrorName, Outcome};
use aws_sdk_ec2::types::{ImageState, InstanceStateName};
use serde_json::json;

use super::world::{A, ADDRESS, B, GROUP, IMAGE, State, World, address, instance, request, set};

#[tokio::test]
async fn says_what_would_be_launched_where_and_changes_nothing() {
    let world = World::default();
    let request = set(set(request("plan", 1), "elasticIp", json!(ADDRESS)), "targetGroups", json!([GROUP]));
    let reply = world.call(&request).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.retry_after_seconds, reply.instances.len()),
        (Outcome::Planned, None, 0)
    );
    assert_eq!(
        reply.because,
        format!(
            "would call ec2:RunInstances for 1 instance from {IMAGE} by lt-0123456789abcdef0: m7g.large in {A}, else m7g.large in {B}, m6g.large in {A}, m6g.large in {B}; \
             register with shop; lead elastic IP 203.0.113.7 to it"
        )
    );
    assert_eq!(reply.subnet.unwrap().as_str(), A);
    let changing = |call: &String| {
        ["RunInstances", "AssociateAddress", "RegisterTargets"]
            .iter()
            .any(|name| call.starts_with(name))
    };
    assert!(!world.calls().iter().any(changing));
    assert!(world.change(|state| state.runs.iter().all(|run| run.dry_run() == Some(true))));
}

#[tokio::test]
async fn everything_that_is_missing_is_named_in_one_message() {
    let world = World::with(|state| {
        state.image_state = None;
        state.template = Err("InvalidLaunchTemplateId.NotFound");
        state.subnets = vec![(A, "us-west-1a")];
        state.offered = vec![("m6g.large", "us-west-1a")];
        state.address = None;
        state.target_groups.clear();
    });
    let request = set(set(request("plan", 1), "elasticIp", json!(ADDRESS)), "targetGroups", json!([GROUP]));
    let (name, text) = world.call(&request).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
    for named in [
        &format!("image {IMAGE}, named by /relight/unishop/image, does not exist"),
        "launch template lt-0123456789abcdef0 does not exist",
        &format!("subnet {B} does not exist"),
        "instance type m7g.large is not offered in us-west-1a",
        &format!("elastic IP {ADDRESS} does not exist"),
        &format!("target group {GROUP} does not exist"),
    ] {
        assert!(text.contains(named), "{named}: {text}");
    }
}

#[tokio::test]
async fn the_image_pointer_and_the_template_version_are_named() {
    type Change = fn(&mut State);
    let cases: [(Change, &str); 5] = [
        (|state| state.pointer = None, "image pointer /relight/unishop/image does not exist"),
        (
            |state| state.pointer = Some("latest"),
            "image pointer /relight/unishop/image holds \"latest\", which is no image id",
        ),
        (|state| state.image_state = Some(ImageState::Pending), "is pending, not available"),
        (
            |state| state.template = Err("InvalidLaunchTemplateId.VersionNotFound"),
            "has no default version",
        ),
        (|state| state.template = Ok(true), "has network interfaces"),
    ];
    for (change, named) in cases {
        let world = World::with(change);
        let (name, text) = world.call(&request("plan", 1)).await.unwrap_err();
        assert_eq!(name, ErrorName::InvalidInput);
        assert!(text.contains(named), "{text}");
        assert!(
            !world.calls().iter().any(|call| call.starts_with("DryRun")),
            "no dry run can tell more"
        );
    }
}

#[tokio::test]
async fn a_denied_dry_run_is_permanent_and_said_once() {
    let world = World::with(|state| {
        state.refusals.insert("m", (403, "UnauthorizedOperation"));
    });
    let (name, text) = world.call(&request("plan", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert_eq!(
        text,
        format!("what the launch needs: a dry run of launching m7g.large in {A} is refused: UnauthorizedOperation (said AWS)")
    );
}

#[tokio::test]
async fn pools_that_lack_something_are_passed_over_and_a_problem_only_together() {
    let world = World::with(|state| {
        state.refusals.insert("m7g.large", (400, "Unsupported"));
    });
    assert_eq!(
        world.call(&request("plan", 1)).await.unwrap().instance_type.unwrap().as_str(),
        "m6g.large"
    );
    world.change(|state| state.refusals.insert("m6g.large", (400, "Unsupported")));
    let (name, text) = world.call(&request("plan", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(text.contains(&format!("m6g.large in {B} is refused: Unsupported")), "{text}");
}

#[tokio::test]
async fn an_elastic_ip_that_serves_something_else_is_named_before_anything_is_touched() {
    let request = set(request("plan", 1), "elasticIp", json!(ADDRESS));
    let world = World::with(|state| {
        state.address = Some(address("i-000000ff", "eni-1"));
        state
            .instances
            .push(instance("i-000000ff", "another", "", InstanceStateName::Running));
    });
    let (name, text) = world.call(&request).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(
        text.contains("elastic IP 203.0.113.7") && text.contains("leads to i-000000ff"),
        "{text}"
    );
    world.change(|state| state.instances[0] = instance("i-000000ff", "unishop", "", InstanceStateName::Running));
    let reply = world.call(&request).await.unwrap();
    assert!(reply.because.ends_with("to it, away from i-000000ff"), "{}", reply.because);
}

#[tokio::test]
async fn a_launch_that_is_done_plans_nothing() {
    let world = World::default();
    world.call(&request("execute", 1)).await.unwrap();
    let reply = world.call(&request("plan", 1)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Planned, "would launch nothing, all instances are there")
    );
}

#[tokio::test]
async fn a_request_that_contradicts_itself_is_invalid_input_before_any_call() {
    for (field, value, named) in [
        ("instanceTypes", json!([]), "launch.instanceTypes"),
        ("subnets", json!([]), "launch.subnets"),
        ("count", json!(0), "launch.count"),
        ("elasticIp", json!(ADDRESS), "launch.elasticIp"),
    ] {
        let world = World::default();
        let (name, text) = world.call(&set(request("plan", 2), field, value)).await.unwrap_err();
        assert_eq!(name, ErrorName::InvalidInput);
        assert!(text.contains(named), "{text}");
        assert!(world.calls().is_empty());
    }
}

#[test]
fn an_unknown_field_is_refused() {
    let error = serde_json::from_value::<launch_instances::io::Request>(set(request("plan", 1), "imageId", json!(IMAGE))).unwrap_err();
    assert!(error.to_string().contains("imageId"), "{error}");
}

#[tokio::test]
async fn an_image_that_is_not_made_yet_is_planned_without_a_dry_run_and_never_launched() {
    let world = World::default();
    let reply = world.call(&set(request("plan", 1), "image", json!("unmade"))).await.unwrap();
    assert_eq!((reply.outcome, reply.image), (Outcome::Planned, None));
    let said = "would call ec2:RunInstances for 1 instance from the image that is copied by then by lt-0123456789abcdef0";
    assert!(reply.because.starts_with(said), "{}", reply.because);
    assert!(!world.calls().iter().any(|call| call.starts_with("RunInstances")));
    let (name, _) = world.call(&set(request("execute", 1), "image", json!("unmade"))).await.unwrap_err();
    assert_eq!((name, world.calls().len()), (ErrorName::InvalidInput, 0));
}
