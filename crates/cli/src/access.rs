//! The way to AWS: Region, credentials and endpoint from the command line, the environment and the profile files.
//!
//! No single sign-on, no assumed roles and no instance credentials: what resolves them is the largest part of an SDK, and the
//! AWS CLI hands them over by `aws configure export-credentials`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

/// Longer than any function that is invoked takes.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);

const NO_REGION: &str = "no Region: give --region, or set AWS_REGION; it is the recovery Region, where the engine runs";
const NO_CREDENTIALS: &str = "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with keys. \
                              For single sign-on and roles: eval \"$(aws configure export-credentials --format env)\"";

/// What the commands that call AWS have in common.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Access {
    /// The recovery Region, where the engine runs [default: AWS_REGION, then the profile's]
    #[arg(long)]
    region: Option<String>,
    /// Where AWS is, for tests such as against the lab [default: AWS_ENDPOINT_URL, then AWS itself]
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl Access {
    /// The configuration of clients.
    ///
    /// # Errors
    /// When there is no Region, there are no credentials, or a profile file can't be read.
    pub(crate) async fn config(&self) -> Result<SdkConfig> {
        let env = Env::real();
        let set = |name: &str| env.get(name).ok().filter(|value| !value.is_empty());
        // Read by the SDK's own reader, so that a profile means here what it means everywhere.
        let files = source::load(&env, &Fs::real(), &EnvConfigFiles::default())
            .await
            .context("read the profile files")?;
        let profile = EnvConfigSections::parse(files).context("understand the profile files")?;
        let stated = |name: &str| profile.get(name).map(str::to_owned);
        let region = self
            .region
            .clone()
            .or_else(|| set("AWS_REGION"))
            .or_else(|| set("AWS_DEFAULT_REGION"))
            .or_else(|| stated("region"));
        let Some(region) = region else { bail!(NO_REGION) };
        let by_env = set("AWS_ACCESS_KEY_ID")
            .zip(set("AWS_SECRET_ACCESS_KEY"))
            .map(|(id, secret)| Credentials::new(id, secret, set("AWS_SESSION_TOKEN"), None, "environment"));
        let by_profile = || {
            let (id, secret) = stated("aws_access_key_id").zip(stated("aws_secret_access_key"))?;
            Some(Credentials::new(id, secret, stated("aws_session_token"), None, "profile"))
        };
        let Some(credentials) = by_env.or_else(by_profile) else {
            bail!(NO_CREDENTIALS)
        };
        let mut config = SdkConfig::builder()
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .build_https(),
            )
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build());
        if let Some(endpoint) = self.endpoint_url.clone().or_else(|| set("AWS_ENDPOINT_URL")) {
            config = config.endpoint_url(endpoint);
        }
        Ok(config.build())
    }
}
