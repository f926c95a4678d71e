//! Lambda's Runtime API for one process: hands out one payload a number of times, and tells when what was asked and
//! answered.
//!
//! docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. After the last answer the process is left waiting, as in
//! Lambda, until [`Runtime::end`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const INVOCATIONS: &str = "/2018-06-01/runtime/invocation/";
const ARN: &str = "arn:aws:lambda:us-west-1:123456789012:function:relight-bench";
/// In milliseconds since 1970; no process that is measured lives that long.
const NEVER: &str = "4102444800000";

/// What the process did.
#[derive(Clone, Debug)]
pub enum Event {
    /// It asked for work.
    Asked(Instant),
    /// It answered.
    Answered {
        /// When its answer was whole.
        at: Instant,
        /// What it said.
        answer: Answer,
    },
    /// It could not start.
    NotStarted(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A reply.
    Reply(String),
    /// An error.
    Error(String),
}

/// The Runtime API of one process.
#[derive(Debug)]
pub struct Runtime {
    address: SocketAddr,
    events: UnboundedReceiver<Event>,
    ended: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

struct Session {
    payload: Bytes,
    left: AtomicUsize,
    given: AtomicUsize,
    events: UnboundedSender<Event>,
    ended: watch::Receiver<bool>,
}

/// The connection is closed instead of answered.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there is no more work")
    }
}

impl std::error::Error for Closed {}

impl Runtime {
    /// Starts to listen; will hand out `payload` `times` times.
    ///
    /// # Errors
    /// When loopback has no free port.
    pub async fn start(payload: &Value, times: usize) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("listen as the Runtime API")?;
        let address = listener.local_addr().context("read the port")?;
        let (sender, events) = unbounded_channel();
        let (ended, ending) = watch::channel(false);
        let session = Session {
            payload: payload.to_string().into(),
            left: AtomicUsize::new(times),
            given: AtomicUsize::new(0),
            events: sender,
            ended: ending,
        };
        Ok(Self {
            address,
            events,
            ended,
            accepting: tokio::spawn(accept(listener, Arc::new(session))),
        })
    }

    /// Where it listens, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// What the process does next; pends for ever once nothing more can come.
    pub async fn event(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Closes the connection of a process that waits for work, so that it ends by itself.
    pub fn end(&self) {
        self.accepting.abort();
        self.ended.send_replace(true);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.end();
    }
}

async fn accept(listener: TcpListener, session: Arc<Session>) {
    while let Ok((stream, _)) = listener.accept().await {
        let session = Arc::clone(&session);
        tokio::spawn(async move {
            let _slower = stream.set_nodelay(true);
            let service = service_fn(|request| session.answer(request));
            // It ends by Closed, or when the process does.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Session {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET && path.strip_prefix(INVOCATIONS) == Some("next") {
            self.tell(Event::Asked(Instant::now()));
            return self.next().await;
        }
        let body = request.into_body().collect().await.map_err(|_| Closed)?.to_bytes();
        let at = Instant::now();
        let said = String::from_utf8_lossy(&body).into_owned();
        let answered = |answer| Event::Answered { at, answer };
        self.tell(match path.rsplit('/').next() {
            Some("response") => answered(Answer::Reply(said)),
            Some("error") if path.starts_with(INVOCATIONS) => answered(Answer::Error(said)),
            _ => Event::NotStarted(said),
        });
        response(StatusCode::ACCEPTED, Bytes::new()).map_err(|_| Closed)
    }

    async fn next(&self) -> Result<Response<Full<Bytes>>, Closed> {
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_err() {
            let mut ended = self.ended.clone();
            let _ended = ended.wait_for(|ended| *ended).await;
            return Err(Closed);
        }
        let mut response = response(StatusCode::OK, self.payload.clone()).map_err(|_| Closed)?;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.given.fetch_add(1, Ordering::Relaxed));
        for (name, value) in [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", id.as_str()),
            ("lambda-runtime-deadline-ms", NEVER),
            ("lambda-runtime-invoked-function-arn", ARN),
        ] {
            response.headers_mut().insert(name, value.parse().map_err(|_| Closed)?);
        }
        Ok(response)
    }

    fn tell(&self, event: Event) {
        let _nobody_listens = self.events.send(event);
    }
}

fn response(status: StatusCode, body: Bytes) -> http::Result<Response<Full<Bytes>>> {
    Response::builder().status(status).body(Full::new(body))
}
