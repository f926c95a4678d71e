//! Every edge of the decision, as tables.

use action::{Deadline, Mode};
use aurora::{Cluster, Failover, GlobalCluster, Member, Synchronization};
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

/// After a detach that is through.
fn standalone() -> Seen {
    let mut seen = following();
    seen.global.as_mut().unwrap().members.pop();
    seen.cluster.global_cluster = None;
    seen.cluster.instances = Instances::Writer;
    seen
}

fn endpoint() -> Endpoint {
    Endpoint {
        host: "unishop-recovery.example".to_owned(),
        port: 5432,
    }
}

fn but(mut seen: Seen, change: impl FnOnce(&mut GlobalCluster, &mut Cluster)) -> Seen {
    change(seen.global.as_mut().unwrap(), &mut seen.cluster);
    seen
}

fn unknown_global(mut seen: Seen) -> Seen {
    seen.global = None;
    seen
}

#[test]
fn a_standalone_writer_is_left_as_it_is() {
    assert_eq!(decide(&request(), &standalone()), Decision::AlreadyWriter(endpoint()));
}

#[test]
fn only_an_available_secondary_is_detached() {
    let detach = Detach {
        global_cluster: shop(),
        cluster: arn(),
    };
    assert_eq!(decide(&request(), &following()), Decision::Detach(detach.clone()));
    let upper_case = but(following(), |global, _| {
        global.members[1].arn = RECOVERY.replace("unishop-recovery", "Unishop-Recovery");
    });
    assert_eq!(decide(&request(), &upper_case), Decision::Detach(detach));
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
fn done_means_membership_writer_and_status_and_nothing_less() {
    let promoting = ClusterStatus::from("promoting");
    let table = [
        (
            "promoting",
            but(standalone(), |_, cluster| cluster.status = promoting.clone()),
            Waiting::UnderWay(promoting.clone()),
        ),
        (
            "a status that nobody documented",
            but(standalone(), |_, cluster| cluster.status = "rebalancing".into()),
            Waiting::UnderWay("rebalancing".into()),
        ),
        (
            "its own description is late",
            but(standalone(), |_, cluster| cluster.global_cluster = Some("Unishop".to_owned())),
            Waiting::StillMember,
        ),
        (
            "available, but only readers",
            but(standalone(), |_, cluster| cluster.instances = Instances::Readers),
            Waiting::NoWriterYet,
        ),
        (
            "no endpoint",
            but(standalone(), |_, cluster| cluster.endpoint = None),
            Waiting::NoEndpointYet,
        ),
        (
            "promoting, in a Region that knows the global cluster no more",
            unknown_global(but(standalone(), |_, cluster| {
                cluster.status = promoting.clone();
                cluster.instances = Instances::Readers;
            })),
            Waiting::UnderWay(promoting.clone()),
        ),
    ];
    for (name, seen, waiting) in table {
        assert_eq!(decide(&request(), &seen), Decision::Wait(waiting), "{name}");
    }
}

#[test]
fn a_standalone_writer_is_done_even_where_the_region_knows_the_global_cluster_no_more() {
    assert_eq!(
        decide(&request(), &unknown_global(standalone())),
        Decision::AlreadyWriter(endpoint())
    );
}

#[test]
fn an_unknown_global_cluster_is_named_unless_the_cluster_stands_alone() {
    let readers = but(standalone(), |_, cluster| cluster.instances = Instances::Readers);
    for seen in [following(), readers] {
        assert_eq!(decide(&request(), &unknown_global(seen)), Decision::NoSuchGlobalCluster);
    }
}

#[test]
fn terminal_statuses_are_given_up_at_once() {
    let status = ClusterStatus::from("inaccessible-encryption-credentials");
    for seen in [following(), standalone()] {
        let seen = but(seen, |_, cluster| cluster.status = status.clone());
        assert_eq!(decide(&request(), &seen), Decision::GiveUp(status.clone()));
    }
}

#[test]
fn every_refusal_says_why() {
    let table = [
        (
            but(following(), |global, _| {
                global.members = vec![member(PRIMARY, Role::Secondary), member(RECOVERY, Role::Writer)];
            }),
            format!("{RECOVERY} is the writer of its global cluster; detaching it would fail nothing over"),
        ),
        (
            but(following(), |global, _| global.members[1].role = Role::Writer),
            format!("global cluster unishop has 2 writers ({PRIMARY}, {RECOVERY}); a person must decide which data counts"),
        ),
        (
            but(following(), |global, _| {
                let status = "failing-over".to_owned();
                global.failover = Some(Failover { status, to: None });
            }),
            "global cluster unishop is changing its writer (failing-over); wait for that, or end it, before detaching a member".to_owned(),
        ),
        (
            but(following(), |_, cluster| cluster.instances = Instances::None),
            format!("{RECOVERY} has no instance, so that nothing could take its writes; add one first"),
        ),
        (
            but(standalone(), |_, cluster| cluster.instances = Instances::None),
            format!("{RECOVERY} has no instance, so that nothing could take its writes; add one first"),
        ),
        (
            but(standalone(), |_, cluster| cluster.global_cluster = Some("bookshop".to_owned())),
            format!("{RECOVERY} belongs to global cluster bookshop, not to unishop"),
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
