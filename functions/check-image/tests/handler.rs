//! The action against mocked AWS: what is put, and what is not.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::{Arc, Mutex};

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_cloudwatch::operation::put_metric_data::{PutMetricDataInput, PutMetricDataOutput};
use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ec2::types::{Image, ImageState, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use bucket::testing::bucket;
use check_image::error::Error;
use check_image::io::Reply;
use check_image::{Clients, handle};
use serde_json::json;

const PLAN: &str = include_str!("../../open-run/tests/fixtures/plan.toml");

fn image(id: &str, made: &str, proven: bool) -> Image {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let mut tags = vec![
        tag("relight:workload", "unishop"),
        tag("relight:run", "unishop-1"),
        tag("relight:made", made),
    ];
    if proven {
        tags.push(tag("relight:proven", made));
    }
    Image::builder()
        .image_id(id)
        .name(id)
        .state(ImageState::Available)
        .creation_date("2026-11-20T03:00:00.000Z")
        .set_tags(Some(tags))
        .build()
}

/// The values that were put, each with its metric.
type Put = Arc<Mutex<Vec<(String, f64)>>>;

fn putting() -> (Rule, Put) {
    let seen = Put::default();
    let log = seen.clone();
    let rule = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .match_requests(|input: &PutMetricDataInput| input.namespace() == Some("Relight"))
        .then_compute_output(move |input| {
            let put = input.metric_data().iter();
            log.lock()
                .unwrap()
                .extend(put.map(|datum| (datum.metric_name().unwrap().to_owned(), datum.value().unwrap())));
            PutMetricDataOutput::builder().build()
        });
    (rule, seen)
}

async fn check(plan: &str, images: Vec<Image>) -> (Result<Reply, Error>, Vec<(String, f64)>) {
    let listed = mock!(aws_sdk_ec2::Client::describe_images)
        .then_output(move || DescribeImagesOutput::builder().set_images(Some(images.clone())).build());
    let (put, seen) = putting();
    let clients = Clients {
        ec2: mock_client!(aws_sdk_ec2, RuleMode::MatchAny, &[&listed]),
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &[&put]),
        bucket: bucket("relight", &[("plans/unishop.toml", plan)]).0,
    };
    let request = serde_json::from_value(json!({"workload": "unishop"})).unwrap();
    let reply = handle(request, &clients, "2026-11-21T03:00:00Z".parse().unwrap()).await;
    let seen = seen.lock().unwrap().clone();
    (reply, seen)
}

#[tokio::test]
async fn a_fresh_image_puts_its_age_and_that_it_is_not_stale() {
    let (reply, put) = check(PLAN, vec![image("ami-00000001", "2026-11-21T02:00:00Z", true)]).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.outcome, reply.stale, reply.age_seconds),
        (Outcome::Unchanged, false, Some(3_600))
    );
    assert_eq!(put, [("ImageStale".to_owned(), 0.0), ("ImageAge".to_owned(), 3_600.0)]);
}

#[tokio::test]
async fn an_old_image_is_stale_and_an_unproven_one_counts_for_nothing() {
    let old = image("ami-00000001", "2026-11-01T02:00:00Z", true);
    let unproven = image("ami-00000002", "2026-11-21T02:00:00Z", false);
    let (reply, put) = check(PLAN, vec![old, unproven.clone()]).await;
    let reply = reply.unwrap();
    assert!(reply.stale && reply.because.contains("refresh the image"), "{}", reply.because);
    assert_eq!(put[0], ("ImageStale".to_owned(), 1.0));
    let (reply, put) = check(PLAN, vec![unproven]).await;
    assert_eq!((reply.unwrap().image, put), (None, vec![("ImageStale".to_owned(), 1.0)]));
}

#[tokio::test]
async fn a_plan_that_is_not_there_puts_nothing_and_is_named() {
    let (reply, put) = check("workload = 1", vec![]).await;
    let error = reply.unwrap_err();
    assert_eq!((error.name(), put.len()), (ErrorName::InvalidInput, 0));
    assert!(chain(&error).contains("plans/unishop.toml"), "{}", chain(&error));
}
