//! Publishes where a workload now is: writes the plan's endpoints, each an SSM parameter or an S3 object that the site reads.
//!
//! It looks at every place first. One that says so already is left alone. What the others hold is kept in the ledger before
//! any of them is written, for the way home; then each is written and read back. A value that the plan asks for and nobody
//! knows, such as the host of a database that was not found, is an error before anything is touched: an endpoint with a hole
//! would break a site that still works.
//!
//! Repeating it is harmless: what was written by an earlier call says so already, and a chain of runs keeps what it saw first.
//!
//! Deliberately absent: no waiting, since a write counts when it can be read back, and that is soon
//! (docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html, "Amazon S3 data consistency model"); who asks tries again on
//! `Relight.Transient`. Nothing is deleted.

pub mod decide;
pub mod error;
pub mod io;

use action::ids::Region;
use action::{Call, Permit, PlannedCall, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;
use places::Places;

use decide::{Decision, decide, publication};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "publish-endpoint";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("s3:GetObject"),
    Call::read("s3:GetObjectVersion"),
    Call::read("ssm:GetParameter"),
    Call::change("dynamodb:PutItem"),
    Call::change("s3:PutObject"),
    Call::change("ssm:PutParameter"),
];

/// What this action needs, all of the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The engine's bucket, with the plans.
    pub bucket: Bucket,
    /// The places, and the ledger that keeps what they held.
    pub places: Places,
    /// The Region that this function runs in, which is what `{region}` stands for.
    pub region: Region,
}

/// Writes each of the plan's endpoints that doesn't say so already.
///
/// # Errors
/// When the plan can't be read or its endpoints not be filled in, and when a place can't be read, kept, written or read back;
/// each names the place and how many had been written by then.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let stored = ledger::read_plan(&clients.bucket, &request.workload, request.plan_version.as_deref()).await;
    let plan = stored
        .map_err(|source| Error::ReadPlan(request.workload.clone(), Box::new(source)))?
        .plan;
    let publication = publication(&plan.endpoints, &clients.region, request.database.as_ref())?;
    let permit = request.mode.permit();
    // A plan run has promoted nothing, so that there the host is not known yet.
    if let (Some(_), Some(unknown)) = (&permit, publication.unknown.first()) {
        return Err(unknown.clone().into());
    }
    let mut seen = Vec::with_capacity(publication.wanted.len());
    for wanted in &publication.wanted {
        seen.push(clients.places.read(&wanted.place).await.map_err(Error::Before)?);
    }
    let decision = decide(publication, seen);
    let Some(permit) = permit else {
        let calls = planned(&request, clients, &decision, now).await?;
        return Ok(Reply::planned(&decision, calls));
    };
    if decision.writes.is_empty() {
        return Ok(Reply::unchanged(&decision));
    }
    write(&request, clients, &decision, now, &permit).await?;
    Ok(Reply::changed(&decision))
}

/// Keeps everything first: a ledger that can't be written must stop this before any place is.
async fn write(request: &Request, clients: &Clients, decision: &Decision, now: Timestamp, permit: &Permit) -> Result<(), Error> {
    let places = &clients.places;
    for write in &decision.writes {
        let kept = places.keep(&request.workload, &request.run, &write.place, write.before.as_ref(), now, permit);
        kept.await.map_err(Error::Before)?;
    }
    let of = decision.writes.len();
    for (written, write) in decision.writes.iter().enumerate() {
        let partway = |source| Error::Partway { written, of, source };
        places.write(&write.place, &write.value, permit).await.map_err(partway)?;
        let back = places.read(&write.place).await.map_err(partway)?;
        if back.is_none_or(|back| back.text != write.value.text) {
            let place = write.place.clone();
            return Err(Error::Differs { written, of, place });
        }
    }
    Ok(())
}

/// All calls as plan mode lists them: none has a dry run.
async fn planned(request: &Request, clients: &Clients, decision: &Decision, now: Timestamp) -> Result<Vec<PlannedCall>, Error> {
    let places = &clients.places;
    let mut calls = Vec::with_capacity(2 * decision.writes.len());
    for write in &decision.writes {
        let kept = places.planned_keep(&request.workload, &request.run, &write.place, write.before.as_ref(), now);
        calls.push(kept.await.map_err(Error::Before)?);
    }
    for write in &decision.writes {
        let written = places.planned_write(&write.place, &write.value);
        calls.push(written.await.map_err(Error::Before)?);
    }
    Ok(calls)
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
        places: Places::new(&config, environment::required("RELIGHT_LEDGER")?),
        region: environment::required("AWS_REGION")?.parse()?,
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
