//! The HTTP client under the SDK: HTTP/1.1 over rustls, one for all clients of a function.
//!
//! The SDK's own speaks HTTP/2 as well, and no API of AWS that is called here gains from it: a fifth of a megabyte of each
//! function's zip (docs/speed.md).

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// How long a name and a connection may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may lie idle and be used again.
const IDLE: Duration = Duration::from_secs(20);

/// Why AWS's authorities, or those that were named instead, can't be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The text isn't PEM.
    #[error("no certificates in PEM")]
    Pem(#[source] pem::Error),
    /// A certificate isn't one.
    #[error("no certificate of an authority")]
    Certificate(#[source] rustls::Error),
    /// Nobody would be trusted.
    #[error("no certificate at all")]
    None,
    /// rustls refused its configuration.
    #[error("configure TLS")]
    Tls(#[source] rustls::Error),
}

/// A client that trusts the authorities whose certificates are in `authorities`, as PEM.
pub(crate) fn client(authorities: &[u8]) -> Result<SharedHttpClient, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        roots.add(certificate.map_err(TrustError::Pem)?).map_err(TrustError::Certificate)?;
    }
    if roots.is_empty() {
        return Err(TrustError::None);
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let connector = SharedHttpConnector::new(Https(
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https),
    ));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

type Body = UnsyncBoxBody<<SdkBody as http_body::Body>::Data, <SdkBody as http_body::Body>::Error>;

#[derive(Clone, Debug)]
struct Https(Client<HttpsConnector<TcpConnector>, Body>);

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(SdkBody::boxed_unsync);
            let response = client
                .request(request)
                .await
                .map_err(|error| ConnectorError::io(error.into()))?
                .map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
