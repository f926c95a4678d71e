//! Asks of the recovery Region's compute what would stop a launch, or a group's growth.
//!
//! What a launch needs is looked at by launch-instances' own code, so that readiness and the launch never disagree. The
//! dry run is left to launch-instances itself: it is the permission of its role that counts.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, clock};
use jiff::Timestamp;

use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-compute";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("autoscaling:DescribeAutoScalingGroups"),
    Call::read("ec2:DescribeAddresses"),
    Call::read("ec2:DescribeCapacityReservations"),
    Call::read("ec2:DescribeImages"),
    Call::read("ec2:DescribeInstanceTypeOfferings"),
    Call::read("ec2:DescribeInstanceTypes"),
    Call::read("ec2:DescribeInstances"),
    Call::read("ec2:DescribeLaunchTemplateVersions"),
    Call::read("ec2:DescribeSecurityGroups"),
    Call::read("ec2:DescribeSubnets"),
    Call::read("elasticloadbalancing:DescribeTargetGroups"),
    Call::read("servicequotas:GetServiceQuota"),
    Call::read("ssm:GetParameter"),
];

/// The clients that this action needs, all of the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// What launch-instances looks with.
    pub launch: launch_instances::Clients,
    /// The group.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// The quota.
    pub quotas: aws_sdk_servicequotas::Client,
}

/// Looks, and answers each of its questions.
///
/// # Errors
/// When the launch template or the group, whichever the plan has, can't be read. What else can't be read is the answer to
/// its own question.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let seen = aws::observe(clients, &request).await?;
    Ok(Reply::new(decide::answers(&request, &seen, now)))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        launch: launch_instances::Clients {
            ec2: aws_sdk_ec2::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
        },
        autoscaling: aws_sdk_autoscaling::Client::new(&config),
        quotas: aws_sdk_servicequotas::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
