//! The primary Region, mocked.

use action::ids::Region;
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance as Member, LifecycleState};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_image::{CreateImageError, CreateImageInput, CreateImageOutput};
use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Filter, Image, ImageState, Instance, InstanceState, InstanceStateName, Reservation, StateReason, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use create_image::error::Error;
use create_image::io::{Reply, Request};
use serde_json::{Value, json};

pub(crate) const RUN: &str = "unishop-20261121T031502Z";
pub(crate) const NAME: &str = "relight-unishop-unishop-20261121T031502Z";
pub(crate) const IMAGE: &str = "ami-0123456789abcdef0";
pub(crate) const SOURCE: &str = "i-0123456789abcdef0";
pub(crate) const OLDER: &str = "i-00000000000000001";

pub(crate) fn payload(mode: &str, source: Value) -> Value {
    json!({
        "mode": mode,
        "run": RUN,
        "workload": "unishop",
        "region": "us-east-1",
        "source": source,
        "consistency": "crash",
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    })
}

pub(crate) fn request(mode: &str) -> Request {
    serde_json::from_value(payload(mode, json!({"instance": SOURCE}))).unwrap()
}

pub(crate) async fn handle_with(time: &str, request: Request, ec2: &[&Rule], autoscaling: &[&Rule]) -> Result<Reply, Error> {
    let ec2 = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, ec2.iter().copied());
    let autoscaling = mock_client!(aws_sdk_autoscaling, RuleMode::MatchAny, autoscaling.iter().copied());
    let now = format!("2026-11-21T{time}Z").parse().unwrap();
    let primary = |region: &Region| assert_eq!(region.as_str(), "us-east-1");
    let ec2 = |region: &_| {
        primary(region);
        ec2.clone()
    };
    let autoscaling = |region: &_| {
        primary(region);
        autoscaling.clone()
    };
    create_image::handle(request, ec2, autoscaling, now).await
}

pub(crate) async fn handle(mode: &str, ec2: &[&Rule]) -> Result<Reply, Error> {
    handle_with("03:16:30.5", request(mode), ec2, &[]).await
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub(crate) fn image(state: ImageState) -> DescribeImagesOutput {
    let tags = [
        ("relight:workload", "unishop"),
        ("relight:run", RUN),
        ("relight:source", SOURCE),
        ("relight:made", "2026-11-21T03:16:01Z"),
    ];
    let image = Image::builder()
        .image_id(IMAGE)
        .name(NAME)
        .state(state)
        .creation_date("2026-11-21T03:16:02.000Z")
        .state_reason(StateReason::builder().message("Client.InternalError: no snapshot").build())
        .set_tags(Some(tags.map(|(key, value)| tag(key, value)).to_vec()));
    DescribeImagesOutput::builder().images(image.build()).build()
}

pub(crate) fn none() -> DescribeImagesOutput {
    DescribeImagesOutput::builder().build()
}

pub(crate) fn has(filters: &[Filter], name: &str, value: &str) -> bool {
    filters
        .iter()
        .any(|filter| filter.name() == Some(name) && filter.values().iter().any(|one| one == value))
}

pub(crate) fn shows(answer: fn() -> DescribeImagesOutput) -> Rule {
    mock!(Client::describe_images)
        .match_requests(|input| has(input.filters(), "name", NAME) && input.owners() == ["self"])
        .then_output(answer)
}

pub(crate) fn instance(id: &str, launched: i64) -> Instance {
    Instance::builder()
        .instance_id(id)
        .state(InstanceState::builder().name(InstanceStateName::Running).build())
        .launch_time(DateTime::from_secs(launched))
        .tags(tag("role", "shop"))
        .build()
}

pub(crate) fn instances(instances: Vec<Instance>) -> DescribeInstancesOutput {
    DescribeInstancesOutput::builder()
        .reservations(Reservation::builder().set_instances(Some(instances)).build())
        .build()
}

pub(crate) fn source() -> Rule {
    mock!(Client::describe_instances)
        .match_requests(|input| has(input.filters(), "instance-id", SOURCE))
        .then_output(|| instances(vec![instance(SOURCE, 1)]))
}

/// The call as the spec of the action has it, with or without a restart.
pub(crate) fn as_it_should_be(input: &CreateImageInput, no_reboot: bool) -> bool {
    let tags = [
        ("relight:workload", "unishop"),
        ("relight:run", RUN),
        ("relight:source", SOURCE),
        ("relight:made", "2026-11-21T03:16:30Z"),
    ];
    let specifications = input.tag_specifications();
    let kinds: Vec<&str> = specifications
        .iter()
        .map(|one| one.resource_type().map_or("", |kind| kind.as_str()))
        .collect();
    kinds == ["image", "snapshot"]
        && specifications
            .iter()
            .all(|one| one.tags() == tags.map(|(key, value)| tag(key, value)))
        && input.name() == Some(NAME)
        && input.instance_id() == Some(SOURCE)
        && input.no_reboot() == Some(no_reboot)
}

pub(crate) fn makes() -> Rule {
    mock!(Client::create_image)
        .match_requests(|input| as_it_should_be(input, true) && input.dry_run().is_none())
        .then_output(|| CreateImageOutput::builder().image_id(IMAGE).build())
}

pub(crate) fn refuses(code: &'static str) -> Rule {
    mock!(Client::create_image)
        .then_error(move || CreateImageError::generic(ErrorMetadata::builder().code(code).message("said AWS").build()))
}

pub(crate) fn rehearses(code: &'static str) -> Rule {
    mock!(Client::create_image)
        .match_requests(|input| as_it_should_be(input, true) && input.dry_run() == Some(true))
        .then_error(move || CreateImageError::generic(ErrorMetadata::builder().code(code).message("said AWS").build()))
}

pub(crate) fn group(members: &'static [(&str, LifecycleState, &str)]) -> Rule {
    mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .match_requests(|input| input.auto_scaling_group_names() == ["shop"])
        .then_output(move || {
            let members = members.iter().map(|(id, state, health)| {
                Member::builder()
                    .instance_id(*id)
                    .lifecycle_state(state.clone())
                    .health_status(*health)
                    .build()
            });
            let group = AutoScalingGroup::builder()
                .auto_scaling_group_name("shop")
                .set_instances(Some(members.collect()));
            DescribeAutoScalingGroupsOutput::builder()
                .auto_scaling_groups(group.build())
                .build()
        })
}
