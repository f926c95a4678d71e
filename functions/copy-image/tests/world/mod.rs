//! Both Regions, mocked.

use action::ids::Region;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::copy_image::{CopyImageError, CopyImageInput, CopyImageOutput};
use aws_sdk_ec2::operation::create_tags::{CreateTagsError, CreateTagsOutput};
use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Filter, Image, ImageState, StateReason, Tag};
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState, KeyUsageType};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use copy_image::error::Error;
use copy_image::io::Reply;
use serde_json::{Value, json};

pub(crate) const RUN: &str = "unishop-20261121T031502Z";
pub(crate) const NAME: &str = "relight-unishop-unishop-20261121T031502Z";
pub(crate) const SOURCE: &str = "ami-0123456789abcdef0";
pub(crate) const COPY: &str = "ami-0fedcba9876543210";
pub(crate) const MADE: &str = "2026-11-21T03:10:00Z";
pub(crate) const KEY: &str = "arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";

pub(crate) type Tags<'a> = &'a [(&'a str, &'a str)];

/// The tags from the making, in the order of `images::tags::FROM_THE_MAKING`.
pub(crate) const ALL: Tags<'static> = &[
    ("relight:workload", "unishop"),
    ("relight:run", RUN),
    ("relight:source", "i-00000001"),
    ("relight:made", MADE),
];

pub(crate) fn payload(mode: &str) -> Value {
    json!({
        "mode": mode,
        "run": RUN,
        "workload": "unishop",
        "from": "us-east-1",
        "image": SOURCE,
        "region": "us-west-1",
        "kmsKey": KEY,
        "completeWithinMinutes": 35,
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    })
}

/// Calls the action; `here` are the answers of EC2 in the recovery Region, `there` those in the primary.
pub(crate) async fn handle_at(time: &str, payload: Value, here: &[&Rule], there: &[&Rule], kms: &[&Rule]) -> Result<Reply, Error> {
    let here = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, here.iter().copied());
    let there = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, there.iter().copied());
    let kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, kms.iter().copied());
    let ec2 = |region: &Region| match region.as_str() {
        "us-west-1" => here.clone(),
        "us-east-1" => there.clone(),
        other => panic!("{other} was called"),
    };
    let kms = |region: &Region| {
        assert_eq!(region.as_str(), "us-west-1");
        kms.clone()
    };
    let now = format!("2026-11-21T{time}Z").parse().unwrap();
    copy_image::handle(serde_json::from_value(payload).unwrap(), ec2, kms, now).await
}

pub(crate) async fn handle(payload: Value, here: &[&Rule], there: &[&Rule], kms: &[&Rule]) -> Result<Reply, Error> {
    handle_at("03:16:30", payload, here, there, kms).await
}

fn tag((key, value): &(&str, &str)) -> Tag {
    Tag::builder().key(*key).value(*value).build()
}

fn image(id: &str, state: ImageState, tags: Tags<'_>) -> DescribeImagesOutput {
    let snapshots = ["snap-00000001", "snap-00000002"].map(|id| {
        let ebs = EbsBlockDevice::builder().snapshot_id(id).build();
        BlockDeviceMapping::builder().ebs(ebs).build()
    });
    let reason = "Copying snapshot snap-1 failed: Given KMS key is not accessible";
    let image = Image::builder()
        .image_id(id)
        .name(NAME)
        .state(state)
        .creation_date("2026-11-21T03:16:02.000Z")
        .state_reason(StateReason::builder().message(reason).build())
        .set_block_device_mappings(Some(snapshots.to_vec()))
        .set_tags(Some(tags.iter().map(tag).collect()));
    DescribeImagesOutput::builder().images(image.build()).build()
}

pub(crate) fn none() -> DescribeImagesOutput {
    DescribeImagesOutput::builder().build()
}

fn has(filters: &[Filter], name: &str, value: &str) -> bool {
    filters
        .iter()
        .any(|filter| filter.name() == Some(name) && filter.values() == [value])
}

pub(crate) fn shows_copy(state: ImageState, tags: Tags<'static>) -> Rule {
    mock!(Client::describe_images)
        .match_requests(|input| has(input.filters(), "name", NAME))
        .then_output(move || image(COPY, state.clone(), tags))
}

pub(crate) fn shows_source(state: ImageState, tags: Tags<'_>) -> Rule {
    let answer = image(SOURCE, state, tags);
    mock!(Client::describe_images)
        .match_requests(|input| has(input.filters(), "image-id", SOURCE))
        .then_output(move || answer.clone())
}

pub(crate) fn nothing() -> Rule {
    mock!(Client::describe_images)
        .match_requests(|input| has(input.filters(), "name", NAME) || has(input.filters(), "image-id", SOURCE))
        .then_output(none)
}

pub(crate) fn key(state: KeyState) -> Rule {
    mock!(aws_sdk_kms::Client::describe_key)
        .match_requests(|input| input.key_id() == Some(KEY))
        .then_output(move || {
            let key = KeyMetadata::builder()
                .key_id("01234567-89ab-cdef-0123-456789abcdef")
                .arn(KEY)
                .key_state(state.clone())
                .key_usage(KeyUsageType::EncryptDecrypt)
                .key_spec(KeySpec::SymmetricDefault);
            DescribeKeyOutput::builder().key_metadata(key.build().unwrap()).build()
        })
}

/// The call as the spec of the action has it, but for token and dry run.
fn as_it_should_be(input: &CopyImageInput) -> bool {
    let [snapshots] = input.tag_specifications() else {
        return false;
    };
    input.source_region() == Some("us-east-1")
        && input.source_image_id() == Some(SOURCE)
        && input.name() == Some(NAME)
        && input.copy_image_tags() == Some(true)
        && input.encrypted() == Some(true)
        && input.kms_key_id() == Some(KEY)
        && input.snapshot_copy_completion_duration_minutes() == Some(30)
        && snapshots.resource_type().is_some_and(|kind| kind.as_str() == "snapshot")
        && snapshots.tags() == ALL[..2].iter().map(tag).collect::<Vec<_>>()
}

pub(crate) fn copies() -> Rule {
    mock!(Client::copy_image)
        .match_requests(|input| {
            as_it_should_be(input) && input.dry_run().is_none() && input.client_token().is_some_and(|token| token.len() == 64)
        })
        .then_output(|| CopyImageOutput::builder().image_id(COPY).build())
}

pub(crate) fn refuses(code: &'static str, message: &'static str) -> Rule {
    mock!(Client::copy_image).then_error(move || CopyImageError::generic(ErrorMetadata::builder().code(code).message(message).build()))
}

/// The SDK gives a token where none is given; the run's own must not be used up by a rehearsal.
pub(crate) fn rehearses_copy(code: &'static str) -> Rule {
    mock!(Client::copy_image)
        .match_requests(|input| {
            as_it_should_be(input) && input.dry_run() == Some(true) && input.client_token().is_none_or(|token| token.len() != 64)
        })
        .then_error(move || CopyImageError::generic(ErrorMetadata::builder().code(code).message("said AWS").build()))
}

/// Takes exactly these tags for the copy.
pub(crate) fn tags(expected: Tags<'static>) -> Rule {
    mock!(Client::create_tags)
        .match_requests(move |input| {
            let all = expected.iter().map(tag).all(|tag| input.tags().contains(&tag));
            all && input.tags().len() == expected.len() && input.resources() == [COPY] && input.dry_run().is_none()
        })
        .then_output(|| CreateTagsOutput::builder().build())
}

pub(crate) fn rehearses_tags(code: &'static str) -> Rule {
    mock!(Client::create_tags)
        .match_requests(|input| input.resources() == [COPY] && input.dry_run() == Some(true))
        .then_error(move || CreateTagsError::generic(ErrorMetadata::builder().code(code).message("said AWS").build()))
}
