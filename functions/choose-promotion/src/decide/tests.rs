//! Every edge of both decisions, as tables.

use std::time::Duration;

use action::Mode;
use aurora::{
    Cluster, ClusterStatus, Endpoint, Failover, GlobalCluster, Instances, Member, Role, Seen,
    Synchronization::{self, Broken, Connected},
};
use plan::{DataLoss, Promotion};

use super::*;
use crate::io::{Request, Verb};

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

fn request(promotion: Promotion, accept_data_loss: DataLoss) -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        global_cluster: "unishop".parse().unwrap(),
        cluster: RECOVERY.parse().unwrap(),
        promotion,
        rpo_seconds: 60,
        accept_data_loss,
    }
}

fn auto() -> Request {
    request(Promotion::Auto, DataLoss::None)
}

fn member(arn: &str, role: Role, synchronization: Synchronization) -> Member {
    let arn = arn.to_owned();
    Member {
        arn,
        role,
        synchronization,
        forwards_writes: false,
    }
}

fn of(bar: Option<Bar>) -> Follower {
    Follower {
        bar,
        forwards_writes: false,
    }
}

fn endpoint() -> Endpoint {
    let host = "unishop-recovery.example".to_owned();
    Endpoint { host, port: 5432 }
}

/// In peace: two members, the recovery cluster follows and is available.
fn following() -> Seen {
    Seen {
        global: Some(GlobalCluster {
            engine_version: Some("16.11".to_owned()),
            members: vec![
                member(PRIMARY, Role::Writer, Connected),
                member(RECOVERY, Role::Secondary, Connected),
            ],
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
fn global_writer() -> Seen {
    but(following(), |global, cluster| {
        global.members[0].role = Role::Secondary;
        global.members[1].role = Role::Writer;
        cluster.instances = Instances::Writer;
    })
}

/// After a detach that is through.
fn standalone() -> Seen {
    but(following(), |global, cluster| {
        global.members.pop();
        cluster.global_cluster = None;
        cluster.instances = Instances::Writer;
    })
}

fn but(mut seen: Seen, change: impl FnOnce(&mut GlobalCluster, &mut Cluster)) -> Seen {
    change(seen.global.as_mut().unwrap(), &mut seen.cluster);
    seen
}

fn promoting(seen: Seen) -> Seen {
    but(seen, |_, cluster| cluster.status = "promoting".into())
}

fn moving(seen: Seen, to: Option<&str>) -> Seen {
    but(seen, |global, _| {
        global.failover = Some(Failover {
            status: "failing-over".to_owned(),
            to: to.map(str::to_owned),
        });
    })
}

fn unknown_global(mut seen: Seen) -> Seen {
    seen.global = None;
    seen
}

fn measured(milliseconds: u64) -> Lag {
    Lag::Measured {
        lag: Duration::from_millis(milliseconds),
        metric: "AuroraGlobalDBRPOLag",
        age: Duration::from_secs(40),
    }
}

fn unknown() -> Lag {
    Lag::Unknown("nothing was published".to_owned())
}

#[test]
fn a_writer_of_either_kind_needs_no_promotion() {
    let table = [
        (
            global_writer(),
            "none: unishop-recovery is already the writer of global cluster unishop",
        ),
        (
            standalone(),
            "none: unishop-recovery is already a standalone writer, no member of global cluster unishop",
        ),
        (
            unknown_global(standalone()),
            "none: unishop-recovery is already a standalone writer, no member of global cluster unishop",
        ),
    ];
    for (seen, because) in table {
        let (endpoint, because) = (endpoint(), because.to_owned());
        assert_eq!(stand(&auto(), &seen), Ok(Standing::Writer { endpoint, because }));
    }
}

#[test]
fn a_promotion_under_way_is_gone_on_with() {
    let table = [
        (
            moving(following(), Some(RECOVERY)),
            Verb::Failover,
            "failover: global cluster unishop is already changing its writer (failing-over)",
        ),
        (
            moving(global_writer(), None),
            Verb::Failover,
            "failover: global cluster unishop is already changing its writer (failing-over)",
        ),
        (
            promoting(global_writer()),
            Verb::Failover,
            "failover: unishop-recovery (promoting) is already becoming the writer of global cluster unishop",
        ),
        (
            promoting(standalone()),
            Verb::Detach,
            "detach: unishop-recovery (promoting) is already becoming a standalone writer, no member of global cluster unishop",
        ),
        (
            unknown_global(promoting(standalone())),
            Verb::Detach,
            "detach: unishop-recovery (promoting) is already becoming a standalone writer, no member of global cluster unishop",
        ),
        (
            but(standalone(), |_, cluster| cluster.endpoint = None),
            Verb::Detach,
            "detach: unishop-recovery (available) is already becoming a standalone writer, no member of global cluster unishop",
        ),
    ];
    for (seen, verb, because) in table {
        let because = because.to_owned();
        assert_eq!(stand(&auto(), &seen), Ok(Standing::Moving { verb, because }));
    }
}

#[test]
fn a_follower_carries_what_bars_a_managed_failover() {
    let versions = Bar::Versions {
        cluster: "16.10".to_owned(),
        global: "16.11".to_owned(),
    };
    let table = [
        (following(), None),
        (
            but(following(), |_, cluster| cluster.engine_version = Some("16.10".to_owned())),
            Some(versions),
        ),
        (but(following(), |_, cluster| cluster.engine_version = None), None),
        (
            but(following(), |global, _| {
                global.members.remove(0);
            }),
            Some(Bar::NoWriter),
        ),
        (
            but(following(), |global, _| {
                global.members[1].synchronization = Broken("pending-resync".to_owned());
            }),
            Some(Bar::Synchronization("pending-resync".to_owned())),
        ),
    ];
    for (seen, bar) in table {
        assert_eq!(stand(&auto(), &seen), Ok(Standing::Follower(of(bar))));
    }
}

#[test]
fn where_nothing_may_be_promoted_the_reason_is_told() {
    let elsewhere = "arn:aws:rds:eu-west-1:123456789012:cluster:unishop-europe";
    let inaccessible = "inaccessible-encryption-credentials";
    let table = [
        (
            but(following(), |_, cluster| cluster.status = inaccessible.into()),
            format!("cluster {RECOVERY} is {inaccessible}, which it does not leave by itself"),
        ),
        (
            moving(following(), Some(elsewhere)),
            format!("global cluster unishop is already failing over to {elsewhere}, not to {RECOVERY}"),
        ),
        (
            but(following(), |global, _| global.members[1].role = Role::Writer),
            format!("global cluster unishop has 2 writers ({PRIMARY}, {RECOVERY}); a person must decide which data counts"),
        ),
        (
            but(standalone(), |_, cluster| cluster.global_cluster = Some("bookshop".to_owned())),
            format!("{RECOVERY} belongs to global cluster bookshop, not to unishop"),
        ),
        (
            unknown_global(following()),
            "global cluster unishop does not exist, or has no member in this Region".to_owned(),
        ),
        (
            but(following(), |_, cluster| cluster.instances = Instances::None),
            format!("{RECOVERY} has no instance, so that nothing could take its writes; add one first"),
        ),
    ];
    for (seen, why) in table {
        let stop = stand(&auto(), &seen).unwrap_err();
        assert_eq!(stop.to_string(), why);
    }
}

#[test]
fn the_verb_follows_from_the_plan_and_from_what_bars_a_failover() {
    let within = "unishop-recovery was 0.48 s behind, 40 s ago (AuroraGlobalDBRPOLag), within the RPO of 60 s";
    let table = [
        (
            Promotion::Auto,
            None,
            Verb::Failover,
            "failover: a managed failover keeps the global cluster",
        ),
        (
            Promotion::Failover,
            None,
            Verb::Failover,
            "failover: the plan asks for a managed failover",
        ),
        (Promotion::Detach, None, Verb::Detach, "detach: the plan asks for a detach"),
        (
            Promotion::Detach,
            Some(Bar::NoWriter),
            Verb::Detach,
            "detach: the plan asks for a detach",
        ),
        (
            Promotion::Auto,
            Some(Bar::NoWriter),
            Verb::Detach,
            "detach: a managed failover is not possible, since the global cluster has no writer",
        ),
    ];
    for (promotion, bar, verb, why) in table {
        let lag = measured(480);
        let choice = choose(&request(promotion, DataLoss::None), &of(bar), lag.clone());
        let because = format!("{why}; {within}");
        assert_eq!(choice, Ok(Choice { verb, lag, because }));
    }
}

#[test]
fn forwarded_writes_are_told_and_change_no_choice() {
    let seen = but(following(), |global, _| global.members[1].forwards_writes = true);
    let Ok(Standing::Follower(follower)) = stand(&auto(), &seen) else {
        panic!("a cluster that forwards writes is no writer")
    };
    let choice = choose(&auto(), &follower, measured(480)).unwrap();
    assert_eq!(choice.verb, Verb::Failover);
    assert!(
        choice
            .because
            .ends_with("; it forwards writes to the writer as yet, and takes them itself once it is promoted"),
        "{}",
        choice.because
    );
}

#[test]
fn a_plan_that_insists_on_an_impossible_failover_is_refused() {
    let bar = Some(Bar::Versions {
        cluster: "16.10".to_owned(),
        global: "16.11".to_owned(),
    });
    let refusal = choose(&request(Promotion::Failover, DataLoss::Unmeasured), &of(bar), measured(0)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "the plan asks for a managed failover of {RECOVERY}, which is not possible: the engine versions differ (16.10 here, 16.11 \
             in the global cluster); ask for auto or detach"
        )
    );
}

#[test]
fn the_lag_is_weighed_against_the_rpo_and_what_was_accepted() {
    use DataLoss::{BeyondRpo, None as Nothing, Unmeasured};
    let within = Ok("was 60 s behind, 40 s ago (AuroraGlobalDBRPOLag), within the RPO of 60 s".to_owned());
    let accepted = Ok("was 60.01 s behind, 40 s ago (AuroraGlobalDBRPOLag), above the RPO of 60 s, which was accepted".to_owned());
    let above = Err(format!(
        "{RECOVERY} was 60.01 s behind, 40 s ago, above the RPO of 60 s; to accept that loss, set acceptDataLoss to beyond-rpo"
    ));
    let unmeasured = Ok("is behind by an unknown lag, which was accepted, since nothing was published".to_owned());
    let no_idea = Err(format!(
        "how far {RECOVERY} is behind is unknown, since nothing was published; to accept whatever is lost, set acceptDataLoss to \
         unmeasured"
    ));
    let table = [
        (measured(60_000), Nothing, &within),
        (measured(60_000), BeyondRpo, &within),
        (measured(60_000), Unmeasured, &within),
        (measured(60_010), Nothing, &above),
        (measured(60_010), BeyondRpo, &accepted),
        (measured(60_010), Unmeasured, &accepted),
        (unknown(), Nothing, &no_idea),
        (unknown(), BeyondRpo, &no_idea),
        (unknown(), Unmeasured, &unmeasured),
    ];
    for (lag, consent, expected) in table {
        let prefix = "failover: a managed failover keeps the global cluster; unishop-recovery ";
        let choice = choose(&request(Promotion::Auto, consent), &of(None), lag.clone());
        let told = choice
            .map(|choice| choice.because.replace(prefix, ""))
            .map_err(|refusal| refusal.to_string());
        assert_eq!(&told, expected, "{lag:?} with {consent:?}");
    }
}

#[test]
fn no_measured_lag_counts_for_a_copy_that_waits_for_a_resync() {
    let follower = of(Some(Bar::Synchronization("pending-resync".to_owned())));
    for consent in [DataLoss::None, DataLoss::BeyondRpo] {
        let refusal = choose(&request(Promotion::Auto, consent), &follower, measured(0)).unwrap_err();
        assert!(matches!(refusal, Refusal::LagUnknown { .. }), "{refusal}");
    }
    let choice = choose(&request(Promotion::Auto, DataLoss::Unmeasured), &follower, measured(0)).unwrap();
    assert_eq!(choice.verb, Verb::Detach);
    assert_eq!(
        choice.lag,
        Lag::Unknown("its copy does not follow the writer's (pending-resync)".to_owned())
    );
}
