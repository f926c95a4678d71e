//! Asks of the database what would stop its promotion, from the recovery Region and of the recovery Region only.
//!
//! Whether the primary is healthy is the probe's question: a recovery must be ready while the primary is not.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, clock};
use jiff::Timestamp;

use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-database";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("cloudwatch:GetMetricData"),
    Call::read("kms:DescribeKey"),
    Call::read("rds:DescribeDBClusters"),
    Call::read("rds:DescribeDBInstances"),
    Call::read("rds:DescribeGlobalClusters"),
];

/// The clients that this action needs, all of the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The clusters.
    pub rds: aws_sdk_rds::Client,
    /// The lag.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The key.
    pub kms: aws_sdk_kms::Client,
}

/// Looks, and answers each of its questions.
///
/// # Errors
/// When the global cluster or the recovery cluster can't be read, on which most questions hang. What else can't be read
/// is the answer to its own question.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let seen = aws::observe(clients, &request, now).await?;
    Ok(Reply::new(decide::answers(&request, &seen)))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        rds: aws_sdk_rds::Client::new(&config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        kms: aws_sdk_kms::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
