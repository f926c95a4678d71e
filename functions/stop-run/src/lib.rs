//! Asks a run to stop at its next safe point.
//!
//! Writes the request to the ledger, where the machines look for it between their steps; the first request stands. A run that
//! waits for an approval is at a safe point, so that its wait is ended at once. Nothing is undone: what a stop means in each
//! state stands in docs/safety.md. It has no mode: the request itself is the consent.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::{ExecutionArn, Malformed, RunId};
use action::{Call, Mode, Outcome, clock, environment};
use jiff::Timestamp;
use ledger::StopRequest;

use decide::{Wait, at_work, wait};
pub use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "stop-run";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("states:DescribeExecution"),
    Call::read("dynamodb:GetItem"),
    Call::change("dynamodb:PutItem"),
    Call::change("dynamodb:UpdateItem"),
    Call::change("states:SendTaskSuccess"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The run.
    pub sfn: aws_sdk_sfn::Client,
}

/// What the engine's template tells this function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger's table: `RELIGHT_LEDGER`.
    pub ledger: String,
    /// The ARNs of the machines whose runs can be stopped: `RELIGHT_MACHINES`, parted by commas.
    pub machines: Vec<String>,
}

/// Asks for the stop.
///
/// # Errors
/// When there is no such run, it has ended, or AWS doesn't answer.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let run = &request.run;
    let mut seen = Vec::new();
    for machine in &settings.machines {
        seen.extend(aws::execution(&clients.sfn, run, execution(machine, run)?).await?);
    }
    let found = at_work(run, seen)?;
    let ledger = aws::Ledger {
        dynamodb: &clients.dynamodb,
        table: &settings.ledger,
        workload: &found.workload,
        run,
    };
    let asked = StopRequest {
        who: request.who.clone(),
        why: request.why.clone(),
        at: millis(now),
    };
    // The request is the consent: there is no mode to ask.
    let Some(permit) = Mode::Execute.permit() else {
        return Err(Error::NoPermit);
    };
    let before = ledger.ask(&asked, &permit).await?;
    let outcome = if before.is_some() { Outcome::Unchanged } else { Outcome::Changed };
    let stands = before.unwrap_or(asked);
    let ended = match wait(ledger.approval().await?.as_ref(), &stands) {
        Wait::None => false,
        Wait::Answer { token, answer, recorded } => {
            let ours = recorded || ledger.answer(&answer, &token, &permit).await?;
            ours && aws::deliver(&clients.sfn, run, &token, &answer, &permit).await?
        }
    };
    let when = if ended {
        "it waited for an approval and stops now"
    } else {
        "it stops at its next safe point"
    };
    Ok(Reply {
        outcome,
        because: format!("{}; {when}", stands.told()),
        workload: found.workload.clone(),
        execution: found.arn.clone(),
        who: stands.who,
        at: stands.at,
    })
}

/// The ARN that the execution of `run` has, were it one of `machine`.
fn execution(machine: &str, run: &RunId) -> Result<ExecutionArn, Error> {
    let arn: Result<_, Malformed> = format!("{}:{run}", machine.trim().replacen(":stateMachine:", ":execution:", 1)).parse();
    arn.map_err(Error::Machine)
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
    let machines = environment::required("RELIGHT_MACHINES")?;
    let settings = Settings {
        ledger: environment::required("RELIGHT_LEDGER")?,
        machines: machines.split(',').map(str::to_owned).collect(),
    };
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sfn: aws_sdk_sfn::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &settings, clock::now())).await
}
