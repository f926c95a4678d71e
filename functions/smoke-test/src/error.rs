//! Why smoke-test can't answer, and which name each reason has.

use action::aws::Failure;
use action::ids::{Region, WorkloadName};
use action::{DeadlinePassed, ErrorName, NamedError};
use ledger::ReadPlanError;

use crate::address::Forbidden;
use crate::http::NoClient;

/// Why smoke-test can't answer. A site that fails its checks before the deadline is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no plan to look by.
    #[error("plan of {0}")]
    ReadPlan(WorkloadName, #[source] Box<ReadPlanError>),
    /// The plan's own address can hold no site.
    #[error("address of the site of {0} in the plan")]
    SiteAddress(WorkloadName, #[source] Forbidden),
    /// No request can be made.
    #[error("make an HTTP client")]
    NoClient(#[from] NoClient),
    /// The plan has no name that users use.
    #[error("the plan of {0} has no site.public, so that nobody knows which name users use")]
    NoPublicName(WorkloadName),
    /// Users are not seen to arrive.
    #[error("{name} of {workload} is not seen to lead to {region}: {failing}; docs/traffic.md says what may keep it")]
    NotArrived {
        /// The workload.
        workload: WorkloadName,
        /// The name that users use.
        name: String,
        /// Where it should lead.
        region: Region,
        /// Each failing check with its reason.
        failing: String,
        /// Until when it was waited for.
        source: DeadlinePassed,
    },
    /// The site was not proven in time.
    #[error("the site of {workload} in {region} is not proven: {failing}")]
    NotProven {
        /// The workload.
        workload: WorkloadName,
        /// Where its site is.
        region: Region,
        /// Each failing check with its reason.
        failing: String,
        /// Until when it was waited for.
        source: DeadlinePassed,
    },
    /// The plan proves no image.
    #[error("the plan of {0} has no [image.proof], so that nothing says how a copied image is proven")]
    NoProof(WorkloadName),
    /// The plan's address of booted copies makes no address.
    #[error("image.proof.site of {workload} makes {text:?}, which is no address")]
    ProofAddress {
        /// The workload.
        workload: WorkloadName,
        /// What was made of it.
        text: String,
        /// Why it is none.
        source: url::ParseError,
    },
    /// Execute mode has an instance to look at.
    #[error("address is null, but in mode execute an instance was launched: pass its address")]
    NoAddress,
    /// A copied image was not proven in time.
    #[error("{what} is not proven to serve: {failing}")]
    ImageNotProven {
        /// What was looked at.
        what: String,
        /// Each failing check with its reason.
        failing: String,
        /// Until when it was waited for.
        source: DeadlinePassed,
    },
    /// Looks were taken that the alarms will never hear of.
    #[error("put the metric of {missed} of {looks} looks at {workload}; the last time")]
    PutMetricData {
        /// The workload.
        workload: WorkloadName,
        /// How many looks are missing from the metric.
        missed: u32,
        /// Of how many.
        looks: u32,
        /// What CloudWatch said last.
        source: Failure,
    },
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::ReadPlan(_, source) => source.name(),
            Self::SiteAddress(..) | Self::NoProof(_) | Self::NoPublicName(_) | Self::ProofAddress { .. } | Self::NoAddress => {
                ErrorName::InvalidInput
            }
            Self::NoClient(_) | Self::NotArrived { .. } | Self::NotProven { .. } | Self::ImageNotProven { .. } => ErrorName::Permanent,
            Self::PutMetricData { source, .. } => source.name(),
        }
    }
}
