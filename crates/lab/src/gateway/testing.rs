//! For the gateway's own tests: an emulator that answers what it is told to, and SDK clients of a gateway.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use http::{Request, Response, request};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::call::Call;
use super::{Config, Gateway, Times};

/// What an emulator was asked.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: request::Parts,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn call(&self) -> Call {
        Call::read(&self.head, &self.body)
    }
}

/// An emulator on loopback. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    server: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fake {
    /// An emulator that gives the answers of `answer`.
    pub(crate) async fn start(answer: impl Fn(&Received) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&received));
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let one = Received { head, body };
                        seen.lock().unwrap().push(one.clone());
                        Ok::<_, hyper::Error>(answer(&one).map(Full::new))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, received, server }
    }

    /// An emulator that answers everything with an empty success.
    pub(crate) async fn idle() -> Self {
        Self::start(empty).await
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The operations that it was asked for, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.received().iter().map(|received| received.call().operation).collect()
    }
}

/// A success with nothing in it.
pub(crate) fn empty(received: &Received) -> Response<Bytes> {
    let operation = received.call().operation;
    xml(format!("<{operation}Response><{operation}Result/></{operation}Response>"))
}

/// An answer of XML.
pub(crate) fn xml(body: impl Into<String>) -> Response<Bytes> {
    Response::builder()
        .header("content-type", "text/xml")
        .body(body.into().into())
        .unwrap()
}

/// A gateway before these emulators.
pub(crate) async fn gateway(ministack: &Fake, moto: &Fake, times: Times) -> Gateway {
    Gateway::start(Config {
        ministack: ministack.address,
        moto: moto.address,
        engine_region: "us-west-1".to_owned(),
        times,
        log: None,
    })
    .await
    .unwrap()
}

/// The SDK's configuration of `caller`, who signs with `key` and tries once.
pub(crate) fn sdk(gateway: &Gateway, caller: &str, key: &str, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(key, "secret", None, None, "test")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .endpoint_url(gateway.url())
        .app_name(AppName::new(caller.to_owned()).unwrap())
        .behavior_version(aws_sdk_rds::config::BehaviorVersion::latest())
        .build()
}
