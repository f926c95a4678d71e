//! Every edge of the decision, as tables.

use action::{Deadline, Mode};
use aurora::{Failover, GlobalCluster, Member, Synchronization};
use jiff::Timestamp;

use super::*;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

fn arn() -> ClusterArn {
    RECOVERY.parse().unwrap()
}

fn shop() -> GlobalClusterId {
    "unishop".parse().unwrap()
}

fn request() -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        global_cluster: shop(),
        cluster: arn(),
        since: Timestamp::UNIX_EPOCH,
        deadline: Deadline(Timestamp::MAX),
    }
}

fn member(arn: &str, role: Role) -> Member {
    Member {
        arn: arn.to_owned(),
        role,
        synchronization: Synchronization::Connected,
        forwards_writes: false,
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        host: "unishop-recovery.example".to_owned(),
        port: 5432,
    }
}

/// In peace: two members, the recovery cluster follows and is available.
fn following() -> Seen {
    Seen {
        global: Some(GlobalCluster {
            engine_version: Some("16.11".to_owned()),
            members: vec![member(PRIMARY, Role::Writer), member(RECOVERY, Role::Secondary)],
            failover: None,
        }),
        cluster: Cluster {
            status: ClusterStatus::Available,
            engine_version: Some("16.11".to_owned()),
            global_cluster: Some("unishop".to_owned()),
            instances: Instances::Readers,
            endpoint: Some(endpoint()),
        },
    }
}

/// After a failover that is through.
fn writing() -> Seen {
    but(following(), |global, cluster| {
        global.members = vec![member(PRIMARY, Role::Secondary), member(RECOVERY, Role::Writer)];
        cluster.instances = Instances::Writer;
    })
}

fn but(mut seen: Seen, change: impl FnOnce(&mut GlobalCluster, &mut Cluster)) -> Seen {
    change(seen.global.as_mut().unwrap(), &mut seen.cluster);
    seen
}

fn moving(seen: Seen, status: &str, to: Option<&str>) -> Seen {
    but(seen, |global, _| {
        global.failover = Some(Failover {
            status: status.to_owned(),
            to: to.map(str::to_owned),
        });
    })
}

#[test]
fn the_writer_of_the_global_cluster_is_left_as_it_is() {
    assert_eq!(decide(&request(), &writing()), Decision::AlreadyWriter(endpoint()));
}

#[test]
fn only_an_available_secondary_is_failed_over_to() {
    let failover = FailOver {
        global_cluster: shop(),
        cluster: arn(),
    };
    assert_eq!(decide(&request(), &following()), Decision::FailOver(failover));
    for status in ["promoting", "modifying", "backing-up", "rebalancing"] {
        let seen = but(following(), |_, cluster| cluster.status = status.into());
        assert_eq!(
            decide(&request(), &seen),
            Decision::Wait(Waiting::UnderWay(status.into())),
            "{status}"
        );
    }
}

#[test]
fn a_failover_under_way_is_waited_for_in_every_status_even_an_unknown_one() {
    for status in ["pending", "failing-over", "switching-over", "cancelling", "fencing"] {
        for to in [
            None,
            Some(RECOVERY),
            Some(&RECOVERY.replace("unishop-recovery", "Unishop-Recovery")),
        ] {
            for seen in [following(), writing()] {
                let decision = decide(&request(), &moving(seen, status, to));
                assert_eq!(
                    decision,
                    Decision::Wait(Waiting::FailingOver(status.to_owned())),
                    "{status} to {to:?}"
                );
            }
        }
    }
}

#[test]
fn two_writers_while_roles_change_hands_are_waited_for() {
    let both = but(writing(), |global, _| global.members[0].role = Role::Writer);
    assert_eq!(
        decide(&request(), &moving(both, "failing-over", Some(RECOVERY))),
        Decision::Wait(Waiting::FailingOver("failing-over".to_owned()))
    );
}

#[test]
fn done_means_role_status_and_writer_and_nothing_less() {
    let table = [
        (
            but(writing(), |_, cluster| cluster.status = "promoting".into()),
            Waiting::UnderWay("promoting".into()),
        ),
        (
            but(writing(), |_, cluster| cluster.status = "rebalancing".into()),
            Waiting::UnderWay("rebalancing".into()),
        ),
        (
            but(writing(), |_, cluster| cluster.instances = Instances::Readers),
            Waiting::NoWriterYet,
        ),
        // It accepts writes and passes them on: it is no writer by that.
        (
            but(writing(), |global, cluster| {
                global.members[1].forwards_writes = true;
                cluster.instances = Instances::Readers;
            }),
            Waiting::NoWriterYet,
        ),
        (but(writing(), |_, cluster| cluster.endpoint = None), Waiting::NoEndpointYet),
    ];
    for (seen, waiting) in table {
        assert_eq!(decide(&request(), &seen), Decision::Wait(waiting));
    }
}

#[test]
fn an_unknown_global_cluster_is_named() {
    let mut seen = following();
    seen.global = None;
    assert_eq!(decide(&request(), &seen), Decision::NoSuchGlobalCluster);
}

#[test]
fn terminal_statuses_are_given_up_at_once_even_during_a_failover() {
    let status = ClusterStatus::from("inaccessible-encryption-credentials");
    for seen in [following(), writing(), moving(following(), "failing-over", Some(RECOVERY))] {
        let seen = but(seen, |_, cluster| cluster.status = status.clone());
        assert_eq!(decide(&request(), &seen), Decision::GiveUp(status.clone()));
    }
}

#[test]
fn every_refusal_says_why() {
    let elsewhere = "arn:aws:rds:eu-west-1:123456789012:cluster:unishop-europe";
    let table = [
        (
            but(following(), |global, _| {
                global.members.pop();
            }),
            format!("{RECOVERY} is no member of global cluster unishop; a managed failover moves the writer among members only"),
        ),
        (
            moving(following(), "failing-over", Some(elsewhere)),
            format!("global cluster unishop is already failing over to {elsewhere} (failing-over), not to {RECOVERY}"),
        ),
        (
            but(following(), |global, _| global.members[1].role = Role::Writer),
            format!("global cluster unishop has 2 writers ({PRIMARY}, {RECOVERY}); a person must decide which data counts"),
        ),
        (
            but(following(), |_, cluster| cluster.instances = Instances::None),
            format!("{RECOVERY} has no instance, so that nothing could take its writes; add one first"),
        ),
    ];
    for (seen, why) in table {
        let decision = decide(&request(), &seen);
        let Decision::Refuse(refusal) = &decision else {
            panic!("{decision:?} instead of: {why}")
        };
        assert_eq!(refusal.to_string(), why);
    }
}
