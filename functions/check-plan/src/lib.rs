//! Asks whether there is a plan to follow and no run in its way, and hands on what the other askers need of it.
//!
//! It takes no lock and writes nothing: a readiness check runs beside whatever else runs, and must hold up none of it.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::Region;
use action::{Call, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;

use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-plan";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[Call::read("dynamodb:GetItem"), Call::read("s3:GetObject")];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The lock.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The ledger's table.
    pub ledger: String,
    /// The plan.
    pub bucket: Bucket,
    /// The Region that the engine is in, which is where it can recover to.
    pub region: Region,
}

/// Reads the plan, then the lock.
///
/// # Errors
/// When there is no valid plan: then nothing else can be asked either. A lock that can't be read is an answer.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let stored = ledger::read_plan(&clients.bucket, &request.workload, None).await?;
    let lock = aws::lock(&clients.dynamodb, &clients.ledger, &request.workload).await;
    let answers = vec![decide::plan(&stored, &clients.region), decide::other_run(lock, now)];
    Ok(Reply::new(answers, stored.plan))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        ledger: environment::required("RELIGHT_LEDGER")?,
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
        region: environment::required("AWS_REGION")?.parse()?,
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
