//! Every SDK call of this action; returns our types.

use action::Permit;
use action::aws::Failure;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use ledger::{Answer, Approval, StopRequest, Token};
use serde_json::Value;

use crate::decide::Seen;
use crate::error::Error;

/// The execution, if there is one.
pub(crate) async fn execution(sfn: &aws_sdk_sfn::Client, run: &RunId, arn: ExecutionArn) -> Result<Option<Seen>, Error> {
    let seen = match sfn
        .describe_execution()
        .execution_arn(arn.as_str())
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(seen) => seen,
        Err(failure) if failure.is(&["ExecutionDoesNotExist"]) => return Ok(None),
        Err(failure) => return Err(Error::DescribeExecution(run.clone(), failure)),
    };
    let input: Value = seen.input().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
    let workload = input.get("workload").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let stopped = seen.stop_date().and_then(|at| at.to_millis().ok());
    Ok(Some(Seen {
        arn,
        workload: workload.ok_or_else(|| Error::NoWorkload(run.clone()))?,
        ended: match seen.status() {
            status @ (ExecutionStatus::Succeeded | ExecutionStatus::Failed | ExecutionStatus::Aborted | ExecutionStatus::TimedOut) => {
                Some((
                    status.as_str().to_owned(),
                    stopped.and_then(|at| Timestamp::from_millisecond(at).ok()),
                ))
            }
            _ => None,
        },
    }))
}

/// The items of one run.
pub(crate) struct Ledger<'a> {
    pub(crate) dynamodb: &'a aws_sdk_dynamodb::Client,
    pub(crate) table: &'a str,
    pub(crate) workload: &'a WorkloadName,
    pub(crate) run: &'a RunId,
}

impl Ledger<'_> {
    /// Asks for the stop; returns the request that was there before, if one was.
    pub(crate) async fn ask(&self, stop: &StopRequest, _permit: &Permit) -> Result<Option<StopRequest>, Error> {
        let put = self
            .dynamodb
            .put_item()
            .table_name(self.table)
            .set_item(Some(stop.to_item(self.workload, self.run)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = put else {
            return Ok(None);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Some(StopRequest::from_item(&failed.item().cloned().unwrap_or_default())?))
            }
            _ => Err(Error::PutItem(self.run.clone(), error.into())),
        }
    }

    pub(crate) async fn approval(&self) -> Result<Option<Approval>, Error> {
        let seen = self
            .dynamodb
            .get_item()
            .table_name(self.table)
            .set_key(Some(ledger::approval_key(self.workload, self.run)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::GetItem(self.run.clone(), error.into()))?;
        Ok(seen.item.as_ref().map(Approval::from_item).transpose()?)
    }

    /// Records the stop as the answer to the approval; false if somebody answered at the same moment.
    pub(crate) async fn answer(&self, answer: &Answer, token: &Token, _permit: &Permit) -> Result<bool, Error> {
        let text = |value: &dyn ToString| AttributeValue::S(value.to_string());
        let comment = if answer.comment.is_some() { ", #comment = :comment" } else { "" };
        let mut call = self
            .dynamodb
            .update_item()
            .table_name(self.table)
            .set_key(Some(ledger::approval_key(self.workload, self.run)))
            .update_expression(format!("SET answer = :answer, who = :who, answeredAt = :at{comment}"))
            .condition_expression("attribute_not_exists(answer) AND #token = :token")
            // "token" and "comment" are reserved words.
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", AttributeValue::S(token.reveal().to_owned()))
            .expression_attribute_values(":answer", text(&answer.verb))
            .expression_attribute_values(":who", text(&answer.who))
            .expression_attribute_values(":at", text(&answer.at));
        if let Some(comment) = &answer.comment {
            call = call
                .expression_attribute_names("#comment", "comment")
                .expression_attribute_values(":comment", text(comment));
        }
        match call.send().await.map_err(Failure::from) {
            Ok(_) => Ok(true),
            Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => Ok(false),
            Err(failure) => Err(Error::UpdateItem(self.run.clone(), failure)),
        }
    }
}

/// Ends the run's wait; false if it no longer waits by that token.
pub(crate) async fn deliver(
    sfn: &aws_sdk_sfn::Client,
    run: &RunId,
    token: &Token,
    answer: &Answer,
    _permit: &Permit,
) -> Result<bool, Error> {
    let sent = sfn
        .send_task_success()
        .task_token(token.reveal())
        .output(answer.result().to_string())
        .send()
        .await;
    match sent.map_err(Failure::from) {
        Ok(_) => Ok(true),
        // What AWS says of an invalid token repeats it, and must not be passed on.
        Err(failure) if failure.is(&["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]) => Ok(false),
        Err(failure) => Err(Error::EndWait(run.clone(), failure)),
    }
}
