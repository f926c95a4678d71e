//! Keeping what was there before a chain of runs changed it: the first run of the chain keeps it, and no later one of that
//! chain writes over it.

use action::aws::{Failure, on_paper};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;

use crate::attributes::Item;

/// Keeps `item` in the ledger's `table` by `dynamodb:PutItem`, unless the chain of runs that its `work` names has kept one under
/// the same keys before. What another chain kept is replaced.
///
/// # Errors
/// When DynamoDB refuses.
pub async fn keep_first(dynamodb: &Client, table: &str, item: Item, _permit: &Permit) -> Result<(), Failure> {
    match keeping(dynamodb, table, item).send().await.map(drop).map_err(Failure::from) {
        Err(failure) if !failure.is(&["ConditionalCheckFailedException"]) => Err(failure),
        _ => Ok(()),
    }
}

/// The same as plan mode lists it: DynamoDB has no dry run.
///
/// # Errors
/// When the SDK can make no such request.
pub async fn planned_keep_first(dynamodb: &Client, table: &str, item: Item) -> Result<PlannedCall, Failure> {
    let rehearsal = Rehearsal::unsent();
    let paper = Client::new(&on_paper(dynamodb.config().region()));
    let put = keeping(&paper, table, item).customize();
    rehearsal.call(put.interceptor(rehearsal.clone()).send().await)
}

fn keeping(dynamodb: &Client, table: &str, item: Item) -> PutItemFluentBuilder {
    dynamodb
        .put_item()
        .table_name(table)
        .condition_expression("attribute_not_exists(pk) OR #work <> :work")
        .expression_attribute_names("#work", "work")
        .set_expression_attribute_values(item.get("work").map(|work| [(":work".to_owned(), work.clone())].into()))
        .set_item(Some(item))
}
