//! The way to AWS: one SDK configuration for all functions, and what a failed call means.
//!
//! TLS is rustls with ring; credentials and Region come straight from the environment, as Lambda sets them. Trusted are
//! the authorities of AWS alone, or those in the file that `AWS_CA_BUNDLE` names. No provider chain, no aws-lc, no reading
//! of the system's whole root store: each costs a cold start (docs/speed.md).

use std::error::Error;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

use crate::environment::{self, Missing};
use crate::error::ErrorName;
use crate::http::{self, TrustError};

/// How often one call is tried.
pub const ATTEMPTS: u32 = 3;
/// How long one attempt may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long one call may take with all its attempts. Every function's time-out is longer than its calls together.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Amazon Trust Services' roots, which vouch for the endpoints of AWS's APIs: Amazon Root CA 1 to 4 and Starfield Services
/// Root Certificate Authority - G2 (www.amazontrust.com/repository).
const AUTHORITIES: &[u8] = include_bytes!("../roots/amazon.pem");

/// Why the SDK could not be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Lambda, or the template, didn't set something.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// `AWS_CA_BUNDLE` names a file that can't be read.
    #[error("read the authorities in {0}, which AWS_CA_BUNDLE names")]
    Authorities(String, #[source] std::io::Error),
    /// The authorities can't be used.
    #[error("trust the authorities in {}", .0.as_deref().unwrap_or("this function"))]
    Trust(Option<String>, #[source] TrustError),
    /// The action's name isn't allowed in a user agent.
    #[error("action name is no application name")]
    AppName(#[from] aws_types::app_name::InvalidAppName),
}

/// The configuration for the clients of `action`, in the function's own Region.
///
/// The action's name goes into the user agent as the application's name, so that CloudTrail and the lab can tell who
/// called.
///
/// # Errors
/// When the environment lacks the Region or the credentials, or names authorities that can't be read.
pub fn config(action: &str) -> Result<SdkConfig, ConfigError> {
    let credentials = Credentials::new(
        environment::required("AWS_ACCESS_KEY_ID")?,
        environment::required("AWS_SECRET_ACCESS_KEY")?,
        environment::optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let bundle = environment::optional("AWS_CA_BUNDLE");
    let authorities = match &bundle {
        Some(file) => std::fs::read(file).map_err(|error| ConfigError::Authorities(file.clone(), error))?,
        None => AUTHORITIES.to_vec(),
    };
    let mut config = SdkConfig::builder()
        .region(Region::new(environment::required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http::client(&authorities).map_err(|error| ConfigError::Trust(bundle, error))?)
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(CALL_TIMEOUT)
                .build(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .app_name(AppName::new(action.to_owned())?);
    if let Some(endpoint) = environment::optional("AWS_ENDPOINT_URL") {
        config = config.endpoint_url(endpoint);
    }
    Ok(config.build())
}

/// The same configuration for the clients of another Region: for the actions on images alone, which are never on the way of a recovery.
/// What a recovery may try there has the clients of [`far`].
pub fn elsewhere(config: &SdkConfig, region: &crate::ids::Region) -> SdkConfig {
    config.to_builder().region(Region::new(region.as_str().to_owned())).build()
}

/// The configuration for clients whose calls are written down and never made: it has neither credentials nor a way to AWS,
/// so that nothing could be sent even by mistake.
pub fn on_paper(region: Option<&Region>) -> SdkConfig {
    SdkConfig::builder()
        .region(region.cloned())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .build()
}

/// How often a call to a Region that may be away is tried.
const FAR_ATTEMPTS: u32 = 2;
/// How long such a call may take with its attempts: what fails at once is tried again, what hangs isn't.
pub const FAR_CALL_TIMEOUT: Duration = Duration::from_secs(6);

/// The same configuration for the clients of a Region that may be away: few attempts, and no call above [`FAR_CALL_TIMEOUT`].
///
/// For what a recovery tries without depending on it. Who calls holds all its calls together within a
/// [`Bound`](crate::clock::Bound).
pub fn far(config: &SdkConfig, region: &crate::ids::Region) -> SdkConfig {
    bounded(&elsewhere(config, region), FAR_ATTEMPTS, FAR_CALL_TIMEOUT)
}

/// The same configuration for a call that is made once and waited for until `bound`: what it sets off must not begin twice.
pub fn once(config: &SdkConfig, bound: Duration) -> SdkConfig {
    bounded(config, 1, bound)
}

/// The same configuration for the endpoint at `url` in another Region, whose calls are made once each and waited for until
/// `bound`: for the data plane of routing controls alone, which has no endpoint of its own in each Region.
pub fn endpoint(config: &SdkConfig, region: &crate::ids::Region, url: &str, bound: Duration) -> SdkConfig {
    once(&elsewhere(config, region), bound).to_builder().endpoint_url(url).build()
}

fn bounded(config: &SdkConfig, attempts: u32, bound: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(bound)
        .operation_timeout(bound)
        .build();
    let mut config = config.to_builder();
    config.set_timeout_config(Some(timeouts));
    config.set_retry_config(Some(RetryConfig::standard().with_max_attempts(attempts)));
    config.build()
}

/// A call that failed: the name that the machine sees, AWS's own code where it gave one, and the whole cause.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    name: ErrorName,
    code: Option<String>,
    answered: bool,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// An answer that isn't what the API promises.
    pub(crate) fn malformed(text: &str) -> Self {
        Self {
            name: ErrorName::Permanent,
            code: None,
            answered: true,
            text: text.to_owned(),
            source: None,
        }
    }

    /// What the machine should make of it.
    pub fn name(&self) -> ErrorName {
        self.name
    }

    /// AWS's code, such as `DBClusterNotFoundFault`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether AWS answered at all, be it with an error. Without an answer, nobody knows whether the call was made.
    pub fn answered(&self) -> bool {
        self.answered
    }

    /// Whether AWS answered with one of `codes`.
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let code = error.code().map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let name = match &error {
            SdkError::ConstructionFailure(_) => ErrorName::InvalidInput,
            SdkError::ServiceError(_) if throttled(code.as_deref()) || status >= Some(500) => ErrorName::Transient,
            SdkError::ServiceError(_) => ErrorName::Permanent,
            _ => ErrorName::Transient,
        };
        let text = match (&error, &code) {
            (SdkError::ServiceError(_), Some(code)) => format!("{code} ({})", error.message().unwrap_or("no message")),
            (SdkError::ServiceError(_), None) => format!("HTTP status {} without an error code", status.unwrap_or_default()),
            _ => error.to_string(),
        };
        let answered = matches!(error, SdkError::ServiceError(_));
        // A service error's own chain says again what its code and message have said.
        let source = if answered { None } else { error.into_source().ok() };
        Self {
            name,
            code,
            answered,
            text,
            source,
        }
    }
}

/// The codes by which AWS asks to be called less often (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
fn throttled(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottledException"
                | "RequestThrottled"
                | "TooManyRequestsException"
                | "ProvisionedThroughputExceededException"
                | "TransactionInProgressException"
                | "RequestLimitExceeded"
                | "BandwidthLimitExceeded"
                | "LimitExceededException"
                | "SlowDown"
                | "PriorRequestNotComplete"
                | "EC2ThrottledException"
        )
    )
}
