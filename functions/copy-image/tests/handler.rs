//! The action against mocked AWS: which calls are made where, which are not, how errors are named, and that twice is once.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::copy_image::CopyImageOutput;
use aws_sdk_ec2::operation::describe_images::DescribeImagesError;
use aws_sdk_ec2::types::ImageState;
use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_kms::types::KeyState;
use aws_smithy_mocks::mock;
use aws_smithy_types::error::ErrorMetadata;
use copy_image::io::Request;
use serde_json::json;

use world::*;

#[tokio::test]
async fn twice_is_once_an_available_copy_with_its_tags_is_left_alone() {
    let (copies, tags) = (copies(), tags(ALL));
    let here = [&shows_copy(ImageState::Available, ALL), &copies, &tags];
    let there = [&shows_source(ImageState::Available, ALL)];
    for mode in ["execute", "execute", "plan"] {
        let reply = handle_at("04:00:00", payload(mode), &here, &there, &[]).await.unwrap();
        assert_eq!(
            serde_json::to_value(&reply).unwrap(),
            json!({
                "outcome": "unchanged",
                "retryAfterSeconds": null,
                "because": format!("copy {COPY} of unishop is available in us-west-1, with its tags"),
                "image": COPY,
                "snapshots": ["snap-00000001", "snap-00000002"],
                "calls": [],
            })
        );
    }
    assert_eq!((copies.num_calls(), tags.num_calls()), (0, 0));
}

#[tokio::test]
async fn copies_an_available_image_with_its_tags_and_the_key_and_waits() {
    let copies = copies();
    let there = [&shows_source(ImageState::Available, ALL)];
    let reply = handle(payload("execute"), &[&nothing(), &copies], &there, &[&key(KeyState::Enabled)])
        .await
        .unwrap();
    assert_eq!(copies.num_calls(), 1);
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        json!({
            "outcome": "waiting",
            "retryAfterSeconds": 3,
            "because": format!("asked AWS to copy {SOURCE} from us-east-1 to us-west-1 as {COPY}"),
            "image": COPY,
            "snapshots": [],
            "calls": [],
        })
    );
}

#[tokio::test]
async fn a_repeated_call_has_the_token_of_the_first() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let tokens = seen.clone();
    let copies = mock!(Client::copy_image).then_compute_output(move |input| {
        tokens.lock().unwrap().push(input.client_token().unwrap().to_owned());
        CopyImageOutput::builder().image_id(COPY).build()
    });
    let there = [&shows_source(ImageState::Available, ALL)];
    let kms = [&key(KeyState::Enabled)];
    for time in ["03:16:30", "03:20:00"] {
        handle_at(time, payload("execute"), &[&nothing(), &copies], &there, &kms)
            .await
            .unwrap();
    }
    let mut another = payload("execute");
    another["run"] = json!("unishop-20261122T031502Z");
    let own = [
        ("relight:workload", "unishop"),
        ("relight:run", "unishop-20261122T031502Z"),
        ("relight:source", "i-00000001"),
        ("relight:made", MADE),
    ];
    let nothing = mock!(Client::describe_images).then_output(none);
    let there = [&shows_source(ImageState::Available, own.as_slice())];
    handle(another, &[&nothing, &copies], &there, &kms).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0] == seen[1], seen[1] == seen[2], seen.len()), (true, false, 3));
}

#[tokio::test]
async fn without_a_key_and_a_wish_for_speed_neither_is_asked_for() {
    let copies = mock!(Client::copy_image)
        .match_requests(|input| {
            input.encrypted().is_none() && input.kms_key_id().is_none() && input.snapshot_copy_completion_duration_minutes().is_none()
        })
        .then_output(|| CopyImageOutput::builder().image_id(COPY).build());
    let mut payload = payload("execute");
    (payload["kmsKey"], payload["completeWithinMinutes"]) = (json!(null), json!(null));
    let there = [&shows_source(ImageState::Available, ALL)];
    handle(payload, &[&nothing(), &copies], &there, &[]).await.unwrap();
    assert_eq!(copies.num_calls(), 1);
}

#[tokio::test]
async fn a_copy_on_its_way_is_waited_for_without_a_look_at_the_primary() {
    let copies = copies();
    let here = [&shows_copy(ImageState::Pending, &[]), &copies];
    let reply = handle_at("03:17:40", payload("execute"), &here, &[], &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(10)));
    assert_eq!(reply.because, format!("copy {COPY} in us-west-1 is pending"));
    let reply = handle(payload("plan"), &here, &[], &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Planned, None));
    assert_eq!(reply.because, format!("would wait, since copy {COPY} in us-west-1 is pending"));
    assert_eq!(copies.num_calls(), 0);
}

#[tokio::test]
async fn lost_tags_are_put_back_and_seen_by_the_next_look() {
    let (copies, all) = (copies(), tags(ALL));
    let there = [&shows_source(ImageState::Available, ALL)];
    let here = [&shows_copy(ImageState::Available, &[]), &copies, &all];
    let reply = handle(payload("execute"), &here, &there, &[]).await.unwrap();
    assert_eq!((all.num_calls(), copies.num_calls()), (1, 0));
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(
        reply.because,
        format!(
            "copy {COPY} in us-west-1 is available but lacked relight:made={MADE}, relight:run={RUN}, relight:source=i-00000001, \
             relight:workload=unishop, which is put back"
        )
    );

    let one = tags(&ALL[3..]);
    let here = [&shows_copy(ImageState::Available, &ALL[..3]), &one];
    handle(payload("execute"), &here, &there, &[]).await.unwrap();
    assert_eq!(one.num_calls(), 1, "only what is missing");
    let error = handle_at("03:30:01", payload("execute"), &here, &there, &[]).await.unwrap_err();
    assert_eq!((error.name(), one.num_calls()), (ErrorName::Permanent, 1));
    assert_eq!(
        chain(&error),
        format!(
            "copy {COPY} in us-west-1 is available but lacks relight:made={MADE}, and is not waited for any longer: the deadline of the run, \
             2026-11-21T03:30:00Z, has passed"
        )
    );
}

#[tokio::test]
async fn plan_mode_has_aws_rehearse_the_tagging_and_names_it() {
    let (put, rehearses) = (tags(&ALL[3..]), rehearses_tags("DryRunOperation"));
    let there = [&shows_source(ImageState::Available, ALL)];
    let here = [&shows_copy(ImageState::Available, &ALL[..3]), &put, &rehearses];
    let reply = handle(payload("plan"), &here, &there, &[]).await.unwrap();
    assert_eq!((put.num_calls(), rehearses.num_calls()), (0, 1));
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(
        reply.because,
        format!("would call ec2:CreateTags in us-west-1 on {COPY} with relight:made={MADE}")
    );
    let here = [
        &shows_copy(ImageState::Available, &ALL[..3]),
        &rehearses_tags("UnauthorizedOperation"),
    ];
    let error = handle(payload("plan"), &here, &there, &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("a dry run of tagging copy {COPY} in us-west-1 is refused: UnauthorizedOperation (said AWS)")
    );
}

#[tokio::test]
async fn lost_tags_that_no_image_can_tell_are_permanent() {
    let here = [&shows_copy(ImageState::Available, &[])];
    let error = handle(payload("execute"), &here, &[&nothing()], &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!(
            "copy {COPY} in us-west-1 has lost relight:source and relight:made, and no image in us-east-1 is left to tell; start a new run"
        )
    );
}

#[tokio::test]
async fn an_image_of_another_workload_is_refused_and_left_alone() {
    let put = tags(ALL);
    let here = [&shows_copy(ImageState::Available, &[("relight:workload", "uni")]), &put];
    for mode in ["execute", "plan"] {
        let error = handle(payload(mode), &here, &[], &[]).await.unwrap_err();
        assert_eq!((error.name(), put.num_calls()), (ErrorName::Refused, 0));
    }
}

#[tokio::test]
async fn a_failed_copy_is_permanent_and_the_key_is_named_as_the_usual_cause() {
    let copies = copies();
    let here = [&shows_copy(ImageState::Failed, ALL), &copies];
    let error = handle(payload("execute"), &here, &[], &[]).await.unwrap_err();
    assert_eq!((error.name(), copies.num_calls()), (ErrorName::Permanent, 0));
    assert_eq!(
        chain(&error),
        format!(
            "copy {COPY} in us-west-1 is failed: Copying snapshot snap-1 failed: Given KMS key is not accessible; the usual cause is {KEY}: \
             mend its state, its policy or what the role may do with it; start a new run"
        )
    );
}

#[tokio::test]
async fn plan_mode_has_aws_rehearse_the_copy_and_names_it() {
    let (copies, rehearses) = (copies(), rehearses_copy("DryRunOperation"));
    let there = [&shows_source(ImageState::Available, ALL)];
    let here = [&nothing(), &copies, &rehearses];
    let kms = key(KeyState::Enabled);
    let reply = handle(payload("plan"), &here, &there, &[&kms]).await.unwrap();
    assert_eq!((copies.num_calls(), rehearses.num_calls(), kms.num_calls()), (0, 1, 1));
    assert_eq!((reply.outcome, reply.image), (Outcome::Planned, None));
    assert_eq!(
        reply.because,
        format!("would call ec2:CopyImage in us-west-1 of {SOURCE} in us-east-1 as {NAME}, encrypted with {KEY}, within 30 minutes")
    );
    let here = [&nothing(), &rehearses_copy("UnauthorizedOperation")];
    let error = handle(payload("plan"), &here, &there, &[&kms]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("a dry run of copying {SOURCE} from us-east-1 to us-west-1 is refused: UnauthorizedOperation (said AWS)")
    );
}

#[tokio::test]
async fn plan_mode_without_an_image_checks_the_key_alone() {
    let kms = key(KeyState::Enabled);
    let mut payload = payload("plan");
    payload["image"] = json!(null);
    let reply = handle(payload.clone(), &[&nothing()], &[], &[&kms]).await.unwrap();
    assert_eq!((reply.outcome, kms.num_calls()), (Outcome::Planned, 1));
    assert_eq!(
        reply.because,
        format!(
            "would call ec2:CopyImage in us-west-1 of the image that create-image would make in us-east-1 as {NAME}, encrypted with {KEY}, \
             within 30 minutes"
        )
    );
    let error = handle(payload.clone(), &[&nothing()], &[], &[&key(KeyState::Disabled)])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    payload["mode"] = json!("execute");
    let error = handle(payload, &[], &[], &[]).await.unwrap_err();
    assert_eq!(
        (error.name(), chain(&error).as_str()),
        (ErrorName::InvalidInput, "request: image is null, which only plan mode can do with")
    );
}

#[tokio::test]
async fn an_image_that_is_still_being_made_is_waited_for() {
    let copies = copies();
    let there = [&shows_source(ImageState::Pending, ALL)];
    let kms = [&key(KeyState::Enabled)];
    let reply = handle(payload("execute"), &[&nothing(), &copies], &there, &kms).await.unwrap();
    assert_eq!((reply.outcome, copies.num_calls()), (Outcome::Waiting, 0));
    assert_eq!(
        reply.because,
        format!("image {SOURCE} in us-east-1 is pending, and only an available one is copied")
    );
}

#[tokio::test]
async fn an_image_that_is_gone_failed_or_not_ours_is_refused() {
    let copies = copies();
    for there in [
        nothing(),
        shows_source(ImageState::Failed, ALL),
        shows_source(ImageState::Available, &ALL[..2]),
        shows_source(ImageState::Available, &[("relight:run", "unishop-2")]),
    ] {
        for mode in ["execute", "plan"] {
            let error = handle(payload(mode), &[&nothing(), &copies], &[&there], &[]).await.unwrap_err();
            assert_eq!((error.name(), copies.num_calls()), (ErrorName::Refused, 0), "{error}");
        }
    }
}

#[tokio::test]
async fn an_unfit_key_stops_the_copy_before_anything_is_asked_of_ec2() {
    let copies = copies();
    let there = [&shows_source(ImageState::Available, ALL)];
    let missing = mock!(aws_sdk_kms::Client::describe_key)
        .then_error(|| DescribeKeyError::generic(ErrorMetadata::builder().code("NotFoundException").build()));
    let mend = "name another one in image.kmsKey of the plan";
    for (kms, text) in [
        (missing, format!("key {KEY} does not exist; {mend}")),
        (
            key(KeyState::PendingDeletion),
            format!("key {KEY} is PendingDeletion, not Enabled; enable it or {mend}"),
        ),
    ] {
        for mode in ["execute", "plan"] {
            let error = handle(payload(mode), &[&nothing(), &copies], &there, &[&kms]).await.unwrap_err();
            assert_eq!((error.name(), copies.num_calls()), (ErrorName::InvalidInput, 0));
            assert_eq!(chain(&error), text);
        }
    }
    let mut payload = payload("execute");
    payload["kmsKey"] = json!(KEY.replace("us-west-1", "us-east-1"));
    let kms = key(KeyState::Enabled);
    let error = handle(payload, &[&nothing(), &copies], &there, &[&kms]).await.unwrap_err();
    assert_eq!((error.name(), copies.num_calls(), kms.num_calls()), (ErrorName::InvalidInput, 0, 0));
}

#[tokio::test]
async fn a_copy_that_aws_puts_off_is_waited_for() {
    let there = [&shows_source(ImageState::Available, ALL)];
    let kms = [&key(KeyState::Enabled)];
    for (code, message) in [
        ("ResourceLimitExceeded", "Too many snapshot copies in progress. The limit is 20"),
        ("InvalidAMIID.Unavailable", "not yet"),
    ] {
        let here = [&nothing(), &refuses(code, message)];
        let reply = handle(payload("execute"), &here, &there, &kms).await.unwrap();
        assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
        assert_eq!(
            reply.because,
            format!("AWS puts the copy of {SOURCE} to us-west-1 off: {code} ({message})")
        );
    }
}

#[tokio::test]
async fn any_other_refusal_is_believed_at_once() {
    let there = [&shows_source(ImageState::Available, ALL)];
    let kms = [&key(KeyState::Enabled)];
    for (code, message, text) in [
        (
            "ResourceLimitExceeded",
            "You have reached your quota",
            format!("copy {SOURCE} from us-east-1 to us-west-1: ResourceLimitExceeded (You have reached your quota)"),
        ),
        (
            "IdempotentParameterMismatch",
            "said AWS",
            format!(
                "copy {SOURCE} from us-east-1 to us-west-1: AWS took a copy with this run's token before, from other inputs; start a new run, \
                 which has a token of its own: IdempotentParameterMismatch (said AWS)"
            ),
        ),
    ] {
        let here = [&nothing(), &refuses(code, message)];
        let error = handle(payload("execute"), &here, &there, &kms).await.unwrap_err();
        assert_eq!((error.name(), chain(&error)), (ErrorName::Permanent, text));
    }
}

#[tokio::test]
async fn a_region_that_is_away_is_transient_and_named() {
    let away = mock!(Client::describe_images)
        .then_error(|| DescribeImagesError::generic(ErrorMetadata::builder().code("RequestLimitExceeded").message("slow down").build()));
    let error = handle(payload("execute"), &[&nothing()], &[&away], &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert_eq!(
        chain(&error),
        format!("look for the image in us-east-1: describe image {SOURCE}: RequestLimitExceeded (slow down)")
    );
    let error = handle(payload("execute"), &[&away], &[], &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert!(chain(&error).starts_with("look for the image in us-west-1: "), "{error}");
}

#[tokio::test]
async fn nothing_is_copied_after_the_deadline() {
    let copies = copies();
    let there = [&shows_source(ImageState::Available, ALL)];
    let here = [&nothing(), &copies];
    let error = handle_at("03:30:01", payload("execute"), &here, &there, &[&key(KeyState::Enabled)])
        .await
        .unwrap_err();
    assert_eq!((error.name(), copies.num_calls()), (ErrorName::Permanent, 0));
    assert_eq!(
        chain(&error),
        format!(
            "image {SOURCE} in us-east-1 has no copy in us-west-1, and is not waited for any longer: the deadline of the run, \
             2026-11-21T03:30:00Z, has passed"
        )
    );
}

#[test]
fn an_unknown_field_is_refused() {
    let mut payload = payload("execute");
    payload["encrypted"] = json!(false);
    let error = serde_json::from_value::<Request>(payload).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `encrypted`"), "{error}");
}
