//! Every SDK call of this action; returns our types.

use action::aws::{Failure, on_paper};
use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::HistoryEvent;
use jiff::Timestamp;
use ledger::{LastRun, Machine, RunRecord};

use crate::definition::Definition;
use crate::error::Error;
use crate::history::{Event, What};

/// The definition that the execution runs by, which may be older than the machine's by now.
pub(crate) async fn definition(sfn: &aws_sdk_sfn::Client, execution: &ExecutionArn) -> Result<Definition, Error> {
    let machine = sfn
        .describe_state_machine_for_execution()
        .execution_arn(execution.as_str())
        .send()
        .await
        .map_err(|error| Error::DescribeMachine(execution.clone(), error.into()))?;
    Ok(Definition::read(&machine.definition))
}

/// The execution's whole history.
pub(crate) async fn history(sfn: &aws_sdk_sfn::Client, execution: &ExecutionArn) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    // An execution has at most 25,000 events, and a page 1,000 (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
    let mut pages = sfn
        .get_execution_history()
        .execution_arn(execution.as_str())
        .max_results(1_000)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::GetHistory(execution.clone(), error.into()))?;
        events.extend(page.events.iter().map(event));
    }
    Ok(events)
}

/// An event of the model as ours.
pub fn event(event: &HistoryEvent) -> Event {
    Event {
        id: event.id,
        previous: event.previous_event_id,
        at: Timestamp::from_millisecond(event.timestamp.to_millis().unwrap_or_default()).unwrap_or_default(),
        what: what(event),
    }
}

fn what(event: &HistoryEvent) -> What {
    let entered = event.state_entered_event_details.as_ref();
    let exited = event.state_exited_event_details.as_ref();
    match event.r#type.as_str() {
        "TaskStateEntered" => entered.map_or(What::OtherEntered, |details| What::TaskEntered(details.name.clone())),
        "ParallelStateEntered" | "MapStateEntered" => {
            entered.map_or(What::OtherEntered, |details| What::GroupEntered(details.name.clone()))
        }
        "TaskStateAborted" => What::Aborted,
        kind if kind.ends_with("StateEntered") => What::OtherEntered,
        kind if kind.ends_with("StateExited") => exited.map_or(What::Other, |details| What::Exited(details.name.clone())),
        "TaskScheduled" => event
            .task_scheduled_event_details
            .as_ref()
            .map_or(What::Other, |details| What::Scheduled {
                resource: details.resource.clone(),
            }),
        "TaskSucceeded" => event
            .task_succeeded_event_details
            .as_ref()
            .map_or(What::Other, |details| What::Succeeded {
                resource: details.resource.clone(),
                output: details.output.clone().unwrap_or_default(),
            }),
        "LambdaFunctionSucceeded" => {
            let details = event.lambda_function_succeeded_event_details.as_ref();
            What::Succeeded {
                resource: String::new(),
                output: details.and_then(|details| details.output.clone()).unwrap_or_default(),
            }
        }
        "TaskTimedOut" | "LambdaFunctionTimedOut" => failed(event, "States.Timeout"),
        kind if is_failure(kind) => failed(event, "States.TaskFailed"),
        _ => What::Other,
    }
}

fn is_failure(kind: &str) -> bool {
    matches!(
        kind,
        "TaskFailed"
            | "TaskStartFailed"
            | "TaskSubmitFailed"
            | "LambdaFunctionFailed"
            | "LambdaFunctionScheduleFailed"
            | "LambdaFunctionStartFailed"
            | "EvaluationFailed"
    )
}

/// A failed call; `otherwise` is the error's name where the event has none.
fn failed(event: &HistoryEvent, otherwise: &str) -> What {
    macro_rules! first {
        ($($details:ident),+ $(,)?) => {
            None$(.or_else(|| event.$details.as_ref().map(|details| (details.error.clone(), details.cause.clone()))))+
        };
    }
    let said: Option<(Option<String>, Option<String>)> = first!(
        task_failed_event_details,
        task_timed_out_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details,
        lambda_function_failed_event_details,
        lambda_function_timed_out_event_details,
        lambda_function_schedule_failed_event_details,
        lambda_function_start_failed_event_details,
        evaluation_failed_event_details,
    );
    let (error, cause) = said.unwrap_or_default();
    What::Failed {
        error: error.unwrap_or_else(|| otherwise.to_owned()),
        cause: cause.unwrap_or_default(),
    }
}

/// The items of one workload.
pub(crate) struct Ledger<'a> {
    pub(crate) dynamodb: &'a aws_sdk_dynamodb::Client,
    pub(crate) table: &'a str,
    pub(crate) workload: &'a WorkloadName,
    pub(crate) machine: Machine,
}

impl Ledger<'_> {
    pub(crate) async fn record(&self, run: &RunId) -> Result<Option<RunRecord>, Error> {
        let seen = self
            .dynamodb
            .get_item()
            .table_name(self.table)
            .set_key(Some(ledger::run_key(self.workload, run)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::GetRecord(run.clone(), error.into()))?;
        Ok(seen.item.as_ref().map(RunRecord::from_item).transpose()?)
    }

    /// Closes the record, unless it is closed.
    pub(crate) async fn close(&self, record: &RunRecord, _permit: &Permit) -> Result<(), Error> {
        or_so_already(self.closing(record).send().await.map(drop).map_err(Failure::from))
            .map_err(|failure| Error::PutRecord(record.run.clone(), failure))
    }

    /// Writes the last run, unless a later one stands there.
    pub(crate) async fn last(&self, last: &LastRun, _permit: &Permit) -> Result<(), Error> {
        or_so_already(self.lasting(last).send().await.map(drop).map_err(Failure::from))
            .map_err(|failure| Error::PutLastRun(self.workload.clone(), failure))
    }

    /// Lets the lock go, if it is this run's.
    pub(crate) async fn release(&self, run: &RunId, _permit: &Permit) -> Result<(), Error> {
        or_so_already(self.releasing(run).send().await.map(drop).map_err(Failure::from))
            .map_err(|failure| Error::ReleaseLock(self.workload.clone(), failure))
    }

    fn closing(&self, record: &RunRecord) -> PutItemFluentBuilder {
        self.dynamodb
            .put_item()
            .table_name(self.table)
            .set_item(Some(record.to_item(self.workload)))
            // "status" is a reserved word.
            .condition_expression("attribute_not_exists(pk) OR #status = :open")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":open", AttributeValue::S("open".to_owned()))
    }

    fn lasting(&self, last: &LastRun) -> PutItemFluentBuilder {
        let item = last.to_item(self.workload);
        self.dynamodb
            .put_item()
            .table_name(self.table)
            .condition_expression("attribute_not_exists(pk) OR closedAt <= :closedAt")
            .set_expression_attribute_values(item.get("closedAt").map(|at| [(":closedAt".to_owned(), at.clone())].into()))
            .set_item(Some(item))
    }

    fn releasing(&self, run: &RunId) -> DeleteItemFluentBuilder {
        self.dynamodb
            .delete_item()
            .table_name(self.table)
            .set_key(Some(ledger::lock_key(self.workload, self.machine)))
            .condition_expression("#owner = :run")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":run", AttributeValue::S(run.to_string()))
    }

    /// The three calls above as plan mode lists them; the last run only of a run that was opened.
    pub(crate) async fn planned(&self, record: &RunRecord, last: Option<&LastRun>) -> Result<Vec<PlannedCall>, Error> {
        let mut calls = Vec::new();
        let paper = aws_sdk_dynamodb::Client::new(&on_paper(self.dynamodb.config().region()));
        let noted = Ledger { dynamodb: &paper, ..*self };
        for put in [Some(noted.closing(record)), last.map(|last| noted.lasting(last))]
            .into_iter()
            .flatten()
        {
            let rehearsal = Rehearsal::unsent();
            let answer = put.customize().interceptor(rehearsal.clone()).send().await;
            calls.push(rehearsal.call(answer).map_err(Error::Rehearse)?);
        }
        let rehearsal = Rehearsal::unsent();
        let release = noted.releasing(&record.run).customize();
        let answer = release.interceptor(rehearsal.clone()).send().await;
        calls.push(rehearsal.call(answer).map_err(Error::Rehearse)?);
        Ok(calls)
    }
}

/// A condition that fails means that there is nothing to do.
fn or_so_already(written: Result<(), Failure>) -> Result<(), Failure> {
    match written {
        Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => Ok(()),
        other => other,
    }
}
