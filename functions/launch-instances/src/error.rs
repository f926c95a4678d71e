//! What can go wrong, and the name that each has for the machine.

use std::fmt;

use action::aws::Failure;
use action::ids::{
    AllocationId, AmiId, CapacityReservationId, InstanceId, LaunchTemplateId, Malformed, ParameterName, RunId, TargetGroupArn,
};
use action::{DeadlinePassed, ErrorName, NamedError};

use crate::decide::check::Problems;
use crate::decide::fleet::Gone;
use crate::decide::listed;
use crate::decide::pools::{Lack, Pool};
use crate::decide::serve::Taken;

/// Why the launch did not go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum Error {
    #[error("request: {0}")]
    Request(&'static str),
    #[error("what the launch needs: {0}")]
    Problems(Problems),
    #[error(transparent)]
    Gone(Gone),
    #[error(transparent)]
    Taken(Taken),
    #[error("elastic IP {0} does not exist any more")]
    NoAddress(AllocationId),
    #[error("{there} of {wanted} instances could be launched; nowhere is there room for more: {}", listed(.lacks))]
    NoCapacity { there: usize, wanted: usize, lacks: Vec<Lack> },
    #[error("waiting for the instances: {last}")]
    Late { last: String, source: DeadlinePassed },
    #[error("AWS's answer has no {0}")]
    Absent(&'static str),
    #[error("{field} in AWS's answer")]
    Malformed { field: &'static str, source: Malformed },
    #[error("describe instances of run {0}")]
    DescribeInstances(RunId, #[source] Failure),
    #[error("describe instance {0}")]
    DescribeInstance(InstanceId, #[source] Failure),
    #[error("describe instance status")]
    DescribeInstanceStatus(#[source] Failure),
    #[error("read image pointer {0}")]
    GetParameter(ParameterName, #[source] Failure),
    #[error("describe image {0}")]
    DescribeImages(AmiId, #[source] Failure),
    #[error("describe launch template {0}")]
    DescribeLaunchTemplate(LaunchTemplateId, #[source] Failure),
    #[error("describe the plan's subnets")]
    DescribeSubnets(#[source] Failure),
    #[error("describe instance type offerings")]
    DescribeInstanceTypeOfferings(#[source] Failure),
    #[error("describe elastic IP {0}")]
    DescribeAddresses(AllocationId, #[source] Failure),
    #[error("describe target group {0}")]
    DescribeTargetGroup(TargetGroupArn, #[source] Failure),
    #[error("describe target health of {0}")]
    DescribeTargetHealth(TargetGroupArn, #[source] Failure),
    #[error("describe capacity reservation {0}")]
    DescribeCapacityReservation(CapacityReservationId, #[source] Failure),
    #[error("launch {0}")]
    RunInstances(Box<Attempt>, #[source] Failure),
    #[error("register targets with {0}")]
    RegisterTargets(TargetGroupArn, #[source] Failure),
    #[error("associate elastic IP {0} with {1}")]
    AssociateAddress(AllocationId, InstanceId, #[source] Failure),
    #[error("write down what leads users to the instances")]
    Rehearse(#[source] Failure),
}

/// A launch that was tried.
#[derive(Debug)]
pub struct Attempt {
    /// Where.
    pub pool: Pool,
    /// From which image.
    pub image: String,
    /// By which launch template.
    pub template: LaunchTemplateId,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} by {}", self.pool, self.image, self.template)
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::Request(_) => ErrorName::InvalidInput,
            Self::Problems(problems) => problems.name(),
            Self::Gone(_)
            | Self::Taken(_)
            | Self::NoAddress(_)
            | Self::NoCapacity { .. }
            | Self::Late { .. }
            | Self::Absent(_)
            | Self::Malformed { .. } => ErrorName::Permanent,
            Self::DescribeInstances(_, failure)
            | Self::DescribeInstance(_, failure)
            | Self::DescribeInstanceStatus(failure)
            | Self::GetParameter(_, failure)
            | Self::DescribeImages(_, failure)
            | Self::DescribeLaunchTemplate(_, failure)
            | Self::DescribeSubnets(failure)
            | Self::DescribeInstanceTypeOfferings(failure)
            | Self::DescribeAddresses(_, failure)
            | Self::DescribeTargetGroup(_, failure)
            | Self::DescribeTargetHealth(_, failure)
            | Self::DescribeCapacityReservation(_, failure)
            | Self::RunInstances(_, failure)
            | Self::RegisterTargets(_, failure)
            | Self::Rehearse(failure)
            | Self::AssociateAddress(_, _, failure) => failure.name(),
        }
    }
}
