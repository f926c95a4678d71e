//! The site of one Region: a small shop whose answers follow from what the emulators hold.
//!
//! It answers only where an instance of the workload runs, has passed its status checks, and has had the time to start the application; it
//! accepts orders only where its database is the writer, and its table, if it has one, is ACTIVE. A hot standby's application runs in the
//! recovery Region at all times, on nothing that the emulators hold. In the recovery Region it knows its database only from the
//! parameter that a recovery publishes; a hot standby's knows it at all times. When its Region is lost its port refuses.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use action::clock;
use anyhow::{Context as _, Result, bail};
use aws_sdk_dynamodb::types::TableStatus;
use aws_sdk_ec2::types::{Filter, InstanceStatusSummary, SummaryStatus};
use aws_types::sdk_config::SdkConfig;
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use plan::Strategy;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clients;
use crate::world::{
    DATABASE_PARAMETER, GLOBAL_CLUSTER, PRIMARY, PRIMARY_CLUSTER, RECOVERY_CLUSTER, TABLE, WORKLOAD, WORKLOAD_TAG, is_apart,
};

const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Whether a site answers that it is well.
pub async fn is_well(site: &str) -> bool {
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let Ok(address) = format!("{site}/health").parse() else {
        return false;
    };
    client.get(address).await.is_ok_and(|reply| reply.status() == StatusCode::OK)
}

/// The Region that a site says it serves from, if it answers.
pub async fn region_of(site: &str) -> Option<String> {
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let reply = client.get(format!("{site}/health").parse().ok()?).await.ok()?;
    let body = reply.into_body().collect().await.ok()?.to_bytes();
    let health: Value = serde_json::from_slice(&body).ok()?;
    health.get("region")?.as_str().map(str::to_owned)
}

/// The orders of each Region's cluster.
#[derive(Clone, Debug, Default)]
pub struct Orders(Arc<Mutex<BTreeMap<String, BTreeMap<String, Value>>>>);

impl Orders {
    fn put(&self, regions: &[&str], id: &str, order: &Value) {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for region in regions {
            stores.entry((*region).to_owned()).or_default().insert(id.to_owned(), order.clone());
        }
    }

    fn get(&self, region: &str, id: &str) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(region)?.get(id).cloned()
    }
}

/// A Region's site, served until it is dropped.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Site {
    /// Serves the site of `region` on a free loopback port, except while it is `lost`: then the port refuses.
    /// `strategy` says what it needs in the recovery Region; `starting` is how long an instance takes from its launch until the application answers.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn serve(
        endpoint: &str,
        region: &str,
        orders: Orders,
        (strategy, starting): (Strategy, Duration),
        lost: watch::Receiver<bool>,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("bind the site's port")?;
        let address = listener.local_addr().context("read the site's port")?;
        let shop = Arc::new(Shop::new(
            &clients::config(endpoint, region, clients::SITE)?,
            region,
            orders,
            (strategy, starting),
        ));
        let server = tokio::spawn(serve(listener, address, lost, shop));
        Ok(Self { address, server })
    }

    /// Waits until the site answers.
    ///
    /// # Errors
    /// When it doesn't within half a minute.
    pub async fn answers(&self) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < ANSWERS_WITHIN {
            if is_well(&self.url()).await {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        bail!("the site at {} didn't answer within {ANSWERS_WITHIN:?}", self.url())
    }

    /// Where it is reached.
    ///
    /// # Errors
    /// Never in practice: an address is one.
    pub(crate) fn authority(&self) -> Result<Authority> {
        self.address.to_string().parse().context("understand the site's address")
    }

    /// The site's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, address: SocketAddr, mut lost: watch::Receiver<bool>, shop: Arc<Shop>) {
    let mut listening = Some(listener);
    loop {
        if *lost.borrow_and_update() {
            listening = None;
        } else if listening.is_none() {
            listening = TcpListener::bind(address).await.ok();
        }
        let Some(listener) = &listening else {
            if lost.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = lost.changed() => if changed.is_err() { return },
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let shop = Arc::clone(&shop);
                let mut gone = lost.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| { let shop = Arc::clone(&shop); async move { Ok::<_, Infallible>(shop.answer(request).await) } });
                    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        _served = connection => {}
                        _lost = gone.wait_for(|lost| *lost) => {}
                    }
                });
            },
        }
    }
}

/// What a request needs to know of the Region.
struct Shop {
    region: String,
    cluster: &'static str,
    /// Whether an instance must run for it to answer.
    on_instances: bool,
    /// The table that must take writes too.
    table: Option<&'static str>,
    orders: Orders,
    starting: Duration,
    ec2: aws_sdk_ec2::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    rds: aws_sdk_rds::Client,
    ssm: aws_sdk_ssm::Client,
}

/// What this Region's database is to its site.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It takes writes, and its secondary gets them.
    Writer,
    /// It takes writes and stands alone.
    Alone,
    /// It follows the other Region.
    Reader,
    /// It is changing, or the site doesn't know it.
    Unknown,
}

impl Shop {
    fn new(config: &SdkConfig, region: &str, orders: Orders, (strategy, starting): (Strategy, Duration)) -> Self {
        Self {
            region: region.to_owned(),
            cluster: if region == PRIMARY { PRIMARY_CLUSTER } else { RECOVERY_CLUSTER },
            on_instances: strategy != Strategy::HotStandby || region == PRIMARY,
            table: (strategy == Strategy::HotStandby).then_some(TABLE),
            orders,
            starting,
            ec2: aws_sdk_ec2::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !self.serves().await {
            return text(StatusCode::SERVICE_UNAVAILABLE, "no instance of unishop serves here");
        }
        let (head, body) = request.into_parts();
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => home(),
            (&Method::GET, "/health") => {
                let database = match self.role().await {
                    Role::Writer | Role::Alone => "writer",
                    Role::Reader => "reader",
                    Role::Unknown => "unknown",
                };
                let mut health = json!({"region": self.region, "database": database, "version": "1"});
                if let Some(table) = self.table {
                    let has_it = self.has_its_table().await.unwrap_or(false);
                    health["table"] = if has_it { table } else { "unknown" }.into();
                }
                reply(StatusCode::OK, &health)
            }
            (&Method::POST, "/orders") => self.order(body).await,
            (&Method::GET, path) => match path.strip_prefix("/orders/").and_then(|id| self.orders.get(&self.region, id)) {
                Some(order) => reply(StatusCode::OK, &order),
                None => text(StatusCode::NOT_FOUND, "nothing here by that name"),
            },
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "unishop doesn't do that"),
        }
    }

    async fn order(&self, body: Incoming) -> Response<Full<Bytes>> {
        let order: Option<Value> = match body.collect().await {
            Ok(body) => serde_json::from_slice(&body.to_bytes()).ok(),
            Err(_) => None,
        };
        let Some((order, id)) = order.as_ref().and_then(|order| Some((order, order.get("id")?.as_str()?))) else {
            return text(StatusCode::BAD_REQUEST, "an order is a JSON object with an \"id\"");
        };
        let other = if self.region == PRIMARY { crate::world::RECOVERY } else { PRIMARY };
        match self.role().await {
            Role::Writer => self.orders.put(&[&self.region, other], id, order),
            Role::Alone => self.orders.put(&[&self.region], id, order),
            Role::Reader | Role::Unknown => return text(StatusCode::SERVICE_UNAVAILABLE, "the database takes no writes here"),
        }
        reply(StatusCode::CREATED, &json!({"id": id, "region": self.region}))
    }

    /// Whether an instance runs, has had the time to boot and to start the application, and has passed both checks. When it was launched
    /// tells, so that it starts whether anybody asks or not.
    async fn serves(&self) -> bool {
        !self.on_instances || self.an_instance_has_started().await
    }

    async fn an_instance_has_started(&self) -> bool {
        let filters = [("instance-state-name", "running"), (&format!("tag:{WORKLOAD_TAG}"), WORKLOAD)]
            .map(|(name, value)| Filter::builder().name(name).values(value).build());
        let Ok(found) = self.ec2.describe_instances().set_filters(Some(filters.to_vec())).send().await else {
            return false;
        };
        let launched_by = clock::now() - self.starting;
        let instances = found.reservations().iter().flat_map(|r| r.instances());
        let ids: Vec<String> = instances
            // A copy that is being proven carries the tag too, and serves nobody.
            .filter(|i| !i.private_ip_address().is_some_and(is_apart))
            .filter(|i| i.launch_time().is_some_and(|at| at.secs() <= launched_by.as_second()))
            .filter_map(|i| i.instance_id())
            .map(str::to_owned)
            .collect();
        one_passed(&self.ec2, ids).await
    }

    /// Where the site is told that its database is; a primary and a hot standby are told of no other than their own.
    async fn published(&self) -> Result<Option<String>> {
        if self.region == PRIMARY || !self.on_instances {
            return Ok(None);
        }
        let found = self.ssm.get_parameter().name(DATABASE_PARAMETER).send().await?;
        let value = found.parameter().and_then(|parameter| parameter.value());
        Ok(Some(value.unwrap_or_default().to_owned()))
    }

    async fn role(&self) -> Role {
        self.look_up_role().await.unwrap_or(Role::Unknown)
    }

    async fn has_its_table(&self) -> Result<bool> {
        let Some(table) = self.table else {
            return Ok(true);
        };
        let found = self.dynamodb.describe_table().table_name(table).send().await?;
        Ok(found.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active))
    }

    /// All that it needs to know is asked at once: an application knows it without asking, and takes no time for it.
    async fn look_up_role(&self) -> Result<Role> {
        let clusters = self.rds.describe_db_clusters().db_cluster_identifier(self.cluster);
        let globals = self.rds.describe_global_clusters().global_cluster_identifier(GLOBAL_CLUSTER);
        let (clusters, globals, published, has_its_table) =
            tokio::join!(clusters.send(), globals.send(), self.published(), self.has_its_table());
        let (clusters, globals) = (clusters?, globals?);
        let cluster = clusters.db_clusters().first().context("no cluster")?;
        let here = format!("{}:{}", cluster.endpoint().unwrap_or_default(), cluster.port().unwrap_or_default());
        let told = published?.is_none_or(|published| published == here);
        if !told || cluster.status() != Some("available") || !has_its_table? {
            return Ok(Role::Unknown);
        }
        let members = globals
            .global_clusters()
            .first()
            .map(|global| global.global_cluster_members())
            .unwrap_or_default();
        let member = members.iter().find(|member| member.db_cluster_arn() == cluster.db_cluster_arn());
        Ok(match member {
            None => Role::Alone,
            Some(member) if member.is_writer() == Some(true) => Role::Writer,
            Some(_) => Role::Reader,
        })
    }
}

/// Whether one of these instances has passed both its status checks.
pub(crate) async fn one_passed(ec2: &aws_sdk_ec2::Client, instances: Vec<String>) -> bool {
    if instances.is_empty() {
        return false;
    }
    let Ok(found) = ec2.describe_instance_status().set_instance_ids(Some(instances)).send().await else {
        return false;
    };
    let ok = |summary: Option<&InstanceStatusSummary>| summary.and_then(|s| s.status()) == Some(&SummaryStatus::Ok);
    found
        .instance_statuses()
        .iter()
        .any(|status| ok(status.instance_status()) && ok(status.system_status()))
}

/// The home page of the shop.
pub(crate) fn home() -> Response<Full<Bytes>> {
    text(
        StatusCode::OK,
        "<!doctype html><title>Unishop</title><h1>Unishop</h1><p>Unicorns, delivered.</p>",
    )
}

pub(crate) fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_owned()));
    *response.status_mut() = status;
    response
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    text(status, &body.to_string())
}
