//! Every SDK call of this action; returns our types.

use action::Permit;
use action::aws::Failure;
use action::ids::{ExecutionArn, RunId, WorkloadName};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use ledger::{Answer, Approval, Token};

use crate::error::Error;

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
        let text = |value: &dyn ToString| AttributeValue::S(value.to_string());
        let asked = self
            .dynamodb
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
            .send()
            .await
            .map_err(|error| Error::UpdateItem(self.run.clone(), error.into()))?;
        Ok(Approval::from_item(&asked.attributes.unwrap_or_default())?)
    }

    /// Notes that people were told.
    pub(crate) async fn told(&self, now: Timestamp, _permit: &Permit) -> Result<(), Error> {
        self.dynamodb
            .update_item()
            .table_name(self.table)
            .set_key(Some(ledger::approval_key(self.workload, self.run)))
            .update_expression("SET toldAt = :now")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .send()
            .await
            .map_err(|error| Error::UpdateItem(self.run.clone(), error.into()))?;
        Ok(())
    }
}

/// Tells people.
pub(crate) async fn tell(sns: &aws_sdk_sns::Client, topic: &str, subject: &str, text: &str, _permit: &Permit) -> Result<(), Error> {
    sns.publish()
        .topic_arn(topic)
        .subject(subject)
        .message(text)
        .send()
        .await
        .map_err(|error| Error::Publish(topic.to_owned(), error.into()))?;
    Ok(())
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
