//! Every edge of the decision, as tables.

use action::{Deadline, Mode};
use jiff::Timestamp;

use super::*;

fn request() -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        since: Timestamp::UNIX_EPOCH,
        deadline: Deadline(Timestamp::MAX),
    }
}

fn id(number: u32) -> InstanceId {
    format!("i-{number:08x}").parse().unwrap()
}

fn instance(number: u32, state: State) -> Instance {
    Instance {
        id: id(number),
        state,
        tags: [
            (tags::RUN.to_owned(), "unishop-1".to_owned()),
            (tags::WORKLOAD.to_owned(), "unishop".to_owned()),
        ]
        .into(),
    }
}

fn tagged(mut instance: Instance, tag: &str, value: Option<&str>) -> Instance {
    match value {
        Some(value) => instance.tags.insert(tag.to_owned(), value.to_owned()),
        None => instance.tags.remove(tag),
    };
    instance
}

#[test]
fn a_run_without_living_instances_has_nothing_to_terminate() {
    assert_eq!(decide(&request(), &[]), Decision::Nothing(Nothing::Launched));
    let gone = [instance(1, State::Terminated), instance(2, State::Terminated)];
    assert_eq!(
        decide(&request(), &gone),
        Decision::Nothing(Nothing::Terminated(vec![id(1), id(2)]))
    );
}

#[test]
fn those_that_live_are_terminated_and_no_others() {
    let mixed = [
        instance(1, State::Terminated),
        instance(2, State::Alive),
        instance(3, State::ShuttingDown),
        instance(4, State::Alive),
    ];
    assert_eq!(decide(&request(), &mixed), Decision::Terminate(vec![id(2), id(4)]));
    assert_eq!(decide(&request(), &mixed[2..3]), Decision::Wait(vec![id(3)]));
}

#[test]
fn an_instance_of_somebody_else_refuses_everything() {
    let ours = instance(1, State::Alive);
    for state in [State::Alive, State::ShuttingDown] {
        for (tag, found) in [
            (tags::RUN, Some("unishop-2")),
            (tags::RUN, None),
            (tags::WORKLOAD, Some("another")),
            (tags::WORKLOAD, None),
            // A prefix or another case is another name.
            (tags::RUN, Some("unishop-10")),
            (tags::WORKLOAD, Some("Unishop")),
        ] {
            let seen = [ours.clone(), tagged(instance(2, state.clone()), tag, found)];
            let Decision::Refuse(refusal) = decide(&request(), &seen) else {
                panic!("{tag} {found:?} is terminated")
            };
            assert_eq!((refusal.instance, refusal.tag, refusal.found.as_deref()), (id(2), tag, found));
        }
    }
}

#[test]
fn a_refusal_names_the_instance_and_what_its_tag_says() {
    let says = |value| {
        let Decision::Refuse(refusal) = decide(&request(), &[tagged(instance(2, State::Alive), tags::RUN, value)]) else {
            panic!("terminated")
        };
        refusal.to_string()
    };
    assert_eq!(
        says(Some("unishop-2")),
        "EC2 was asked for the instances of run unishop-1 of unishop and listed i-00000002 too, whose tag relight:run is unishop-2; \
         nothing was terminated"
    );
    assert!(says(None).contains("whose tag relight:run is missing"));
}

#[test]
fn tags_that_a_terminated_instance_has_lost_stop_nothing() {
    let seen = [tagged(instance(1, State::Terminated), tags::RUN, None), instance(2, State::Alive)];
    assert_eq!(decide(&request(), &seen), Decision::Terminate(vec![id(2)]));
}

#[test]
fn long_lists_are_cut_for_people() {
    let ids: Vec<_> = (1..=10).map(id).collect();
    assert_eq!(named(&ids[..2]), "i-00000001, i-00000002");
    assert!(named(&ids).ends_with("i-00000008 and 2 more"), "{}", named(&ids));
    assert!(are(&ids[..1]).ends_with(" is") && are(&ids).ends_with(" are"));
}
