//! The action against mocked AWS: which calls are made, which are not, how errors are named, and that twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::{Arc, Mutex};

use action::{ErrorName, NamedError as _, Outcome, chain};
use adopt_image::Clients;
use adopt_image::error::Error;
use adopt_image::io::{Reply, Request};
use aws_sdk_ec2::operation::create_tags::{CreateTagsError, CreateTagsOutput};
use aws_sdk_ec2::operation::describe_images::{DescribeImagesError, DescribeImagesOutput};
use aws_sdk_ec2::types::{Image, ImageState, Tag};
use aws_sdk_ssm::operation::get_parameter::{GetParameterError, GetParameterOutput};
use aws_sdk_ssm::operation::put_parameter::{PutParameterError, PutParameterOutput};
use aws_sdk_ssm::types::error::ParameterNotFound;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;

const RUN: &str = "unishop-20261121T031502Z";
const IMAGE: &str = "ami-0123456789abcdef0";
const OTHER: &str = "ami-0fedcba9876543210";
const POINTER: &str = "/relight/unishop/image";
const NOW: &str = "2026-11-21T03:40:00.75Z";

fn request(mode: &str, image: Option<&str>) -> Request {
    serde_json::from_value(json!({"mode": mode, "run": RUN, "workload": "unishop", "image": image, "pointer": POINTER})).unwrap()
}

async fn handle(mode: &str, image: Option<&str>, ec2: &[&Rule], ssm: &[&Rule]) -> Result<Reply, Error> {
    let clients = Clients {
        ec2: mock_client!(aws_sdk_ec2, RuleMode::MatchAny, ec2.iter().copied()),
        ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, ssm.iter().copied()),
    };
    adopt_image::handle(request(mode, image), &clients, NOW.parse().unwrap()).await
}

fn image(run: &str, state: ImageState, proven: bool) -> Image {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let image = Image::builder()
        .image_id(IMAGE)
        .name(format!("relight-unishop-{run}"))
        .creation_date("2026-11-21T03:20:00.000Z")
        .state(state)
        .tags(tag("relight:workload", "unishop"))
        .tags(tag("relight:run", run));
    let image = if proven {
        image.tags(tag("relight:proven", "2026-11-21T03:30:00Z"))
    } else {
        image
    };
    image.build()
}

fn shows(image: Option<Image>) -> Rule {
    mock!(aws_sdk_ec2::Client::describe_images).then_output(move || {
        let images = image.clone().into_iter().collect();
        DescribeImagesOutput::builder().set_images(Some(images)).build()
    })
}

fn new_image() -> Rule {
    shows(Some(image(RUN, ImageState::Available, false)))
}

fn proven_image() -> Rule {
    shows(Some(image(RUN, ImageState::Available, true)))
}

fn points_at(value: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter)
        .match_requests(|input| input.name() == Some(POINTER))
        .then_output(move || {
            GetParameterOutput::builder()
                .parameter(Parameter::builder().value(value).build())
                .build()
        })
}

fn no_pointer() -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter).then_error(|| {
        let meta = ErrorMetadata::builder().code("ParameterNotFound").build();
        GetParameterError::ParameterNotFound(ParameterNotFound::builder().meta(meta).build())
    })
}

/// Both changing calls, and in which order they were made.
struct Changes {
    tags: Rule,
    puts: Rule,
    order: Arc<Mutex<Vec<&'static str>>>,
}

fn changes() -> Changes {
    let order = Arc::new(Mutex::new(Vec::new()));
    let (tagged, put) = (order.clone(), order.clone());
    Changes {
        tags: mock!(aws_sdk_ec2::Client::create_tags)
            .match_requests(|input| {
                let tags: Vec<_> = input.tags().iter().map(|tag| (tag.key().unwrap(), tag.value().unwrap())).collect();
                input.resources() == [IMAGE] && tags == [("relight:proven", "2026-11-21T03:40:00Z")] && input.dry_run().is_none()
            })
            .then_output(move || {
                tagged.lock().unwrap().push("tag");
                CreateTagsOutput::builder().build()
            }),
        puts: mock!(aws_sdk_ssm::Client::put_parameter)
            .match_requests(|input| {
                input.name() == Some(POINTER)
                    && input.value() == Some(IMAGE)
                    && input.r#type() == Some(&ParameterType::String)
                    && input.overwrite() == Some(true)
                    && input.description() == Some(&format!("The image that unishop is launched from; adopted by run {RUN}"))
            })
            .then_output(move || {
                put.lock().unwrap().push("put");
                PutParameterOutput::builder().build()
            }),
        order,
    }
}

fn dry_run(code: &'static str) -> Rule {
    mock!(aws_sdk_ec2::Client::create_tags)
        .match_requests(|input| input.dry_run() == Some(true))
        .then_error(move || CreateTagsError::generic(ErrorMetadata::builder().code(code).message("said EC2").build()))
}

#[tokio::test]
async fn twice_is_once_an_adopted_image_is_left_alone() {
    let Changes { tags, puts, .. } = changes();
    let (ec2, ssm) = ([&proven_image(), &tags], [&points_at(IMAGE), &puts]);
    let first = handle("execute", Some(IMAGE), &ec2, &ssm).await.unwrap();
    assert_eq!(handle("execute", Some(IMAGE), &ec2, &ssm).await.unwrap(), first);
    assert_eq!(
        serde_json::to_value(&first).unwrap(),
        json!({
            "outcome": "unchanged",
            "because": format!("{IMAGE} is proven since 2026-11-21T03:30:00Z, and {POINTER} names it"),
            "image": IMAGE,
            "previous": null,
            "calls": [],
        })
    );
    assert_eq!((tags.num_calls(), puts.num_calls()), (0, 0));
}

#[tokio::test]
async fn tags_first_and_then_points_and_names_the_image_before() {
    let Changes { tags, puts, order } = changes();
    let reply = handle("execute", Some(IMAGE), &[&new_image(), &tags], &[&points_at(OTHER), &puts])
        .await
        .unwrap();
    assert_eq!(*order.lock().unwrap(), ["tag", "put"]);
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(
        reply.because,
        format!("{POINTER} names {IMAGE}, which is proven; before, it named {OTHER}")
    );
    assert_eq!(reply.previous.unwrap().as_str(), OTHER);
}

#[tokio::test]
async fn the_first_image_has_none_before_it() {
    let Changes { tags, puts, order } = changes();
    let reply = handle("execute", Some(IMAGE), &[&new_image(), &tags], &[&no_pointer(), &puts])
        .await
        .unwrap();
    assert_eq!(order.lock().unwrap().len(), 2);
    assert_eq!((reply.outcome, reply.previous), (Outcome::Changed, None));
    assert!(reply.because.ends_with("before, it named no image"), "{}", reply.because);
}

#[tokio::test]
async fn an_interrupted_adoption_is_completed_by_the_call_that_is_missing() {
    let Changes { tags, puts, order } = changes();
    let reply = handle("execute", Some(IMAGE), &[&proven_image(), &tags], &[&points_at(OTHER), &puts])
        .await
        .unwrap();
    assert_eq!((&*order.lock().unwrap(), reply.outcome), (&vec!["put"], Outcome::Changed));

    let Changes { tags, puts, order } = changes();
    let reply = handle("execute", Some(IMAGE), &[&new_image(), &tags], &[&points_at(IMAGE), &puts])
        .await
        .unwrap();
    assert_eq!((&*order.lock().unwrap(), reply.outcome), (&vec!["tag"], Outcome::Changed));
    assert_eq!(reply.because, format!("tagged {IMAGE} as proven; {POINTER} named it already"));
}

#[tokio::test]
async fn plan_mode_names_both_calls_and_tries_the_one_that_has_a_dry_run() {
    let (Changes { tags, puts, .. }, dry) = (changes(), dry_run("DryRunOperation"));
    let reply = handle("plan", Some(IMAGE), &[&new_image(), &tags, &dry], &[&points_at(OTHER), &puts])
        .await
        .unwrap();
    assert_eq!((tags.num_calls(), puts.num_calls(), dry.num_calls()), (0, 0, 1));
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(
        reply.because,
        format!(
            "would call ec2:CreateTags in the recovery Region on {IMAGE} as proven and ssm:PutParameter in the recovery Region on \
             {POINTER}, which names {OTHER}"
        )
    );
    assert_eq!(reply.previous.unwrap().as_str(), OTHER);
    let reply = handle("plan", Some(IMAGE), &[&proven_image(), &dry], &[&no_pointer(), &puts])
        .await
        .unwrap();
    assert_eq!(
        reply.because,
        format!("would call ssm:PutParameter in the recovery Region on {POINTER} as {IMAGE}, which names no image yet")
    );
    assert_eq!((puts.num_calls(), dry.num_calls()), (0, 1));
}

#[tokio::test]
async fn plan_mode_without_an_image_calls_nothing_at_all() {
    let reply = handle("plan", None, &[], &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.image), (Outcome::Planned, None));
    assert_eq!(
        reply.because,
        format!("would call ec2:CreateTags and ssm:PutParameter {POINTER} in the recovery Region on the image that copy-image would make")
    );
    let error = handle("execute", None, &[], &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
}

#[tokio::test]
async fn an_image_that_may_not_be_launched_from_is_refused_and_nothing_is_touched() {
    let Changes { tags, puts, .. } = changes();
    for (shown, why) in [
        (None, "does not exist in the recovery Region"),
        (
            Some(image("unishop-2", ImageState::Available, true)),
            "its tag relight:run is unishop-2",
        ),
        (Some(image(RUN, ImageState::Pending, false)), "is pending"),
        (Some(image(RUN, ImageState::Failed, false)), "is failed (EC2 gives no reason)"),
    ] {
        for mode in ["execute", "plan"] {
            let error = handle(mode, Some(IMAGE), &[&shows(shown.clone()), &tags], &[&points_at(OTHER), &puts])
                .await
                .unwrap_err();
            assert_eq!(error.name(), ErrorName::Refused);
            assert!(chain(&error).contains(why), "{}", chain(&error));
        }
    }
    assert_eq!((tags.num_calls(), puts.num_calls()), (0, 0));
}

#[tokio::test]
async fn the_pointer_is_left_alone_where_the_image_could_not_be_tagged() {
    let Changes { puts, .. } = changes();
    for (code, name) in [
        ("UnauthorizedOperation", ErrorName::Permanent),
        ("RequestLimitExceeded", ErrorName::Transient),
    ] {
        let refused = mock!(aws_sdk_ec2::Client::create_tags)
            .then_error(move || CreateTagsError::generic(ErrorMetadata::builder().code(code).message("said EC2").build()));
        let error = handle("execute", Some(IMAGE), &[&new_image(), &refused], &[&points_at(OTHER), &puts])
            .await
            .unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(chain(&error), format!("tag image {IMAGE} as proven: {code} (said EC2)"));
        let error = handle("plan", Some(IMAGE), &[&new_image(), &dry_run(code)], &[&points_at(OTHER), &puts])
            .await
            .unwrap_err();
        assert_eq!(error.name(), name, "the dry run tells the same");
    }
    assert_eq!(puts.num_calls(), 0);
}

#[tokio::test]
async fn each_failing_call_is_named() {
    let Changes { tags, .. } = changes();
    let denied = || ErrorMetadata::builder().code("AccessDeniedException").message("said SSM").build();
    let unread = mock!(aws_sdk_ssm::Client::get_parameter).then_error(move || GetParameterError::generic(denied()));
    let error = handle("execute", Some(IMAGE), &[&new_image(), &tags], &[&unread])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("read image pointer {POINTER}: AccessDeniedException (said SSM)")
    );
    let unwritten = mock!(aws_sdk_ssm::Client::put_parameter).then_error(move || PutParameterError::generic(denied()));
    let error = handle("execute", Some(IMAGE), &[&new_image(), &tags], &[&no_pointer(), &unwritten])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("point image pointer {POINTER} at {IMAGE}: AccessDeniedException (said SSM)")
    );
    let unseen = mock!(aws_sdk_ec2::Client::describe_images)
        .then_error(|| DescribeImagesError::generic(ErrorMetadata::builder().code("RequestLimitExceeded").message("said EC2").build()));
    let error = handle("execute", Some(IMAGE), &[&unseen], &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert_eq!(chain(&error), format!("describe image {IMAGE}: RequestLimitExceeded (said EC2)"));
}

#[test]
fn an_unknown_field_is_refused() {
    let mut request = serde_json::to_value(request("execute", Some(IMAGE))).unwrap();
    request["force"] = json!(true);
    let error = serde_json::from_value::<Request>(request).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `force`"), "{error}");
}
