//! A run that goes on from one that stopped partway: it asks under the same tag, at a later time.

use action::{ErrorName, Outcome};
use aws_sdk_ec2::types::{InstanceState, InstanceStateName};
use serde_json::{Value, json};

use super::world::{A, IMAGE, World, request};

const NEWER: &str = "ami-00000000000000001";

/// The request of the run that goes on.
fn next(mode: &str, count: u16) -> Value {
    let mut next = request(mode, count);
    next["since"] = json!("1970-01-01T00:25:00Z");
    next
}

/// A world in which the first run launched `count` instances, and the image pointer then moved.
async fn launched(count: u16) -> World {
    let world = World::default();
    world.call(&request("execute", count)).await.unwrap();
    world.change(|state| state.pointer = Some(NEWER));
    world.calls();
    world
}

fn terminate(world: &World, index: usize) {
    let terminated = InstanceState::builder().name(InstanceStateName::Terminated).build();
    world.change(|state| state.instances[index].state = Some(terminated));
}

#[tokio::test]
async fn what_lives_is_kept_and_nothing_is_launched_twice() {
    let world = launched(2).await;
    let reply = world.call(&next("execute", 2)).await.unwrap();
    assert_eq!((reply.outcome, reply.image.as_ref().unwrap().as_str()), (Outcome::Unchanged, IMAGE));
    assert_eq!(world.calls(), ["DescribeInstances", "DescribeInstanceStatus"]);
}

#[tokio::test]
async fn what_is_gone_stops_the_run_that_asked_for_it_and_is_replaced_by_the_next_from_the_newest_image() {
    let world = launched(1).await;
    terminate(&world, 0);
    let (name, text) = world.call(&request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(text.contains("start again"), "{text}");

    let plan = world.call(&next("plan", 1)).await.unwrap();
    assert_eq!((plan.image.as_ref().unwrap().as_str(), plan.instances.len()), (NEWER, 0));
    assert!(
        plan.because.starts_with("would call ec2:RunInstances for 1 instance")
            && plan
                .because
                .ends_with("not counting what an earlier run launched, of which i-00000001 is terminated: EC2 gives no reason"),
        "{}",
        plan.because
    );

    let first = world.call(&next("execute", 1)).await.unwrap();
    assert_eq!((first.outcome, first.instances[0].as_str()), (Outcome::Waiting, "i-00000002"));
    let done = world.call(&next("execute", 1)).await.unwrap();
    assert_eq!(
        (done.outcome, done.image.as_ref().unwrap().as_str(), done.because.as_str()),
        (Outcome::Unchanged, NEWER, "1 instance passed both status checks: i-00000002")
    );
    assert_eq!(world.change(|state| state.instances.len()), 2);
}

#[tokio::test]
async fn a_replacement_is_asked_for_with_a_token_of_its_own_even_where_ec2_lists_the_dead_no_more() {
    let world = launched(1).await;
    let token = |world: &World, run: usize| world.change(|state| state.runs[run].client_token().unwrap().to_owned());
    world.change(|state| {
        state.pointer = Some(IMAGE);
        state.instances.clear();
    });
    world.call(&next("execute", 1)).await.unwrap();
    assert_eq!(world.calls().last().unwrap(), &format!("RunInstances m7g.large {A}"));
    let (first, second) = (token(&world, 0), token(&world, 1));
    assert_ne!(first, second, "EC2 would answer with the dead");
    assert_eq!(first[..24], second[..24], "the same instance is asked for");
}

#[tokio::test]
async fn what_is_kept_decides_the_image_of_what_is_replaced() {
    let world = launched(2).await;
    terminate(&world, 0);
    let reply = world.call(&next("execute", 2)).await.unwrap();
    assert_eq!((reply.image.as_ref().unwrap().as_str(), reply.instances.len()), (IMAGE, 2));
    assert_eq!(world.calls().len(), 2, "one look, one launch");
}

#[tokio::test]
async fn a_replacement_that_dies_too_is_permanent() {
    let world = launched(1).await;
    terminate(&world, 0);
    world.call(&next("execute", 1)).await.unwrap();
    terminate(&world, 1);
    let (name, text) = world.call(&next("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(
        text.starts_with("i-00000002 is terminated") && !text.contains("i-00000001"),
        "{text}"
    );
}
