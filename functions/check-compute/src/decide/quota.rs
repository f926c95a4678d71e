//! Whether the vCPU quota leaves room for the launch.

use std::collections::BTreeMap;

use action::ids::InstanceType;
use launch_instances::io::Launch;
use readiness::{Answer, Question, unasked};

/// The families that share the standard quota.
const STANDARD: [char; 9] = ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'];
/// Families whose names begin like a standard one's, with quotas of their own.
const APART: [&str; 4] = ["dl", "hpc", "inf", "trn"];

/// The On-Demand quota of the standard families.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// How many vCPUs may run.
    pub limit: f64,
    /// How many run.
    pub used: u64,
    /// The vCPUs of the plan's types, as far as this Region has them.
    pub sizes: BTreeMap<InstanceType, u64>,
}

/// Whether instances of this type count against the standard quota.
pub fn is_standard(instance_type: &str) -> bool {
    instance_type.starts_with(STANDARD) && !APART.iter().any(|family| instance_type.starts_with(family))
}

/// Each type must fit: which one is launched is decided by capacity, when it is too late to ask for a quota.
pub(super) fn answer(launch: &Launch, quota: &Result<Quota, String>) -> Answer {
    let question = Question::VcpuQuota;
    let quota = match quota {
        Err(why) => return unasked(question, why),
        Ok(quota) => quota,
    };
    if let Some(other) = launch.instance_types.iter().find(|name| !is_standard(name.as_str())) {
        return Answer::warn(
            question,
            format!("{other} has a quota of its own, which Relight does not know"),
            "a standard family (A, C, D, H, I, M, R, T, Z)",
            "look at its quota in the recovery Region (Service Quotas, Amazon EC2)",
        );
    }
    let largest = launch
        .instance_types
        .iter()
        .filter_map(|name| Some((quota.sizes.get(name)?, name)))
        .max();
    let Some((size, name)) = largest else {
        let remedy = "name types that the recovery Region has";
        return Answer::fail(
            question,
            "this Region has none of the plan's types",
            "a type with known vCPUs",
            remedy,
        );
    };
    let need = u64::from(launch.count) * size;
    let seen = format!("{need} vCPUs for {} {name}, {} in use", launch.count, quota.used);
    let limit = format!("within the quota of {} together", quota.limit);
    // Exact below 2^52 vCPUs.
    let fits = (quota.used + need) as f64 <= quota.limit;
    if fits {
        Answer::pass(question, seen, limit)
    } else {
        let remedy = format!(
            "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value {}",
            quota.used + need
        );
        Answer::fail(question, seen, limit, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_standard_families_share_the_standard_quota() {
        for name in [
            "m7g.large",
            "t4g.micro",
            "r6i.large",
            "i4i.large",
            "d3.xlarge",
            "hs1.8xlarge",
            "a1.large",
        ] {
            assert!(is_standard(name), "{name}");
        }
        for name in [
            "g5.xlarge",
            "p5.48xlarge",
            "inf2.xlarge",
            "trn1.2xlarge",
            "dl1.24xlarge",
            "hpc7g.4xlarge",
            "x2gd.large",
            "f1.2xlarge",
        ] {
            assert!(!is_standard(name), "{name}");
        }
    }
}
