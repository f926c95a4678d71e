//! The bench's AWS as a process that trusts the bundle meets it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use bench::protocol::DENIAL;
use bench::{authority, aws::Aws};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn a_signed_call_over_tls_is_denied_and_kept() {
    let folder = TempDir::new().unwrap();
    let (bundle, config) = authority::make(folder.path()).unwrap();
    let mut aws = Aws::start(config).await.unwrap();
    let authorities = CertificateDer::pem_file_iter(&bundle.functions).unwrap().map(Result::unwrap);
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(authorities);
    assert_eq!((added, ignored), (bundle.certificates, 0));

    let host = aws.url().strip_prefix("https://").unwrap().to_owned();
    let request = Request::post("/")
        .header("host", &host)
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKID/20261121/us-west-1/rds/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(Full::new(Bytes::from_static(b"Action=DescribeGlobalClusters&Version=2014-10-31")))
        .unwrap();
    let (status, body) = exchange(&host, roots, request).await;

    assert_eq!(status, 403);
    assert!(body.contains("<Code>AccessDenied</Code>") && body.contains(DENIAL), "{body}");
    let made: Vec<String> = aws.made().into_iter().map(|made| made.name).collect();
    assert_eq!(made, ["rds:DescribeGlobalClusters"]);
    assert!(aws.made().is_empty());
}

async fn exchange(host: &str, roots: RootCertStore, request: Request<Full<Bytes>>) -> (u16, String) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.split(':').next().unwrap().to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, TcpStream::connect(host).await.unwrap())
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
