//! The application on copies that are booted to prove an image: what answers at an instance's private IP address.
//!
//! On AWS the looker stands in the instance's network; here there is none, so one port of the loopback interface stands for all
//! addresses, each by its own first path segment. An instance answers once it runs, has passed its status checks, and has had the
//! time to start the application.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Filter;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::clients;
use crate::site::{home, one_passed, text};
use crate::world::RECOVERY;

/// Serves all addresses until it is dropped.
#[derive(Debug)]
pub(crate) struct ProofSite {
    address: SocketAddr,
    copies: Arc<Copies>,
    server: JoinHandle<()>,
}

/// What a request needs to know of the recovery Region.
#[derive(Debug)]
struct Copies {
    ec2: Client,
    starting: Duration,
    serving: AtomicBool,
    /// Since when each instance has been seen to pass its checks.
    ready_since: Mutex<BTreeMap<String, Instant>>,
}

impl ProofSite {
    /// Serves the instances of the recovery Region, by way of `endpoint`, on a free loopback port. `starting` is how long the
    /// application takes after its instance has passed its status checks.
    ///
    /// # Errors
    /// When no port can be had.
    pub(crate) async fn serve(endpoint: &str, starting: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("bind the port of copies")?;
        let address = listener.local_addr().context("read the port of copies")?;
        let copies = Arc::new(Copies {
            ec2: Client::new(&clients::config(endpoint, RECOVERY, clients::SITE)?),
            starting,
            serving: AtomicBool::new(true),
            ready_since: Mutex::default(),
        });
        let server = tokio::spawn(accept(listener, Arc::clone(&copies)));
        Ok(Self { address, copies, server })
    }

    /// The address with `{address}` in the place of an instance's own, as a plan has it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{}", self.address, plan::ImageProof::ADDRESS)
    }

    /// Whether booted copies serve, or answer with an error.
    pub(crate) fn let_serve(&self, serving: bool) {
        self.copies.serving.store(serving, Ordering::Relaxed);
    }
}

impl Drop for ProofSite {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, copies: Arc<Copies>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let copies = Arc::clone(&copies);
                let service = service_fn(move |request| {
                    let copies = Arc::clone(&copies);
                    async move { Ok::<_, Infallible>(copies.answer(&request).await) }
                });
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

impl Copies {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (address, path) = split(request.uri().path());
        let Some(instance) = self.running(address).await else {
            return text(StatusCode::NOT_FOUND, "no instance runs at this address");
        };
        if !self.has_started(&instance).await {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the application has not started");
        }
        match (request.method(), path) {
            (&Method::GET, "/") if self.serving.load(Ordering::Relaxed) => home(),
            (&Method::GET, "/") => text(StatusCode::INTERNAL_SERVER_ERROR, "the application doesn't work in this copy"),
            _ => text(StatusCode::NOT_FOUND, "nothing here by that name"),
        }
    }

    /// The running instance of this private IP address.
    async fn running(&self, address: &str) -> Option<String> {
        let filters = [("private-ip-address", address), ("instance-state-name", "running")]
            .map(|(name, value)| Filter::builder().name(name).values(value).build());
        let found = self
            .ec2
            .describe_instances()
            .set_filters(Some(filters.to_vec()))
            .send()
            .await
            .ok()?;
        let mut instances = found.reservations().iter().flat_map(|r| r.instances());
        instances.find_map(|instance| instance.instance_id()).map(str::to_owned)
    }

    async fn has_started(&self, instance: &str) -> bool {
        let passed = one_passed(&self.ec2, vec![instance.to_owned()]).await;
        let mut ready_since = self.ready_since.lock().unwrap_or_else(PoisonError::into_inner);
        if !passed {
            ready_since.remove(instance);
            return false;
        }
        ready_since.entry(instance.to_owned()).or_insert_with(Instant::now).elapsed() >= self.starting
    }
}

/// `10.0.0.1` and `/a/b` of `/10.0.0.1/a/b`.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.find('/') {
        Some(at) => path.split_at(at),
        None => (path, "/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_is_the_address_and_the_rest_the_path() {
        for (path, address, rest) in [
            ("/10.0.0.1/", "10.0.0.1", "/"),
            ("/10.0.0.1", "10.0.0.1", "/"),
            ("/10.0.0.1/health/x", "10.0.0.1", "/health/x"),
            ("/", "", "/"),
        ] {
            assert_eq!(split(path), (address, rest), "{path}");
        }
    }
}
