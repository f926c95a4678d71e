//! The looks at images against mocked EC2: what is asked, and what the answers mean in our words.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;

use action::{ErrorName, NamedError as _, chain};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::describe_images::{DescribeImagesError, DescribeImagesInput, DescribeImagesOutput};
use aws_sdk_ec2::types::builders::ImageBuilder;
use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Image as Described, ImageState, StateReason, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use images::{Image, State, by_id, by_name, of_workload};

const NAME: &str = "relight-unishop-unishop-1";
const IMAGE: &str = "ami-0123456789abcdef0";

fn described(id: &str) -> ImageBuilder {
    Described::builder()
        .image_id(id)
        .name(NAME)
        .state(ImageState::Available)
        .creation_date("2026-11-21T03:16:02.000Z")
}

fn answer(images: Vec<Described>) -> DescribeImagesOutput {
    DescribeImagesOutput::builder().set_images(Some(images)).build()
}

fn answers(images: impl Fn() -> Vec<Described> + Send + Sync + 'static) -> Rule {
    mock!(Client::describe_images).then_output(move || answer(images()))
}

fn client(rule: &Rule) -> Client {
    mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [rule])
}

async fn named(rule: &Rule) -> Result<Option<Image>, images::ObserveError> {
    by_name(&client(rule), NAME).await
}

fn tags(described: ImageBuilder, tags: &[(&str, &str)]) -> ImageBuilder {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build());
    described.set_tags(Some(tags.collect()))
}

/// The account's own images, disabled ones too, by these filters alone.
fn asks(input: &DescribeImagesInput, filters: &[(&str, &str)]) -> bool {
    let asked: Vec<_> = input
        .filters()
        .iter()
        .map(|filter| (filter.name().unwrap(), filter.values().join(",")))
        .collect();
    let wanted: Vec<_> = filters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    asked == wanted && input.owners() == ["self"] && input.include_disabled() == Some(true) && input.image_ids().is_empty()
}

#[tokio::test]
async fn an_image_that_is_not_there_is_none_whatever_it_is_looked_for_by() {
    let nothing = answers(Vec::new);
    assert_eq!(named(&nothing).await.unwrap(), None);
    assert_eq!(by_id(&client(&nothing), &IMAGE.parse().unwrap()).await.unwrap(), None);
    assert_eq!(of_workload(&client(&nothing), &"unishop".parse().unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn each_look_asks_for_the_accounts_own_images_by_its_filters() {
    let name = mock!(Client::describe_images)
        .match_requests(|input| asks(input, &[("name", NAME)]))
        .then_output(|| answer(vec![described(IMAGE).build()]));
    let id = mock!(Client::describe_images)
        .match_requests(|input| asks(input, &[("image-id", IMAGE)]))
        .then_output(|| answer(vec![described(IMAGE).build()]));
    let workload = mock!(Client::describe_images)
        .match_requests(|input| asks(input, &[("tag:relight:workload", "unishop"), ("tag-key", "relight:run")]))
        .then_output(|| answer(vec![described(IMAGE).build()]));
    let ec2 = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&name, &id, &workload]);
    assert!(by_name(&ec2, NAME).await.unwrap().is_some());
    assert!(by_id(&ec2, &IMAGE.parse().unwrap()).await.unwrap().is_some());
    assert_eq!(of_workload(&ec2, &"unishop".parse().unwrap()).await.unwrap().len(), 1);
    assert_eq!([name, id, workload].map(|rule| rule.num_calls()), [1, 1, 1]);
}

#[tokio::test]
async fn an_image_is_told_in_our_words() {
    let rule = answers(|| {
        let mapping = |id: Option<&str>| {
            let ebs = EbsBlockDevice::builder().set_snapshot_id(id.map(str::to_owned)).build();
            BlockDeviceMapping::builder().ebs(ebs).build()
        };
        // A volume that begins empty has no snapshot, an instance store isn't EBS, and one still being made has none yet.
        let mappings = vec![
            mapping(Some("snap-1")),
            mapping(None),
            mapping(Some("")),
            BlockDeviceMapping::builder().virtual_name("ephemeral0").build(),
            mapping(Some("snap-2")),
        ];
        let image = tags(described(IMAGE), &[("relight:run", "unishop-1")]);
        vec![
            image
                .tags(Tag::builder().key("bare").build())
                .set_block_device_mappings(Some(mappings))
                .build(),
        ]
    });
    let expected = Image {
        id: IMAGE.parse().unwrap(),
        name: NAME.to_owned(),
        state: State::Available,
        created: "2026-11-21T03:16:02Z".parse().unwrap(),
        tags: BTreeMap::from([
            ("relight:run".to_owned(), "unishop-1".to_owned()),
            ("bare".to_owned(), String::new()),
        ]),
        snapshots: vec!["snap-1".to_owned(), "snap-2".to_owned()],
    };
    let image = named(&rule).await.unwrap().unwrap();
    assert_eq!(image, expected);
    assert_eq!((image.run(), image.made()), ("unishop-1".parse().ok(), image.created));
}

#[tokio::test]
async fn a_state_is_available_pending_or_failed_for_good_and_an_unknown_one_pending() {
    let pending = |word: &str| State::Pending(word.to_owned());
    let failed = |word: &str| State::Failed {
        state: word.to_owned(),
        reason: "EC2 gives no reason".to_owned(),
    };
    let table = [
        (Some("available"), State::Available),
        (Some("pending"), pending("pending")),
        (Some("transient"), pending("transient")),
        (Some("resting"), pending("resting")),
        (None, pending("unknown")),
        (Some("failed"), failed("failed")),
        (Some("error"), failed("error")),
        (Some("invalid"), failed("invalid")),
        (Some("deregistered"), failed("deregistered")),
        (Some("disabled"), failed("disabled")),
    ];
    for (word, state) in table {
        let rule = answers(move || vec![described(IMAGE).set_state(word.map(ImageState::from)).build()]);
        assert_eq!(named(&rule).await.unwrap().unwrap().state, state, "{word:?}");
    }
}

#[tokio::test]
async fn the_reason_of_a_failure_is_its_message_else_its_code() {
    let table = [
        (
            Some("Client.InternalError: no key"),
            Some("Client.InternalError"),
            "Client.InternalError: no key",
        ),
        (None, Some("Client.InternalError"), "Client.InternalError"),
        (Some(""), None, "EC2 gives no reason"),
    ];
    for (message, code, reason) in table {
        let rule = answers(move || {
            let why = StateReason::builder()
                .set_message(message.map(str::to_owned))
                .set_code(code.map(str::to_owned));
            vec![described(IMAGE).state(ImageState::Failed).state_reason(why.build()).build()]
        });
        let expected = State::Failed {
            state: "failed".to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(named(&rule).await.unwrap().unwrap().state, expected);
    }
}

#[tokio::test]
async fn all_pages_are_read_and_the_newest_data_comes_first() {
    let made = |id: &str, made: &str| tags(described(id), &[("relight:made", made)]).build();
    let pages = mock!(Client::describe_images)
        .sequence()
        .output(move || {
            DescribeImagesOutput::builder()
                .images(made("ami-00000001", "2026-11-19T00:00:00Z"))
                .images(made("ami-00000003", "2026-11-20T00:00:00Z"))
                .next_token("more")
                .build()
        })
        .output(move || {
            answer(vec![
                made("ami-00000002", "2026-11-20T00:00:00Z"),
                // Without the tag its age is that of its registration.
                described("ami-00000004").build(),
            ])
        })
        .build();
    let found = of_workload(&client(&pages), &"unishop".parse().unwrap()).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|image| image.id.as_str()).collect();
    assert_eq!(ids, ["ami-00000004", "ami-00000003", "ami-00000002", "ami-00000001"]);
    assert_eq!(pages.num_calls(), 2);
}

#[tokio::test]
async fn an_answer_that_lacks_something_is_permanent_and_says_what() {
    type Lacking = fn() -> Described;
    let table: [(Lacking, &str); 4] = [
        (|| described("").build(), "imageId"),
        (|| described("ami-xyz").build(), "imageId"),
        (|| described(IMAGE).set_creation_date(None).build(), "creationDate"),
        (|| described(IMAGE).creation_date("yesterday").build(), "creationDate"),
    ];
    for (image, field) in table {
        let error = named(&answers(move || vec![image()])).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Permanent);
        assert_eq!(
            chain(&error),
            format!("the answer of AWS about image {NAME} lacks {field}, or has it malformed")
        );
    }
}

#[tokio::test]
async fn a_failed_look_names_what_was_looked_for_and_keeps_the_name_of_its_cause() {
    for (code, name) in [
        ("RequestLimitExceeded", ErrorName::Transient),
        ("UnauthorizedOperation", ErrorName::Permanent),
    ] {
        let refuses = mock!(Client::describe_images).then_error(move || {
            let error = aws_sdk_ec2::error::ErrorMetadata::builder().code(code).message("said AWS");
            DescribeImagesError::generic(error.build())
        });
        let ec2 = client(&refuses);
        let (id, workload) = (IMAGE.parse().unwrap(), "unishop".parse().unwrap());
        for (error, what) in [
            (by_name(&ec2, NAME).await.unwrap_err(), format!("image {NAME}")),
            (by_id(&ec2, &id).await.unwrap_err(), format!("image {IMAGE}")),
            (of_workload(&ec2, &workload).await.unwrap_err(), "the images of unishop".to_owned()),
        ] {
            assert_eq!((error.name(), chain(&error)), (name, format!("describe {what}: {code} (said AWS)")));
        }
    }
}
