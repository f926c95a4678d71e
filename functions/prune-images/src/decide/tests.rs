//! Every reason to keep an image, and every way to go, as tables.

use action::{Deadline, Mode};

use super::references::Version;
use super::*;
use crate::io::Regions;

const NOW: &str = "2026-11-21T03:00:00Z";

pub(super) fn request(keep: u16) -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-9".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        regions: Regions {
            primary: "us-east-1".parse().unwrap(),
            recovery: "us-west-1".parse().unwrap(),
        },
        keep,
        minimum_age_seconds: 86_400,
        pointer: "/relight/unishop/image".parse().unwrap(),
        since: Timestamp::UNIX_EPOCH,
        deadline: Deadline(Timestamp::MAX),
    }
}

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The image that run `unishop-<run>` made, many days old for a low number.
pub(super) fn image(id: u32, run: u32) -> Image {
    let run = format!("unishop-{run}");
    Image {
        id: format!("ami-{id:08x}").parse().unwrap(),
        name: format!("relight-unishop-{run}"),
        state: State::Available,
        created: now(),
        tags: [(tags::WORKLOAD.to_owned(), "unishop".to_owned()), (tags::RUN.to_owned(), run)].into(),
        snapshots: vec![],
    }
}

fn tagged(mut image: Image, tag: &str, value: &str) -> Image {
    image.tags.insert(tag.to_owned(), value.to_owned());
    image
}

/// Made and proven on that day of November.
fn day(image: Image, day: u8) -> Image {
    tagged(made(image, day), tags::PROVEN, &format!("2026-11-{day:02}T05:00:00Z"))
}

fn made(image: Image, day: u8) -> Image {
    tagged(image, tags::MADE, &format!("2026-11-{day:02}T03:00:00Z"))
}

fn inventory(region: &str, images: Vec<Image>) -> Inventory {
    Inventory {
        region: region.parse().unwrap(),
        images,
        references: References::default(),
    }
}

fn seen(primary: Vec<Image>, recovery: Vec<Image>) -> Seen {
    Seen {
        primary: inventory("us-east-1", primary),
        recovery: inventory("us-west-1", recovery),
    }
}

fn fates(keep: u16, seen: &Seen) -> Vec<(u32, Fate)> {
    let verdicts = decide(&request(keep), seen, now());
    let number = |verdict: &Verdict| u32::from_str_radix(verdict.image.as_str().strip_prefix("ami-").unwrap(), 16).unwrap();
    verdicts.iter().map(|one| (number(one), one.fate.clone())).collect()
}

fn gone(keep: u16, seen: &Seen) -> Vec<u32> {
    let gone = fates(keep, seen).into_iter().filter(|(_, fate)| matches!(fate, Fate::Remove(_)));
    gone.map(|(number, _)| number).collect()
}

/// Four proven images in the recovery Region, 1 the oldest and 4 the newest, each with its source (11 to 14) in the primary.
fn four() -> Seen {
    let days = [(1, 10), (2, 12), (3, 14), (4, 16)];
    seen(
        days.map(|(run, day)| made(image(10 + run, run), day)).into(),
        days.map(|(run, on)| day(image(run, run), on)).into(),
    )
}

#[test]
fn no_images_need_no_verdict() {
    assert_eq!(decide(&request(2), &seen(vec![], vec![]), now()), []);
}

#[test]
fn the_newest_proven_ones_are_kept_in_both_regions_and_the_oldest_go_first() {
    for (keep, goes) in [
        (0, vec![11, 12, 13, 1, 2, 3]),
        (1, vec![11, 12, 13, 1, 2, 3]),
        (2, vec![11, 12, 1, 2]),
        (4, vec![]),
        (100, vec![]),
    ] {
        assert_eq!(gone(keep, &four()), goes, "keep {keep}");
    }
    assert_eq!(
        fates(2, &four())[2..],
        [
            (13, Fate::Spare(vec![Reason::AmongNewest(2)])),
            (14, Fate::Spare(vec![Reason::NewestProven])),
            (1, Fate::Remove(Surplus::Proven)),
            (2, Fate::Remove(Surplus::Proven)),
            (3, Fate::Spare(vec![Reason::AmongNewest(2)])),
            (4, Fate::Spare(vec![Reason::NewestProven])),
        ]
    );
}

#[test]
fn it_is_the_proof_that_makes_an_image_new_and_not_its_making() {
    let mut seen = four();
    seen.recovery.images[0] = tagged(seen.recovery.images[0].clone(), tags::PROVEN, "2026-11-18T00:00:00Z");
    assert_eq!(gone(1, &seen), [12, 13, 14, 2, 3, 4]);
}

#[test]
fn what_was_never_proven_goes_once_it_is_old() {
    let mut seen = four();
    seen.recovery.images.push(made(image(5, 5), 17));
    seen.primary.images.push(made(image(15, 5), 17));
    assert_eq!(gone(4, &seen), [15, 5]);
    assert_eq!(fates(4, &seen).last().unwrap(), &(5, Fate::Remove(Surplus::NeverProven)));
    // A tag that is no time proves nothing.
    seen.recovery.images[4] = tagged(seen.recovery.images[4].clone(), tags::PROVEN, "yes");
    assert_eq!(gone(4, &seen), [15, 5]);
}

#[test]
fn a_second_copy_of_a_proven_run_has_no_part_in_its_proof() {
    let mut seen = four();
    seen.recovery.images.push(made(image(5, 4), 16));
    assert_eq!(gone(4, &seen), [5]);
}

#[test]
fn only_an_available_image_counts_among_the_proven() {
    let mut seen = four();
    seen.recovery.images[3].state = State::Failed {
        state: "failed".to_owned(),
        reason: "x".to_owned(),
    };
    assert_eq!(
        gone(1, &seen),
        [11, 12, 14, 1, 2, 4],
        "the third is the newest that can be launched"
    );
    assert_eq!(fates(1, &seen)[7], (4, Fate::Remove(Surplus::Failed("failed".to_owned()))));
}

#[test]
fn nothing_goes_while_nothing_is_proven() {
    let old = || vec![made(image(1, 1), 1), made(image(2, 2), 2)];
    let seen = seen(old(), old());
    assert!(
        fates(1, &seen)
            .iter()
            .all(|(_, fate)| *fate == Fate::Spare(vec![Reason::NothingProven]))
    );
}

#[test]
fn every_other_reason_keeps_an_image_alone() {
    let base = || made(image(5, 5), 1);
    let with = |state| Image { state, ..base() };
    let by = "instance i-1".to_owned();
    for (image, reason) in [
        (tagged(base(), tags::WORKLOAD, "another"), Reason::NotOurs),
        (tagged(base(), tags::RUN, "no run!"), Reason::NotOurs),
        (
            Image {
                name: "golden".to_owned(),
                ..base()
            },
            Reason::NotOurs,
        ),
        // The name of another run's image is not this one's.
        (tagged(base(), tags::RUN, "unishop-6"), Reason::NotOurs),
        (made(image(5, 9), 1), Reason::ThisRun),
        (with(State::Pending("pending".to_owned())), Reason::Pending("pending".to_owned())),
        (
            with(State::Pending("transient".to_owned())),
            Reason::Pending("transient".to_owned()),
        ),
        (
            with(State::Failed {
                state: "disabled".to_owned(),
                reason: "x".to_owned(),
            }),
            Reason::Disabled,
        ),
        (
            tagged(base(), tags::MADE, "2026-11-20T03:00:01Z"),
            Reason::Young("2026-11-20T03:00:01Z".parse().unwrap()),
        ),
        // Without the tag, when EC2 registered it is what is known of its age.
        (image(5, 5), Reason::Young(now())),
        // A clock ahead of ours is no reason to remove.
        (
            tagged(base(), tags::MADE, "2027-01-01T00:00:00Z"),
            Reason::Young("2027-01-01T00:00:00Z".parse().unwrap()),
        ),
        (tagged(base(), tags::DRILLED, "2026-11-02T00:00:00Z"), Reason::LastGoodDrill),
        (
            Image {
                name: base().name,
                ..base()
            },
            Reason::Referenced(vec![by.clone()]),
        ),
    ] {
        for primary in [true, false] {
            let mut seen = four();
            let inventory = if primary { &mut seen.primary } else { &mut seen.recovery };
            inventory.images.push(image.clone());
            if matches!(reason, Reason::Referenced(_)) {
                inventory.references.instances = vec![("i-1".to_owned(), image.id.to_string())];
            }
            let fate = fates(4, &seen).into_iter().find(|(number, _)| *number == 5).unwrap().1;
            assert_eq!(fate, Fate::Spare(vec![reason.clone()]), "primary: {primary}");
        }
    }
}

#[test]
fn an_image_of_just_the_minimum_age_may_go() {
    let mut seen = four();
    seen.recovery.images.push(tagged(image(5, 5), tags::MADE, "2026-11-20T03:00:00Z"));
    assert_eq!(gone(4, &seen), [5]);
}

#[test]
fn a_failed_image_goes_when_it_is_old() {
    let mut seen = four();
    let state = State::Failed {
        state: "failed".to_owned(),
        reason: "the key is gone".to_owned(),
    };
    seen.recovery.images.push(Image {
        state,
        ..made(image(5, 5), 1)
    });
    assert_eq!(fates(4, &seen)[4], (5, Fate::Remove(Surplus::Failed("failed".to_owned()))));
}

#[test]
fn only_the_newest_drill_counts() {
    let mut seen = four();
    for (index, on) in [(0, "2026-11-13T00:00:00Z"), (1, "2026-11-12T00:00:00Z")] {
        seen.recovery.images[index] = tagged(seen.recovery.images[index].clone(), tags::DRILLED, on);
    }
    assert_eq!(gone(2, &seen), [11, 12, 2]);
}

#[test]
fn a_reference_counts_in_its_own_region_only_and_all_reasons_are_named() {
    let mut seen = four();
    let refers = |id: &str| References {
        versions: vec![Version {
            template: "lt-1".to_owned(),
            name: "web".to_owned(),
            number: 3,
            image: Some(id.to_owned()),
        }],
        ..References::default()
    };
    seen.recovery.references = refers("ami-00000004");
    seen.primary.references = refers("ami-00000001");
    assert_eq!(gone(2, &seen), [11, 12, 1, 2]);
    let verdicts = decide(&request(2), &seen, now());
    assert_eq!(
        verdicts[7].to_string(),
        "ami-00000004 in us-west-1: stays, the newest proven image; referred to by launch template lt-1 version 3"
    );
    assert_eq!(
        verdicts[0].to_string(),
        "ami-0000000b in us-east-1: goes, made 2026-11-10T03:00:00Z, proven, but enough newer ones are"
    );
}
