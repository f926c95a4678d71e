//! Every edge of the decisions, as tables.

use action::{Deadline, Mode};

use super::*;

const IMAGE: &str = "ami-0123456789abcdef0";

fn request(source: ImageSource) -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        source,
        consistency: Consistency::Crash,
        since: Timestamp::UNIX_EPOCH,
        deadline: Deadline(Timestamp::MAX),
    }
}

fn by_id() -> ImageSource {
    ImageSource::Instance(id(1))
}

fn by_tag() -> ImageSource {
    ImageSource::Tag {
        key: "role".to_owned(),
        value: "shop".to_owned(),
    }
}

fn by_group() -> ImageSource {
    ImageSource::Group("shop".parse().unwrap())
}

fn id(number: u8) -> InstanceId {
    format!("i-{number:08x}").parse().unwrap()
}

fn image(state: State, tags: &[(&str, &str)]) -> Image {
    Image {
        id: IMAGE.parse().unwrap(),
        name: "relight-unishop-unishop-1".to_owned(),
        state,
        created: Timestamp::UNIX_EPOCH,
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        snapshots: vec![],
    }
}

fn pending() -> State {
    State::Pending("pending".to_owned())
}

fn failed() -> State {
    State::Failed {
        state: "failed".to_owned(),
        reason: "Client.InternalError".to_owned(),
    }
}

const OURS: &[(&str, &str)] = &[("relight:workload", "unishop"), ("relight:run", "unishop-1")];

#[test]
fn an_image_of_this_run_is_what_its_state_says() {
    let table = [
        (State::Available, Standing::Made),
        (pending(), Standing::Making("pending".to_owned())),
        (
            failed(),
            Standing::Failed {
                state: "failed".to_owned(),
                reason: "Client.InternalError".to_owned(),
            },
        ),
    ];
    for (state, standing_expected) in table {
        assert_eq!(standing(&request(by_id()), &image(state, OURS)), standing_expected);
    }
}

#[test]
fn an_image_of_the_name_alone_is_nobodys_once_its_tags_should_show() {
    let table: [&[(&str, &str)]; 3] = [&[], &OURS[..1], &OURS[1..]];
    for tags in table {
        for state in [State::Available, failed()] {
            let decision = standing(&request(by_id()), &image(state, tags));
            assert!(matches!(decision, Standing::Refuse(_)), "{tags:?}: {decision:?}");
        }
        let decision = standing(&request(by_id()), &image(pending(), tags));
        assert_eq!(decision, Standing::Making("pending".to_owned()), "{tags:?}");
    }
}

#[test]
fn a_tag_that_says_otherwise_is_refused_in_every_state() {
    let table: [(&[(&str, &str)], &str); 3] = [
        (
            &[("relight:workload", "uni"), ("relight:run", "unishop-1")],
            "relight:workload is uni, relight:run is unishop-1",
        ),
        (
            &[("relight:workload", "unishop"), ("relight:run", "unishop-2")],
            "relight:workload is unishop, relight:run is unishop-2",
        ),
        (
            &[("relight:run", "unishop-2")],
            "relight:workload is missing, relight:run is unishop-2",
        ),
    ];
    for (tags, said) in table {
        for state in [State::Available, pending(), failed()] {
            let Standing::Refuse(why) = standing(&request(by_id()), &image(state, tags)) else {
                panic!("{tags:?} was taken")
            };
            let expected = format!(
                "image {IMAGE} in us-east-1 has the name relight-unishop-unishop-1 and not this run's tags ({said}); deregister it or start a new run"
            );
            assert_eq!(why.to_string(), expected);
        }
    }
}

fn instance(number: u8, state: &str, launched: i64) -> Instance {
    Instance {
        id: id(number),
        state: state.to_owned(),
        launched: Timestamp::from_second(launched).unwrap(),
        tags: BTreeMap::from([("role".to_owned(), "shop".to_owned())]),
    }
}

fn member(number: u8, lifecycle: &str, health: &str) -> Member {
    Member {
        id: id(number),
        lifecycle: lifecycle.to_owned(),
        health: health.to_owned(),
    }
}

fn seen(instances: Vec<Instance>) -> Seen {
    Seen { group: None, instances }
}

#[test]
fn the_plans_instance_is_taken_running_or_stopped_and_in_no_other_state() {
    for state in ["running", "stopped"] {
        let seen = seen(vec![instance(2, "running", 9), instance(1, state, 1)]);
        assert_eq!(choose(&request(by_id()), &seen).unwrap().id, id(1), "{state}");
    }
    for state in ["pending", "stopping", "shutting-down", "terminated", "hibernated"] {
        let error = choose(&request(by_id()), &seen(vec![instance(1, state, 1)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "instance i-00000001 in us-east-1 is {state}, and images are made of running or stopped instances; start it or name another \
                 one in image.source of the plan"
            )
        );
    }
    let error = choose(&request(by_id()), &seen(vec![instance(2, "running", 1)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "instance i-00000001 does not exist in us-east-1; name another one in image.source of the plan"
    );
}

#[test]
fn of_tagged_instances_the_newest_running_one_is_taken() {
    let older_and_newer = seen(vec![
        instance(1, "running", 1),
        instance(2, "running", 3),
        instance(3, "running", 2),
        instance(4, "stopped", 9),
    ]);
    assert_eq!(choose(&request(by_tag()), &older_and_newer).unwrap().id, id(2));
    let same_age = seen(vec![instance(2, "running", 1), instance(1, "running", 1)]);
    assert_eq!(
        choose(&request(by_tag()), &same_age).unwrap().id,
        id(2),
        "the order of an answer decides nothing"
    );
}

#[test]
fn an_instance_without_the_tag_is_not_taken_even_if_ec2_shows_it() {
    let other = Instance {
        tags: BTreeMap::from([("role".to_owned(), "bastion".to_owned())]),
        ..instance(1, "running", 1)
    };
    let error = choose(&request(by_tag()), &seen(vec![other])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no running instance in us-east-1 has the tag role=shop; tag one or mend image.source of the plan"
    );
}

#[test]
fn of_a_group_the_newest_healthy_member_is_taken() {
    let seen = Seen {
        group: Some(vec![
            member(1, "InService", "Healthy"),
            member(2, "InService", "HEALTHY"),
            member(3, "InService", "Unhealthy"),
            member(4, "Standby", "Healthy"),
            member(5, "Warmed:Running", "Healthy"),
            member(6, "InService", "Healthy"),
        ]),
        instances: vec![
            instance(1, "running", 1),
            instance(2, "running", 2),
            instance(3, "running", 3),
            instance(4, "running", 4),
            instance(5, "running", 5),
            instance(6, "stopping", 6),
            instance(7, "running", 7),
        ],
    };
    assert_eq!(choose(&request(by_group()), &seen).unwrap().id, id(2));
}

#[test]
fn a_group_without_a_healthy_member_is_named_with_its_size() {
    let table = [
        (
            None,
            "Auto Scaling group shop does not exist in us-east-1; name another one in image.source of the plan",
        ),
        (
            Some(vec![]),
            "of the 0 instances in Auto Scaling group shop in us-east-1 none is InService, Healthy and running; mend the group first",
        ),
        (
            Some(vec![member(1, "Pending", "Healthy")]),
            "of the 1 instance in Auto Scaling group shop in us-east-1 none is InService, Healthy and running; mend the group first",
        ),
    ];
    for (group, text) in table {
        let seen = Seen {
            group,
            instances: vec![instance(1, "running", 1)],
        };
        assert_eq!(choose(&request(by_group()), &seen).unwrap_err().to_string(), text);
    }
}

#[test]
fn a_new_image_is_dated_in_whole_seconds_and_has_the_longest_names_that_fit() {
    let mut request = request(by_id());
    let new = NewImage::of(&request, &instance(1, "running", 1), "2026-11-21T03:16:00.987Z".parse().unwrap());
    let tags = new.tags().map(|(key, value)| format!("{key}={value}"));
    assert_eq!(
        tags,
        [
            "relight:workload=unishop",
            "relight:run=unishop-1",
            "relight:source=i-00000001",
            "relight:made=2026-11-21T03:16:00Z"
        ]
    );
    request.workload = "w".repeat(32).parse().unwrap();
    request.run = "r".repeat(80).parse().unwrap();
    assert!(request.image_name().len() <= 128, "API_CreateImage: Name");
}
