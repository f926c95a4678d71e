//! Every SDK call of this action; returns our types.

use std::collections::HashMap;

use action::aws::{Failure, on_paper};
use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_sfn::types::ExecutionStatus;
use ledger::{Item, LastRun, Lock, Machine, RunRecord};

use crate::decide::Holder;
use crate::error::Error;

/// The items of one workload.
pub(crate) struct Ledger<'a> {
    pub(crate) dynamodb: &'a aws_sdk_dynamodb::Client,
    pub(crate) table: &'a str,
    pub(crate) workload: &'a WorkloadName,
    pub(crate) machine: Machine,
}

impl Ledger<'_> {
    pub(crate) async fn record(&self, run: &RunId) -> Result<Option<RunRecord>, Error> {
        let item = self.item("record", ledger::run_key(self.workload, run)).await?;
        Ok(item.as_ref().map(RunRecord::from_item).transpose()?)
    }

    pub(crate) async fn lock(&self) -> Result<Option<Lock>, Error> {
        let item = self.item("lock", ledger::lock_key(self.workload, self.machine)).await?;
        Ok(item.as_ref().map(Lock::from_item).transpose()?)
    }

    pub(crate) async fn last_run(&self) -> Result<Option<LastRun>, Error> {
        let item = self.item("last run", ledger::last_run_key(self.workload, self.machine)).await?;
        Ok(item.as_ref().map(LastRun::from_item).transpose()?)
    }

    async fn item(&self, what: &'static str, key: Item) -> Result<Option<Item>, Error> {
        let call = self.dynamodb.get_item().table_name(self.table).set_key(Some(key));
        match call.consistent_read(true).send().await.map_err(Failure::from) {
            Ok(seen) => Ok(seen.item),
            Err(source) if source.is(&["ResourceNotFoundException"]) => Err(Error::NoTable(self.table.to_owned(), source)),
            Err(source) => Err(Error::GetItem {
                what,
                workload: self.workload.clone(),
                source,
            }),
        }
    }

    /// Takes the lock, if it is still as it was seen.
    pub(crate) async fn take(&self, lock: &Lock, replaces: Option<&Lock>, _permit: &Permit) -> Result<(), Error> {
        let Err(error) = self.taking(lock, replaces).send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match owner(failed.item()) {
                holder if holder == lock.owner.as_str() => Err(Error::WrittenTwice(lock.owner.clone(), error.into())),
                holder => Err(Error::LostRace {
                    workload: self.workload.clone(),
                    holder,
                }),
            },
            _ => Err(Error::TakeLock(self.workload.clone(), error.into())),
        }
    }

    /// Writes the record of a run that has none, or the same again.
    pub(crate) async fn write(&self, record: &RunRecord, _permit: &Permit) -> Result<(), Error> {
        match self.writing(record).send().await.map_err(Failure::from) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => Err(Error::WrittenTwice(record.run.clone(), failure)),
            Err(failure) => Err(Error::WriteRecord(record.run.clone(), failure)),
        }
    }

    /// Both calls as plan mode lists them.
    pub(crate) async fn planned(&self, lock: &Lock, replaces: Option<&Lock>, record: &RunRecord) -> Result<Vec<PlannedCall>, Error> {
        let mut calls = Vec::new();
        let paper = aws_sdk_dynamodb::Client::new(&on_paper(self.dynamodb.config().region()));
        let noted = Ledger { dynamodb: &paper, ..*self };
        for put in [noted.taking(lock, replaces), noted.writing(record)] {
            let rehearsal = Rehearsal::unsent();
            let answer = put.customize().interceptor(rehearsal.clone()).send().await;
            let call = rehearsal.call(answer);
            calls.push(call.map_err(|failure| Error::WriteRecord(record.run.clone(), failure))?);
        }
        Ok(calls)
    }

    fn taking(&self, lock: &Lock, replaces: Option<&Lock>) -> PutItemFluentBuilder {
        let call = self
            .dynamodb
            .put_item()
            .table_name(self.table)
            .set_item(Some(lock.to_item(self.workload)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match replaces {
            None => call.condition_expression("attribute_not_exists(pk)"),
            // "owner" is a reserved word.
            Some(seen) => call
                .condition_expression("#owner = :owner AND takenAt = :takenAt")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", AttributeValue::S(seen.owner.to_string()))
                .expression_attribute_values(":takenAt", AttributeValue::S(seen.taken_at.to_string())),
        }
    }

    fn writing(&self, record: &RunRecord) -> PutItemFluentBuilder {
        let opened_at = record.opened_at.map(|at| at.to_string()).unwrap_or_default();
        self.dynamodb
            .put_item()
            .table_name(self.table)
            .set_item(Some(record.to_item(self.workload)))
            .condition_expression("attribute_not_exists(pk) OR openedAt = :openedAt")
            .expression_attribute_values(":openedAt", AttributeValue::S(opened_at))
    }
}

fn owner(item: Option<&HashMap<String, AttributeValue>>) -> String {
    item.and_then(|item| item.get("owner"))
        .and_then(|owner| owner.as_s().ok())
        .map_or_else(|| "(unknown)".to_owned(), Clone::clone)
}

/// How the execution is that holds a lock. One that Step Functions doesn't know any more has ended.
pub(crate) async fn holder(sfn: &aws_sdk_sfn::Client, execution: &ExecutionArn) -> Result<Holder, Error> {
    match sfn.describe_execution().execution_arn(execution.as_str()).send().await {
        Ok(seen) => Ok(match seen.status {
            ExecutionStatus::Succeeded | ExecutionStatus::Failed | ExecutionStatus::Aborted | ExecutionStatus::TimedOut => Holder::Ended,
            _ => Holder::Live,
        }),
        Err(error) => match Failure::from(error) {
            failure if failure.is(&["ExecutionDoesNotExist"]) => Ok(Holder::Ended),
            failure => Err(Error::DescribeExecution(execution.clone(), failure)),
        },
    }
}
