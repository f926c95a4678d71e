//! GetObject and PutObject as the SDK's orchestrator runs them, and S3's refusals.

use std::fmt;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_http::label::{self, EncodingStrategy};
use aws_smithy_http::query;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::base64;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_xml::decode::{Document, try_data};
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use aws_types::sdk_config::SdkConfig;
use sha2::{Digest as _, Sha256};

use crate::Object;

#[derive(Debug)]
pub(crate) struct Get {
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) key: String,
    pub(crate) content_type: String,
    pub(crate) cache_control: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// S3's answer where it does not do what it is asked.
#[derive(Debug)]
pub(crate) struct Refused(ErrorMetadata);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

pub(crate) fn get(config: &SdkConfig, bucket: &str) -> Operation<Get, Object, Refused> {
    operation("GetObject", config, bucket)
        .serializer(get_request)
        .deserializer(|response: &HttpResponse| {
            accepted(response)?;
            let header = |name| response.headers().get(name).map(str::to_owned);
            Ok(Object {
                bytes: response.body().bytes().unwrap_or_default().to_vec(),
                version: header("x-amz-version-id"),
                content_type: header("content-type"),
                cache_control: header("cache-control"),
            })
        })
        .build()
}

pub(crate) fn put(config: &SdkConfig, bucket: &str) -> Operation<Put, (), Refused> {
    operation("PutObject", config, bucket)
        .serializer(put_request)
        .deserializer(accepted)
        .build()
}

fn get_request(get: Get) -> Result<HttpRequest, BoxError> {
    let version = get.version.map(|version| format!("?versionId={}", query::fmt_string(version)));
    let uri = format!("{}{}", path(&get.key), version.unwrap_or_default());
    Ok(http::Request::get(uri).body(SdkBody::empty())?.try_into()?)
}

fn put_request(put: Put) -> Result<HttpRequest, BoxError> {
    let mut request = http::Request::put(path(&put.key))
        .header("content-type", put.content_type)
        .header("content-length", put.bytes.len())
        .header("x-amz-checksum-sha256", base64::encode(Sha256::digest(&put.bytes)));
    if let Some(cache_control) = put.cache_control {
        request = request.header("cache-control", cache_control);
    }
    Ok(request.body(SdkBody::from(put.bytes))?.try_into()?)
}

fn path(key: &str) -> String {
    format!("/{}", label::fmt_string(key, EncodingStrategy::Greedy))
}

fn accepted(response: &HttpResponse) -> Result<(), OrchestratorError<Refused>> {
    if response.status().is_success() {
        return Ok(());
    }
    Err(OrchestratorError::operation(refused(response.body().bytes().unwrap_or_default())))
}

/// The refusal in a reply's body; one without code and message where the body is none of S3's errors
/// (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, "REST error responses").
fn refused(body: &[u8]) -> Refused {
    let mut said = ErrorMetadata::builder();
    if let Ok(text) = std::str::from_utf8(body) {
        let mut document = Document::new(text);
        if let Ok(mut root) = document.root_element() {
            while let Some(mut field) = root.next_tag() {
                let name = field.start_el().local().to_owned();
                match (name.as_str(), try_data(&mut field)) {
                    ("Code", Ok(code)) => said = said.code(code),
                    ("Message", Ok(message)) => said = said.message(message),
                    _ => {}
                }
            }
        }
    }
    Refused(said.build())
}

/// All that both operations share, and the clients of the SDK as well.
fn operation(name: &'static str, config: &SdkConfig, bucket: &str) -> OperationBuilder {
    let builder = Operation::builder()
        .service_name("s3")
        .operation_name(name)
        .behavior_version(config.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .endpoint_url(&endpoint(config, bucket))
        .interceptor(UserAgentInterceptor::new())
        .retry_classifier(TransientErrorClassifier::<Refused>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
        .runtime_plugin(signature(config));
    let builder = match config.http_client() {
        Some(client) => builder.http_client(client),
        None => builder,
    };
    let builder = match config.retry_config() {
        Some(retries) => builder.standard_retry(retries),
        None => builder,
    };
    match config.timeout_config() {
        Some(limits) => builder.timeout_config(limits.clone()),
        None => builder,
    }
}

/// Signature version 4 as S3 wants it: the body's digest in a header, the path encoded once and taken as it is
/// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
fn signature(config: &SdkConfig) -> StaticRuntimePlugin {
    let mut options = SigningOptions::default();
    options.content_sha256_header = true;
    options.double_uri_encode = false;
    options.normalize_uri_path = false;
    let mut layer = Layer::new("s3");
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static("s3")),
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new("s3", env!("CARGO_PKG_VERSION")));
    if let Some(app) = config.app_name() {
        layer.store_put(app.clone());
    }
    let mut components = RuntimeComponentsBuilder::new("s3")
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(StaticAuthSchemeOptionResolver::new(
            vec![SCHEME_ID],
        ))))
        .with_identity_cache(Some(IdentityCache::no_cache()));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components)
}

/// Where the bucket answers: at a name of its own, or below the endpoint that was configured. A name with a dot fits no
/// certificate, so such a bucket is named in the path
/// (docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html).
fn endpoint(config: &SdkConfig, bucket: &str) -> String {
    if let Some(endpoint) = config.endpoint_url() {
        return format!("{}/{bucket}", endpoint.trim_end_matches('/'));
    }
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    if bucket.contains('.') {
        format!("https://s3.{region}.{suffix}/{bucket}")
    } else {
        format!("https://{bucket}.s3.{region}.{suffix}")
    }
}
