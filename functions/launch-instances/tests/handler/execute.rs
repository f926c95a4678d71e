//! Execute mode: what is launched, what is not, and what is done with what runs.

use action::{ErrorName, Outcome};
use aws_sdk_ec2::types::{CapacityReservation, CapacityReservationState, HttpTokensState, InstanceStateName, ResourceType, StateReason};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use serde_json::json;

use super::world::{A, ADDRESS, B, DEADLINE, GROUP, IMAGE, SINCE, World, address, instance, request, set};

#[tokio::test]
async fn twice_is_once() {
    let world = World::default();
    let request = set(request("execute", 1), "elasticIp", json!(ADDRESS));
    assert_eq!(world.call(&request).await.unwrap().outcome, Outcome::Waiting);
    let done = world.call(&request).await.unwrap();
    assert_eq!((done.outcome, done.retry_after_seconds), (Outcome::Changed, None));
    world.calls();
    let again = world.call(&request).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    assert_eq!(world.calls(), ["DescribeInstances", "DescribeInstanceStatus", "DescribeAddresses"]);
    assert_eq!((again.instances, again.addresses), (done.instances, vec!["203.0.113.7".to_owned()]));
    assert_eq!(world.change(|state| state.instances.len()), 1);
}

#[tokio::test]
async fn launches_the_image_that_the_pointer_names_with_tags_and_imdsv2_only() {
    let world = World::default();
    let reply = world.call(&request("execute", 1)).await.unwrap();
    assert_eq!(
        world.calls(),
        ["DescribeInstances", "GetParameter", &format!("RunInstances m7g.large {A}")]
    );
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
    assert_eq!(
        reply.because,
        format!("1 of 1 instance launched, just now i-00000001 (m7g.large in {A}); waiting for them to run")
    );
    let run = world.change(|state| state.runs.remove(0));
    let template = run.launch_template().unwrap();
    assert_eq!(
        (template.launch_template_id(), template.version()),
        (Some("lt-0123456789abcdef0"), Some("$Default"))
    );
    assert_eq!((run.image_id(), run.min_count(), run.max_count()), (Some(IMAGE), Some(1), Some(1)));
    assert_eq!(run.metadata_options().unwrap().http_tokens(), Some(&HttpTokensState::Required));
    assert_eq!(run.client_token().unwrap().len(), 64);
    assert!(run.capacity_reservation_specification().is_none());
    let tagged: Vec<_> = run.tag_specifications().iter().map(|tags| tags.resource_type().unwrap()).collect();
    assert_eq!(
        tagged,
        [&ResourceType::Instance, &ResourceType::Volume, &ResourceType::NetworkInterface]
    );
    for specification in run.tag_specifications() {
        let tags: Vec<_> = specification
            .tags()
            .iter()
            .map(|tag| (tag.key().unwrap(), tag.value().unwrap()))
            .collect();
        assert_eq!(tags, [("relight:workload", "unishop"), ("relight:run", "unishop-1")]);
    }
}

#[tokio::test]
async fn missing_capacity_leads_to_the_next_subnet_and_type_each_with_its_own_token_and_never_twice() {
    let world = World::with(|state| {
        state
            .refusals
            .insert("m7g.large subnet-0000000a", (500, "InsufficientInstanceCapacity"));
        state.refusals.insert("m7g.large subnet-0000000b", (400, "Unsupported"));
    });
    let reply = world.call(&request("execute", 1)).await.unwrap();
    assert_eq!(
        world.calls()[2..],
        [
            format!("RunInstances m7g.large {A}"),
            format!("RunInstances m7g.large {B}"),
            format!("RunInstances m6g.large {A}")
        ]
    );
    assert_eq!(reply.instance_type.unwrap().as_str(), "m6g.large");
    assert!(reply.because.ends_with(&format!(
        "elsewhere m7g.large in {A}: InsufficientInstanceCapacity, m7g.large in {B}: Unsupported"
    )));
    let mut tokens: Vec<_> = world.change(|state| state.runs.iter().map(|run| run.client_token().unwrap().to_owned()).collect());
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
}

#[tokio::test]
async fn capacity_that_is_nowhere_is_waited_for_until_the_next_look_would_be_too_late() {
    let world = World::with(|state| {
        state.refusals.insert("m", (500, "InsufficientInstanceCapacity"));
    });
    let reply = world.call(&request("execute", 1)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.instances.len(), reply.instance_type),
        (Outcome::Waiting, 0, None)
    );
    let (name, text) = world.call_at(DEADLINE - 5, &request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(
        text.starts_with("0 of 1 instances could be launched") && text.contains(&format!("m6g.large in {B}: InsufficientInstanceCapacity")),
        "{text}"
    );
}

#[tokio::test]
async fn a_quota_that_is_full_for_every_type_is_permanent_at_once() {
    let world = World::with(|state| {
        state.refusals.insert("m", (400, "VcpuLimitExceeded"));
    });
    let (name, _) = world.call(&request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert_eq!(
        world.calls()[2..],
        [format!("RunInstances m7g.large {A}"), format!("RunInstances m6g.large {A}")]
    );
}

#[tokio::test]
async fn a_launch_that_ec2_puts_off_is_waited_for() {
    for (status, code) in [(503, "RequestLimitExceeded"), (400, "IdempotentParameterMismatch")] {
        let world = World::with(|state| {
            state.refusals.insert("m", (status, code));
        });
        let reply = world.call(&request("execute", 1)).await.unwrap();
        assert_eq!(reply.outcome, Outcome::Waiting);
        assert!(reply.because.contains(code), "{}", reply.because);
        assert_eq!(world.calls().len(), 3, "one attempt");
    }
}

#[tokio::test]
async fn other_refusals_end_the_launch_and_say_what_of() {
    for (status, code, expected) in [
        (403, "UnauthorizedOperation", ErrorName::Permanent),
        (400, "InvalidAMIID.NotFound", ErrorName::Permanent),
        (400, "IdempotentInstanceTerminated", ErrorName::Permanent),
        (500, "InternalError", ErrorName::Transient),
    ] {
        let world = World::with(|state| {
            state.refusals.insert("m", (status, code));
        });
        let (name, text) = world.call(&request("execute", 1)).await.unwrap_err();
        assert_eq!(name, expected, "{code}");
        assert_eq!(
            text,
            format!("launch m7g.large in {A} from {IMAGE} by lt-0123456789abcdef0: {code} (said AWS)")
        );
    }
}

#[tokio::test]
async fn a_fleet_that_was_launched_in_part_is_completed_over_the_subnets_from_its_own_image() {
    let world = World::with(|state| {
        state.refusals.insert(B, (400, "InsufficientFreeAddressesInSubnet"));
        state.refusals.insert("m6g.large", (500, "InternalError"));
    });
    // The second instance prefers the other subnet, which is full, and finds room in the first.
    let first = world.call(&request("execute", 2)).await.unwrap();
    assert_eq!(first.instances.len(), 2);
    world.change(|state| {
        state.instances.pop();
        state.refusals.clear();
        state.pointer = Some("ami-00000000000000000");
    });
    world.calls();
    let second = world.call(&request("execute", 2)).await.unwrap();
    assert_eq!(
        world.calls(),
        ["DescribeInstances".to_owned(), format!("RunInstances m7g.large {B}")]
    );
    assert_eq!((second.image.as_ref().unwrap().as_str(), second.instances.len()), (IMAGE, 2));
}

#[tokio::test]
async fn an_instance_that_ec2_does_not_list_yet_is_asked_for_with_the_same_token_and_not_doubled() {
    let world = World::with(|state| state.unlisted = 1);
    let first = world.call(&request("execute", 1)).await.unwrap();
    let second = world.call(&request("execute", 1)).await.unwrap();
    assert_eq!((first.instances, second.outcome), (second.instances.clone(), Outcome::Waiting));
    assert_eq!(world.change(|state| state.instances.len()), 1);
}

#[tokio::test]
async fn large_fleets_are_launched_in_blocks_within_one_invocation() {
    let world = World::default();
    let reply = world.call(&request("execute", 100)).await.unwrap();
    assert_eq!(world.calls().len(), 2 + 12);
    assert_eq!(world.change(|state| state.instances.len()), 100);
    let done = world.call(&request("execute", 100)).await.unwrap();
    assert_eq!(done.outcome, Outcome::Unchanged);
    for reply in [reply, done] {
        assert!(serde_json::to_string(&reply).unwrap().len() < 4096);
    }
}

#[tokio::test]
async fn an_instance_that_dies_is_permanent_at_once_with_ec2s_reason() {
    let world = World::with(|state| state.born = InstanceStateName::ShuttingDown);
    world.call(&request("execute", 1)).await.unwrap();
    world.change(|state| {
        let message = "Client.InternalError: Client error on launch";
        state.instances[0].state_reason = Some(StateReason::builder().code("Client.InternalError").message(message).build());
        // A terminated instance has left its subnet.
        state.instances[0].subnet_id = None;
    });
    let (name, text) = world.call(&request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(
        text.starts_with("i-00000001 is shutting-down: Client.InternalError: Client error on launch"),
        "{text}"
    );
}

#[tokio::test]
async fn pending_instances_and_checks_are_waited_for_and_the_deadline_names_the_last_look() {
    let world = World::with(|state| state.born = InstanceStateName::Pending);
    world.call(&request("execute", 1)).await.unwrap();
    let pending = world.call_at(SINCE + 50, &request("execute", 1)).await.unwrap();
    assert_eq!((pending.outcome, pending.retry_after_seconds), (Outcome::Waiting, Some(5)));
    world.change(|state| {
        state.instances[0] = instance(
            "i-00000001",
            "unishop",
            state.instances[0].client_token().unwrap(),
            InstanceStateName::Running,
        );
        state.checks = ("initializing", "ok");
    });
    let checking = world.call_at(SINCE + 60, &request("execute", 1)).await.unwrap();
    assert_eq!(
        checking.because,
        "i-00000001 has its instance check initializing and its system check ok"
    );
    let (name, text) = world.call_at(DEADLINE + 1, &request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(
        text.contains("check initializing") && text.contains("the deadline of the run"),
        "{text}"
    );
}

#[tokio::test]
async fn nothing_is_launched_after_the_deadline() {
    let world = World::default();
    let (name, _) = world.call_at(DEADLINE + 1, &request("execute", 1)).await.unwrap_err();
    assert_eq!((name, world.calls()), (ErrorName::Permanent, vec!["DescribeInstances".to_owned()]));
}

#[tokio::test]
async fn the_elastic_ip_comes_after_the_status_checks_and_never_from_a_stranger() {
    let request = set(request("execute", 1), "elasticIp", json!(ADDRESS));
    let world = World::with(|state| state.checks = ("ok", "initializing"));
    world.call(&request).await.unwrap();
    assert_eq!(world.call(&request).await.unwrap().outcome, Outcome::Waiting);
    assert!(!world.calls().iter().any(|call| call.contains("Address")));
    world.change(|state| {
        state.checks = ("ok", "ok");
        state.address = Some(address("i-000000ff", "eni-1"));
        state
            .instances
            .push(instance("i-000000ff", "another", "", InstanceStateName::Running));
    });
    let (name, text) = world.call(&request).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(text.contains("203.0.113.7") && text.contains("i-000000ff"), "{text}");
    assert!(!world.calls().iter().any(|call| call.starts_with("AssociateAddress")));
    world.change(|state| state.instances[1] = instance("i-000000ff", "unishop", "", InstanceStateName::Running));
    let done = world.call(&request).await.unwrap();
    assert_eq!(done.outcome, Outcome::Changed);
    assert!(
        done.because.ends_with("leads to i-00000001 and no longer to i-000000ff"),
        "{}",
        done.because
    );
    assert_eq!(world.calls().last().unwrap(), "AssociateAddress i-00000001 reassociation true");
}

#[tokio::test]
async fn a_free_elastic_ip_is_taken_only_if_it_is_still_free() {
    let world = World::default();
    let request = set(request("execute", 1), "elasticIp", json!(ADDRESS));
    world.call(&request).await.unwrap();
    world.call(&request).await.unwrap();
    assert_eq!(world.calls().last().unwrap(), "AssociateAddress i-00000001 reassociation false");
}

#[tokio::test]
async fn running_instances_are_registered_beside_their_checks_once_and_their_health_is_waited_for() {
    let world = World::with(|state| state.target_state = TargetHealthStateEnum::Initial);
    let request = set(request("execute", 2), "targetGroups", json!([GROUP]));
    world.call(&request).await.unwrap();
    world.calls();
    assert_eq!(world.call(&request).await.unwrap().outcome, Outcome::Waiting);
    assert_eq!(
        world.calls(),
        [
            "DescribeInstances",
            "DescribeTargetHealth",
            "RegisterTargets",
            "DescribeInstanceStatus"
        ]
    );
    let initial = world.call(&request).await.unwrap();
    assert_eq!(initial.because, "i-00000001 is initial in shop, i-00000002 is initial in shop");
    world.change(|state| state.target_state = TargetHealthStateEnum::Healthy);
    let done = world.call(&request).await.unwrap();
    assert_eq!(done.outcome, Outcome::Unchanged);
    assert_eq!(
        done.because,
        "2 instances passed both status checks: i-00000001, i-00000002; healthy in shop"
    );
    assert!(!world.calls().contains(&"RegisterTargets".to_owned()));
}

#[tokio::test]
async fn a_capacity_reservation_is_used_first_and_its_absence_stops_nothing() {
    let reserved = CapacityReservation::builder()
        .instance_type("m6g.large")
        .availability_zone("us-west-1b")
        .state(CapacityReservationState::Active)
        .available_instance_count(1);
    let world = World::with(|state| state.reservation = Some(reserved.build()));
    let request = set(request("execute", 1), "capacityReservation", json!("cr-0123456789abcdef0"));
    let reply = world.call(&request).await.unwrap();
    assert!(
        reply.because.contains(&format!("m6g.large in {B} within cr-0123456789abcdef0")),
        "{}",
        reply.because
    );
    let run = world.change(|state| state.runs.remove(0));
    let target = run
        .capacity_reservation_specification()
        .and_then(|asked| asked.capacity_reservation_target());
    assert_eq!(
        target.and_then(|target| target.capacity_reservation_id()),
        Some("cr-0123456789abcdef0")
    );
    world.change(|state| {
        state.instances.clear();
        state.reservation = None;
    });
    let reply = world.call(&request).await.unwrap();
    assert!(reply.because.contains(&format!("(m7g.large in {A})")), "{}", reply.because);
    assert!(world.change(|state| state.runs[0].capacity_reservation_specification().is_none()));
}

#[tokio::test]
async fn an_instance_too_many_is_said_and_left_alone() {
    let world = World::default();
    world.call(&request("execute", 1)).await.unwrap();
    world.change(|state| {
        let token = format!("{} of another pool", &state.instances[0].client_token().unwrap()[..40]);
        state
            .instances
            .push(instance("i-00000002", "unishop", &token, InstanceStateName::Running));
    });
    let reply = world.call(&request("execute", 1)).await.unwrap();
    assert_eq!(
        reply.because,
        "2 instances passed both status checks: i-00000001, i-00000002; 1 more than planned"
    );
}

#[tokio::test]
async fn a_named_image_and_named_security_groups_replace_the_pointers_and_the_templates() {
    let world = World::with(|state| state.pointer = None);
    let request = set(request("execute", 1), "image", json!({"id": IMAGE}));
    world
        .call(&set(request, "securityGroups", json!(["sg-0123456789abcdef0"])))
        .await
        .unwrap();
    let run = world.change(|state| state.runs.remove(0));
    assert_eq!(
        (run.image_id(), run.security_group_ids()),
        (Some(IMAGE), ["sg-0123456789abcdef0".to_owned()].as_slice())
    );
}
