//! Sends users to one Region or the other, by what the plan names: a metric, routing controls, a parameter or an object.
//!
//! Every method is a data plane's: none asks Route 53, CloudFront or any other control plane that may be what has failed (AWS
//! Fault Isolation Boundaries, "Global services"). What sent users where they were is kept in the ledger before the first
//! change of a chain of runs, and sending them back to the primary restores exactly that.
//!
//! It is done when what it wrote is read back: the alarm is in the state that the health check follows, both controls are as they
//! should be, the parameter or object holds its value. That users arrive is another's to prove: smoke-test asks the public name.
//! Repeating it is harmless: where users are sent there already, it only looks.
//!
//! Deliberately absent: no safety rule of a routing control is ever overridden; a rule that forbids the move stops it, and is named.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
mod metric;
mod place;
mod routing;

use std::fmt;
use std::sync::Arc;

use action::{Call, clock, environment};
use aws_types::sdk_config::SdkConfig;
use jiff::Timestamp;
use places::Places;
use plan::{RoutingEndpoint, Traffic};

use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "shift-traffic";

/// Every AWS call that this action can make, each for one of the methods; the ledger is for all.
pub const CALLS: &[Call] = &[
    Call::read("cloudwatch:DescribeAlarms"),
    Call::read("dynamodb:GetItem"),
    Call::read("route53-recovery-cluster:GetRoutingControlState"),
    Call::read("s3:GetObject"),
    Call::read("ssm:GetParameter"),
    Call::change("cloudwatch:PutMetricData"),
    Call::change("dynamodb:PutItem"),
    Call::change("route53-recovery-cluster:UpdateRoutingControlStates"),
    Call::change("s3:PutObject"),
    Call::change("ssm:PutParameter"),
];

/// The clients that this action needs, all of the recovery Region but those of routing controls.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The alarm and its metric.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Parameters, objects, and the ledger.
    pub places: Places,
    /// Routing controls.
    pub routing: Routing,
}

/// The way to the endpoints of a routing control cluster.
#[derive(Clone)]
pub struct Routing {
    /// Makes a client of one endpoint.
    pub client: Arc<dyn Fn(&RoutingEndpoint) -> aws_sdk_route53recoverycluster::Client + Send + Sync>,
    /// Puts the endpoints into the order in which they are tried.
    pub order: fn(&mut Vec<&RoutingEndpoint>),
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing").finish_non_exhaustive()
    }
}

/// Looks where users are sent, and sends them where they are to go.
///
/// # Errors
/// When what moves them isn't there or forbids it, when it isn't so at the deadline, and when AWS refuses a call.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    match &request.traffic {
        Traffic::None { .. } => Ok(Reply::moves_nobody()),
        Traffic::HealthCheckMetric { .. } => metric::shift(&request, clients, now).await,
        Traffic::RoutingControl {
            endpoints,
            primary_control,
            recovery_control,
            ..
        } => routing::shift(&request, clients, endpoints, primary_control, recovery_control, now).await,
        Traffic::Parameter { .. } | Traffic::Object { .. } => place::shift(&request, clients, now).await,
    }
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        places: Places::new(&config, environment::required("RELIGHT_LEDGER")?),
        routing: Routing {
            client: endpoints(config),
            order: |endpoints| fastrand::shuffle(endpoints),
        },
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}

fn endpoints(config: SdkConfig) -> Arc<dyn Fn(&RoutingEndpoint) -> aws_sdk_route53recoverycluster::Client + Send + Sync> {
    Arc::new(move |endpoint| {
        let config = action::aws::endpoint(&config, &endpoint.region, endpoint.url.as_str(), routing::CALL);
        aws_sdk_route53recoverycluster::Client::new(&config)
    })
}
