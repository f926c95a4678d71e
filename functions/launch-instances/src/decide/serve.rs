//! Running instances: whether their checks have passed, and whether users can be led to them.

use std::collections::BTreeMap;
use std::fmt;

use action::ids::{AllocationId, InstanceId, TargetGroupArn, WorkloadName};

use super::fleet::Instance;
use super::listed;

/// Both status checks of one instance, in EC2's words; only `ok` passes.
///
/// `impaired` is waited for too: a slow boot passes through it, and the deadline bounds the wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// The instance status check.
    pub instance: String,
    /// The system status check.
    pub system: String,
}

impl Checks {
    fn passed(&self) -> bool {
        self.instance == "ok" && self.system == "ok"
    }
}

/// What a target group says about one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The group doesn't have it.
    NotRegistered,
    /// It passes the group's health checks.
    Healthy,
    /// Anything else, in Elastic Load Balancing's words.
    Other(String),
}

/// What one target group says about the instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub arn: TargetGroupArn,
    /// Its word on each instance.
    pub targets: BTreeMap<InstanceId, Target>,
}

/// The instances that `group` doesn't have yet.
pub fn unregistered<'a>(group: &Group, instances: &'a [&Instance]) -> Vec<&'a InstanceId> {
    let has = |id| matches!(group.targets.get(id), Some(Target::Healthy | Target::Other(_)));
    instances.iter().map(|one| &one.id).filter(|id| !has(*id)).collect()
}

/// What the instances are still waited for; None when every check has passed and every target is healthy.
pub fn unfinished(instances: &[&Instance], checks: &BTreeMap<InstanceId, Checks>, groups: &[Group]) -> Option<String> {
    let mut waits = Vec::new();
    for id in instances.iter().map(|one| &one.id) {
        match checks.get(id) {
            None => waits.push(format!("{id} has no status checks yet")),
            Some(checks) if !checks.passed() => waits.push(format!(
                "{id} has its instance check {} and its system check {}",
                checks.instance, checks.system
            )),
            Some(_) => {}
        }
        for group in groups {
            match group.targets.get(id) {
                Some(Target::Healthy) => {}
                Some(Target::Other(word)) => waits.push(format!("{id} is {word} in {}", short(&group.arn))),
                Some(Target::NotRegistered) | None => waits.push(format!("{id} is not yet in {}", short(&group.arn))),
            }
        }
    }
    if waits.is_empty() { None } else { Some(listed(waits)) }
}

/// A target group's name out of its ARN (`…:targetgroup/NAME/ID`).
pub fn short(arn: &TargetGroupArn) -> &str {
    arn.as_str().split('/').nth(1).unwrap_or_else(|| arn.as_str())
}

/// An elastic IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its allocation.
    pub id: AllocationId,
    /// The address itself.
    pub public_ip: String,
    /// What it leads to now.
    pub holder: Holder,
}

/// What an elastic IP address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing.
    Nobody,
    /// An instance, with its tag `relight:workload`.
    Instance(InstanceId, Option<String>),
    /// A network interface of no instance: a NAT gateway, a load balancer.
    Interface(String),
}

/// What to do with the elastic IP address.
#[derive(Debug, PartialEq, Eq)]
pub enum Lead {
    /// It leads to the instance already.
    Already,
    /// Lead it there; it leads nowhere, and the call must fail should that have changed meanwhile.
    Free,
    /// Lead it there, away from an instance of the same workload.
    Away(InstanceId),
}

/// Why the elastic IP address stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("elastic IP {address} ({id}) leads to {holder}, which is not of workload {workload}; Relight won't take it away")]
pub struct Taken {
    address: String,
    id: AllocationId,
    holder: Holder,
    workload: WorkloadName,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nothing"),
            Self::Instance(id, _) => id.fmt(f),
            Self::Interface(id) => write!(f, "network interface {id}"),
        }
    }
}

/// Whether the address may be led to `instance`; None stands for the one to be launched.
///
/// AWS would take the address from whoever has it (AssociateAddressRequest.AllowReassociation: automatic). Here it is
/// taken only from an instance of the same workload: what an earlier run left behind, and what this run replaces.
///
/// # Errors
/// When something else has it.
pub fn lead(address: &Address, workload: &WorkloadName, instance: Option<&InstanceId>) -> Result<Lead, Taken> {
    match &address.holder {
        Holder::Nobody => Ok(Lead::Free),
        Holder::Instance(holder, _) if Some(holder) == instance => Ok(Lead::Already),
        Holder::Instance(holder, Some(tag)) if tag == workload.as_str() => Ok(Lead::Away(holder.clone())),
        Holder::Instance(..) | Holder::Interface(_) => Err(Taken {
            address: address.public_ip.clone(),
            id: address.id.clone(),
            holder: address.holder.clone(),
            workload: workload.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fleet::State;
    use super::super::fleet::tests::{blocks_of, instance};
    use super::*;

    const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";

    fn group(id: &InstanceId, target: Target) -> Group {
        Group {
            arn: GROUP.parse().unwrap(),
            targets: BTreeMap::from([(id.clone(), target)]),
        }
    }

    fn checks(instance: &str, system: &str) -> Checks {
        Checks {
            instance: instance.to_owned(),
            system: system.to_owned(),
        }
    }

    #[test]
    fn nothing_is_unfinished_when_both_checks_and_the_target_are_well() {
        let one = instance("1", &blocks_of(1)[0], State::Running);
        let seen = BTreeMap::from([(one.id.clone(), checks("ok", "ok"))]);
        assert_eq!(unfinished(&[&one], &seen, &[group(&one.id, Target::Healthy)]), None);
    }

    #[test]
    fn every_check_that_is_not_ok_is_waited_for() {
        let one = instance("1", &blocks_of(1)[0], State::Running);
        for (instance_check, system_check) in [
            ("initializing", "ok"),
            ("ok", "initializing"),
            ("impaired", "ok"),
            ("insufficient-data", "ok"),
            ("ok", "not-applicable"),
            ("a status of tomorrow", "ok"),
        ] {
            let seen = BTreeMap::from([(one.id.clone(), checks(instance_check, system_check))]);
            let why = unfinished(&[&one], &seen, &[]).unwrap();
            assert_eq!(
                why,
                format!("i-00000001 has its instance check {instance_check} and its system check {system_check}")
            );
        }
        assert_eq!(
            unfinished(&[&one], &BTreeMap::new(), &[]).as_deref(),
            Some("i-00000001 has no status checks yet")
        );
    }

    #[test]
    fn a_target_that_is_not_healthy_is_waited_for_and_an_absent_one_is_registered() {
        let one = instance("1", &blocks_of(1)[0], State::Running);
        let passed = BTreeMap::from([(one.id.clone(), checks("ok", "ok"))]);
        let initial = group(&one.id, Target::Other("initial (Elb.InitialHealthChecking)".to_owned()));
        assert_eq!(
            unfinished(&[&one], &passed, std::slice::from_ref(&initial)).as_deref(),
            Some("i-00000001 is initial (Elb.InitialHealthChecking) in shop")
        );
        assert!(unregistered(&initial, &[&one]).is_empty());
        assert_eq!(unregistered(&group(&one.id, Target::NotRegistered), &[&one]), [&one.id]);
        let silent = Group {
            targets: BTreeMap::new(),
            ..initial
        };
        assert_eq!(unregistered(&silent, &[&one]), [&one.id]);
        assert!(unfinished(&[&one], &passed, &[silent]).is_some());
    }

    #[test]
    fn the_elastic_ip_is_taken_from_the_same_workload_and_from_nobody_else() {
        let workload = "unishop".parse().unwrap();
        let [ours, other]: [InstanceId; 2] = ["i-00000001", "i-00000002"].map(|id| id.parse().unwrap());
        let held = |holder| Address {
            id: "eipalloc-00000001".parse().unwrap(),
            public_ip: "203.0.113.7".to_owned(),
            holder,
        };
        let tagged = |tag: Option<&str>| held(Holder::Instance(other.clone(), tag.map(str::to_owned)));
        assert_eq!(
            lead(&held(Holder::Instance(ours.clone(), None)), &workload, Some(&ours)),
            Ok(Lead::Already)
        );
        assert_eq!(lead(&held(Holder::Nobody), &workload, Some(&ours)), Ok(Lead::Free));
        assert_eq!(
            lead(&tagged(Some("unishop")), &workload, Some(&ours)),
            Ok(Lead::Away(other.clone()))
        );
        assert_eq!(lead(&tagged(Some("unishop")), &workload, None), Ok(Lead::Away(other.clone())));
        for taken in [tagged(Some("other")), tagged(None), held(Holder::Interface("eni-1".to_owned()))] {
            let error = lead(&taken, &workload, Some(&ours)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("elastic IP 203.0.113.7 (eipalloc-00000001) leads to "),
                "{error}"
            );
        }
    }
}
