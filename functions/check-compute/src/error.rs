//! What can go wrong, and which name each has.

use action::aws::Failure;
use action::ids::{GroupName, LaunchTemplateId};
use action::{ErrorName, NamedError};

/// Why nothing can be asked of the compute.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The launch template can't be read.
    #[error("describe launch template {0}")]
    DescribeLaunchTemplate(LaunchTemplateId, #[source] Failure),
    /// The group can't be read.
    #[error("describe Auto Scaling group {0}")]
    DescribeGroup(GroupName, #[source] Failure),
}

impl NamedError for Error {
    fn name(&self) -> ErrorName {
        match self {
            Self::DescribeLaunchTemplate(_, failure) | Self::DescribeGroup(_, failure) => failure.name(),
        }
    }
}
