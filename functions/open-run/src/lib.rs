//! Opens a run: reads the plan, takes the workload's lock, writes the run's record, fixes the deadline.
//!
//! One run per workload: a lock whose owner still runs is refused, one whose owner has ended or that has expired is taken
//! over. A run that follows one that stopped partway goes on from it, under the same tag, so that what is made isn't made
//! again. A plan that asks for what this version doesn't do is refused here, as a whole, before anything is touched. The
//! same run opens once: asked again, it is told what it was told first. What this writes concerns the ledger only.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::Region;
use action::{Call, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;
use ledger::{Lock, RunRecord};

use decide::{Decision, Holder, Opening, Refusal};
pub use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "open-run";

/// Every AWS call that this action can make. `GetObjectVersion` is what IAM asks for when GetObject names a version.
pub const CALLS: &[Call] = &[
    Call::read("dynamodb:GetItem"),
    Call::read("s3:GetObject"),
    Call::read("s3:GetObjectVersion"),
    Call::read("states:DescribeExecution"),
    Call::change("dynamodb:PutItem"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The plan.
    pub bucket: Bucket,
    /// The execution of a lock's owner.
    pub sfn: aws_sdk_sfn::Client,
}

/// What the engine's template tells this function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger's table: `RELIGHT_LEDGER`.
    pub ledger: String,
    /// The Region that the engine runs in: `AWS_REGION`.
    pub region: Region,
}

impl Settings {
    /// The settings as the environment gives them.
    ///
    /// # Errors
    /// When one of them isn't set, or isn't what it should be.
    pub fn from_environment() -> Result<Self, lambda_runtime::Error> {
        Ok(Self {
            ledger: environment::required("RELIGHT_LEDGER")?,
            region: environment::required("AWS_REGION")?.parse()?,
        })
    }
}

/// Opens the run.
///
/// # Errors
/// When the plan can't be followed, another run holds the lock, or AWS doesn't answer.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let ledger = aws::Ledger {
        dynamodb: &clients.dynamodb,
        table: &settings.ledger,
        workload: &request.workload,
        machine: request.machine,
    };
    let record = ledger.record(&request.run).await?;
    let pinned = record.as_ref().and_then(|record| record.plan_version.as_deref());
    let stored = ledger::read_plan(&clients.bucket, &request.workload, pinned).await?;
    let unsupported = decide::unsupported(request.machine, &stored.plan, &settings.region);
    if !unsupported.is_empty() {
        return Err(Refusal::Unsupported(unsupported).into());
    }
    let held = match ledger.lock().await? {
        Some(lock) if decide::worth_asking(&request, &lock, now) => {
            let holder = aws::holder(&clients.sfn, &lock.execution).await?;
            Some((lock, holder))
        }
        other => other.map(|lock| (lock, Holder::Ended)),
    };

    // A run that was opened before keeps what it was told then.
    let last = if record.is_none() { ledger.last_run().await? } else { None };

    let opening = match decide::decide(&request, record.as_ref(), held, last.as_ref(), &stored, now)? {
        Decision::Resume(opening) => return Ok(Reply::unchanged(&opening, stored, &request)),
        Decision::Open(opening) => opening,
    };
    let lock = Lock {
        owner: request.run.clone(),
        machine: request.machine,
        chain: opening.chain.clone(),
        execution: request.execution.clone(),
        taken_at: opening.at,
        expires_at: opening.lock_expires(),
    };
    let record = record_of(&request, &opening, &stored);
    let Some(permit) = request.mode.permit() else {
        let calls = ledger.planned(&lock, opening.replaces.as_ref(), &record).await?;
        return Ok(Reply {
            calls,
            ..Reply::planned(&opening, stored, &request)
        });
    };
    ledger.take(&lock, opening.replaces.as_ref(), &permit).await?;
    ledger.write(&record, &permit).await?;
    Ok(Reply::changed(&opening, stored, &request))
}

fn record_of(request: &Request, opening: &Opening, stored: &ledger::StoredPlan) -> RunRecord {
    RunRecord {
        run: request.run.clone(),
        machine: request.machine,
        mode: request.mode,
        trigger: request.trigger.clone(),
        chain: opening.chain.clone(),
        opened_at: Some(opening.at),
        deadline: Some(opening.deadline),
        plan_digest: Some(stored.digest.clone()),
        plan_version: stored.version.clone(),
        closed: None,
    }
}

/// Builds the clients and serves.
///
/// # Errors
/// When the environment lacks a setting, or the runtime can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let settings = Settings::from_environment()?;
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
        sfn: aws_sdk_sfn::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &settings, clock::now())).await
}
