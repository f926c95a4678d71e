//! Table tests: sizes, suspended processes, and who counts as serving.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use serde_json::json;

use super::*;

const TARGETS: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";

fn group(percent: u8) -> Group {
    let group = json!({"name": "shop", "fullSize": 4, "minimumHealthyPercent": percent, "targetGroups": []});
    serde_json::from_value(group).unwrap()
}

fn sizes(minimum: u32, desired: u32, maximum: u32) -> Sizes {
    Sizes { minimum, desired, maximum }
}

fn ids(count: u32) -> BTreeSet<String> {
    (0..count).map(|number| format!("i-{number}")).collect()
}

fn seen(sizes: Sizes, in_service: u32) -> Seen {
    Seen {
        group: Some(SeenGroup {
            sizes,
            in_service: ids(in_service),
            suspended: BTreeSet::new(),
        }),
        targets: BTreeMap::new(),
    }
}

#[test]
fn the_three_sizes_are_raised_together_and_larger_ones_stay() {
    for (from, to) in [
        (sizes(1, 1, 1), sizes(4, 4, 4)),
        (sizes(0, 2, 8), sizes(4, 4, 8)),
        (sizes(1, 6, 8), sizes(4, 6, 8)),
        (sizes(4, 4, 3), sizes(4, 4, 4)),
    ] {
        let Ok(Decision::Raise(raise)) = decide(&group(100), &seen(from, 1)) else {
            panic!("{from} isn't raised")
        };
        assert_eq!((raise.from, raise.to), (from, to));
    }
}

#[test]
fn a_group_at_full_size_serves_from_the_plans_percentage_on() {
    let full = sizes(4, 4, 4);
    for (percent, serving, needed, enough) in [
        (100, 4, 4, true),
        (100, 3, 4, false),
        (75, 3, 3, true),
        (60, 2, 3, false),
        (1, 1, 1, true),
        (1, 0, 1, false),
    ] {
        let expected = Serving { serving, needed };
        let decision = decide(&group(percent), &seen(full, serving)).unwrap();
        let wanted = if enough {
            Decision::Serves(expected)
        } else {
            Decision::Wait(expected)
        };
        assert_eq!(decision, wanted, "{percent} %");
    }
}

#[test]
fn only_what_every_target_group_finds_healthy_serves() {
    let mut seen = seen(sizes(4, 4, 4), 4);
    seen.targets.insert(TARGETS.parse().unwrap(), ids(2));
    let decision = decide(&group(100), &seen).unwrap();
    assert_eq!(decision, Decision::Wait(Serving { serving: 2, needed: 4 }));
    // One that is healthy there and no instance of the group counts for nothing.
    seen.targets
        .insert(TARGETS.parse().unwrap(), BTreeSet::from(["i-other".to_owned()]));
    assert_eq!(
        decide(&group(100), &seen).unwrap(),
        Decision::Wait(Serving { serving: 0, needed: 4 })
    );
}

#[test]
fn what_is_in_the_way_is_named_with_its_remedy() {
    let nowhere = decide(&group(100), &Seen::default()).unwrap_err();
    assert_eq!(nowhere, InTheWay::NoGroup("shop".parse().unwrap()));
    let mut suspended = seen(sizes(1, 1, 4), 1);
    suspended.group.as_mut().unwrap().suspended = ["AZRebalance", "Launch"].map(str::to_owned).into();
    assert_eq!(
        decide(&group(100), &suspended).unwrap_err().to_string(),
        "Auto Scaling group shop stays as it is while it has Launch suspended: aws autoscaling resume-processes --auto-scaling-group-name shop --scaling-processes Launch"
    );
    // A group that serves needs to launch nothing.
    let mut serves = seen(sizes(4, 4, 4), 4);
    serves.group.as_mut().unwrap().suspended = ["Launch".to_owned()].into();
    assert!(matches!(decide(&group(100), &serves), Ok(Decision::Serves(_))));
}
