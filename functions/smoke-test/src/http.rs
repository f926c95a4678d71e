//! The requests to the site: bounded in time, size and redirects, and never to an address that can hold no site.
//!
//! Each request has a connection of its own, as a new user has: the certificate is the one shown now, no connection
//! outlives a frozen function, and a dead site refuses instead of being waited for. No proxy, no cookies, no retries.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use action::Permit;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Client, Method, redirect, retry};
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use url::Url;
use x509_parser::parse_x509_certificate;

use crate::address::{GuardedResolver, Lookup, permitted_url};
use crate::decide::{Answer, Certificate};
use crate::redirect::{is_redirect, next};

/// How much of a body is read.
pub const BODY: usize = 1 << 20;
/// How long name, connection and TLS may take together: a lost first packet is sent again after a second.
pub const CONNECT: Duration = Duration::from_secs(3);

/// Why no request can be made at all. Not the site's fault, so it counts as no look.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// Without roots every certificate would look wrong, and every site dead.
    #[error("this system has no root certificates")]
    NoRoots,
    /// rustls refused its configuration.
    #[error("configure TLS")]
    Tls(#[from] rustls::Error),
    /// reqwest refused its configuration.
    #[error("configure the client")]
    Client(#[from] reqwest::Error),
    /// There was no random number for the nonce.
    #[error("draw a nonce")]
    NoRandom,
}

/// No reply, or none that may be looked at. Shown to people as it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Unanswered(pub String);

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those under the system's roots.
    System,
    /// Those under these roots only.
    Only(RootCertStore),
}

/// The way to a site. Costs nothing until the first request: a start isn't kept waiting for the root certificates.
#[derive(Debug)]
pub struct Http {
    trust: Trust,
    lookup: Lookup,
    client: OnceCell<Client>,
}

/// A method that only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The whole reply.
    Get,
    /// Its headers.
    Head,
}

/// A method that may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Create or act.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
    /// Reads by the book, but isn't relied on to.
    Options,
}

/// A request apart from its method.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Where it goes.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Option<String>,
    /// The hosts that a redirect may lead to besides its own.
    pub redirect_hosts: &'a [String],
    /// Whether a redirect is the reply that is expected, and so isn't followed.
    pub stays: bool,
    /// How long all of it may take.
    pub within: Duration,
}

impl Http {
    /// A way to sites whose certificates `trust` covers and whose names `lookup` resolves.
    pub fn new(trust: Trust, lookup: Lookup) -> Self {
        Self {
            trust,
            lookup,
            client: OnceCell::new(),
        }
    }

    /// Makes a request that only reads.
    ///
    /// # Errors
    /// [`NoClient`] when nothing can be asked; [`Unanswered`] when the site gave no usable reply.
    pub async fn read(&self, reading: Reading, message: Message<'_>) -> Result<Result<Answer, Unanswered>, NoClient> {
        let method = match reading {
            Reading::Get => Method::GET,
            Reading::Head => Method::HEAD,
        };
        self.exchange(method, message).await
    }

    /// Makes a request that may write.
    ///
    /// # Errors
    /// As [`Http::read`].
    pub async fn write(&self, writing: Writing, message: Message<'_>, _permit: &Permit) -> Result<Result<Answer, Unanswered>, NoClient> {
        let method = match writing {
            Writing::Post => Method::POST,
            Writing::Put => Method::PUT,
            Writing::Patch => Method::PATCH,
            Writing::Delete => Method::DELETE,
            Writing::Options => Method::OPTIONS,
        };
        self.exchange(method, message).await
    }

    async fn exchange(&self, method: Method, message: Message<'_>) -> Result<Result<Answer, Unanswered>, NoClient> {
        let client = self.client.get_or_try_init(|| async { self.build() }).await?;
        let within = message.within;
        let late = || Unanswered(format!("no complete reply within {:.1} s", within.as_secs_f64()));
        Ok(tokio::time::timeout(within, follow(client, method, message))
            .await
            .unwrap_or_else(|_| Err(late())))
    }

    fn build(&self) -> Result<Client, NoClient> {
        let roots = match &self.trust {
            Trust::Only(roots) => roots.clone(),
            Trust::System => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        if roots.is_empty() {
            return Err(NoClient::NoRoots);
        }
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A resumed session would show the certificate of the session before.
        tls.resumption = Resumption::disabled();
        Ok(Client::builder()
            .tls_backend_preconfigured(tls)
            .tls_info(true)
            .dns_resolver(GuardedResolver(self.lookup))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .build()?)
    }
}

async fn follow(client: &Client, mut method: Method, mut message: Message<'_>) -> Result<Answer, Unanswered> {
    let started = Instant::now();
    let site = message.url.clone();
    let mut followed = 0;
    loop {
        permitted_url(&message.url).map_err(|forbidden| Unanswered(forbidden.to_string()))?;
        let mut request = client.request(method.clone(), message.url.clone()).headers(message.headers.clone());
        if let Some(body) = &message.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        if message.stays || !is_redirect(status) {
            return read(response, started).await;
        }
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let hop =
            next(&site, &message.url, status, location, message.redirect_hosts, followed).map_err(|why| Unanswered(why.to_string()))?;
        followed += 1;
        message.url = hop.url;
        if !hop.keeps_method && method != Method::HEAD {
            method = Method::GET;
            message.body = None;
            message.headers.remove(CONTENT_TYPE);
        }
        if hop.leaves_host {
            keep_harmless(&mut message.headers);
        }
    }
}

/// The plan's headers may hold the site's secrets, so another host gets none that could.
fn keep_harmless(headers: &mut HeaderMap) {
    let kept = [ACCEPT, CONTENT_TYPE, USER_AGENT];
    *headers = kept
        .into_iter()
        .filter_map(|name| Some((name.clone(), headers.get(name)?.clone())))
        .collect();
}

async fn read(mut response: reqwest::Response, started: Instant) -> Result<Answer, Unanswered> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let certificate = response
        .extensions()
        .get::<reqwest::tls::TlsInfo>()
        .map_or(Certificate::None, |tls| certificate(tls.peer_certificate()));
    let mut body = Vec::new();
    let mut cut = false;
    while !cut && let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        let left = BODY - body.len();
        cut = chunk.len() > left;
        body.extend_from_slice(chunk.get(..left).unwrap_or(&chunk));
    }
    Ok(Answer {
        status,
        headers,
        body,
        cut,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        certificate,
    })
}

fn certificate(der: Option<&[u8]>) -> Certificate {
    let end = der
        .and_then(|der| parse_x509_certificate(der).ok())
        .and_then(|(_, certificate)| Timestamp::from_second(certificate.validity().not_after.timestamp()).ok());
    end.map_or(Certificate::Unreadable, Certificate::Until)
}

/// The innermost cause, which is what a person needs: "Connection refused", the name that doesn't resolve, what is wrong
/// with the certificate.
fn unanswered(error: reqwest::Error) -> Unanswered {
    if error.is_timeout() {
        return Unanswered(format!("no connection within {} s", CONNECT.as_secs()));
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    Unanswered(innermost.to_string())
}

/// The value of a header.
///
/// # Errors
/// When `value` can't stand in one.
pub fn header_value(name: &str, value: &str) -> Result<HeaderValue, Unanswered> {
    HeaderValue::from_str(value).map_err(|_| Unanswered(format!("header {name} can't be sent: its value isn't one line of plain text")))
}
