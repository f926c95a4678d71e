//! The table of the decision, edge by edge.

use super::*;

fn tagged(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn group(name: &str, sizes: (i32, i32, i32)) -> Group {
    Group {
        sized: Sized {
            name: name.to_owned(),
            min_size: sizes.0,
            max_size: sizes.1,
            desired_capacity: sizes.2,
        },
        protected: 0,
        tags: tagged(&[(tags::WORKLOAD, "unishop")]),
    }
}

fn instance(id: &str, group: Option<&str>) -> Instance {
    let mut tags = tagged(&[(tags::WORKLOAD, "unishop")]);
    tags.extend(group.map(|group| (GROUP.to_owned(), group.to_owned())));
    Instance {
        id: id.parse().unwrap(),
        runs: true,
        tags,
    }
}

fn unseen(answered: bool) -> Unseen {
    Unseen {
        answered,
        why: "no answer in time".to_owned(),
    }
}

fn decided(groups: Result<Vec<Group>, Unseen>, instances: Result<Vec<Instance>, Unseen>) -> Decision {
    decide(
        &"unishop".parse().unwrap(),
        &"us-east-1".parse().unwrap(),
        &Seen { groups, instances },
    )
}

fn cannot(decision: &Decision) -> Vec<(&str, &str)> {
    decision
        .cannot
        .iter()
        .map(|left| (left.what.as_str(), left.because.as_str()))
        .collect()
}

const ONE: &str = "i-0000000000000000a";
const TWO: &str = "i-0000000000000000b";

#[test]
fn what_is_at_zero_and_what_does_not_run_is_left_alone() {
    let stopped = Instance {
        runs: false,
        ..instance(ONE, None)
    };
    let decision = decided(Ok(vec![group("shop", (0, 0, 0))]), Ok(vec![stopped]));
    assert_eq!(decision, Decision::default());
    assert!(decision.is_empty());
}

#[test]
fn a_group_ends_its_own_instances_and_the_others_are_stopped() {
    let shop = group("shop", (1, 4, 2));
    let decision = decided(Ok(vec![shop.clone()]), Ok(vec![instance(ONE, Some("shop")), instance(TWO, None)]));
    assert_eq!((decision.groups, decision.instances), (vec![shop], vec![TWO.parse().unwrap()]));
    assert!(decision.cannot.is_empty());
}

#[test]
fn a_group_that_could_start_instances_again_is_set_to_zero_though_none_is_wanted_now() {
    let resting = group("shop", (0, 4, 0));
    assert_eq!(decided(Ok(vec![resting.clone()]), Ok(Vec::new())).groups, [resting]);
}

#[test]
fn an_instance_of_a_group_that_is_not_the_workloads_is_not_stopped_and_said() {
    let decision = decided(Ok(Vec::new()), Ok(vec![instance(ONE, Some("other"))]));
    assert!(decision.is_empty());
    assert_eq!(
        cannot(&decision),
        [(
            ONE,
            "its group other has no tag relight:workload=unishop and would put another in its place"
        )]
    );
}

#[test]
fn without_the_list_of_groups_only_instances_in_no_group_are_stopped() {
    let decision = decided(Err(unseen(false)), Ok(vec![instance(ONE, Some("shop")), instance(TWO, None)]));
    assert_eq!(decision.instances, [TWO.parse().unwrap()]);
    assert_eq!(
        cannot(&decision),
        [
            ("the Auto Scaling groups of us-east-1", "no answer in time"),
            (ONE, "its group shop could not be looked at and would put another in its place"),
        ]
    );
}

#[test]
fn what_lacks_the_tag_is_nobodys_though_an_answer_lists_it() {
    let mut others = group("shop", (1, 4, 2));
    others.tags = tagged(&[(tags::WORKLOAD, "other")]);
    let mut bare = instance(ONE, None);
    bare.tags.clear();
    assert_eq!(decided(Ok(vec![others]), Ok(vec![bare])), Decision::default());
}

#[test]
fn protected_instances_live_on_and_are_said() {
    let mut shop = group("shop", (1, 4, 2));
    shop.protected = 2;
    let decision = decided(Ok(vec![shop]), Ok(Vec::new()));
    assert_eq!(decision.groups.len(), 1);
    assert_eq!(
        cannot(&decision),
        [(
            "instances of group shop",
            "2 protected from scale in and live on when the group is at zero"
        )]
    );
}

#[test]
fn a_region_is_away_only_when_it_answers_nothing_at_all() {
    let away = |groups, instances| {
        is_away(&Seen {
            groups: Err(unseen(groups)),
            instances: Err(unseen(instances)),
        })
        .is_some()
    };
    assert!(away(false, false));
    assert!(!away(true, false) && !away(false, true) && !away(true, true));
    let half = Seen {
        groups: Err(unseen(false)),
        instances: Ok(Vec::new()),
    };
    assert_eq!(is_away(&half), None);
}
