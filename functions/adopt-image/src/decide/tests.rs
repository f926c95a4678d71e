//! Every edge of the decision, as tables.

use std::collections::BTreeMap;

use action::Mode;

use super::*;

const IMAGE: &str = "ami-0123456789abcdef0";
const OTHER: &str = "ami-0fedcba9876543210";

fn request() -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        image: Some(IMAGE.parse().unwrap()),
        pointer: "/relight/unishop/image".parse().unwrap(),
    }
}

fn image() -> Image {
    Image {
        id: IMAGE.parse().unwrap(),
        name: "relight-unishop-unishop-1".to_owned(),
        state: State::Available,
        created: "2026-11-21T03:00:00Z".parse().unwrap(),
        tags: BTreeMap::from([
            (tags::WORKLOAD.to_owned(), "unishop".to_owned()),
            (tags::RUN.to_owned(), "unishop-1".to_owned()),
        ]),
        snapshots: vec![],
    }
}

fn proven() -> Image {
    tagged(tags::PROVEN, Some("2026-11-21T04:00:00Z"))
}

fn tagged(tag: &str, value: Option<&str>) -> Image {
    let mut image = image();
    match value {
        Some(value) => image.tags.insert(tag.to_owned(), value.to_owned()),
        None => image.tags.remove(tag),
    };
    image
}

fn decided(image: Option<&Image>, pointer: Option<&str>) -> Decision {
    decide(&request(), &IMAGE.parse().unwrap(), image, pointer)
}

#[test]
fn an_image_that_is_tagged_and_pointed_at_is_left_as_it_is() {
    assert_eq!(
        decided(Some(&proven()), Some(IMAGE)),
        Decision::Adopted("2026-11-21T04:00:00Z".parse().unwrap())
    );
}

#[test]
fn the_calls_that_are_missing_are_named_and_no_others() {
    let other = || Before::Image(OTHER.parse().unwrap());
    // A tag that is no time proves nothing, and is written again.
    let garbled = tagged(tags::PROVEN, Some("yesterday"));
    for (image, pointer, tag, point, before) in [
        (image(), None, true, true, Before::Nothing),
        (image(), Some(OTHER), true, true, other()),
        (image(), Some("none"), true, true, Before::Text("none".to_owned())),
        (image(), Some(IMAGE), true, false, Before::This),
        (garbled, Some(IMAGE), true, false, Before::This),
        (proven(), None, false, true, Before::Nothing),
        (proven(), Some(OTHER), false, true, other()),
    ] {
        let decision = decided(Some(&image), pointer);
        assert_eq!(decision, Decision::Adopt(Adoption { tag, point, before }), "{pointer:?}");
    }
}

#[test]
fn a_pointer_that_holds_a_long_text_is_shown_in_part() {
    let long = "x".repeat(4_000);
    let Decision::Adopt(adoption) = decided(Some(&proven()), Some(&long)) else {
        panic!("not adopted")
    };
    assert_eq!(adoption.before, Before::Text("x".repeat(40)));
}

#[test]
fn every_refusal_says_why() {
    let failed = State::Failed {
        state: "failed".to_owned(),
        reason: "no such key".to_owned(),
    };
    let in_state = |state| Image { state, ..proven() };
    for (image, why) in [
        (
            None,
            "image ami-0123456789abcdef0 does not exist in the recovery Region, so that nothing could be launched from it",
        ),
        (
            Some(in_state(State::Pending("pending".to_owned()))),
            "image ami-0123456789abcdef0 is pending, so that nothing could be launched from it",
        ),
        (
            Some(in_state(failed)),
            "image ami-0123456789abcdef0 is failed (no such key), so that nothing could be launched from it",
        ),
        (
            Some(tagged(tags::RUN, Some("unishop-2"))),
            "image ami-0123456789abcdef0 is not what run unishop-1 of unishop made: its tag relight:run is unishop-2",
        ),
        (
            Some(tagged(tags::RUN, None)),
            "image ami-0123456789abcdef0 is not what run unishop-1 of unishop made: its tag relight:run is missing",
        ),
        (
            Some(tagged(tags::WORKLOAD, Some("another"))),
            "image ami-0123456789abcdef0 is not what run unishop-1 of unishop made: its tag relight:workload is another",
        ),
    ] {
        // Whatever the pointer holds: one that names such an image already is no reason to call it good.
        for pointer in [None, Some(IMAGE), Some(OTHER)] {
            let Decision::Refuse(refusal) = decided(image.as_ref(), pointer) else {
                panic!("adopted, though {why}")
            };
            assert_eq!(refusal.to_string(), why);
        }
    }
}
