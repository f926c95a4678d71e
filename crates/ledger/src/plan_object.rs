//! The plan as it is stored: an object in the engine's bucket, read with its version and its digest.

use action::aws::Failure;
use action::ids::WorkloadName;
use action::{ErrorName, NamedError};
use bucket::Bucket;
use plan::Plan;
use sha2::{Digest as _, Sha256};

/// A plan, and which one exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// Its version in the bucket; none in a bucket without versions.
    pub version: Option<String>,
    /// The SHA-256 of its text, in hexadecimal digits.
    pub digest: String,
}

/// Why there is no plan to follow.
#[derive(Debug, thiserror::Error)]
pub enum ReadPlanError {
    /// There is no such object. Without `s3:ListBucket`, S3 says AccessDenied instead of NoSuchKey, so both end here
    /// (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions").
    #[error("{location} does not exist, or may not be read by this function; upload the plan with `aws s3 cp plan.toml {location}`")]
    Missing {
        /// Where it should be.
        location: String,
        /// What S3 said.
        source: Failure,
    },
    /// The bucket isn't there.
    #[error("bucket {0} does not exist; the engine's stack makes it")]
    NoBucket(String, #[source] Failure),
    /// The recorded version has been deleted.
    #[error("version {version} of {location} does not exist any more")]
    NoVersion {
        /// Where it should be.
        location: String,
        /// The version that was asked for.
        version: String,
        /// What S3 said.
        source: Failure,
    },
    /// It is no valid plan.
    #[error("{location} is no valid plan")]
    Invalid {
        /// Where it is.
        location: String,
        /// Everything that is wrong with it.
        source: plan::Invalid,
    },
    /// It isn't text.
    #[error("{location} is no UTF-8 text")]
    NoText {
        /// Where it is.
        location: String,
        /// Where the text ends.
        source: std::str::Utf8Error,
    },
    /// It describes another workload.
    #[error("{location} is the plan of workload {described}; its name in the bucket must be its workload's")]
    OtherWorkload {
        /// Where it is.
        location: String,
        /// The workload that it names.
        described: WorkloadName,
    },
    /// S3 didn't answer.
    #[error("read {location}")]
    Read {
        /// Where it is.
        location: String,
        /// What S3 said.
        source: Failure,
    },
}

impl NamedError for ReadPlanError {
    fn name(&self) -> ErrorName {
        match self {
            Self::Read { source, .. } => source.name(),
            _ => ErrorName::InvalidInput,
        }
    }
}

/// The key of the plan of `workload`.
pub fn plan_key(workload: &WorkloadName) -> String {
    format!("plans/{workload}.toml")
}

/// The key of the report of `run`.
pub fn report_key(workload: &WorkloadName, run: &action::ids::RunId) -> String {
    format!("reports/{workload}/{run}.json")
}

/// Reads and validates the plan of `workload` by one `s3:GetObject`, or `s3:GetObjectVersion` where `version` is given.
///
/// # Errors
/// When it can't be read or isn't valid; all that can be mended by the user is `Relight.InvalidInput` and names the
/// object.
pub async fn read_plan(bucket: &Bucket, workload: &WorkloadName, version: Option<&str>) -> Result<StoredPlan, ReadPlanError> {
    let key = plan_key(workload);
    let location = bucket.location(&key);
    let object = match bucket.get(&key, version).await {
        Ok(object) => object,
        Err(failure) => return Err(unread(location, bucket.name(), version, failure)),
    };
    let plan = match std::str::from_utf8(&object.bytes) {
        Ok(text) => Plan::parse(text),
        Err(source) => return Err(ReadPlanError::NoText { location, source }),
    };
    match plan {
        Ok(plan) if plan.workload != *workload => Err(ReadPlanError::OtherWorkload {
            location,
            described: plan.workload,
        }),
        Ok(plan) => Ok(StoredPlan {
            plan,
            version: object.version,
            digest: Sha256::digest(&object.bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        }),
        Err(source) => Err(ReadPlanError::Invalid { location, source }),
    }
}

fn unread(location: String, bucket: &str, version: Option<&str>, source: Failure) -> ReadPlanError {
    match (source.code(), version) {
        (Some("NoSuchBucket"), _) => ReadPlanError::NoBucket(bucket.to_owned(), source),
        (Some("NoSuchVersion" | "NoSuchKey"), Some(version)) => ReadPlanError::NoVersion {
            location,
            version: version.to_owned(),
            source,
        },
        (Some("NoSuchKey" | "AccessDenied"), _) => ReadPlanError::Missing { location, source },
        _ => ReadPlanError::Read { location, source },
    }
}
