//! AWS as the measured processes see it: one endpoint with TLS on loopback that denies every call at once and keeps which
//! were made.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::protocol::Call;

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The call as IAM names it.
    pub name: String,
    /// When its request was whole.
    pub at: Instant,
}

/// A running endpoint.
#[derive(Debug)]
pub struct Aws {
    address: SocketAddr,
    made: UnboundedReceiver<Made>,
    accepting: JoinHandle<()>,
}

impl Aws {
    /// Starts to listen with the certificate of `config`.
    ///
    /// # Errors
    /// When loopback has no free port.
    pub async fn start(config: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen for AWS calls")?;
        let address = listener.local_addr().context("read the port")?;
        let (sender, made) = unbounded_channel();
        Ok(Self {
            address,
            made,
            accepting: tokio::spawn(accept(listener, TlsAcceptor::from(config), sender)),
        })
    }

    /// The endpoint, as `AWS_ENDPOINT_URL` takes it. By address: no name is looked up, and S3 puts the bucket into the path.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The calls since this was last asked.
    pub fn made(&mut self) -> Vec<Made> {
        std::iter::from_fn(|| self.made.try_recv().ok()).collect()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, sender: UnboundedSender<Made>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            let _slower = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request| answer(request, &sender));
            // A connection ends when its process does; that is no error here.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, sender: &UnboundedSender<Made>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let call = Call::read(&head, &body);
    let name = call.as_ref().map_or_else(|| format!("{} {}", head.method, head.uri), Call::name);
    let _nobody_asks = sender.send(Made { name, at: Instant::now() });
    Ok(call.map_or_else(unsigned, |call| call.denied()))
}

fn unsigned() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}
