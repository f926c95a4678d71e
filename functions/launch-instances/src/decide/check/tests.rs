//! Each thing that can be missing, one at a time.

use super::super::pools::tests::launch as asked;
use super::super::serve::Holder;
use super::*;

const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";

fn subnet(zone: &str) -> Subnet {
    Subnet {
        zone: zone.to_owned(),
        vpc: "vpc-1".to_owned(),
        available: true,
        free: 10,
    }
}

fn launch() -> Launch {
    Launch {
        elastic_ip: Some("eipalloc-00000001".parse().unwrap()),
        target_groups: vec![GROUP.parse().unwrap()],
        capacity_reservation: Some("cr-00000001".parse().unwrap()),
        ..asked(&["m7g.large", "m6g.large"], &["a", "b"], 1)
    }
}

fn around() -> Surroundings {
    let names = ["m7g.large", "m6g.large"];
    Surroundings {
        image: Ok(Some("ami-00000001".parse().unwrap())),
        template: Ok(Template { has_interfaces: false }),
        subnets: [("a", "us-west-1a"), ("b", "us-west-1b")]
            .map(|(id, zone)| (format!("subnet-0000000{id}").parse().unwrap(), subnet(zone)))
            .into(),
        offered: names.map(|name| (name.parse().unwrap(), "us-west-1a".to_owned())).into(),
        address: Some(Address {
            id: "eipalloc-00000001".parse().unwrap(),
            public_ip: "203.0.113.7".to_owned(),
            holder: Holder::Nobody,
        }),
        target_groups: BTreeMap::from([(
            GROUP.parse().unwrap(),
            TargetGroup {
                kind: "instance".to_owned(),
                vpc: "vpc-1".to_owned(),
                used: true,
            },
        )]),
        reservation: Some(Reservation {
            instance_type: "m6g.large".parse().unwrap(),
            zone: "us-west-1a".to_owned(),
            state: ACTIVE.to_owned(),
            free: 1,
        }),
    }
}

#[test]
fn nothing_is_wrong_where_everything_is_there() {
    assert_eq!(around().problems(&launch(), &"unishop".parse().unwrap()), []);
    assert_eq!(around().unreserved(&launch()), None);
}

#[test]
fn each_thing_that_is_not_as_needed_is_named() {
    type Change = fn(&mut Surroundings);
    let cases: [(Change, &str); 9] = [
        (
            |s| s.template = Ok(Template { has_interfaces: true }),
            "launch template lt-0123456789abcdef0 has network interfaces",
        ),
        (|s| drop(s.subnets.pop_last()), "subnet subnet-0000000b does not exist"),
        (
            |s| s.subnets.values_mut().for_each(|subnet| subnet.free = 0),
            "the subnets have 0 free addresses together, fewer than the 1",
        ),
        (
            |s| s.subnets.values_mut().for_each(|subnet| subnet.available = false),
            "subnet subnet-0000000a is not available",
        ),
        (
            |s| drop(s.offered.pop_last()),
            "instance type m7g.large is not offered in us-west-1a, us-west-1b",
        ),
        (|s| s.address = None, "elastic IP eipalloc-00000001 does not exist"),
        (|s| s.target_groups.clear(), "targetgroup/shop/0123456789abcdef does not exist"),
        (
            |s| s.target_groups.values_mut().for_each(|group| group.kind = "ip".to_owned()),
            "takes targets of type ip, not instances",
        ),
        (
            |s| s.target_groups.values_mut().for_each(|group| group.used = false),
            "is used by no load balancer",
        ),
    ];
    for (change, named) in cases {
        let mut around = around();
        change(&mut around);
        let problems = Problems(around.problems(&launch(), &"unishop".parse().unwrap()));
        assert!(problems.to_string().contains(named), "{problems}");
        assert_eq!(problems.name(), ErrorName::InvalidInput);
    }
}

#[test]
fn only_a_denied_dry_run_is_permanent() {
    let refused = |denied| Problem::Refused {
        pool: super::super::pools::tests::pool("m7g.large", "a"),
        text: "UnauthorizedOperation".to_owned(),
        denied,
    };
    assert_eq!(Problems(vec![refused(false)]).name(), ErrorName::InvalidInput);
    assert_eq!(Problems(vec![refused(false), refused(true)]).name(), ErrorName::Permanent);
}

#[test]
fn only_pools_whose_zone_has_the_type_are_left_and_the_reserved_one_comes_first() {
    let pools: Vec<String> = around().pools(&launch()).iter().map(Pool::to_string).collect();
    assert_eq!(
        pools,
        [
            "m6g.large in subnet-0000000a within cr-00000001",
            "m7g.large in subnet-0000000a",
            "m6g.large in subnet-0000000a"
        ]
    );
}

#[test]
fn a_reservation_that_does_not_fit_is_said_and_stops_nothing() {
    type Change = fn(&mut Option<Reservation>);
    let cases: [(Change, &str); 4] = [
        (|r| *r = None, "does not exist"),
        (|r| r.iter_mut().for_each(|r| r.state = "expired".to_owned()), "is expired"),
        (
            |r| r.iter_mut().for_each(|r| r.zone = "us-west-1c".to_owned()),
            "is for m6g.large in us-west-1c",
        ),
        (|r| r.iter_mut().for_each(|r| r.free = 0), "has room for 0 of 1"),
    ];
    for (change, said) in cases {
        let mut around = around();
        change(&mut around.reservation);
        let note = around.unreserved(&launch()).unwrap();
        assert!(note.contains(said), "{note}");
        assert_eq!(around.problems(&launch(), &"unishop".parse().unwrap()), []);
    }
}
