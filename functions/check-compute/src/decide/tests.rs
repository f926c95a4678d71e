//! Table tests: what each question comes to, and that one mistake answers one question.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;

use images::{State, tags};
use launch_instances::decide::check::{Reservation, Subnet, Template};
use launch_instances::decide::serve::{Address, Holder};
use readiness::Verdict;
use serde_json::json;

use super::*;

const SUBNETS: [&str; 2] = ["subnet-00000001", "subnet-00000002"];

fn request(change: &serde_json::Value) -> Request {
    let mut launch = json!({
        "launchTemplate": "lt-0123456789abcdef0",
        "instanceTypes": ["m7g.large", "m6g.large"],
        "subnets": SUBNETS,
        "securityGroups": [],
        "count": 2,
        "elasticIp": null,
        "targetGroups": [],
        "capacityReservation": "cr-0123456789abcdef0",
        "image": {"pointer": "/relight/unishop/image"},
    });
    launch.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let request = json!({"run": "check-1", "workload": "unishop", "launch": launch, "group": null, "imageMaximumAgeSeconds": 3_600});
    serde_json::from_value(request).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

fn image(made: &str) -> Image {
    Image {
        id: "ami-00000001".parse().unwrap(),
        name: "relight-unishop-1".to_owned(),
        state: State::Available,
        created: made.parse().unwrap(),
        tags: [(tags::PROVEN.to_owned(), made.to_owned())].into(),
        snapshots: vec![],
    }
}

fn subnet(zone: &str, free: usize) -> Subnet {
    Subnet {
        zone: zone.to_owned(),
        vpc: "vpc-1".to_owned(),
        available: true,
        free,
    }
}

fn healthy() -> Around {
    let subnets = SUBNETS
        .map(|id| id.parse().unwrap())
        .into_iter()
        .zip([subnet("us-west-1a", 1), subnet("us-west-1b", 1)]);
    let offered = ["m7g.large", "m6g.large"].map(|name| (name.parse().unwrap(), "us-west-1a".to_owned()));
    Around {
        surroundings: Ok(Surroundings {
            image: Ok(Some("ami-00000001".parse().unwrap())),
            template: Ok(Template { has_interfaces: false }),
            subnets: subnets.collect(),
            offered: offered.into(),
            address: None,
            target_groups: BTreeMap::new(),
            reservation: Some(Reservation {
                instance_type: "m7g.large".parse().unwrap(),
                zone: "us-west-1a".to_owned(),
                state: "active".to_owned(),
                free: 2,
            }),
        }),
        security_groups: Ok((["sg-1".to_owned()].into(), BTreeSet::new())),
        images: Ok(vec![image("2026-11-21T03:00:00Z")]),
        quota: Ok(Quota {
            limit: 32.0,
            used: 28,
            sizes: ["m7g.large", "m6g.large"].map(|name| (name.parse().unwrap(), 2)).into(),
        }),
    }
}

/// What doesn't pass; every question is answered, in order.
fn told(request: &Request, around: Around) -> Vec<Answer> {
    let seen = Seen {
        around: Some(around),
        group_maximum: None,
    };
    let answers = answers(request, &seen, now());
    let asked: Vec<Question> = answers.iter().map(|answer| answer.question).collect();
    let ours: Vec<Question> = Question::ALL
        .iter()
        .copied()
        .filter(|question| question.asker() == Asker::Compute)
        .collect();
    assert_eq!(asked, ours);
    answers.into_iter().filter(|answer| answer.verdict > Verdict::Pass).collect()
}

#[test]
fn everything_there_passes_every_question() {
    assert_eq!(told(&request(&json!({})), healthy()), []);
}

type Change = fn(&mut Around, &mut Surroundings);

#[test]
fn each_mistake_is_the_answer_to_one_question_with_the_value_and_a_remedy() {
    let cases: [(&str, Question, Verdict, &str, Change); 13] = [
        (
            "no pointer",
            Question::Image,
            Verdict::Fail,
            "/relight/unishop/image does not exist",
            |_, seen| {
                seen.image = Err(Problem::NoPointer("/relight/unishop/image".parse().unwrap()));
            },
        ),
        ("an old image", Question::ImageAge, Verdict::Fail, "3601 s old", |seen, _| {
            seen.images = Ok(vec![image("2026-11-21T02:59:59Z")])
        }),
        (
            "no proven image",
            Question::ImageAge,
            Verdict::Fail,
            "no image is proven",
            |seen, _| seen.images = Ok(vec![]),
        ),
        (
            "denied images",
            Question::ImageAge,
            Verdict::Fail,
            "could not be asked: denied",
            |seen, _| seen.images = Err("denied".to_owned()),
        ),
        (
            "interfaces",
            Question::LaunchTemplate,
            Verdict::Fail,
            "has network interfaces",
            |_, seen| {
                seen.template = Ok(Template { has_interfaces: true });
            },
        ),
        ("no group", Question::SecurityGroups, Verdict::Fail, "sg-1 not there", |seen, _| {
            seen.security_groups = Ok((["sg-1".to_owned()].into(), ["sg-1".to_owned()].into()));
        }),
        (
            "a subnet in the making",
            Question::Subnets,
            Verdict::Fail,
            "subnet-00000001 is not available",
            |_, seen| {
                seen.subnets.get_mut(&"subnet-00000001".parse().unwrap()).unwrap().available = false;
            },
        ),
        (
            "full",
            Question::FreeAddresses,
            Verdict::Fail,
            "fewer than the 2 instances",
            |_, seen| {
                seen.subnets.get_mut(&"subnet-00000001".parse().unwrap()).unwrap().free = 0;
            },
        ),
        (
            "not offered",
            Question::InstanceTypes,
            Verdict::Fail,
            "m6g.large is not offered",
            |_, seen| {
                seen.offered.retain(|(name, _)| name.as_str() == "m7g.large");
            },
        ),
        (
            "no quota left",
            Question::VcpuQuota,
            Verdict::Fail,
            "29 in use, must be within the quota of 32",
            |seen, _| {
                seen.quota.as_mut().unwrap().used = 29;
            },
        ),
        (
            "an ended reservation",
            Question::CapacityReservation,
            Verdict::Warn,
            "is expired",
            |_, seen| {
                seen.reservation.as_mut().unwrap().state = "expired".to_owned();
            },
        ),
        (
            "a small reservation",
            Question::CapacityReservation,
            Verdict::Warn,
            "room for 1 of 2",
            |_, seen| {
                seen.reservation.as_mut().unwrap().free = 1;
            },
        ),
        (
            "denied quota",
            Question::VcpuQuota,
            Verdict::Fail,
            "could not be asked: denied",
            |seen, _| seen.quota = Err("denied".to_owned()),
        ),
    ];
    for (name, question, verdict, value, change) in cases {
        let mut around = healthy();
        let mut surroundings = around.surroundings.clone().unwrap();
        change(&mut around, &mut surroundings);
        around.surroundings = Ok(surroundings);
        let told = told(&request(&json!({})), around);
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert_eq!((told[0].question, told[0].verdict), (question, verdict), "{name}");
        assert!(
            told[0].to_string().contains(value) && told[0].remedy.is_some(),
            "{name}: {}",
            told[0]
        );
    }
}

#[test]
fn a_foreign_elastic_ip_and_a_missing_target_group_fail() {
    let mut around = healthy();
    let surroundings = around.surroundings.as_mut().unwrap();
    surroundings.address = Some(Address {
        id: "eipalloc-0123456789abcdef0".parse().unwrap(),
        public_ip: "203.0.113.1".to_owned(),
        holder: Holder::Interface("eni-1".to_owned()),
    });
    let arn = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";
    let request = request(&json!({"elasticIp": "eipalloc-0123456789abcdef0", "targetGroups": [arn]}));
    let told: Vec<Question> = told(&request, around).iter().map(|answer| answer.question).collect();
    assert_eq!(told, [Question::ElasticIp, Question::TargetGroups]);
}

#[test]
fn a_family_with_a_quota_of_its_own_warns() {
    let mut around = healthy();
    let offered = &mut around.surroundings.as_mut().unwrap().offered;
    offered.insert(("p5.48xlarge".parse().unwrap(), "us-west-1a".to_owned()));
    let told = told(&request(&json!({"instanceTypes": ["m7g.large", "p5.48xlarge"]})), around);
    assert_eq!(
        (told.len(), told[0].question, told[0].verdict),
        (1, Question::VcpuQuota, Verdict::Warn)
    );
}

#[test]
fn what_launch_instances_can_not_see_fails_all_that_it_looks_at() {
    let around = Around {
        surroundings: Err("describe the plan's subnets: denied".to_owned()),
        ..healthy()
    };
    let told = told(&request(&json!({})), around);
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.iter().all(|answer| answer.seen.contains("denied")), "{told:?}");
}

#[test]
fn a_group_that_is_missing_fails_and_one_that_must_be_allowed_to_grow_warns() {
    let mut request = request(&json!({}));
    request.launch = None;
    request.group = serde_json::from_value(json!({"name": "shop", "fullSize": 4})).ok();
    for (maximum, verdict) in [(None, Some(Verdict::Fail)), (Some(3), Some(Verdict::Warn)), (Some(4), None)] {
        let seen = Seen {
            around: None,
            group_maximum: maximum,
        };
        let told: Vec<Answer> = answers(&request, &seen, now())
            .into_iter()
            .filter(|answer| answer.verdict > Verdict::Pass)
            .collect();
        let told: Vec<_> = told.iter().map(|answer| (answer.question, answer.verdict)).collect();
        let expected: Vec<_> = verdict.into_iter().map(|verdict| (Question::GroupSize, verdict)).collect();
        assert_eq!(told, expected, "{maximum:?}");
    }
}
