//! What keeps an image, and what keeps all of them.

use action::ErrorName;
use action::Outcome;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, LaunchConfiguration, LaunchTemplate, LaunchTemplateOverrides, LaunchTemplateSpecification, MixedInstancesPolicy,
};
use aws_sdk_ec2::types::InstanceStateName;
use prune_images::io::Request;
use serde_json::json;

use super::world::{POINTER, PRIMARY, Place, RECOVERY, World, id, request};

/// The oldest image of the recovery Region stays, since it is referred to by that; the others that have to go go.
async fn stays(refers: impl FnOnce(&mut Place), by: &str) {
    let world = World::of_four();
    world.place(RECOVERY, refers);
    let reply = world.call(&request("execute", 2)).await.unwrap();
    assert_eq!(world.left(RECOVERY), [1, 3, 4].map(id), "{by}");
    let line = format!("{} in us-west-1: stays, referred to by {by}", id(1));
    assert!(reply.reasons.contains(&line), "{line} is not in {:#?}", reply.reasons);
}

#[tokio::test]
async fn an_image_that_anything_refers_to_stays() {
    let template = |image: String| move |place: &mut Place| drop(place.templates.insert("lt-1", vec!["ami-x".to_owned(), image, id(4)]));
    stays(template(id(1)), "launch template lt-1 version 2").await;
    stays(
        |place| {
            let one = LaunchConfiguration::builder().launch_configuration_name("old").image_id(id(1));
            place.configurations.push(one.build());
        },
        "launch configuration old",
    )
    .await;
    for state in [
        InstanceStateName::Pending,
        InstanceStateName::Running,
        InstanceStateName::Stopped,
        InstanceStateName::ShuttingDown,
    ] {
        stays(|place| place.instances.push(("i-1", id(1), state)), "instance i-1").await;
    }
    stays(
        |place| {
            let own = LaunchTemplateOverrides::builder().image_id(id(1)).build();
            let mixed = MixedInstancesPolicy::builder().launch_template(LaunchTemplate::builder().overrides(own).build());
            let group = AutoScalingGroup::builder().auto_scaling_group_name("shop");
            place.groups.push(group.mixed_instances_policy(mixed.build()).build());
        },
        "Auto Scaling group shop",
    )
    .await;
    stays(
        |place| drop(place.parameters.insert(POINTER.to_owned(), id(1))),
        "image pointer /relight/unishop/image",
    )
    .await;
}

#[tokio::test]
async fn an_alias_in_a_template_is_followed_with_its_version_and_the_group_is_named() {
    stays(
        |place| {
            place.templates.insert("lt-1", vec![format!("resolve:ssm:{POINTER}:3")]);
            place.parameters.insert(format!("{POINTER}:3"), id(1));
            let template = LaunchTemplateSpecification::builder().launch_template_id("lt-1").version("$Latest");
            let group = AutoScalingGroup::builder().auto_scaling_group_name("shop");
            place.groups.push(group.launch_template(template.build()).build());
        },
        "Auto Scaling group shop, launch template lt-1 version 1",
    )
    .await;
}

#[tokio::test]
async fn what_no_longer_refers_to_an_image_keeps_none() {
    let world = World::of_four();
    world.place(RECOVERY, |place| {
        place.instances.push(("i-1", id(1), InstanceStateName::Terminated));
        // Public parameters are AWS's own, and are never asked for; one that isn't there names nothing.
        place.templates.insert(
            "lt-1",
            vec![
                "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023".to_owned(),
                "resolve:ssm:/gone".to_owned(),
            ],
        );
    });
    world.call(&request("execute", 2)).await.unwrap();
    assert_eq!(world.left(RECOVERY), [3, 4].map(id));
    let asked: Vec<_> = world.calls().into_iter().filter(|call| call.starts_with("GetParameter")).collect();
    assert_eq!(
        asked,
        [
            format!("GetParameter {RECOVERY} /gone"),
            format!("GetParameter {RECOVERY} {POINTER}")
        ]
    );
}

#[tokio::test]
async fn a_template_that_was_deleted_meanwhile_refers_to_nothing() {
    let world = World::of_four();
    world.place(RECOVERY, |place| place.templates.insert("lt-1", vec![id(1)]));
    world.change(|state| {
        let refusal = (400, "InvalidLaunchTemplateId.NotFound");
        state.refusals.insert("DescribeLaunchTemplateVersions".to_owned(), refusal)
    });
    assert_eq!(world.call(&request("execute", 2)).await.unwrap().removed.len(), 4);
}

#[tokio::test]
async fn every_template_is_looked_into_however_many_there_are() {
    let names: Vec<&'static str> = (0..20).map(|number| &*format!("lt-{number}").leak()).collect();
    stays(
        move |place| {
            place.templates = names.iter().map(|name| (*name, vec![id(4)])).collect();
            place.templates.insert("lt-7", vec![id(1)]);
        },
        "launch template lt-7 version 1",
    )
    .await;
}

#[tokio::test]
async fn a_referrer_that_cannot_be_read_refuses_everything_and_is_named() {
    for (operation, what) in [
        ("DescribeLaunchTemplates", "describe launch templates"),
        ("DescribeLaunchTemplateVersions", "describe the versions of launch template lt-1"),
        ("DescribeAutoScalingGroups", "describe Auto Scaling groups"),
        ("DescribeLaunchConfigurations", "describe launch configurations"),
        ("DescribeInstances", "describe instances"),
        ("GetParameter", "read parameter /relight/unishop/image, which names an image"),
    ] {
        for (code, name) in [("AccessDenied", ErrorName::Refused), ("Throttling", ErrorName::Transient)] {
            for mode in ["execute", "plan"] {
                let world = World::of_four();
                world.place(RECOVERY, |place| place.templates.insert("lt-1", vec![]));
                world.change(|state| state.refusals.insert(format!("{operation} {RECOVERY}"), (400, code)));
                let (seen, text) = world.call(&request(mode, 2)).await.unwrap_err();
                assert_eq!(seen, name, "{operation} {code}");
                assert_eq!(
                    text,
                    format!("nothing is pruned, since what refers to images in us-west-1 can't all be read: {what}: {code} (said AWS)")
                );
                assert_eq!(world.left(PRIMARY).len(), 4, "nor elsewhere");
            }
        }
    }
}

#[tokio::test]
async fn a_region_that_is_away_is_named() {
    let world = World::of_four();
    world.change(|state| {
        state
            .refusals
            .insert(format!("DescribeImages {PRIMARY}"), (503, "ServiceUnavailable"))
    });
    let (name, text) = world.call(&request("execute", 2)).await.unwrap_err();
    assert_eq!((name, world.removals().len()), (ErrorName::Transient, 0));
    assert_eq!(
        text,
        "look at the images in us-east-1: describe the images of unishop: ServiceUnavailable (said AWS)"
    );
}

#[tokio::test]
async fn two_regions_that_are_one_are_invalid_input() {
    let mut same = request("execute", 2);
    same["regions"]["primary"] = json!(RECOVERY);
    let (name, _) = World::of_four().call(&same).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
}

#[tokio::test]
async fn somebody_elses_image_stays_even_if_it_is_listed() {
    let world = World::of_four();
    world.place(RECOVERY, |place| place.images[0].name = Some("golden".to_owned()));
    let reply = world.call(&request("execute", 2)).await.unwrap();
    assert_eq!((reply.outcome, world.left(RECOVERY)), (Outcome::Changed, vec![id(1), id(3), id(4)]));
}

#[test]
fn an_unknown_field_is_refused() {
    let mut request = request("execute", 2);
    request["force"] = json!(true);
    let error = serde_json::from_value::<Request>(request).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `force`"), "{error}");
}
