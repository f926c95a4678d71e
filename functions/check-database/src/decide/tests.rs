//! Table tests: what each question comes to, and that one mistake answers one question.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use aurora::{ClusterStatus, Failover, Instances, Member, Role, Synchronization};
use readiness::{Asker, Verdict};
use serde_json::json;

use super::*;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

fn request(promotion: &str) -> Request {
    serde_json::from_value(json!({
        "run": "check-1",
        "workload": "unishop",
        "database": {
            "globalCluster": "unishop", "primaryCluster": PRIMARY, "recoveryCluster": RECOVERY, "promotion": promotion,
        },
        "rpoSeconds": 60,
    }))
    .unwrap()
}

fn member(arn: &str, role: Role) -> Member {
    Member {
        arn: arn.to_owned(),
        role,
        synchronization: Synchronization::Connected,
        forwards_writes: false,
    }
}

fn healthy() -> Seen {
    Seen {
        global: Some(Global {
            cluster: aurora::GlobalCluster {
                engine_version: Some("17.7".to_owned()),
                members: vec![member(PRIMARY, Role::Writer), member(RECOVERY, Role::Secondary)],
                failover: None,
            },
            protected: true,
        }),
        cluster: Some(Cluster {
            cluster: aurora::Cluster {
                status: ClusterStatus::Available,
                engine_version: Some("17.7".to_owned()),
                global_cluster: Some("unishop".to_owned()),
                instances: Instances::Readers,
                endpoint: None,
            },
            protected: true,
            key: Some("key-1".to_owned()),
        }),
        instances: Ok(vec![instance("db.r8g.large", "available")]),
        lag: Ok(measured(0.4, 10)),
        key: Ok(Some(Key {
            id: "key-1".to_owned(),
            state: "Enabled".to_owned(),
        })),
    }
}

fn instance(class: &str, status: &str) -> Instance {
    Instance {
        id: "unishop-recovery-1".to_owned(),
        class: class.to_owned(),
        status: status.to_owned(),
    }
}

fn measured(lag: f64, age: u64) -> Lag {
    Lag::Measured {
        lag: Duration::from_secs_f64(lag),
        metric: "AuroraGlobalDBRPOLag",
        age: Duration::from_secs(age),
    }
}

/// What doesn't pass.
fn told(request: &Request, seen: &Seen) -> Vec<Answer> {
    let answers = answers(request, seen);
    let asked: Vec<Question> = answers.iter().map(|answer| answer.question).collect();
    let ours: Vec<Question> = Question::ALL
        .iter()
        .copied()
        .filter(|question| question.asker() == Asker::Database)
        .collect();
    assert_eq!(asked, ours);
    answers.into_iter().filter(|answer| answer.verdict > Verdict::Pass).collect()
}

#[test]
fn a_healthy_database_passes_every_question() {
    assert_eq!(told(&request("auto"), &healthy()), []);
}

#[test]
fn a_secondary_that_forwards_writes_is_told_and_passes() {
    let mut seen = healthy();
    seen.global.as_mut().unwrap().cluster.members[1].forwards_writes = true;
    let answers = answers(&request("auto"), &seen);
    let members = answers.iter().find(|answer| answer.question == Question::Members).unwrap();
    let says = "unishop-primary writes, unishop-recovery follows and forwards writes to it";
    assert_eq!((members.verdict, members.seen.as_str()), (Verdict::Pass, says));
}

type Change = fn(&mut Seen);

#[test]
fn each_mistake_is_the_answer_to_one_question_with_the_value_and_a_remedy() {
    let cases: [(&str, Question, Verdict, &str, Change); 19] = [
        ("two hands", Question::GlobalCluster, Verdict::Fail, "failing-over", |seen| {
            seen.global.as_mut().unwrap().cluster.failover = Some(Failover {
                status: "failing-over".to_owned(),
                to: None,
            });
        }),
        ("not a member", Question::Members, Verdict::Fail, "no member", |seen| {
            seen.global.as_mut().unwrap().cluster.members.truncate(1);
        }),
        (
            "moved already",
            Question::Members,
            Verdict::Fail,
            "unishop-recovery is the writer",
            |seen| {
                seen.global.as_mut().unwrap().cluster.members = vec![member(PRIMARY, Role::Secondary), member(RECOVERY, Role::Writer)];
            },
        ),
        ("split brain", Question::Members, Verdict::Fail, "two writers", |seen| {
            seen.global.as_mut().unwrap().cluster.members = vec![member(PRIMARY, Role::Writer), member(RECOVERY, Role::Writer)];
        }),
        ("another writer", Question::Members, Verdict::Fail, "not unishop-primary", |seen| {
            seen.global.as_mut().unwrap().cluster.members[0].arn = "arn:aws:rds:eu-west-1:123456789012:cluster:other".to_owned();
        }),
        ("a broken copy", Question::Members, Verdict::Fail, "pending-resync", |seen| {
            seen.global.as_mut().unwrap().cluster.members[1].synchronization = Synchronization::Broken("pending-resync".to_owned());
        }),
        ("maintenance", Question::ClusterHealth, Verdict::Warn, "maintenance", |seen| {
            seen.cluster.as_mut().unwrap().cluster.status = ClusterStatus::from("maintenance");
        }),
        ("stopped", Question::ClusterHealth, Verdict::Fail, "stopped", |seen| {
            seen.cluster.as_mut().unwrap().cluster.status = ClusterStatus::from("stopped");
        }),
        ("versions", Question::EngineVersions, Verdict::Warn, "16.4", |seen| {
            seen.cluster.as_mut().unwrap().cluster.engine_version = Some("16.4".to_owned());
        }),
        ("headless", Question::ClusterInstances, Verdict::Fail, "headless", |seen| {
            seen.instances = Ok(vec![])
        }),
        ("rebooting", Question::ClusterInstances, Verdict::Fail, "rebooting", |seen| {
            seen.instances = Ok(vec![instance("db.r8g.large", "rebooting")]);
        }),
        ("one of two", Question::ClusterInstances, Verdict::Warn, "rebooting", |seen| {
            seen.instances = Ok(vec![instance("db.r8g.large", "rebooting"), instance("db.r8g.large", "available")]);
        }),
        ("burstable", Question::InstanceClasses, Verdict::Fail, "db.t4g.medium", |seen| {
            seen.instances = Ok(vec![instance("db.t4g.medium", "available")]);
        }),
        ("far behind", Question::ReplicationLag, Verdict::Fail, "60.01 s", |seen| {
            seen.lag = Ok(measured(60.01, 10))
        }),
        ("no longer measured", Question::ReplicationLag, Verdict::Warn, "301 s ago", |seen| {
            seen.lag = Ok(measured(0.4, 301))
        }),
        (
            "unknown lag",
            Question::ReplicationLag,
            Verdict::Fail,
            "unknown: no value",
            |seen| {
                seen.lag = Ok(Lag::Unknown("no value".to_owned()));
            },
        ),
        (
            "denied lag",
            Question::ReplicationLag,
            Verdict::Fail,
            "could not be asked: AccessDenied",
            |seen| {
                seen.lag = Err("AccessDenied".to_owned());
            },
        ),
        (
            "a key that ends",
            Question::EncryptionKey,
            Verdict::Fail,
            "PendingDeletion",
            |seen| {
                seen.key.as_mut().unwrap().as_mut().unwrap().state = "PendingDeletion".to_owned();
            },
        ),
        (
            "unprotected",
            Question::DeletionProtection,
            Verdict::Warn,
            "off for unishop-recovery",
            |seen| {
                seen.cluster.as_mut().unwrap().protected = false;
            },
        ),
    ];
    for (name, question, verdict, value, change) in cases {
        let mut seen = healthy();
        change(&mut seen);
        let told = told(&request("auto"), &seen);
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert_eq!((told[0].question, told[0].verdict), (question, verdict), "{name}");
        assert!(told[0].seen.contains(value) && told[0].remedy.is_some(), "{name}: {}", told[0]);
    }
}

#[test]
fn a_lag_up_to_the_rpo_passes() {
    let seen = Seen {
        lag: Ok(measured(60.0, 300)),
        ..healthy()
    };
    assert_eq!(told(&request("auto"), &seen), []);
}

#[test]
fn differing_versions_fail_where_the_plan_insists_on_a_managed_failover_and_pass_where_it_asks_for_a_detach() {
    let mut seen = healthy();
    seen.cluster.as_mut().unwrap().cluster.engine_version = Some("16.4".to_owned());
    assert_eq!(told(&request("failover"), &seen)[0].verdict, Verdict::Fail);
    assert_eq!(told(&request("detach"), &seen), []);
}

#[test]
fn a_database_that_is_not_there_fails_what_hangs_on_it() {
    let seen = Seen {
        global: None,
        cluster: None,
        instances: Ok(vec![]),
        key: Ok(None),
        ..healthy()
    };
    let failing: Vec<Question> = told(&request("auto"), &seen).iter().map(|answer| answer.question).collect();
    let expected = [
        Question::GlobalCluster,
        Question::Members,
        Question::ClusterHealth,
        Question::EngineVersions,
        Question::ClusterInstances,
    ];
    assert_eq!(failing, expected);
}
