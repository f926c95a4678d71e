//! Plan mode: what would go, tried dry, and why the rest stays.

use action::{ErrorName, Outcome};

use super::world::{PRIMARY, RECOVERY, World, id, image, request};

#[tokio::test]
async fn names_each_call_and_tries_it_dry_and_removes_nothing() {
    let world = World::of_four();
    let reply = world.call(&request("plan", 3)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.retry_after_seconds, reply.spared),
        (Outcome::Planned, None, 6)
    );
    assert_eq!(
        reply.because,
        format!(
            "would call ec2:DeregisterImage in us-east-1 on {}, with DeleteAssociatedSnapshots; would call ec2:DeregisterImage in \
             us-west-1 on {}, with DeleteAssociatedSnapshots; 6 images stay",
            id(11),
            id(1)
        )
    );
    assert_eq!(reply.removed, [11, 1].map(|number| id(number).parse().unwrap()));
    let calls = world.calls();
    assert!(calls.contains(&format!("DryRun {PRIMARY} {}", id(11))) && calls.contains(&format!("DryRun {RECOVERY} {}", id(1))));
    assert!(!calls.iter().any(|call| call.starts_with("Deregister")), "{calls:?}");
    assert_eq!((world.left(PRIMARY).len(), world.left(RECOVERY).len()), (4, 4));
}

#[tokio::test]
async fn says_so_when_nothing_would_go_even_after_the_deadline() {
    let world = World::of_four();
    let reply = world.call_at("2026-11-21T04:00:00Z", &request("plan", 4)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Planned, "would remove nothing; 8 images stay")
    );
    let reply = World::default().call(&request("plan", 4)).await.unwrap();
    assert_eq!(reply.because, "would remove nothing; no image stays");
}

#[tokio::test]
async fn a_dry_run_that_would_fail_is_an_error_by_its_own_name() {
    for (status, code, name) in [
        (403, "UnauthorizedOperation", ErrorName::Permanent),
        (503, "RequestLimitExceeded", ErrorName::Transient),
    ] {
        let world = World::of_four();
        world.change(|state| state.refusals.insert("DryRun".to_owned(), (status, code)));
        let (seen, text) = world.call(&request("plan", 3)).await.unwrap_err();
        assert_eq!(
            (seen, text),
            (name, format!("deregister {} in us-east-1: {code} (said AWS)", id(11)))
        );
    }
}

#[tokio::test]
async fn hundreds_of_images_keep_the_reply_small_and_are_counted() {
    let world = World::of_four();
    for number in 0..150 {
        world.place(RECOVERY, |place| place.images.push(image(0x100 + number, 100 + number, None)));
        world.place(PRIMARY, |place| place.images.push(image(0x300 + number, 100 + number, None)));
    }
    let reply = world.call(&request("plan", 4)).await.unwrap();
    assert_eq!((reply.removed.len(), reply.spared), (32, 8));
    assert!(reply.because.contains("; 268 more are to go;"), "{}", reply.because);
    let shown = reply.reasons.len() - 1;
    assert_eq!(reply.reasons[shown], format!("and {} more", 308 - shown));
    assert_eq!(world.calls().iter().filter(|call| call.starts_with("DryRun")).count(), 32);
}
