//! SDK configuration for the lab's own calls: the emulators' root key, one Region, the gateway as the endpoint.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

/// The account that the emulators' root key belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The emulators' root key and its secret.
pub const ROOT: &str = "test";
/// The name of the lab itself as a caller, in the gateway's log.
pub const LAB: &str = "lab";
/// The name of the sites as a caller.
pub const SITE: &str = "site";

const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The configuration for the calls of `caller` to `region` by way of `endpoint`.
///
/// # Errors
/// Never in practice: the caller's name is a constant and well formed.
pub fn config(endpoint: &str, region: &str, caller: &'static str) -> anyhow::Result<SdkConfig> {
    Ok(SdkConfig::builder()
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(ROOT, ROOT, None, None, "lab")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build())
        .app_name(AppName::new(caller)?)
        .build())
}

/// A client for S3 whose bucket names stay in the path, since the gateway has one host name.
pub fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(true).build())
}
