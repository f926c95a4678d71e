//! The control API under `/_lab/`: the weather over HTTP, for other processes of the lab.
//!
//! `GET /_lab/status`; `PUT /_lab/outages/<region>` with `{"mode":"hang"|"refuse"}` and `DELETE` of the same; `POST
//! /_lab/rules` with a [`Rule`], `DELETE /_lab/rules/<id>`; `DELETE /_lab/weather` ends everything; `GET /_lab/log`
//! is the log as JSON lines; `GET` and `PUT /_lab/routing` are the [`Routing`] controls. No bucket's name begins with an underscore, so no path of AWS is taken away.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, bail};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::exchange::Shared;
use super::log::Entry;
use super::routing::Routing;
use super::weather::{Outage, Rule, RuleId, StandingRule};

/// Where the control API begins.
pub(crate) const PATH: &str = "/_lab/";

/// The state of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Status {
    /// The Regions that are away, and how.
    pub outages: BTreeMap<String, Outage>,
    /// The rules that stand.
    pub rules: Vec<StandingRule>,
    /// How many calls the log holds.
    pub calls: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Away {
    mode: Outage,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    id: RuleId,
}

/// Answers a request of the control API.
pub(crate) async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return problem(StatusCode::BAD_REQUEST, "the body ended early");
    };
    let path = head.uri.path().strip_prefix(PATH).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match dispatch(shared, &head.method, &parts, &body.to_bytes()) {
        Ok(answer) => answer,
        Err(error) => problem(StatusCode::BAD_REQUEST, &format!("{error:#}")),
    }
}

fn dispatch(shared: &Shared, method: &Method, parts: &[&str], body: &[u8]) -> anyhow::Result<Response<Bytes>> {
    let weather = &shared.weather;
    match (method, parts) {
        (&Method::GET, ["status"]) => {}
        (&Method::GET, ["log"]) => return log(shared),
        (&Method::PUT, ["outages", region]) => weather.begin_outage(region, parse::<Away>(body)?.mode),
        (&Method::DELETE, ["outages", region]) => weather.end_outage(region),
        (&Method::POST, ["rules"]) => {
            return json_answer(
                StatusCode::CREATED,
                &Added {
                    id: weather.add(parse(body)?),
                },
            );
        }
        (&Method::DELETE, ["rules", id]) => {
            let id = id.parse().with_context(|| format!("{id} is no rule's number"))?;
            if !weather.remove(id) {
                return Ok(problem(StatusCode::NOT_FOUND, &format!("no rule {id} stands")));
            }
        }
        (&Method::DELETE, ["weather"]) => weather.clear(),
        (&Method::GET, ["routing"]) => return json_answer(StatusCode::OK, &shared.routing.now()),
        (&Method::PUT, ["routing"]) => {
            shared.routing.set(parse(body)?);
            return json_answer(StatusCode::OK, &shared.routing.now());
        }
        _ => return Ok(problem(StatusCode::NOT_FOUND, "no such part of the lab's control API")),
    }
    let status = Status {
        outages: weather.outages(),
        rules: weather.standing(),
        calls: shared.log.snapshot().len(),
    };
    json_answer(StatusCode::OK, &status)
}

fn log(shared: &Shared) -> anyhow::Result<Response<Bytes>> {
    let mut lines = Vec::new();
    for entry in shared.log.snapshot() {
        serde_json::to_writer(&mut lines, &*entry).context("write the log")?;
        lines.push(b'\n');
    }
    Ok(Response::new(lines.into()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("read the body")
}

fn json_answer(status: StatusCode, value: &impl Serialize) -> anyhow::Result<Response<Bytes>> {
    let body = serde_json::to_vec(value).context("write the answer")?;
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .context("build the answer")
}

fn problem(status: StatusCode, because: &str) -> Response<Bytes> {
    let mut answer = Response::new(json!({"because": because}).to_string().into());
    *answer.status_mut() = status;
    answer
}

/// The weather of a gateway that runs in another process.
#[derive(Clone, Debug)]
pub struct Remote {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Remote {
    /// The gateway that listens at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// The gateway's state.
    ///
    /// # Errors
    /// When nothing answers there, or something else than a gateway does.
    pub async fn status(&self) -> anyhow::Result<Status> {
        self.call(Method::GET, "status", &()).await
    }

    /// Takes `region` away.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn begin_outage(&self, region: &str, mode: Outage) -> anyhow::Result<Status> {
        self.call(Method::PUT, &format!("outages/{region}"), &Away { mode }).await
    }

    /// Brings `region` back.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn end_outage(&self, region: &str) -> anyhow::Result<Status> {
        self.call(Method::DELETE, &format!("outages/{region}"), &()).await
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn add(&self, rule: &Rule) -> anyhow::Result<RuleId> {
        let added: Added = self.call(Method::POST, "rules", rule).await?;
        Ok(added.id)
    }

    /// Ends a rule.
    ///
    /// # Errors
    /// As [`Remote::status`], and when it had ended already.
    pub async fn remove(&self, id: RuleId) -> anyhow::Result<Status> {
        self.call(Method::DELETE, &format!("rules/{id}"), &()).await
    }

    /// The routing controls.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn routing(&self) -> anyhow::Result<Routing> {
        self.call(Method::GET, "routing", &()).await
    }

    /// Puts the routing controls and their rule as they are to be; no rule is asked.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn set_routing(&self, routing: &Routing) -> anyhow::Result<Routing> {
        self.call(Method::PUT, "routing", routing).await
    }

    /// The log, in the order in which the calls ended.
    ///
    /// # Errors
    /// As [`Remote::status`].
    pub async fn log(&self) -> anyhow::Result<Vec<Entry>> {
        let lines = self.send(Method::GET, "log", &()).await?;
        serde_json::Deserializer::from_slice(&lines)
            .into_iter()
            .collect::<Result<_, _>>()
            .context("understand the log")
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let answer = self.send(method, path, body).await?;
        serde_json::from_slice(&answer).context("understand the answer")
    }

    async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> anyhow::Result<Bytes> {
        let url = format!("http://{}{PATH}{path}", self.address);
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .body(Full::new(serde_json::to_vec(body).context("write the request")?.into()))
            .context("build the request")?;
        let answer = self
            .client
            .request(request)
            .await
            .with_context(|| format!("reach the lab's gateway at {url}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context("read the answer")?.to_bytes();
        if !status.is_success() {
            bail!("the lab's gateway answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
