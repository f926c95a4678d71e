//! What the calls of a plan would take and cost, as far as that can be known beforehand. Pure.
//!
//! The figures are AWS's own words for what is typical, not a promise. What depends on the amount of data has none.

use action::PlannedCall;

use crate::definition::Definition;
use crate::report::{Estimate, ReportedCall, Step};

/// What is known of a call before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// How long what it sets off typically takes, in seconds; none where it depends on the amount of data.
    pub seconds: Option<u64>,
    /// What AWS charges for it.
    pub cost: &'static str,
}

const fn known(seconds: u64, cost: &'static str) -> Known {
    Known {
        seconds: Some(seconds),
        cost,
    }
}

const NOTHING: &str = "nothing";

/// What is known of a call by its IAM action; none for one that no action of Relight makes.
pub fn of(iam_action: &str) -> Option<Known> {
    Some(match iam_action {
        // "typically ... in minutes" for the whole outage, about one for the call itself
        // (AuroraUserGuide/aurora-global-database-disaster-recovery.html).
        "rds:FailoverGlobalCluster" => known(60, "nothing for the call; replication between the Regions goes on"),
        // "a few minutes": the promotion restarts the cluster's instances (same page, "Performing an unplanned failover").
        "rds:RemoveFromGlobalCluster" => known(180, "nothing for the call; replication between the Regions ends"),
        // Pending for about half a minute, then both status checks, which run every minute
        // (AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html).
        "ec2:RunInstances" => known(150, "each instance by the second, and its volumes, until they are terminated"),
        "ec2:TerminateInstances" => known(60, "nothing; what the instances cost ends"),
        "ec2:StopInstances" => known(60, "nothing; the volumes of stopped instances are charged on"),
        "ec2:CreateImage" => Known {
            seconds: None,
            cost: "a snapshot of each volume, by the GB and month",
        },
        "ec2:CopyImage" => Known {
            seconds: None,
            cost: "a snapshot of each volume in the other Region, by the GB and month, and its transfer by the GB",
        },
        "ec2:DeregisterImage" => known(1, "nothing; what its snapshots cost ends"),
        "ec2:AssociateAddress" => known(1, "nothing; a public IPv4 address is charged by the hour wherever it leads"),
        // Its instances pass the same states as those of a launch.
        "autoscaling:UpdateAutoScalingGroup" => known(150, "what the group's instances cost, by its new size"),
        "rds:CopyDBClusterSnapshot" => Known {
            seconds: None,
            cost: "the snapshot's storage, by the GB and month",
        },
        "ec2:CreateTags" | "elasticloadbalancing:RegisterTargets" | "ssm:PutParameter" => known(1, NOTHING),
        "states:StartExecution" => Known {
            seconds: None,
            cost: "what the hook's own state machine costs",
        },
        // The alarm hears within a minute or two, and health checkers and caches of names follow it: docs/traffic.md.
        "cloudwatch:PutMetricData" => known(120, "less than 0.0001 USD a call; the metric itself, by the month"),
        "route53-recovery-cluster:UpdateRoutingControlStates" => known(60, "nothing for the call; the cluster is charged by the hour"),
        "states:SendTaskSuccess" | "states:SendTaskFailure" | "lambda:InvokeFunction" => known(1, "less than 0.0001 USD"),
        "dynamodb:PutItem" | "dynamodb:UpdateItem" | "dynamodb:DeleteItem" | "s3:PutObject" | "sns:Publish" => {
            known(1, "less than 0.0001 USD")
        }
        _ => return None,
    })
}

/// The call as a report lists it.
pub fn reported(step: &str, call: PlannedCall) -> ReportedCall {
    let known = of(&call.iam_action);
    ReportedCall {
        step: step.to_owned(),
        iam_action: call.iam_action,
        region: call.region,
        arguments: call.arguments,
        typical_seconds: known.and_then(|known| known.seconds),
        cost: known.map_or("not known", |known| known.cost).to_owned(),
    }
}

/// How long all of it would typically take: along the longest way through the steps, since what stands in different branches
/// runs side by side. None without calls.
pub fn estimate(steps: &[Step], calls: &[ReportedCall], definition: &Definition) -> Option<Estimate> {
    if calls.is_empty() {
        return None;
    }
    let seconds = |step: &Step| {
        let own = calls.iter().filter(|call| call.step == step.name);
        own.filter_map(|call| call.typical_seconds).max().unwrap_or(0)
    };
    let mut longest: Vec<u64> = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let before = steps
            .iter()
            .zip(&longest)
            .take(index)
            .filter(|(earlier, _)| definition.leads(&earlier.name, &step.name));
        let before = before.map(|(_, seconds)| *seconds).max().unwrap_or(0);
        longest.push(before + seconds(step));
    }
    let unknown: Vec<&str> = calls
        .iter()
        .filter(|call| call.typical_seconds.is_none())
        .map(|call| call.iam_action.as_str())
        .collect();
    let unknown = match unknown.as_slice() {
        [] => String::new(),
        some => format!("; {} not counted, since that depends on the amount of data", some.join(" and ")),
    };
    Some(Estimate {
        seconds: longest.into_iter().max().unwrap_or(0),
        because: format!("what AWS typically takes along the longest way, without what people and the application itself take{unknown}"),
    })
}
