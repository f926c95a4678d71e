//! Launches the workload's instances from its newest proven image, and leads users to them once they pass their checks.
//!
//! Launching is control-plane work of the recovery Region; pilot light accepts that. Missing capacity is met by other
//! types, other subnets and a capacity reservation. Repeating a call is harmless: the run's instances are looked for
//! first, only what is missing is launched, and a repeated launch has the client token of the first.
//!
//! A run that goes on from one that stopped partway asks under that one's tag, and finds its instances. Those that live
//! are kept, whatever the image pointer names by now; to have one replaced, terminate it and start again. Those that are
//! gone stop only the run that asked for them: a later one launches others in their place. Which run asked stands in the
//! client token, by the time at which its machine first did; so one run's calls must all say the same `since`.
//!
//! One hole is left: while EC2's list lags behind a launch that fell back, or that an earlier run made just before, a
//! repeated call may launch one instance too many. The reply says so; tokens alone can't tell, since EC2 ties each to its
//! pool, and to an instance that is gone for a day.
//!
//! Deliberately absent: nothing is terminated here, neither a failed instance (its state is the evidence) nor a surplus
//! one; terminate-instances removes what a run launched.

mod aws;
pub mod decide;
pub mod error;
mod execute;
pub mod io;
mod plan;

use action::{Call, Mode, clock};
use jiff::Timestamp;

pub use aws::{Clients, surroundings};
use decide::fleet::{Fleet, blocks, fleet, ours};
use decide::pools::ATTEMPTS;
use error::Error;
use io::{ImageChoice, Reply, Request};

/// The action's name.
pub const NAME: &str = "launch-instances";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("ec2:DescribeAddresses"),
    Call::read("ec2:DescribeCapacityReservations"),
    Call::read("ec2:DescribeImages"),
    Call::read("ec2:DescribeInstanceStatus"),
    Call::read("ec2:DescribeInstanceTypeOfferings"),
    Call::read("ec2:DescribeInstances"),
    Call::read("ec2:DescribeLaunchTemplateVersions"),
    Call::read("ec2:DescribeSubnets"),
    Call::read("elasticloadbalancing:DescribeTargetGroups"),
    Call::read("elasticloadbalancing:DescribeTargetHealth"),
    Call::read("ssm:GetParameter"),
    Call::change("ec2:AssociateAddress"),
    Call::change("ec2:RunInstances"),
    Call::change("elasticloadbalancing:RegisterTargets"),
];

/// What the role needs beside [`CALLS`] for RunInstances: its tags, and the launch template's instance profile
/// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html).
pub const IMPLIED: &[Call] = &[Call::change("ec2:CreateTags"), Call::change("iam:PassRole")];

/// The most calls that follow each other in one invocation: [`ATTEMPTS`] launches after four reads. The function's
/// time-out is longer than so many times [`action::aws::CALL_TIMEOUT`].
pub const LONGEST_CHAIN: usize = ATTEMPTS + 4;

/// Launches what is missing of the run's instances, and says what is still waited for.
///
/// # Errors
/// In plan mode: everything that a launch needs and that isn't there, in one message. In execute mode: an instance of
/// this run that is gone, capacity that is nowhere and won't come, an elastic IP that someone else has, a deadline that has passed,
/// and calls that AWS refuses.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    sound(&request)?;
    let blocks = blocks(&request.run, &request.workload, request.since, request.launch.count);
    let seen = aws::instances(&clients.ec2, &request.run, &request.workload).await?;
    let ours = ours(&blocks, &seen);
    let fleet = fleet(&blocks, &ours.kept).map_err(Error::Gone)?;
    let Some(permit) = request.mode.permit() else {
        let missing = if let Fleet::Missing(missing) = fleet { missing } else { vec![] };
        return plan::plan(&request, clients, &missing, &ours).await;
    };
    match fleet {
        Fleet::Missing(missing) => execute::launch(&request, clients, &missing, &ours.kept, now, &permit).await,
        Fleet::Starting(why) => execute::waiting(&request, why, &ours.kept, now),
        Fleet::Running(instances) => execute::lead_users(&request, clients, &instances, now, &permit).await,
    }
}

/// What the request's types can't say.
fn sound(request: &Request) -> Result<(), Error> {
    let launch = &request.launch;
    if request.mode == Mode::Execute && launch.image == ImageChoice::Unmade {
        Err(Error::Request("launch.image is unmade, which only plan mode can look past"))
    } else if launch.instance_types.is_empty() {
        Err(Error::Request("launch.instanceTypes is empty"))
    } else if launch.subnets.is_empty() {
        Err(Error::Request("launch.subnets is empty"))
    } else if !(1..=100).contains(&launch.count) {
        Err(Error::Request("launch.count is not between 1 and 100"))
    } else if launch.elastic_ip.is_some() && launch.count != 1 {
        Err(Error::Request("launch.elasticIp is for one instance; launch.count is more than 1"))
    } else {
        Ok(())
    }
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks what the clients need, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        ec2: aws_sdk_ec2::Client::new(&config),
        elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
