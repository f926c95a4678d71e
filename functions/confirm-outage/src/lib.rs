//! Says, as the last thing before anything is changed, whether the run may move the workload; it changes nothing itself.
//!
//! An alarm detects; this decides again, from the metric and from a look just taken, so that an alarm that is set wrong, or
//! one that the primary has outlived, moves nobody. A run that a person started needs no outage: the person decides, and is
//! told what was seen. While the alarm that started the run is on, looks that don't bear it out yet are no reason to give up: an
//! alarm that stays on starts no second run. Nobody goes on against the switch that inhibits recoveries without saying so, or without the lock.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
pub mod tally;

use action::{Call, Mode, Outcome, chain, clock, environment};
use jiff::Timestamp;
use ledger::Trigger;

use decide::{Decision, Refusal, Seen, decide, is_decided_by_a_person, while_the_alarm_is_on};
pub use error::Error;
use io::{Counted, Reply, Request};
use tally::{Tally, tally};

/// The action's name.
pub const NAME: &str = "confirm-outage";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("dynamodb:GetItem"),
    Call::read("ssm:GetParameter"),
    Call::read("cloudwatch:DescribeAlarms"),
    Call::read("cloudwatch:GetMetricData"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The probe's metric and its alarm.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The ledger, with the lock.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The switch that inhibits recoveries.
    pub ssm: aws_sdk_ssm::Client,
}

/// Says whether the run may go on, looks again in some seconds, or refuses.
///
/// # Errors
/// With the guard that says no, or when AWS doesn't tell what a guard needs: refuse, don't guess. A person's run needs no
/// metric, so for it one that can't be read is told and no error.
pub async fn handle(request: Request, clients: &Clients, table: &str, now: Timestamp) -> Result<Reply, Error> {
    // A run that only plans takes no lock.
    let holder = match request.mode {
        Mode::Plan => None,
        Mode::Execute => Some(aws::holder(&clients.dynamodb, table, &request.workload).await?),
    };
    let inhibit = signals::inhibit(&clients.ssm).await.map_err(Error::GetInhibit)?;
    let window = request.probe.window();
    let tally = match signals::probes(&clients.cloudwatch, &request.workload, &window.stretch(now)).await {
        Ok(probes) => Some(tally(&probes, &window, request.count_from, now)),
        Err(_) if is_decided_by_a_person(&request.trigger) => None,
        Err(failure) => return Err(Error::GetMetricData(request.workload.clone(), failure)),
    };
    let seen = Seen { inhibit, holder, tally };
    let decision = match (decide(&request, &seen, now), &request.trigger) {
        (Err(refusal), Trigger::Alarm { alarm, .. }) if refusal.is_of_the_looks() => {
            let state = signals::alarm(&clients.cloudwatch, alarm).await;
            while_the_alarm_is_on(&request, refusal, alarm, &state.map_err(|failure| chain(&failure)), now)
        }
        (decision, _) => decision,
    };
    match request.mode {
        Mode::Plan => Ok(planned(&request, &decision, seen.tally)),
        Mode::Execute => Ok(match decision? {
            Decision::GoOn(because) => reply(&request, Outcome::Unchanged, because, seen.tally),
            Decision::LookAgain {
                seconds,
                because,
                count_from,
            } => Reply {
                retry_after_seconds: Some(seconds),
                count_from,
                ..reply(&request, Outcome::Waiting, because, seen.tally)
            },
        }),
    }
}

/// A run that only plans is stopped by no guard: it says what each would say.
fn planned(request: &Request, decision: &Result<Decision, Refusal>, tally: Option<Tally>) -> Reply {
    let because = match decision {
        Ok(Decision::GoOn(because)) => format!("a real run would go on: {because}"),
        Ok(Decision::LookAgain { seconds, because, .. }) => format!("a real run would look again in {seconds} s: {because}"),
        Err(refusal) => format!("a real run would be stopped here: {refusal}"),
    };
    reply(request, Outcome::Planned, because, tally)
}

fn reply(request: &Request, outcome: Outcome, because: String, tally: Option<Tally>) -> Reply {
    Reply {
        outcome,
        retry_after_seconds: None,
        because,
        count_from: request.count_from,
        looks: tally.map(Counted::from),
    }
}

/// Builds the clients and serves.
///
/// # Errors
/// When the environment lacks a setting, or the runtime can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let table = environment::required("RELIGHT_LEDGER")?;
    let clients = Clients {
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &table, clock::now())).await
}
