//! The executions of a machine: how they stand, and their steps.

use action::Mode;
use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::ExecutionStatus;
use close_run::definition::Definition;
use close_run::history::{CallResult, Visit};
use close_run::report::Step;
use close_run::{history, steps};
use jiff::Timestamp;

use crate::reach::Reach;

/// An execution, as it stands.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name, which is the run's id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// When it began.
    pub started: Timestamp,
    /// Its status.
    pub status: ExecutionStatus,
}

/// A step, and whether the run has left it behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The step so far.
    pub step: Step,
    /// Whether it is over: not merely waiting to be looked at again.
    pub over: bool,
}

/// The executions of `machine`, newest first.
///
/// # Errors
/// When Step Functions doesn't answer.
pub async fn runs(reach: &Reach, machine: &str) -> Result<Vec<Run>> {
    let client = aws_sdk_sfn::Client::new(&reach.looking()?);
    let found = client
        .list_executions()
        .state_machine_arn(machine)
        .send()
        .await
        .context("list the executions")?;
    let mut runs = found
        .executions()
        .iter()
        .map(|execution| {
            Ok(Run {
                id: execution.name().to_owned(),
                arn: execution.execution_arn().to_owned(),
                started: timestamp(execution.start_date())?,
                status: execution.status().clone(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    runs.sort_by_key(|run| std::cmp::Reverse(run.started));
    Ok(runs)
}

/// The run's steps so far, read from the execution's history as the report reads them.
///
/// # Errors
/// When Step Functions doesn't answer.
pub async fn steps(reach: &Reach, run: &Run) -> Result<Vec<Progress>> {
    let client = aws_sdk_sfn::Client::new(&reach.looking()?);
    let machine = client
        .describe_state_machine_for_execution()
        .execution_arn(&run.arn)
        .send()
        .await
        .context("read the machine")?;
    let definition = Definition::read(&machine.definition);
    let mut pages = client.get_execution_history().execution_arn(&run.arn).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        events.extend(page.context("read the execution's history")?.events.iter().map(close_run::event));
    }
    let visits = history::visits(&events, &definition, &[]);
    let waits = |state: &str| visits.iter().rfind(|visit| visit.state == state).is_some_and(waits);
    let walked = steps::steps(Mode::Execute, &visits, &definition);
    Ok(walked
        .into_iter()
        .map(|walked| Progress {
            over: walked.step.ended_at.is_some() && !waits(&walked.step.name),
            step: walked.step,
        })
        .collect())
}

/// Whether the last look of a state came to "not yet".
fn waits(visit: &Visit) -> bool {
    matches!(visit.results.last(), Some(CallResult::Answer(reply)) if reply["outcome"] == "waiting")
}

fn timestamp(at: &aws_smithy_types::DateTime) -> Result<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0)).context("read a timestamp")
}
