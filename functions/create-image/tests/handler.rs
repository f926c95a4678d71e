//! The action against mocked AWS: which calls are made, which are not, how errors are named, and that twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::types::LifecycleState;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_image::CreateImageOutput;
use aws_sdk_ec2::operation::describe_images::{DescribeImagesError, DescribeImagesOutput};
use aws_sdk_ec2::types::{Image, ImageState};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::mock;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use create_image::io::Request;
use serde_json::json;

use world::*;

#[tokio::test]
async fn twice_is_once_an_available_image_is_left_alone() {
    let makes = makes();
    let rules = [&shows(|| image(ImageState::Available)), &makes];
    for mode in ["execute", "execute", "plan"] {
        let reply = handle_with("04:00:00", request(mode), &rules, &[]).await.unwrap();
        assert_eq!(
            serde_json::to_value(&reply).unwrap(),
            json!({
                "outcome": "unchanged",
                "retryAfterSeconds": null,
                "because": format!("image {IMAGE} of unishop is available in us-east-1"),
                "image": IMAGE,
                "name": NAME,
                "instance": SOURCE,
                "made": "2026-11-21T03:16:01Z",
                "calls": [],
            })
        );
    }
    assert_eq!(makes.num_calls(), 0);
}

#[tokio::test]
async fn makes_an_image_of_the_instance_without_restarting_it_and_waits() {
    let makes = makes();
    let reply = handle("execute", &[&shows(none), &source(), &makes]).await.unwrap();
    assert_eq!(makes.num_calls(), 1);
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        json!({
            "outcome": "waiting",
            "retryAfterSeconds": 3,
            "because": format!("asked AWS to make image {IMAGE} of {SOURCE} in us-east-1"),
            "image": IMAGE,
            "name": NAME,
            "instance": SOURCE,
            "made": "2026-11-21T03:16:30Z",
            "calls": [],
        })
    );
}

#[tokio::test]
async fn restarts_the_instance_only_where_the_plan_says_so() {
    let restarts = mock!(Client::create_image)
        .match_requests(|input| as_it_should_be(input, false))
        .then_output(|| CreateImageOutput::builder().image_id(IMAGE).build());
    let mut payload = payload("execute", json!({"instance": SOURCE}));
    payload["consistency"] = json!("reboot");
    let request = serde_json::from_value(payload).unwrap();
    let rules = [&shows(none), &source(), &restarts];
    handle_with("03:16:30", request, &rules, &[]).await.unwrap();
    assert_eq!(restarts.num_calls(), 1);
}

#[tokio::test]
async fn an_image_on_its_way_is_waited_for_and_not_asked_for_again() {
    let makes = makes();
    let rules = [&shows(|| image(ImageState::Pending)), &makes];
    let reply = handle_with("03:17:40", request("execute"), &rules, &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(10)));
    assert_eq!(reply.because, format!("image {IMAGE} in us-east-1 is pending"));
    assert_eq!(reply.image.unwrap().as_str(), IMAGE);
    let reply = handle("plan", &rules).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Planned, None));
    assert_eq!(reply.because, format!("would wait, since image {IMAGE} in us-east-1 is pending"));
    assert_eq!(makes.num_calls(), 0);
}

#[tokio::test]
async fn plan_mode_has_aws_rehearse_the_call_and_names_it() {
    let (makes, rehearses) = (makes(), rehearses("DryRunOperation"));
    let reply = handle("plan", &[&shows(none), &source(), &rehearses, &makes]).await.unwrap();
    assert_eq!((rehearses.num_calls(), makes.num_calls()), (1, 0));
    assert_eq!(
        (reply.outcome, reply.image, reply.made, reply.name.as_str()),
        (Outcome::Planned, None, None, NAME)
    );
    assert_eq!(reply.instance.unwrap().as_str(), SOURCE);
    assert_eq!(
        reply.because,
        format!("would call ec2:CreateImage in us-east-1 on {SOURCE} as {NAME}, without restarting it")
    );
}

#[tokio::test]
async fn a_rehearsal_that_fails_is_named_for_what_it_is() {
    let rules = [&shows(none), &source(), &rehearses("UnauthorizedOperation")];
    let error = handle("plan", &rules).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("a dry run of making image {NAME} of {SOURCE} in us-east-1 is refused: UnauthorizedOperation (said AWS)")
    );
}

#[tokio::test]
async fn a_name_taken_since_the_first_look_is_this_runs_image() {
    let images = mock!(Client::describe_images)
        .sequence()
        .output(none)
        .output(|| image(ImageState::Pending))
        .build();
    let taken = refuses("InvalidAMIName.Duplicate");
    let reply = handle("execute", &[&images, &source(), &taken]).await.unwrap();
    assert_eq!((reply.outcome, taken.num_calls()), (Outcome::Waiting, 1));
    assert_eq!(reply.because, format!("image {IMAGE} in us-east-1 is pending"));

    let reply = handle("execute", &[&shows(none), &source(), &taken]).await.unwrap();
    assert_eq!((reply.outcome, reply.image), (Outcome::Waiting, None));
    assert_eq!(
        reply.because,
        format!("image {NAME} in us-east-1 is there already, but AWS doesn't show it yet")
    );
}

#[tokio::test]
async fn an_image_that_aws_puts_off_is_waited_for() {
    for code in [
        "ConcurrentCreateImageNoRebootLimitExceeded",
        "ConcurrentSnapshotLimitExceeded",
        "SnapshotCreationPerVolumeRateExceeded",
    ] {
        let reply = handle("execute", &[&shows(none), &source(), &refuses(code)]).await.unwrap();
        assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)), "{code}");
        assert_eq!(reply.because, format!("AWS puts image {NAME} in us-east-1 off: {code} (said AWS)"));
    }
}

#[tokio::test]
async fn any_other_refusal_is_believed_at_once() {
    let error = handle("execute", &[&shows(none), &source(), &refuses("UnauthorizedOperation")])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("make image {NAME} of {SOURCE} in us-east-1: UnauthorizedOperation (said AWS)")
    );
}

#[tokio::test]
async fn a_failed_image_is_permanent_and_says_why() {
    let makes = makes();
    let error = handle("execute", &[&shows(|| image(ImageState::Failed)), &makes])
        .await
        .unwrap_err();
    assert_eq!((error.name(), makes.num_calls()), (ErrorName::Permanent, 0));
    assert_eq!(
        chain(&error),
        format!("image {IMAGE} in us-east-1 is failed: Client.InternalError: no snapshot; start a new run")
    );
}

#[tokio::test]
async fn an_image_of_the_name_that_is_not_ours_is_refused() {
    let makes = makes();
    let foreign = shows(|| {
        let image = Image::builder()
            .image_id(IMAGE)
            .name(NAME)
            .state(ImageState::Available)
            .creation_date("2026-11-21T03:16:02.000Z");
        DescribeImagesOutput::builder().images(image.build()).build()
    });
    for mode in ["execute", "plan"] {
        let error = handle(mode, &[&foreign, &makes]).await.unwrap_err();
        assert_eq!((error.name(), makes.num_calls()), (ErrorName::Refused, 0));
    }
}

#[tokio::test]
async fn a_region_that_asks_for_patience_is_transient_and_named() {
    let away = mock!(Client::describe_images)
        .then_error(|| DescribeImagesError::generic(ErrorMetadata::builder().code("RequestLimitExceeded").message("slow down").build()));
    let error = handle("execute", &[&away]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert_eq!(
        chain(&error),
        format!("look for the image in us-east-1: describe image {NAME}: RequestLimitExceeded (slow down)")
    );
}

#[tokio::test]
async fn nothing_is_made_after_the_deadline() {
    let makes = makes();
    for (shows, seen) in [
        (shows(none), format!("image {NAME} in us-east-1 is not there")),
        (
            shows(|| image(ImageState::Pending)),
            format!("image {IMAGE} in us-east-1 is pending"),
        ),
    ] {
        let rules = [&shows, &source(), &makes];
        let error = handle_with("03:30:01", request("execute"), &rules, &[]).await.unwrap_err();
        assert_eq!((error.name(), makes.num_calls()), (ErrorName::Permanent, 0));
        assert_eq!(
            chain(&error),
            format!("{seen}, and is not waited for any longer: the deadline of the run, 2026-11-21T03:30:00Z, has passed")
        );
    }
}

#[tokio::test]
async fn of_a_tag_the_newest_running_instance_is_the_source() {
    let tagged = mock!(Client::describe_instances)
        .match_requests(|input| has(input.filters(), "tag:role", "shop") && has(input.filters(), "instance-state-name", "running"))
        .then_output(|| instances(vec![instance(SOURCE, 2), instance(OLDER, 1)]));
    let makes = makes();
    let request = |value: &str| serde_json::from_value(payload("execute", json!({"tag": {"key": "role", "value": value}}))).unwrap();
    let rules = [&shows(none), &tagged, &makes];
    let reply = handle_with("03:16:30", request("shop"), &rules, &[]).await.unwrap();
    assert_eq!((makes.num_calls(), reply.instance.unwrap().as_str()), (1, SOURCE));

    let nothing = mock!(Client::describe_instances).then_output(|| instances(vec![]));
    let error = handle_with("03:16:30", request("shop"), &[&shows(none), &nothing, &makes], &[])
        .await
        .unwrap_err();
    assert_eq!((error.name(), makes.num_calls()), (ErrorName::InvalidInput, 1));
    assert_eq!(
        chain(&error),
        "no running instance in us-east-1 has the tag role=shop; tag one or mend image.source of the plan"
    );
}

#[tokio::test]
async fn of_a_group_only_healthy_members_are_looked_at() {
    let members = group(&[
        (SOURCE, LifecycleState::InService, "Healthy"),
        (OLDER, LifecycleState::Terminating, "Healthy"),
    ]);
    let request = || serde_json::from_value(payload("execute", json!({"group": "shop"}))).unwrap();
    let looked = mock!(Client::describe_instances)
        .match_requests(|input| has(input.filters(), "instance-id", SOURCE) && !has(input.filters(), "instance-id", OLDER))
        .then_output(|| instances(vec![instance(SOURCE, 1)]));
    let makes = makes();
    let rules = [&shows(none), &looked, &makes];
    handle_with("03:16:30", request(), &rules, &[&members]).await.unwrap();
    assert_eq!((looked.num_calls(), makes.num_calls()), (1, 1));

    let empty = group(&[]);
    let error = handle_with("03:16:30", request(), &rules, &[&empty]).await.unwrap_err();
    assert_eq!((error.name(), looked.num_calls()), (ErrorName::InvalidInput, 1));
    let no_group =
        mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups).then_output(|| DescribeAutoScalingGroupsOutput::builder().build());
    let error = handle_with("03:16:30", request(), &rules, &[&no_group]).await.unwrap_err();
    assert_eq!((error.name(), makes.num_calls()), (ErrorName::InvalidInput, 1));
    assert!(
        chain(&error).contains("Auto Scaling group shop does not exist in us-east-1"),
        "{error}"
    );
}

#[test]
fn an_unknown_field_is_refused() {
    let mut payload = payload("execute", json!({"instance": SOURCE}));
    payload["noReboot"] = json!(true);
    let error = serde_json::from_value::<Request>(payload).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `noReboot`"), "{error}");
}

#[tokio::test]
async fn on_the_wire_the_call_says_what_is_made_of_what_and_with_which_tags() {
    let answer = |operation: &str, inner: &str| {
        let body = format!(
            "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>8f7724cf</requestId>{inner}</{operation}Response>"
        );
        let answer = http::Response::builder().status(200).body(SdkBody::from(body)).unwrap();
        ReplayEvent::new(http::Request::new(SdkBody::empty()), answer)
    };
    let http = StaticReplayClient::new(vec![
        answer("DescribeImages", "<imagesSet/>"),
        answer(
            "DescribeInstances",
            &format!(
                "<reservationSet><item><instancesSet><item><instanceId>{SOURCE}</instanceId><instanceState><code>16</code>\
                 <name>running</name></instanceState><launchTime>2026-11-20T00:00:00.000Z</launchTime></item></instancesSet></item>\
                 </reservationSet>"
            ),
        ),
        answer("CreateImage", &format!("<imageId>{IMAGE}</imageId>")),
    ]);
    let ec2 = aws_sdk_ec2::Config::builder().with_test_defaults_v2().http_client(http.clone());
    let ec2 = Client::from_conf(ec2.build());
    let autoscaling = aws_sdk_autoscaling::Config::builder().with_test_defaults_v2().build();
    let now = "2026-11-21T03:16:30Z".parse().unwrap();
    let reply = create_image::handle(
        request("execute"),
        |_| ec2.clone(),
        |_| aws_sdk_autoscaling::Client::from_conf(autoscaling.clone()),
        now,
    )
    .await
    .unwrap();
    assert_eq!((reply.outcome, reply.image.unwrap().as_str()), (Outcome::Waiting, IMAGE));
    let last = http.actual_requests().last().unwrap();
    let body = String::from_utf8_lossy(last.body().bytes().unwrap()).replace("%3A", ":");
    for part in [
        "Action=CreateImage",
        &format!("InstanceId={SOURCE}"),
        &format!("Name={NAME}"),
        "NoReboot=true",
        "TagSpecification.1.ResourceType=image",
        "TagSpecification.1.Tag.4.Key=relight:made&TagSpecification.1.Tag.4.Value=2026-11-21T03:16:30Z",
        "TagSpecification.2.ResourceType=snapshot",
        "TagSpecification.2.Tag.1.Key=relight:workload&TagSpecification.2.Tag.1.Value=unishop",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(!body.contains("DryRun"), "{body}");
}

#[tokio::test]
async fn a_region_that_gives_no_answer_is_a_refusal_that_names_it() {
    // Out of answers at the first call.
    let http = StaticReplayClient::new(Vec::new());
    let ec2 = aws_sdk_ec2::Config::builder().with_test_defaults_v2().http_client(http);
    let ec2 = Client::from_conf(ec2.build());
    let autoscaling = aws_sdk_autoscaling::Config::builder().with_test_defaults_v2().build();
    let error = create_image::handle(
        request("execute"),
        |_| ec2.clone(),
        |_| aws_sdk_autoscaling::Client::from_conf(autoscaling.clone()),
        "2026-11-21T03:16:30Z".parse().unwrap(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.name(), ErrorName::Refused);
    let said = chain(&error);
    assert!(said.starts_with("look for the image in us-east-1: "), "{said}");
}
