//! Where to launch: the pools of capacity in the order in which they are tried, and what a refusal by one says about
//! the others.

use std::fmt;

use action::ids::{CapacityReservationId, InstanceType, SubnetId};

use crate::io::Launch;

/// How many launches are tried in one invocation; the machine asks again for the rest.
pub const ATTEMPTS: usize = 12;

/// One place where instances may be had: a type in a subnet, within a capacity reservation or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The instance type.
    pub instance_type: InstanceType,
    /// The subnet, which fixes the Availability Zone.
    pub subnet: SubnetId,
    /// The capacity reservation to take from.
    pub reservation: Option<CapacityReservationId>,
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.instance_type, self.subnet)?;
        match &self.reservation {
            Some(reservation) => write!(f, " within {reservation}"),
            None => Ok(()),
        }
    }
}

/// A capacity reservation that is there and active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The reservation.
    pub id: CapacityReservationId,
    /// The type that it is for.
    pub instance_type: InstanceType,
    /// The plan's subnets in its Availability Zone.
    pub subnets: Vec<SubnetId>,
}

/// The pools for one block: the reservation first, then each type in each subnet.
///
/// Each block begins with another subnet, so that a fleet spreads over the zones. A list that is longer than one
/// invocation may try begins elsewhere every second, so that every pool gets its turn.
pub fn pools(launch: &Launch, reserved: Option<&Reserved>, block: usize, seconds: u64) -> Vec<Pool> {
    let within = reserved
        .filter(|reserved| launch.instance_types.contains(&reserved.instance_type))
        .into_iter()
        .flat_map(|reserved| {
            reserved.subnets.iter().map(|subnet| Pool {
                instance_type: reserved.instance_type.clone(),
                subnet: subnet.clone(),
                reservation: Some(reserved.id.clone()),
            })
        });
    let turned = launch.subnets.iter().cycle().skip(block % launch.subnets.len().max(1));
    let outside = launch.instance_types.iter().flat_map(|instance_type| {
        turned.clone().take(launch.subnets.len()).map(|subnet| Pool {
            instance_type: instance_type.clone(),
            subnet: subnet.clone(),
            reservation: None,
        })
    });
    let mut pools: Vec<Pool> = within.chain(outside).collect();
    if pools.len() > ATTEMPTS {
        let turn = usize::try_from(seconds).unwrap_or_default() % pools.len();
        pools.rotate_left(turn);
    }
    pools
}

/// How far a refusal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Pool,
    Subnet,
    Type,
}

/// A pool that could not give what was asked, though another one may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    pool: Pool,
    code: String,
    reach: Reach,
    passing: bool,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pool, self.code)
    }
}

impl Lack {
    /// What an error code of RunInstances says about `pool`, if it says "try elsewhere"; None for every other error.
    ///
    /// Codes: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, client and server errors. Those
    /// that may pass by themselves are waited for; a run doesn't wait for the others.
    pub fn from_code(code: &str, pool: &Pool) -> Option<Self> {
        let (reach, passing) = match code {
            "InsufficientInstanceCapacity"
            | "InsufficientHostCapacity"
            | "InsufficientCapacityOnHost"
            | "InsufficientReservedInstanceCapacity"
            | "InsufficientReservedInstancesCapacity"
            | "InsufficientVolumeCapacity"
            | "ReservationCapacityExceeded"
            | "SpotMaxPriceTooLow" => (Reach::Pool, true),
            "InsufficientFreeAddressesInSubnet" => (Reach::Subnet, true),
            // A zone without the type, or with constraints on it.
            "Unsupported" => (Reach::Pool, false),
            "InvalidSubnetID.NotFound" => (Reach::Subnet, false),
            // Quotas count by group of instance families, so another type may have room. The last two are a type that
            // EC2 doesn't know or that the image can't boot on: no reason to stop a recovery while there are others.
            "VcpuLimitExceeded"
            | "InstanceLimitExceeded"
            | "MaxSpotInstanceCountExceeded"
            | "UnsupportedOperation"
            | "InvalidParameterValue" => (Reach::Type, false),
            _ => return None,
        };
        Some(Self {
            pool: pool.clone(),
            code: code.to_owned(),
            reach,
            passing,
        })
    }

    fn rules_out(&self, pool: &Pool) -> bool {
        match self.reach {
            Reach::Pool => self.pool == *pool,
            Reach::Subnet => self.pool.subnet == pool.subnet,
            Reach::Type => self.pool.instance_type == pool.instance_type,
        }
    }
}

/// The next pool to try, given what the others lacked.
pub fn next<'a>(pools: &'a [Pool], lacks: &[Lack]) -> Option<&'a Pool> {
    pools.iter().find(|pool| !lacks.iter().any(|lack| lack.rules_out(pool)))
}

/// Whether waiting may help where every pool lacks something.
pub fn may_pass(lacks: &[Lack]) -> bool {
    lacks.iter().any(|lack| lack.passing)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn pool(instance_type: &str, subnet: &str) -> Pool {
        Pool {
            instance_type: instance_type.parse().unwrap(),
            subnet: format!("subnet-0000000{subnet}").parse().unwrap(),
            reservation: None,
        }
    }

    pub(crate) fn launch(types: &[&str], subnets: &[&str], count: u16) -> Launch {
        Launch {
            launch_template: "lt-0123456789abcdef0".parse().unwrap(),
            instance_types: types.iter().map(|name| name.parse().unwrap()).collect(),
            subnets: subnets
                .iter()
                .map(|name| format!("subnet-0000000{name}").parse().unwrap())
                .collect(),
            count,
            elastic_ip: None,
            target_groups: vec![],
            capacity_reservation: None,
            security_groups: vec![],
            image: crate::io::ImageChoice::Pointer("/relight/unishop/image".parse().unwrap()),
        }
    }

    fn names(pools: &[Pool]) -> Vec<String> {
        pools.iter().map(Pool::to_string).collect()
    }

    #[test]
    fn types_are_preferred_over_subnets_and_blocks_spread_over_subnets() {
        let launch = launch(&["m7g.large", "m6g.large"], &["a", "b"], 2);
        assert_eq!(
            pools(&launch, None, 0, 0),
            [
                pool("m7g.large", "a"),
                pool("m7g.large", "b"),
                pool("m6g.large", "a"),
                pool("m6g.large", "b")
            ]
        );
        assert_eq!(pools(&launch, None, 1, 0).first(), Some(&pool("m7g.large", "b")));
        assert_eq!(pools(&launch, None, 2, 0).first(), Some(&pool("m7g.large", "a")));
    }

    #[test]
    fn a_reservation_comes_first_and_is_not_the_only_way() {
        let launch = launch(&["m7g.large", "m6g.large"], &["a", "b"], 1);
        let mut reserved = Reserved {
            id: "cr-00000001".parse().unwrap(),
            instance_type: "m6g.large".parse().unwrap(),
            subnets: vec!["subnet-0000000b".parse().unwrap()],
        };
        let with = pools(&launch, Some(&reserved), 0, 0);
        assert_eq!(
            names(&with)[..2],
            ["m6g.large in subnet-0000000b within cr-00000001", "m7g.large in subnet-0000000a"]
        );
        assert_eq!(with.len(), 5);
        reserved.instance_type = "c7g.large".parse().unwrap();
        assert_eq!(pools(&launch, Some(&reserved), 0, 0), pools(&launch, None, 0, 0));
    }

    #[test]
    fn a_short_list_always_begins_at_its_beginning() {
        let launch = launch(&["m7g.large", "m6g.large"], &["a", "b"], 1);
        assert!((0..100).all(|second| pools(&launch, None, 0, second) == pools(&launch, None, 0, 0)));
    }

    #[test]
    fn every_pool_of_a_long_list_gets_its_turn() {
        let launch = launch(&["m7g.large", "m6g.large", "c7g.large", "c6g.large"], &["a", "b", "c", "d", "e"], 1);
        let all = names(&pools(&launch, None, 0, 0));
        let tried: Vec<String> = (0..20).map(|second| names(&pools(&launch, None, 0, second)).remove(0)).collect();
        assert!(all.iter().all(|pool| tried.contains(pool)));
    }

    #[test]
    fn a_refusal_rules_out_as_much_as_its_code_says() {
        let all = pools(&launch(&["m7g.large", "m6g.large"], &["a", "b"], 1), None, 0, 0);
        let first = pool("m7g.large", "a");
        for (code, next_pool, passing) in [
            ("InsufficientInstanceCapacity", pool("m7g.large", "b"), true),
            ("InsufficientHostCapacity", pool("m7g.large", "b"), true),
            ("ReservationCapacityExceeded", pool("m7g.large", "b"), true),
            ("Unsupported", pool("m7g.large", "b"), false),
            ("InsufficientFreeAddressesInSubnet", pool("m7g.large", "b"), true),
            ("InvalidSubnetID.NotFound", pool("m7g.large", "b"), false),
            ("VcpuLimitExceeded", pool("m6g.large", "a"), false),
            ("InvalidParameterValue", pool("m6g.large", "a"), false),
        ] {
            let lacks = [Lack::from_code(code, &first).unwrap()];
            assert_eq!(next(&all, &lacks), Some(&next_pool), "{code}");
            assert_eq!(may_pass(&lacks), passing, "{code}");
        }
    }

    #[test]
    fn a_full_subnet_and_a_full_quota_leave_the_last_corner() {
        let all = pools(&launch(&["m7g.large", "m6g.large"], &["a", "b"], 1), None, 0, 0);
        let mut lacks: Vec<Lack> = [
            Lack::from_code("InsufficientFreeAddressesInSubnet", &pool("m7g.large", "a")),
            Lack::from_code("VcpuLimitExceeded", &pool("m7g.large", "b")),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(next(&all, &lacks), Some(&pool("m6g.large", "b")));
        lacks.extend(Lack::from_code("Unsupported", &pool("m6g.large", "b")));
        assert_eq!(next(&all, &lacks), None);
    }

    #[test]
    fn errors_that_no_other_pool_can_mend_are_no_lack() {
        for code in [
            "UnauthorizedOperation",
            "InvalidAMIID.NotFound",
            "IdempotentParameterMismatch",
            "InternalError",
            "DryRunOperation",
        ] {
            assert_eq!(Lack::from_code(code, &pool("m7g.large", "a")), None, "{code}");
        }
    }
}
