//! Turns an alarm notification into at most one run of the failover machine, or into none with the reason.
//!
//! An alarm arrives by SNS, by a direct alarm action or by EventBridge; by whichever way and however often, one change of
//! state names one run, so that the same incident never starts two. Detection is not recovery: the plan's guards, the switch
//! that inhibits recoveries, the cool-down and a second look at the alarm come before the start. Whatever is started, or not, is explained.

mod alarm;
mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::ExecutionArn;
use action::{Call, Mode, Outcome, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;
use ledger::Trigger;

pub use alarm::{AlarmChange, NoAlarm, changes};
use decide::Hold;
pub use error::Error;
use io::{Reply, Request};
pub use signals::AlarmState;

/// The action's name.
pub const NAME: &str = "start-recovery";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("states:DescribeExecution"),
    Call::read("s3:GetObject"),
    Call::read("ssm:GetParameter"),
    Call::read("dynamodb:GetItem"),
    Call::read("cloudwatch:DescribeAlarms"),
    Call::read("cloudwatch:GetMetricData"),
    Call::change("states:StartExecution"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The alarm and the probe's metric.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The plan.
    pub bucket: Bucket,
    /// The machine.
    pub sfn: aws_sdk_sfn::Client,
    /// The switch that inhibits recoveries.
    pub ssm: aws_sdk_ssm::Client,
}

/// What the engine's template tells this function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger's table: `RELIGHT_LEDGER`.
    pub ledger: String,
    /// The ARN of the failover machine: `RELIGHT_FAILOVER_MACHINE`.
    pub machine: String,
}

impl Settings {
    /// The settings as the environment gives them.
    ///
    /// # Errors
    /// When one of them isn't set.
    pub fn from_environment() -> Result<Self, environment::Missing> {
        Ok(Self {
            ledger: environment::required("RELIGHT_LEDGER")?,
            machine: environment::required("RELIGHT_FAILOVER_MACHINE")?,
        })
    }
}

/// Handles one notification. Several alarms in one notification are each handled; an error of one is reported after the
/// others have had their turn.
///
/// # Errors
/// When the event is no alarm, the plan can't be used, or AWS doesn't answer.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let mut replies = Vec::new();
    let mut failed = None;
    for change in changes(&request.0)? {
        match recover(&change, clients, settings, now).await {
            Ok(reply) => replies.push(reply),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(Reply::merged(replies)),
    }
}

async fn recover(change: &AlarmChange, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    if let Some(hold) = decide::by_change(change) {
        return Ok(Reply::held(decide::workload(&change.alarm).ok(), &hold));
    }
    let workload = decide::workload(&change.alarm)?;
    let run = decide::run(&workload, change.at);
    let execution = execution(&settings.machine, &run)?;
    let held = |hold: &Hold| Reply::held(Some(workload.clone()), hold);

    if let Some(since) = aws::started(&clients.sfn, &execution).await? {
        let hold = Hold::AlreadyStarted { run, since: Some(since) };
        return Ok(Reply {
            execution: Some(execution),
            ..held(&hold)
        });
    }
    let plan = ledger::read_plan(&clients.bucket, &workload, None).await?.plan;
    if let Some(hold) = decide::by_guards(&plan.guards) {
        return Ok(held(&hold));
    }
    if let Some(hold) = decide::by_switch(aws::inhibit(&clients.ssm).await?) {
        return Ok(held(&hold));
    }
    let last = aws::last_run(&clients.dynamodb, &settings.ledger, &workload).await?;
    if let Some(hold) = decide::by_last_run(last, plan.guards.cool_down.duration(), now) {
        return Ok(held(&hold));
    }
    let state = aws::alarm_state(&clients.cloudwatch, &change.alarm).await?;
    if let Some(hold) = decide::by_second_look(&change.alarm, &state) {
        return Ok(held(&hold));
    }
    let looks = decide::looks(plan.probe.period.duration(), change.at);
    let probes = aws::probes(&clients.cloudwatch, &workload, &looks).await;
    let trigger = Trigger::Alarm {
        alarm: change.alarm.clone(),
        alarm_at: change.at,
        incident_at: decide::incident(&probes, change.at),
        reason: change.reason.clone(),
    };
    // An alarm asks for a real recovery; by_guards has let nothing else pass.
    let Some(permit) = Mode::Execute.permit() else {
        return Ok(held(&Hold::Guarded(plan.guards.mode)));
    };
    if !aws::start(&clients.sfn, &settings.machine, &workload, &run, &trigger, &permit).await? {
        let hold = Hold::AlreadyStarted { run, since: None };
        return Ok(Reply {
            execution: Some(execution),
            ..held(&hold)
        });
    }
    Ok(Reply {
        outcome: Outcome::Changed,
        because: format!(
            "started run {run} of failover, {}since alarm {} went off at {}: {}",
            decide::asks(&plan.guards),
            change.alarm,
            change.at,
            change.reason
        ),
        workload: Some(workload),
        run: Some(run),
        execution: Some(execution),
    })
}

/// The ARN that the execution of `run` has, or will have.
fn execution(machine: &str, run: &action::ids::RunId) -> Result<ExecutionArn, Error> {
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
    let settings = Settings::from_environment()?;
    let clients = Clients {
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
        sfn: aws_sdk_sfn::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &settings, clock::now())).await
}
