//! Closes a run: writes its report from the execution's own history, closes its record, releases its lock, and words the
//! notification.
//!
//! Every way through a machine ends here, also those that were refused before anything was opened; a lock that another
//! run holds is never touched. The same run closes once: asked again, it gives the same report under the same key. What
//! this writes concerns the books only, and comes in an order in which it can break off anywhere and be done again:
//! report, record, last run, lock.

mod aws;
pub mod decide;
pub mod definition;
pub mod error;
pub mod estimate;
pub mod history;
pub mod io;
pub mod message;
pub mod report;
pub mod steps;
mod words;

use action::ids::Region;
use action::{Call, ErrorName, Metrics, Outcome, Permit, PlannedCall, Unit, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;
use ledger::{Chain, Closed, LastRun, RunRecord, Verdict};

pub use aws::event;
pub use error::Error;
use io::{Reply, Request};
pub use report::{Report, ReportedCall, report_schema};

/// The action's name.
pub const NAME: &str = "close-run";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("states:DescribeStateMachineForExecution"),
    Call::read("states:GetExecutionHistory"),
    Call::read("dynamodb:GetItem"),
    Call::change("s3:PutObject"),
    Call::change("dynamodb:PutItem"),
    Call::change("dynamodb:DeleteItem"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The report.
    pub bucket: Bucket,
    /// The execution.
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

/// Closes the run.
///
/// # Errors
/// When the history can't be read, the books can't be written, or the machine contradicts itself.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let ledger = aws::Ledger {
        dynamodb: &clients.dynamodb,
        table: &settings.ledger,
        workload: &request.workload,
        machine: request.machine,
    };
    let definition = aws::definition(&clients.sfn, &request.execution).await?;
    let events = aws::history(&clients.sfn, &request.execution).await?;
    let record = ledger.record(&request.run).await?;
    let closed = record.as_ref().and_then(|record| record.closed.clone());
    let closed_at = closed.as_ref().map_or_else(|| millis(now), |closed| closed.at);

    let visits = history::visits(&events, &definition, &request.stops);
    let walked = steps::steps(request.mode, &visits, &definition);
    let mut report = decide::report(&request, walked, &definition, &settings.region, closed_at)?;
    let key = ledger::report_key(&request.workload, &request.run);
    let location = clients.bucket.location(&key);
    let Some(permit) = request.mode.permit() else {
        let record = closing(&request, record, &report, &location);
        let books = planned_books(
            &ledger,
            &clients.bucket,
            &settings.region,
            &key,
            &record,
            last(&record, &report).as_ref(),
        )
        .await?;
        report.calls.extend(books);
        let reply = reply(Outcome::Planned, &report, location);
        return Ok(Reply {
            document: Some(Box::new(report)),
            ..reply
        });
    };

    let outcome = if closed.is_some() { Outcome::Unchanged } else { Outcome::Changed };
    if closed.is_none() {
        let text = serde_json::to_vec_pretty(&report).map_err(Error::Json)?;
        let put = clients.bucket.put(&key, "application/json", None, text, &permit).await;
        put.map_err(|failure| Error::PutReport(location.clone(), failure))?;
    }
    let record = closing(&request, record, &report, &location);
    settle(&ledger, &record, last(&record, &report).as_ref(), closed.is_some(), &permit).await?;
    if closed.is_none() {
        metrics(&report).emit(now);
    }
    Ok(reply(outcome, &report, location))
}

/// The record, closed; of a run that was never opened, a first one.
fn closing(request: &Request, record: Option<RunRecord>, report: &Report, location: &str) -> RunRecord {
    let opened = request.opened.as_ref();
    let record = record.unwrap_or_else(|| RunRecord {
        run: request.run.clone(),
        machine: request.machine,
        mode: request.mode,
        trigger: request.trigger.clone(),
        chain: opened.map_or_else(
            || Chain::begun_by(&request.run),
            |opened| Chain {
                continues: opened.continues.clone(),
                work: opened.work.clone(),
            },
        ),
        opened_at: opened.map(|opened| opened.opened_at),
        deadline: opened.map(|opened| opened.deadline),
        plan_digest: None,
        plan_version: None,
        closed: None,
    });
    RunRecord {
        closed: record.closed.clone().or_else(|| {
            Some(Closed {
                at: report.run.closed_at,
                verdict: report.verdict,
                report: location.to_owned(),
            })
        }),
        ..record
    }
}

/// Writes what the ledger needs; each write can be repeated.
async fn settle(
    ledger: &aws::Ledger<'_>,
    record: &RunRecord,
    last: Option<&LastRun>,
    was_closed: bool,
    permit: &Permit,
) -> Result<(), Error> {
    if !was_closed {
        ledger.close(record, permit).await?;
    }
    if let Some(last) = last {
        ledger.last(last, permit).await?;
    }
    ledger.release(&record.run, permit).await
}

/// The run as the last one, which a cool-down follows; none if it was refused before it opened, or if guards alone stopped it
/// with nothing touched: the next alarm may be the outage that this one was not. One that goes on from another run stays
/// the last all the same, or the next would not know what to go on from.
fn last(record: &RunRecord, report: &Report) -> Option<LastRun> {
    let refused = ErrorName::Refused.as_str();
    let untouched = report.verdict == Verdict::StoppedUntouched;
    let by_guards = untouched && !report.stops.is_empty() && report.stops.iter().all(|stop| stop.error == refused);
    let counts = record.opened_at.is_some() && (!by_guards || record.chain.continues.is_some());
    let closed = record.closed.as_ref().filter(|_| counts)?;
    Some(LastRun {
        run: record.run.clone(),
        work: record.chain.work.clone(),
        machine: record.machine,
        closed_at: closed.at,
        verdict: closed.verdict,
        mode: record.mode,
    })
}

/// What closing the run for real would write.
async fn planned_books(
    ledger: &aws::Ledger<'_>,
    bucket: &Bucket,
    region: &Region,
    key: &str,
    record: &RunRecord,
    last: Option<&LastRun>,
) -> Result<Vec<ReportedCall>, Error> {
    let put = PlannedCall {
        iam_action: "s3:PutObject".to_owned(),
        region: region.to_string(),
        arguments: [("Bucket", bucket.name()), ("Key", key)]
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into(),
    };
    let rest = ledger.planned(record, last).await?;
    Ok([put]
        .into_iter()
        .chain(rest)
        .map(|call| estimate::reported(CLOSE_RUN, call))
        .collect())
}

/// The state by which every machine calls this action.
const CLOSE_RUN: &str = "Close Run";

fn reply(outcome: Outcome, report: &Report, location: String) -> Reply {
    Reply {
        outcome,
        because: message::headline(report),
        verdict: report.verdict,
        subject: message::subject(report),
        message: message::message(report, &location),
        report: location,
        document: None,
    }
}

/// The metrics of a closed run.
pub fn metrics(report: &Report) -> Metrics {
    let count = |verdict| Some(f64::from(u8::from(report.verdict == verdict)));
    Metrics::default()
        .dimension("Workload", report.run.workload.to_string())
        .dimension("Machine", report.run.machine.to_string())
        .value("DetectSeconds", Unit::Seconds, report.clocks.detect_seconds)
        .value("DecideSeconds", Unit::Seconds, report.clocks.decide_seconds)
        .value("ExecuteSeconds", Unit::Seconds, Some(report.clocks.execute_seconds))
        .value("TotalSeconds", Unit::Seconds, report.clocks.total_seconds)
        .value("RpoSeconds", Unit::Seconds, report.rpo_seconds)
        .value("Done", Unit::Count, count(Verdict::Done))
        .value("StoppedUntouched", Unit::Count, count(Verdict::StoppedUntouched))
        .value("StoppedPartway", Unit::Count, count(Verdict::StoppedPartway))
}

/// Whole milliseconds: what people can read.
fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
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
