//! Every SDK call of this action; returns our types.

use action::Permit;
use action::aws::Failure;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use jiff::Timestamp;
use ledger::{LastRun, Machine, Trigger};
use serde_json::json;
use signals::{AlarmState, Inhibit, Looks, Probe};
use tracing::warn;

use crate::error::Error;

/// When the execution was started, if it was.
pub(crate) async fn started(sfn: &aws_sdk_sfn::Client, execution: &ExecutionArn) -> Result<Option<Timestamp>, Error> {
    match sfn.describe_execution().execution_arn(execution.as_str()).send().await {
        Ok(seen) => Ok(Some(
            Timestamp::from_millisecond(seen.start_date.to_millis().unwrap_or_default()).unwrap_or_default(),
        )),
        Err(error) => match Failure::from(error) {
            failure if failure.is(&["ExecutionDoesNotExist"]) => Ok(None),
            failure => Err(Error::DescribeExecution(execution.clone(), failure)),
        },
    }
}

/// The run of `workload` that ended last.
pub(crate) async fn last_run(dynamodb: &aws_sdk_dynamodb::Client, table: &str, workload: &WorkloadName) -> Result<Option<LastRun>, Error> {
    let seen = dynamodb
        .get_item()
        .table_name(table)
        .set_key(Some(ledger::last_run_key(workload, Machine::Failover)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::GetLastRun(workload.clone(), error.into()))?;
    Ok(seen.item.as_ref().map(LastRun::from_item).transpose()?)
}

/// The alarm's state by now.
pub(crate) async fn alarm_state(cloudwatch: &aws_sdk_cloudwatch::Client, alarm: &str) -> Result<AlarmState, Error> {
    let state = signals::alarm(cloudwatch, alarm).await;
    state
        .map_err(|failure| Error::DescribeAlarm(alarm.to_owned(), failure))?
        .ok_or_else(|| Error::AlarmGone(alarm.to_owned()))
}

/// Why recoveries are inhibited, if they are.
pub(crate) async fn inhibit(ssm: &aws_sdk_ssm::Client) -> Result<Option<Inhibit>, Error> {
    signals::inhibit(ssm).await.map_err(Error::GetInhibit)
}

/// The points of the probe's metric. None if CloudWatch doesn't tell: when the incident began is worth knowing, and no
/// reason to hold a recovery back.
pub(crate) async fn probes(cloudwatch: &aws_sdk_cloudwatch::Client, workload: &WorkloadName, looks: &Looks) -> Vec<Probe> {
    signals::probes(cloudwatch, workload, looks).await.unwrap_or_else(|failure| {
        warn!(%workload, because = action::chain(&failure), "the begin of the incident is unknown");
        Vec::new()
    })
}

/// Starts the run; false if it exists. AWS answers a second start with the same input as if it were the first, and one
/// with another input with ExecutionAlreadyExists (model: StartExecution).
pub(crate) async fn start(
    sfn: &aws_sdk_sfn::Client,
    machine: &str,
    workload: &WorkloadName,
    run: &RunId,
    trigger: &Trigger,
    _permit: &Permit,
) -> Result<bool, Error> {
    let input = json!({"workload": workload, "mode": action::Mode::Execute, "trigger": trigger});
    let started = sfn
        .start_execution()
        .state_machine_arn(machine)
        .name(run.as_str())
        .input(input.to_string())
        .send()
        .await;
    match started.map_err(Failure::from) {
        Ok(_) => Ok(true),
        Err(failure) if failure.is(&["ExecutionAlreadyExists"]) => Ok(false),
        Err(failure) => Err(Error::StartExecution(run.clone(), failure)),
    }
}
