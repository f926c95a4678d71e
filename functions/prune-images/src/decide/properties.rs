//! What holds of every decision, whatever there is to be seen.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::references::{ALIAS, Configuration, Group, Use, Version};
use super::tests::{image, now, request};
use super::*;

/// Runs are numbered from 0; 9 is the one that asks.
const RUNS: u32 = 10;
const HOUR: i64 = 3_600;

fn hours_ago(hours: i64) -> String {
    Timestamp::from_second(now().as_second() - hours * HOUR).unwrap().to_string()
}

fn state() -> impl Strategy<Value = State> {
    let failed = |state: &str| State::Failed {
        state: state.to_owned(),
        reason: "x".to_owned(),
    };
    prop_oneof![
        8 => Just(State::Available),
        1 => Just(State::Pending("pending".to_owned())),
        1 => Just(failed("failed")),
        1 => Just(failed("disabled")),
    ]
}

/// An image of a run, with what may be wrong or missing about it. Its id is given later.
fn any_image() -> impl Strategy<Value = Image> {
    let some_time = || prop::option::weighted(0.6, 0_i64..200);
    (
        0..RUNS,
        state(),
        prop::option::weighted(0.9, 0_i64..200),
        some_time(),
        prop::option::weighted(0.2, 0_i64..200),
        0..20_u8,
    )
        .prop_map(|(run, state, made, proven, drilled, odd)| {
            let mut image = image(0, run);
            image.state = state;
            let mut tag = |key: &str, hours: Option<i64>| {
                if let Some(hours) = hours {
                    image.tags.insert(key.to_owned(), hours_ago(hours));
                }
            };
            tag(tags::MADE, made);
            tag(tags::PROVEN, proven);
            tag(tags::DRILLED, drilled);
            match odd {
                0 => image.name = "golden".to_owned(),
                1 => drop(image.tags.remove(tags::RUN)),
                2 => drop(image.tags.insert(tags::WORKLOAD.to_owned(), "another".to_owned())),
                _ => {}
            }
            image
        })
}

/// A referrer of one of seven kinds, to an image by its place.
fn any_reference() -> impl Strategy<Value = (u8, prop::sample::Index)> {
    (0..7_u8, any::<prop::sample::Index>())
}

fn any_inventory(region: &'static str, first: u32) -> impl Strategy<Value = Inventory> {
    let images = prop::collection::vec(any_image(), 0..12);
    (images, prop::collection::vec(any_reference(), 0..4)).prop_map(move |(mut images, referrers)| {
        for (id, image) in (first..).zip(&mut images) {
            image.id = format!("ami-{id:08x}").parse().unwrap();
        }
        let mut references = References::default();
        for (number, (kind, index)) in referrers.into_iter().enumerate() {
            if !images.is_empty() {
                refer(&mut references, kind, number, index.get(&images).id.as_str());
            }
        }
        Inventory {
            region: region.parse().unwrap(),
            images,
            references,
        }
    })
}

fn refer(references: &mut References, kind: u8, number: usize, image: &str) {
    let (name, image) = (format!("referrer-{number}"), image.to_owned());
    let group = |used| Group {
        name: name.clone(),
        uses: BTreeSet::from([used]),
    };
    let version = |image| Version {
        template: name.clone(),
        name: name.clone(),
        number: 1,
        image: Some(image),
    };
    match kind {
        0 => references.versions.push(version(image)),
        1 => {
            references.versions.push(version(format!("{ALIAS}{name}")));
            references.parameters.insert(name.clone(), image);
        }
        2 => {
            references.versions.push(version(image));
            references.groups.push(group(Use::Template(name.clone())));
        }
        3 => references.configurations.push(Configuration { name: name.clone(), image }),
        4 => references.groups.push(group(Use::Image(image))),
        5 => references.instances.push((name.clone(), image)),
        _ => {
            // There is one, so that it names the last.
            references.pointer = Some("pointer".to_owned());
            references.parameters.insert("pointer".to_owned(), image);
        }
    }
}

fn any_seen() -> impl Strategy<Value = Seen> {
    (any_inventory("us-east-1", 0x100), any_inventory("us-west-1", 0x200)).prop_map(|(primary, recovery)| Seen { primary, recovery })
}

fn decided(request: &Request, seen: &Seen) -> BTreeSet<AmiId> {
    let verdicts = decide(request, seen, now());
    let gone = verdicts.into_iter().filter(|one| matches!(one.fate, Fate::Remove(_)));
    gone.map(|one| one.image).collect()
}

fn all(seen: &Seen) -> impl Iterator<Item = &Image> {
    seen.primary.images.iter().chain(&seen.recovery.images)
}

/// Every image id that stands anywhere in what refers to images, told apart from the way that the decision follows them.
fn mentioned(references: &References) -> BTreeSet<String> {
    let text = format!("{references:?}");
    text.split('"').filter(|part| part.starts_with("ami-")).map(str::to_owned).collect()
}

fn is_ours(image: &Image) -> bool {
    let tag = |key: &str| image.tags.get(key).cloned().unwrap_or_default();
    tag(tags::WORKLOAD) == "unishop" && image.name == format!("relight-unishop-{}", tag(tags::RUN))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_goes_that_is_referred_to_or_not_ours_or_young_or_this_runs(seen in any_seen(), keep in 0..5_u16) {
        let request = request(keep);
        let gone = decided(&request, &seen);
        let mentioned = &mentioned(&seen.primary.references) | &mentioned(&seen.recovery.references);
        for image in all(&seen).filter(|image| gone.contains(&image.id)) {
            prop_assert!(!mentioned.contains(image.id.as_str()), "{} is referred to", image.id);
            prop_assert!(is_ours(image), "{} is not ours", image.id);
            let age = now().as_second() - image.made().as_second();
            prop_assert!(age >= 86_400, "{} is {} s old", image.id, age);
            prop_assert!(image.run() != Some("unishop-9".parse().unwrap()), "{} is this run's", image.id);
            prop_assert!(!matches!(image.state, State::Pending(_)), "{} is pending", image.id);
        }
    }

    #[test]
    fn the_newest_proven_ones_stay_with_their_sources(seen in any_seen(), keep in 0..5_u16) {
        let gone = decided(&request(keep), &seen);
        let usable = seen.recovery.images.iter().filter(|image| is_ours(image) && image.state == State::Available);
        let mut proven: Vec<&Image> = usable.filter(|image| image.proven().is_some()).collect();
        if proven.is_empty() {
            prop_assert!(gone.is_empty(), "{gone:?} go, and nothing is proven");
        }
        proven.sort_by_key(|image| std::cmp::Reverse(image.proven()));
        // Where several were proven at once, any of them may be the one that is kept.
        let kept = proven.iter().filter(|image| !gone.contains(&image.id)).count();
        prop_assert!(kept >= proven.len().min(usize::from(keep.max(1))), "{kept} of {} stay", proven.len());
        for (place, image) in proven.iter().enumerate() {
            let alone = proven.iter().filter(|one| one.proven() == image.proven()).count() == 1;
            if alone && place < usize::from(keep.max(1)) {
                prop_assert!(!gone.contains(&image.id), "{} goes, which is number {place} of the proven", image.id);
                let mut sources = seen.primary.images.iter().filter(|one| is_ours(one) && one.run() == image.run());
                prop_assert!(sources.all(|one| !gone.contains(&one.id)), "a source of {} goes", image.id);
            }
        }
    }

    #[test]
    fn what_the_last_good_drill_booted_stays(seen in any_seen(), keep in 0..5_u16) {
        let gone = decided(&request(keep), &seen);
        for inventory in [&seen.primary, &seen.recovery] {
            let drilled: Vec<&Image> = inventory.images.iter().filter(|image| is_ours(image) && image.drilled().is_some()).collect();
            let newest = drilled.iter().filter_map(|image| image.drilled()).max();
            let stays = drilled.iter().any(|image| image.drilled() == newest && !gone.contains(&image.id));
            prop_assert!(drilled.is_empty() || stays);
        }
    }

    #[test]
    fn deciding_again_after_a_removal_removes_nothing_more(seen in any_seen(), keep in 0..5_u16, part: prop::sample::Index) {
        let request = request(keep);
        let first = decided(&request, &seen);
        let without = |gone: &BTreeSet<AmiId>| {
            let mut left = seen.clone();
            for inventory in [&mut left.primary, &mut left.recovery] {
                inventory.images.retain(|image| !gone.contains(&image.id));
            }
            left
        };
        prop_assert_eq!(decided(&request, &without(&first)), BTreeSet::new());
        // An interrupted removal goes on with the rest of it, and with nothing else.
        let some: BTreeSet<AmiId> = first.iter().take(part.index(first.len() + 1)).cloned().collect();
        let rest: BTreeSet<AmiId> = first.difference(&some).cloned().collect();
        prop_assert_eq!(decided(&request, &without(&some)), rest);
    }
}

#[test]
fn the_inventories_are_such_that_images_go_and_stay_for_every_reason() {
    let mut runner = TestRunner::deterministic();
    let (mut gone, mut reasons) = (0, BTreeSet::new());
    for _ in 0..300 {
        let seen = any_seen().new_tree(&mut runner).unwrap().current();
        for verdict in decide(&request(2), &seen, now()) {
            match verdict.fate {
                Fate::Remove(_) => gone += 1,
                Fate::Spare(why) => reasons.extend(
                    why.iter()
                        .map(|reason| format!("{reason:?}").split(['(', ' ']).next().unwrap().to_owned()),
                ),
            }
        }
    }
    assert!(gone > 100, "only {gone} of the images go");
    let all = "AmongNewest Disabled LastGoodDrill NewestProven NotOurs NothingProven Pending Referenced ThisRun Young";
    assert_eq!(reasons, all.split(' ').map(str::to_owned).collect());
}
