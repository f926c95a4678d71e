//! Asks what is left, judges all answers, and says when that is news: the end of every readiness check.
//!
//! Before a move it says instead whether the move may begin, and writes nothing: an outage turns answers red that were green
//! an hour ago, and nobody is told of those twice.
//!
//! An asker that failed fails each of its questions: silence would look like readiness. People hear of a question once,
//! when it begins to fail, and once when nothing fails any more; the alarm on the metric goes on meanwhile, and takes
//! checks that no longer happen for failing ones. It changes nothing but Relight's own books, and in plan mode not those either.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, Metrics, Mode, Outcome, Unit, clock, environment};
use jiff::Timestamp;
use ledger::Readiness;

use error::Error;
use io::{Move, Reply, Request};

/// The action's name.
pub const NAME: &str = "check-readiness";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("cloudwatch:DescribeAlarms"),
    Call::read("dynamodb:DescribeTable"),
    Call::read("dynamodb:GetItem"),
    Call::change("dynamodb:PutItem"),
];

/// The clients that this action needs, and its settings.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The alarms.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The ledger, and the workload's tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The ledger's table.
    pub ledger: String,
    /// The topic that start-recovery hears alarms on.
    pub alarm_topic: String,
}

/// Asks, judges, writes down, and words what is news.
///
/// Repeated for the same check, it compares with the same check before, so that no news is lost by a retry.
///
/// # Errors
/// When the last check can't be read, or this one can't be written; before a move, when it must not begin. What can't be asked is the answer to its question.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    if let Some(about) = &request.about_to_move {
        return before_move(&request, about, clients).await;
    }
    let last = aws::last(clients, &request.workload).await?;
    let seen = aws::observe(clients, &request).await;
    let failing_before = match last {
        Some(last) if last.run == request.run => last.failing_before,
        Some(last) => last.failing,
        None => [].into(),
    };
    let answers = decide::answers(&request, &seen, &clients.alarm_topic);
    let judged = decide::judge(&answers, &failing_before);
    let check = Readiness {
        run: request.run.clone(),
        judged_at: now,
        failing: judged.failing.clone(),
        failing_before,
        answers: serde_json::to_string(&answers).map_err(Error::Json)?,
    };
    let workload = &request.workload;
    let Some(permit) = request.mode.permit() else {
        return Ok(Reply {
            calls: vec![aws::planned_write(clients, workload, check).await?],
            ..Reply::new(workload, &answers, &judged, Outcome::Planned)
        });
    };
    metrics(&request, &judged).emit(now);
    let outcome = aws::write(clients, workload, &check, &permit).await?;
    Ok(Reply::new(workload, &answers, &judged, outcome))
}

/// Asks, and says whether the move may begin. It changes nothing in either mode; a move that is only planned is told what would
/// stop it.
async fn before_move(request: &Request, about: &Move, clients: &Clients) -> Result<Reply, Error> {
    let seen = aws::observe(clients, request).await;
    let answers = decide::answers(request, &seen, &clients.alarm_topic);
    let why = match decide::may_begin(&answers, about) {
        Ok(why) => why.to_owned(),
        Err(not_ready) if request.mode == Mode::Plan => format!("a real run would be stopped here: {not_ready}"),
        Err(not_ready) => return Err(not_ready.into()),
    };
    let judged = decide::judge(&answers, &[].into());
    Ok(Reply::goes_on(&request.workload, &answers, &judged, &why))
}

/// One number: how many questions fail.
pub fn metrics(request: &Request, judged: &decide::Judged) -> Metrics {
    let failing = u32::try_from(judged.failing.len()).unwrap_or(u32::MAX);
    Metrics::default()
        .dimension("Workload", request.workload.to_string())
        .value("NotReady", Unit::Count, Some(f64::from(failing)))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        ledger: environment::required("RELIGHT_LEDGER")?,
        alarm_topic: environment::required("RELIGHT_ALARM_TOPIC")?,
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
