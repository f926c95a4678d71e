//! What can go wrong, and the name that each has for the machine.

use action::aws::Failure;
use action::ids::{RoutingControlArn, WorkloadName};
use action::{DeadlinePassed, ErrorName, NamedError};
use aws_smithy_types::error::operation::BuildError;
use ledger::MalformedItem;
use plan::TrafficMetric;

/// Why users are not sent where they are to go.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A method without a metric was taken for one with it.
    #[error("the method moves users by no metric")]
    NoMetric,
    /// A method without a place was taken for one with it.
    #[error("the method moves users by no parameter and no object")]
    NoPlace,
    /// Nothing would hear the metric.
    #[error(
        "no alarm of {0} watches metric {metric} in {namespace}: deploy infra/workload.yaml with MovesUsers=by-metric, or name the metric that an alarm relight-{0}-… watches as traffic.metric",
        metric = .1.metric, namespace = .1.namespace
    )]
    NoAlarm(WorkloadName, TrafficMetric),
    /// The alarms can't be read.
    #[error("describe the alarms of {0}")]
    DescribeAlarms(WorkloadName, #[source] Failure),
    /// The metric can't be put.
    #[error("put metric {0}")]
    PutMetricData(String, #[source] Failure),
    /// A control's state can't be read.
    #[error("get the state of routing control {0}")]
    GetRoutingControl(RoutingControlArn, #[source] Failure),
    /// ARC says neither On nor Off.
    #[error("routing control {0} is {1:?}, which this version does not know")]
    UnknownState(RoutingControlArn, String),
    /// A safety rule forbids the update.
    #[error(
        "a safety rule of the routing controls forbids it; Relight overrides none: change the rule, or override it by hand (aws route53-recovery-cluster update-routing-control-states --safety-rules-to-override …)"
    )]
    SafetyRule(#[source] Failure),
    /// An update lacks a part.
    #[error("make the update of the routing controls")]
    Unmade(#[source] BuildError),
    /// The controls can't be updated.
    #[error("update the routing controls")]
    UpdateRoutingControls(#[source] Failure),
    /// No endpoint answers.
    #[error("none of the routing controls' endpoints answers: {}", .0.join("; "))]
    NoEndpoint(Vec<String>),
    /// A parameter or an object can't be read, written or kept.
    #[error(transparent)]
    Place(Box<places::Error>),
    /// What sent users where they were can't be kept.
    #[error("keep in the ledger what sends the users of {0}")]
    Keep(WorkloadName, #[source] Failure),
    /// What was kept can't be read.
    #[error("read in the ledger what sent the users of {0}")]
    Kept(WorkloadName, #[source] Failure),
    /// What was kept is malformed.
    #[error("what the ledger keeps of the users of {0}")]
    Malformed(WorkloadName, #[source] Box<MalformedItem>),
    /// It isn't so in time.
    #[error("waiting for what moves users: {last}")]
    TooLate {
        /// What was seen last.
        last: String,
        /// The end of the wait.
        source: DeadlinePassed,
    },
}

impl From<places::Error> for Error {
    fn from(error: places::Error) -> Self {
        Self::Place(Box::new(error))
    }
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::NoMetric | Self::NoPlace | Self::Unmade(_) => ErrorName::InvalidInput,
            Self::NoAlarm(..) | Self::UnknownState(..) | Self::SafetyRule(_) | Self::Malformed(..) | Self::TooLate { .. } => {
                ErrorName::Permanent
            }
            // Asked again, another one may be up: at least three of five are.
            Self::NoEndpoint(_) => ErrorName::Transient,
            Self::GetRoutingControl(_, failure) | Self::UpdateRoutingControls(failure) if is_away(failure) => ErrorName::Transient,
            Self::Place(error) => error.name(),
            Self::DescribeAlarms(_, failure)
            | Self::PutMetricData(_, failure)
            | Self::GetRoutingControl(_, failure)
            | Self::UpdateRoutingControls(failure)
            | Self::Keep(_, failure)
            | Self::Kept(_, failure) => failure.name(),
        }
    }
}

/// "The cluster endpoint isn't available. Try another cluster endpoint." (model: EndpointTemporarilyUnavailableException).
fn is_away(failure: &Failure) -> bool {
    failure.is(&["EndpointTemporarilyUnavailableException"])
}
