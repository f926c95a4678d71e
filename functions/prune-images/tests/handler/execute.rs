//! What goes, in which order, and what is said of it.

use action::{ErrorName, Outcome};
use aws_sdk_ec2::types::SnapshotReturnCodes;
use serde_json::json;

use super::world::{PRIMARY, RECOVERY, World, id, image, request};

#[tokio::test]
async fn twice_is_once_where_nothing_has_to_go_nobody_is_asked_who_refers_to_it() {
    let world = World::of_four();
    let first = world.call(&request("execute", 4)).await.unwrap();
    assert_eq!(
        world.calls(),
        [format!("DescribeImages {PRIMARY}"), format!("DescribeImages {RECOVERY}")]
    );
    assert_eq!(world.call(&request("execute", 4)).await.unwrap(), first);
    assert_eq!(
        (first.outcome, first.retry_after_seconds, first.spared),
        (Outcome::Unchanged, None, 8)
    );
    assert_eq!(first.because, "removed nothing; 8 images stay");
    assert_eq!(first.reasons[7], format!("{} in us-west-1: stays, the newest proven image", id(4)));
    assert_eq!((first.reasons.len(), first.removed), (8, vec![]));
}

#[tokio::test]
async fn removes_what_is_one_too_many_in_both_regions_the_oldest_first_and_nothing_the_second_time() {
    let world = World::of_four();
    let reply = world.call(&request("execute", 2)).await.unwrap();
    let removed = [(PRIMARY, 11), (PRIMARY, 12), (RECOVERY, 1), (RECOVERY, 2)];
    assert_eq!(
        world.removals(),
        removed.map(|(region, number)| format!("DeregisterImage {region} {}", id(number)))
    );
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        json!({
            "outcome": "changed",
            "retryAfterSeconds": null,
            "because": format!(
                "deregistered {}, {} in us-east-1, snapshots included; deregistered {}, {} in us-west-1, snapshots included; 4 images stay",
                id(11), id(12), id(1), id(2)
            ),
            "removed": [id(11), id(12), id(1), id(2)],
            "spared": 4,
            "reasons": [
                format!("{} in us-east-1: goes, made 2026-11-02T03:00:00Z, proven, but enough newer ones are", id(11)),
                format!("{} in us-east-1: goes, made 2026-11-03T03:00:00Z, proven, but enough newer ones are", id(12)),
                format!("{} in us-west-1: goes, made 2026-11-02T03:00:00Z, proven, but enough newer ones are", id(1)),
                format!("{} in us-west-1: goes, made 2026-11-03T03:00:00Z, proven, but enough newer ones are", id(2)),
                format!("{} in us-east-1: stays, one of the 2 newest proven images", id(13)),
                format!("{} in us-east-1: stays, the newest proven image", id(14)),
                format!("{} in us-west-1: stays, one of the 2 newest proven images", id(3)),
                format!("{} in us-west-1: stays, the newest proven image; referred to by image pointer /relight/unishop/image", id(4)),
            ],
            "calls": [],
        })
    );
    let again = world.call(&request("execute", 2)).await.unwrap();
    assert_eq!((again.outcome, again.spared), (Outcome::Unchanged, 4));
    assert_eq!(world.removals(), [] as [String; 0]);
}

#[tokio::test]
async fn ten_go_in_one_call_and_the_machine_calls_again_for_the_rest() {
    let world = World::of_four();
    for number in 0..13 {
        world.place(RECOVERY, |place| place.images.push(image(0x100 + number, 100 + number % 15, None)));
    }
    let first = world.call(&request("execute", 4)).await.unwrap();
    assert_eq!((first.outcome, first.retry_after_seconds), (Outcome::Waiting, Some(1)));
    assert_eq!((first.removed.len(), first.spared), (10, 8));
    assert!(
        first.because.contains(" and 4 more in us-west-1") && first.because.contains("; 3 more are to go;"),
        "{}",
        first.because
    );
    assert_eq!(world.removals().len(), 10);
    let second = world.call(&request("execute", 4)).await.unwrap();
    assert_eq!(
        (second.outcome, second.retry_after_seconds, second.removed.len()),
        (Outcome::Changed, None, 3)
    );
    assert_eq!(world.left(RECOVERY), [1, 2, 3, 4].map(id));
}

#[tokio::test]
async fn what_is_gone_already_counts_as_gone() {
    for code in ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"] {
        let world = World::of_four();
        world.change(|state| state.refusals.insert(format!("DeregisterImage {PRIMARY}"), (400, code)));
        let reply = world.call(&request("execute", 3)).await.unwrap();
        assert_eq!((reply.outcome, reply.removed.len()), (Outcome::Changed, 2), "{code}");
    }
}

#[tokio::test]
async fn a_snapshot_that_stays_is_named_with_the_reason() {
    let world = World::of_four();
    world.place(RECOVERY, |place| {
        place.snapshots.insert(id(1), SnapshotReturnCodes::WarnSkipped);
    });
    world.place(PRIMARY, |place| {
        place.snapshots.insert(id(11), SnapshotReturnCodes::ErrorMissingPermissions);
    });
    let reply = world.call(&request("execute", 3)).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    let named = format!(
        "; not deleted: snap-of-{} of {} in us-east-1 (missing-permissions), snap-of-{} of {} in us-west-1 (skipped)",
        id(11),
        id(11),
        id(1),
        id(1)
    );
    assert!(reply.because.ends_with(&named), "{}", reply.because);
}

#[tokio::test]
async fn an_image_that_ec2_keeps_is_named_and_asked_for_no_more_than_once_a_call() {
    let world = World::of_four();
    world.change(|state| {
        state
            .refusals
            .insert(format!("DeregisterImage {RECOVERY}"), (400, "OperationNotPermitted"))
    });
    let reply = world.call(&request("execute", 3)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.removed, reply.spared),
        (Outcome::Changed, vec![id(11).parse().unwrap()], 7)
    );
    let kept = format!("EC2 keeps {} in us-west-1 (OperationNotPermitted (said AWS))", id(1));
    assert!(reply.because.contains(&kept), "{}", reply.because);
    assert_eq!(
        reply.reasons[1],
        format!("{} in us-west-1: stays, kept by EC2: OperationNotPermitted (said AWS)", id(1))
    );
    // With nothing else to remove it doesn't keep the machine waiting.
    let again = world.call(&request("execute", 3)).await.unwrap();
    assert_eq!((again.outcome, again.retry_after_seconds), (Outcome::Unchanged, None));
    assert_eq!(world.removals().len(), 3);
}

#[tokio::test]
async fn a_refused_removal_names_the_image_its_region_and_the_code_and_a_repetition_goes_on() {
    for (status, code, name) in [
        (403, "UnauthorizedOperation", ErrorName::Permanent),
        (503, "RequestLimitExceeded", ErrorName::Transient),
    ] {
        let world = World::of_four();
        world.change(|state| state.refusals.insert(format!("DeregisterImage {RECOVERY}"), (status, code)));
        let (seen, text) = world.call(&request("execute", 3)).await.unwrap_err();
        assert_eq!(seen, name);
        assert_eq!(text, format!("deregister {} in us-west-1: {code} (said AWS)", id(1)));
        world.change(|state| state.refusals.clear());
        let reply = world.call(&request("execute", 3)).await.unwrap();
        assert_eq!(reply.removed, [id(1).parse().unwrap()], "the one that was left");
    }
}

#[tokio::test]
async fn nothing_goes_after_the_deadline() {
    let world = World::of_four();
    let (name, text) = world.call_at("2026-11-21T03:30:01Z", &request("execute", 3)).await.unwrap_err();
    assert_eq!((name, world.removals().len()), (ErrorName::Permanent, 0));
    assert_eq!(
        text,
        "2 images are still to be pruned, and none is after the deadline: the deadline of the run, 2026-11-21T03:30:00Z, has passed"
    );
    let late = world.call_at("2026-11-21T03:30:01Z", &request("execute", 4)).await.unwrap();
    assert_eq!(late.outcome, Outcome::Unchanged, "there is nothing to be late with");
}
