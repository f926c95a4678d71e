//! The way to the emulators: forwards requests as they are, and asks questions of the gateway's own.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use action::clock;
use anyhow::{Context, anyhow};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version, header, request};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use url::form_urlencoded;

use super::ROOT_KEY;
use super::call::Call;

/// A body that is at hand, or one that is still arriving.
pub(crate) type Body = Either<Full<Bytes>, Incoming>;

/// Shorter than the 75 s for which MiniStack keeps an idle connection.
const IDLE: Duration = Duration::from_secs(20);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// Both emulators.
#[derive(Clone, Debug)]
pub(crate) struct Upstreams {
    client: Client<HttpConnector, Body>,
    ministack: Authority,
    moto: Authority,
}

/// Which emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emulator {
    MiniStack,
    Moto,
}

impl Upstreams {
    pub(crate) fn new(ministack: SocketAddr, moto: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self {
            client,
            ministack: authority(ministack),
            moto: authority(moto),
        }
    }

    /// Sends a request on with its path, its Host and its other headers as they were signed.
    pub(crate) async fn forward(&self, call: &Call, mut head: request::Parts, body: Body) -> anyhow::Result<Response<Incoming>> {
        let to = if call.is_for_moto() { Emulator::Moto } else { Emulator::MiniStack };
        head.uri = self.uri(to, head.uri.path_and_query().map_or("/", |path| path.as_str()))?;
        head.version = Version::HTTP_11;
        for name in [header::CONNECTION, header::UPGRADE, header::EXPECT] {
            head.headers.remove(name);
        }
        // AWS is called over TLS, and policies that insist on it look at this; on loopback there is none.
        head.headers
            .insert(HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static("https"));
        let request = Request::from_parts(head, body);
        self.client
            .request(request)
            .await
            .with_context(|| format!("reach {to:?} at {}", self.authority(to)))
    }

    /// Asks a question of the query protocol as the account's root.
    pub(crate) async fn ask(
        &self,
        to: Emulator,
        service: &str,
        region: &str,
        parameters: &[(&str, &str)],
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let headers = [(header::CONTENT_TYPE, FORM)];
        self.request(to, service, region, "/", Some((&headers, form))).await
    }

    /// Asks a question of the JSON protocol as the account's root.
    pub(crate) async fn ask_json(
        &self,
        to: Emulator,
        service: &str,
        region: &str,
        target: &'static str,
        question: &Value,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let headers = [
            (header::CONTENT_TYPE, JSON),
            (HeaderName::from_static("x-amz-target"), HeaderValue::from_static(target)),
        ];
        self.request(to, service, region, "/", Some((&headers, question.to_string()))).await
    }

    /// Gets `path` as the account's root.
    pub(crate) async fn get(&self, to: Emulator, service: &str, region: &str, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.request(to, service, region, path, None).await
    }

    async fn request(
        &self,
        to: Emulator,
        service: &str,
        region: &str,
        path: &str,
        posted: Option<(&[(HeaderName, HeaderValue)], String)>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().uri(self.uri(to, path)?);
        let mut body = Bytes::new();
        if let Some((headers, text)) = posted {
            request = request.method("POST");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            body = text.into();
        }
        let mut request = request
            .header(header::HOST, self.authority(to).as_str())
            .body(body)
            .context("build a question")?;
        sign_as_root(&mut request, service, region)?;
        let answer = self
            .client
            .request(request.map(|body| Either::Left(Full::new(body))))
            .await
            .with_context(|| format!("ask {to:?} at {}", self.authority(to)))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context("read an answer")?.to_bytes();
        Ok((status, body))
    }

    fn authority(&self, of: Emulator) -> &Authority {
        match of {
            Emulator::MiniStack => &self.ministack,
            Emulator::Moto => &self.moto,
        }
    }

    fn uri(&self, of: Emulator, path_and_query: &str) -> anyhow::Result<Uri> {
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority(of).clone())
            .path_and_query(path_and_query)
            .build()
            .context("build an emulator's address")
    }
}

fn authority(address: SocketAddr) -> Authority {
    address.to_string().parse().unwrap_or_else(|_| Authority::from_static("localhost"))
}

fn sign_as_root(request: &mut Request<Bytes>, service: &str, region: &str) -> anyhow::Result<()> {
    let identity = Credentials::new(ROOT_KEY, ROOT_KEY, None, None, "the lab's gateway").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::from(clock::now()))
        .settings(SigningSettings::default())
        .build()
        .context("sign a question")?
        .into();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))),
        SignableBody::Bytes(request.body()),
    )
    .context("sign a question")?;
    let (instructions, _) = sign(signable, &parameters).map_err(|error| anyhow!(error))?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
