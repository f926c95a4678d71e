//! Records a person's answer to the approval that a run waits for, and hands it to the run.
//!
//! The first answer wins: it is written to the ledger on the condition that none is there, and only then sent. Whoever gives
//! the same answer again delivers the first one, should it never have arrived; any other is refused and told who answered
//! what and when. It has no mode: the answer itself is the consent, and there is nothing of it to plan.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::{ExecutionArn, RunId};
use action::{Call, Mode, Outcome, clock, environment};
use jiff::Timestamp;
use ledger::{Answer, Approval};

use decide::{Decision, Refusal, decide};
pub use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "answer-approval";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("states:DescribeExecution"),
    Call::read("dynamodb:GetItem"),
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
    /// The ARN of the failover machine, the only one that asks: `RELIGHT_FAILOVER_MACHINE`.
    pub machine: String,
}

/// Answers.
///
/// # Errors
/// When there is nothing to answer, somebody answered before, or AWS doesn't answer.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let execution = execution(&settings.machine, &request.run)?;
    let seen = aws::execution(&clients.sfn, &request.run, &execution).await?;
    let ledger = aws::Ledger {
        dynamodb: &clients.dynamodb,
        table: &settings.ledger,
        workload: &seen.workload,
        run: &request.run,
    };
    let approval = ledger.approval().await?;
    let decision = decide(&request, approval.as_ref(), &seen.state, now)?;
    // The answer is the consent: there is no mode to ask.
    let Some(permit) = Mode::Execute.permit() else {
        return Err(Error::NoPermit);
    };
    match decision {
        Decision::Record { answer, approval } => {
            if let Some(before) = ledger.record(&answer, &approval.token, &permit).await? {
                return Err(decide::lost(&request, &before).into());
            }
            let delivered = aws::deliver(&clients.sfn, &request.run, &approval.token, &answer, &permit).await?;
            if !delivered {
                return Err(Refusal::NoLongerWaits(request.run).into());
            }
            Ok(reply(Outcome::Changed, answer.told(), &answer, &approval))
        }
        Decision::Deliver { answer, approval } => {
            if aws::deliver(&clients.sfn, &request.run, &approval.token, &answer, &permit).await? {
                let because = format!("{}; the run has it now", answer.told());
                return Ok(reply(Outcome::Changed, because, &answer, &approval));
            }
            if answer.who == request.who {
                let because = format!("{}; the run has had it", answer.told());
                return Ok(reply(Outcome::Unchanged, because, &answer, &approval));
            }
            Err(Refusal::Answered(answer.told()).into())
        }
    }
}

fn reply(outcome: Outcome, because: String, answer: &Answer, approval: &Approval) -> Reply {
    Reply {
        outcome,
        because,
        answer: answer.verb,
        who: answer.who.clone(),
        at: answer.at,
        execution: approval.execution.clone(),
    }
}

/// The ARN that the execution of `run` has.
fn execution(machine: &str, run: &RunId) -> Result<ExecutionArn, Error> {
    format!("{}:{run}", machine.replacen(":stateMachine:", ":execution:", 1))
        .parse()
        .map_err(Error::Machine)
}

/// Builds the clients and serves.
///
/// # Errors
/// When the environment lacks a setting, or the runtime can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let settings = Settings {
        ledger: environment::required("RELIGHT_LEDGER")?,
        machine: environment::required("RELIGHT_FAILOVER_MACHINE")?,
    };
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sfn: aws_sdk_sfn::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &settings, clock::now())).await
}
