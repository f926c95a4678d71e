//! The gateway of the lab: one loopback endpoint in front of both emulators, its log, its weather and its overlays.
//!
//! Every AWS call of the lab and of the functions goes through here. A call is routed by the Region and service that it
//! is signed for, written to the [`Log`], exposed to the [`Weather`], and its answer is completed with what neither
//! emulator models (`overlay`): the time that AWS takes, idempotency by client token, IAM in front of moto.
//! Deliberately absent: any state of AWS that an emulator can hold. The gateway remembers only what is under way, and the
//! routing controls of ARC, which neither emulator has.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

mod call;
mod control;
mod exchange;
mod fault;
mod form;
mod log;
mod operation;
mod overlay;
pub mod routing;
mod server;
mod target;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod upstream;
mod weather;
mod xml;

pub use control::{Remote, Status};
pub use log::{Entry, Log};
pub use routing::{Routing, RoutingControls, Turned};
pub use weather::{Effect, Match, Outage, Rule, RuleId, StandingRule, Weather};

/// The access key (and secret) that both emulators take as the account's root; the gateway signs its own questions
/// with it and asks no policy about calls that are signed with it.
pub const ROOT_KEY: &str = "test";

/// What a gateway needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where MiniStack listens: every service but those of moto.
    pub ministack: SocketAddr,
    /// Where moto listens: EC2, Auto Scaling, Elastic Load Balancing and Service Quotas.
    pub moto: SocketAddr,
    /// The Region that the functions are deployed in, which is where their roles are looked up.
    pub engine_region: String,
    /// How long AWS's waiting states last here.
    pub times: Times,
    /// Where to write the log as JSON lines too. An existing file is replaced.
    pub log: Option<PathBuf>,
}

/// How long AWS's waiting states last in the lab, each counted from the call that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Times {
    /// A cluster is `promoting` after RemoveFromGlobalCluster.
    pub promotion: Duration,
    /// A global cluster is `failing-over` after FailoverGlobalCluster or SwitchoverGlobalCluster.
    pub failover: Duration,
    /// An instance is `pending` after RunInstances.
    pub pending: Duration,
    /// The status checks of an instance are `initializing` after RunInstances.
    pub initializing: Duration,
    /// An image is `pending` after CreateImage.
    pub imaging: Duration,
    /// An image is `pending` after CopyImage.
    pub copying: Duration,
    /// An instance is `shutting-down` after TerminateInstances.
    pub stopping: Duration,
    /// Users are still led to where they were after what moves them was changed: Route 53's health checks and answers, and the
    /// resolvers that remember these.
    pub propagation: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            promotion: Duration::from_secs(20),
            failover: Duration::from_secs(20),
            pending: Duration::from_secs(4),
            initializing: Duration::from_secs(12),
            imaging: Duration::from_secs(6),
            copying: Duration::from_secs(10),
            stopping: Duration::from_secs(2),
            propagation: Duration::from_secs(3),
        }
    }
}

impl Times {
    /// For people who watch: a promotion and a boot that take about as long as quick ones of AWS, so that what Relight itself takes is
    /// seen against them.
    pub const WATCHED: Self = Self {
        promotion: Duration::from_secs(90),
        failover: Duration::from_secs(90),
        pending: Duration::from_secs(8),
        initializing: Duration::from_secs(40),
        imaging: Duration::from_secs(6),
        copying: Duration::from_secs(10),
        stopping: Duration::from_secs(2),
        propagation: Duration::from_secs(3),
    };

    /// No waiting at all: every state is reached at once.
    pub const NONE: Self = Self {
        promotion: Duration::ZERO,
        failover: Duration::ZERO,
        pending: Duration::ZERO,
        initializing: Duration::ZERO,
        imaging: Duration::ZERO,
        copying: Duration::ZERO,
        stopping: Duration::ZERO,
        propagation: Duration::ZERO,
    };
}

/// A running gateway. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    weather: Weather,
    log: Log,
    routing: RoutingControls,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Gateway {
    /// Starts a gateway on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be had, or the log's file can't be created.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("bind the gateway to loopback")?;
        let address = listener.local_addr().context("read the gateway's address")?;
        let weather = Weather::default();
        let log = Log::new(config.log.as_deref())?;
        let (stop, stopped) = oneshot::channel();
        let routing = RoutingControls::default();
        let shared = Arc::new(exchange::Shared::new(&config, weather.clone(), log.clone(), routing.clone()));
        let server = tokio::spawn(server::serve(listener, shared, stopped));
        Ok(Self {
            address,
            weather,
            log,
            routing,
            stop,
            server,
        })
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that goes into `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The weather over this gateway's Regions.
    pub fn weather(&self) -> Weather {
        self.weather.clone()
    }

    /// What was asked of AWS so far.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// The routing controls of this gateway's cluster.
    pub fn routing(&self) -> RoutingControls {
        self.routing.clone()
    }

    /// Stops: no connection is accepted any more, open ones are closed, calls under way are logged as never answered.
    pub async fn stop(self) {
        drop(self.stop);
        // The server ends by itself once its sender is gone; it has no error to report.
        let _ = self.server.await;
    }
}
