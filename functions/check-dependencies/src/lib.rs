//! Asks of what a recovery relies on and never calls: roles, the instance profile, the health check that moves users, the
//! distribution that moves reads by itself, and the site's certificate.
//!
//! Most of it is managed by control planes in us-east-1 (AWS Fault Isolation Boundaries, "Global services"). So it is asked
//! in peace alone, by the readiness machine; no recovery starts this function, and a service that doesn't answer it warns
//! and fails nothing.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use std::sync::LazyLock;
use std::time::Duration;

use action::clock::Bound;
use action::ids::Region;
use action::{Call, clock, environment};
use aws_types::sdk_config::SdkConfig;
use jiff::Timestamp;

use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-dependencies";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("acm:DescribeCertificate"),
    Call::read("cloudfront:GetDistribution"),
    Call::read("cloudwatch:DescribeAlarms"),
    Call::read("ec2:DescribeLaunchTemplateVersions"),
    Call::read("elasticloadbalancing:DescribeListeners"),
    Call::read("elasticloadbalancing:DescribeTargetGroups"),
    Call::read("iam:GetInstanceProfile"),
    Call::read("iam:GetRole"),
    Call::read("lambda:ListFunctions"),
    Call::read("route53:ListHealthChecks"),
];

/// How long all questions may take. They are asked side by side, and one that isn't answered by then has no answer.
const ALL: Duration = Duration::from_secs(40);

/// A client that is made when it is first used: few plans need all eight, and each is paid for in a cold start.
pub type Lazy<Client> = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

/// The client that `make` makes.
pub fn lazy<Client>(make: impl FnOnce() -> Client + Send + 'static) -> Lazy<Client> {
    LazyLock::new(Box::new(make))
}

/// The clients that this action needs, and its settings.
#[derive(Debug)]
pub struct Clients {
    /// The site's certificates.
    pub acm: Lazy<aws_sdk_acm::Client>,
    /// The distribution.
    pub cloudfront: Lazy<aws_sdk_cloudfront::Client>,
    /// The alarm that moves users.
    pub cloudwatch: Lazy<aws_sdk_cloudwatch::Client>,
    /// The launch template.
    pub ec2: Lazy<aws_sdk_ec2::Client>,
    /// What serves the certificates.
    pub elb: Lazy<aws_sdk_elasticloadbalancingv2::Client>,
    /// The roles and the instance profile.
    pub iam: Lazy<aws_sdk_iam::Client>,
    /// Relight's functions.
    pub lambda: Lazy<aws_sdk_lambda::Client>,
    /// The health check.
    pub route53: Lazy<aws_sdk_route53::Client>,
    /// The Region that the engine is in.
    pub region: Region,
}

/// Looks, and answers each of its questions.
///
/// # Errors
/// Never: what can't be read is the answer to its own question.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let seen = aws::observe(clients, &request, Bound::within(ALL)).await;
    Ok(Reply::new(decide::answers(&request, &seen, &clients.region, now)))
}

fn from<Client: 'static>(config: &SdkConfig, make: fn(&SdkConfig) -> Client) -> Lazy<Client> {
    let config = config.clone();
    lazy(move || make(&config))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        acm: from(&config, aws_sdk_acm::Client::new),
        cloudfront: from(&config, aws_sdk_cloudfront::Client::new),
        cloudwatch: from(&config, aws_sdk_cloudwatch::Client::new),
        ec2: from(&config, aws_sdk_ec2::Client::new),
        elb: from(&config, aws_sdk_elasticloadbalancingv2::Client::new),
        iam: from(&config, aws_sdk_iam::Client::new),
        lambda: from(&config, aws_sdk_lambda::Client::new),
        route53: from(&config, aws_sdk_route53::Client::new),
        region: environment::required("AWS_REGION")?.parse()?,
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
