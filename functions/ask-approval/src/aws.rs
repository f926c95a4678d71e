//! Every SDK call of this action; returns our types.

use action::aws::{Failure, on_paper};
use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use jiff::Timestamp;
use ledger::{Answer, Approval, Token};

use crate::Clients;
use crate::error::Error;
use crate::io::Request;
use crate::message::message;

/// The approval of one run.
pub(crate) struct Ledger<'a> {
    pub(crate) dynamodb: &'a aws_sdk_dynamodb::Client,
    pub(crate) table: &'a str,
    pub(crate) workload: &'a WorkloadName,
    pub(crate) run: &'a RunId,
}

impl Ledger<'_> {
    /// Puts the token into the ledger, and tells what else stands there: one call, so that no answer falls in between.
    pub(crate) async fn ask(
        &self,
        token: &Token,
        execution: &ExecutionArn,
        now: Timestamp,
        until: Timestamp,
        _permit: &Permit,
    ) -> Result<Approval, Error> {
        let asked = self.asking(token, execution, now, until).send().await;
        let asked = asked.map_err(|error| Error::UpdateItem(self.run.clone(), error.into()))?;
        Ok(Approval::from_item(&asked.attributes.unwrap_or_default())?)
    }

    /// Notes that people were told.
    pub(crate) async fn told(&self, now: Timestamp, _permit: &Permit) -> Result<(), Error> {
        let told = self.telling(now).send().await;
        told.map_err(|error| Error::UpdateItem(self.run.clone(), error.into()))?;
        Ok(())
    }

    fn asking(&self, token: &Token, execution: &ExecutionArn, now: Timestamp, until: Timestamp) -> UpdateItemFluentBuilder {
        let text = |value: &dyn ToString| AttributeValue::S(value.to_string());
        self.dynamodb
            .update_item()
            .table_name(self.table)
            .set_key(Some(ledger::approval_key(self.workload, self.run)))
            // "token" is a reserved word.
            .update_expression("SET #token = :token, execution = :execution, askedAt = if_not_exists(askedAt, :now), expiresAt = :until")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", AttributeValue::S(token.reveal().to_owned()))
            .expression_attribute_values(":execution", text(execution))
            .expression_attribute_values(":now", text(&now))
            .expression_attribute_values(":until", text(&until))
            .return_values(ReturnValue::AllNew)
    }

    fn telling(&self, now: Timestamp) -> UpdateItemFluentBuilder {
        self.dynamodb
            .update_item()
            .table_name(self.table)
            .set_key(Some(ledger::approval_key(self.workload, self.run)))
            .update_expression("SET toldAt = :now")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
    }
}

/// The calls of a first asking as plan mode lists them.
pub(crate) async fn planned(
    clients: &Clients,
    request: &Request,
    table: &str,
    topic: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<PlannedCall>, Error> {
    let paper = on_paper(clients.dynamodb.config().region());
    let ledger = Ledger {
        dynamodb: &aws_sdk_dynamodb::Client::new(&paper),
        table,
        workload: &request.workload,
        run: &request.run,
    };
    let approval = Approval {
        token: Token::new("(the machine's task token)"),
        execution: request.execution.clone(),
        asked_at: now,
        expires_at: until,
        told_at: None,
        answer: None,
    };
    let (subject, text) = message(request, &approval);
    let mut calls = Vec::new();
    let update = |failure| Error::UpdateItem(request.run.clone(), failure);

    let rehearsal = Rehearsal::unsent();
    let asking = ledger.asking(&approval.token, &approval.execution, now, until).customize();
    calls.push(rehearsal.call(asking.interceptor(rehearsal.clone()).send().await).map_err(update)?);

    let rehearsal = Rehearsal::unsent();
    let publish = publish(&aws_sdk_sns::Client::new(&paper), topic, &subject, &text).customize();
    let told = rehearsal.call(publish.interceptor(rehearsal.clone()).send().await);
    calls.push(told.map_err(|failure| Error::Publish(topic.to_owned(), failure))?);

    let rehearsal = Rehearsal::unsent();
    let telling = ledger.telling(now).customize();
    calls.push(
        rehearsal
            .call(telling.interceptor(rehearsal.clone()).send().await)
            .map_err(update)?,
    );
    Ok(calls)
}

/// Tells people.
pub(crate) async fn tell(sns: &aws_sdk_sns::Client, topic: &str, subject: &str, text: &str, _permit: &Permit) -> Result<(), Error> {
    let told = publish(sns, topic, subject, text).send().await;
    told.map_err(|error| Error::Publish(topic.to_owned(), error.into()))?;
    Ok(())
}

fn publish(sns: &aws_sdk_sns::Client, topic: &str, subject: &str, text: &str) -> PublishFluentBuilder {
    sns.publish().topic_arn(topic).subject(subject).message(text)
}

/// Ends the wait with an answer that is there already.
pub(crate) async fn deliver(sfn: &aws_sdk_sfn::Client, run: &RunId, token: &Token, answer: &Answer, _permit: &Permit) -> Result<(), Error> {
    let sent = sfn
        .send_task_success()
        .task_token(token.reveal())
        .output(answer.result().to_string())
        .send()
        .await;
    match sent.map_err(Failure::from) {
        Ok(_) => Ok(()),
        // The wait is over by itself: there is nobody left to tell.
        Err(failure) if failure.is(&["TaskTimedOut", "TaskDoesNotExist"]) => Ok(()),
        Err(failure) => Err(Error::SendAnswer(run.clone(), failure)),
    }
}
