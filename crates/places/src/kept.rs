//! What a place held before a chain of runs wrote there, in the ledger.

use action::aws::{Failure, on_paper};
use action::ids::{RunId, WorkloadName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use jiff::Timestamp;
use ledger::{KeptValue, Value, kept_value_key};

use crate::Places;
use crate::error::Error;
use crate::place::Place;

/// What a place held before a chain of runs first wrote there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The first run of that chain.
    pub work: RunId,
    /// What was there, to be written back as it is; none where there was nothing.
    pub was: Option<Value>,
    /// When it was seen.
    pub seen_at: Timestamp,
}

impl Kept {
    pub(crate) fn new(work: &RunId, was: Option<Value>, seen_at: Timestamp) -> Self {
        Self {
            work: work.clone(),
            was,
            seen_at,
        }
    }
}

pub(crate) async fn keep(places: &Places, workload: &WorkloadName, place: &Place, kept: Kept, _permit: &Permit) -> Result<(), Error> {
    let put = keeping(&places.dynamodb, &places.ledger, workload, place, kept);
    match put.send().await.map(drop).map_err(Failure::from) {
        Ok(()) => Ok(()),
        // This chain has kept it before.
        Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => Ok(()),
        Err(failure) => Err(Error::Keep(place.clone(), failure)),
    }
}

pub(crate) async fn planned_keep(places: &Places, workload: &WorkloadName, place: &Place, kept: Kept) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let paper = Client::new(&on_paper(places.dynamodb.config().region()));
    let put = keeping(&paper, &places.ledger, workload, place, kept).customize();
    let planned = rehearsal.call(put.interceptor(rehearsal.clone()).send().await);
    planned.map_err(|failure| Error::Keep(place.clone(), failure))
}

pub(crate) async fn kept(places: &Places, workload: &WorkloadName, place: &Place) -> Result<Option<Kept>, Error> {
    let get = places
        .dynamodb
        .get_item()
        .table_name(&places.ledger)
        .set_key(Some(kept_value_key(workload, &place.id())))
        .consistent_read(true);
    let answer = get.send().await.map_err(|error| Error::Kept(place.clone(), error.into()))?;
    let Some(item) = answer.item() else {
        return Ok(None);
    };
    let kept = KeptValue::from_item(item).map_err(|malformed| Error::Malformed(place.clone(), Box::new(malformed)))?;
    Ok(Some(Kept {
        work: kept.work,
        was: kept.was,
        seen_at: kept.seen_at,
    }))
}

fn keeping(dynamodb: &Client, table: &str, workload: &WorkloadName, place: &Place, kept: Kept) -> PutItemFluentBuilder {
    let value = KeptValue {
        place: place.id(),
        work: kept.work,
        was: kept.was,
        seen_at: kept.seen_at,
    };
    let item = value.to_item(workload);
    dynamodb
        .put_item()
        .table_name(table)
        .condition_expression("attribute_not_exists(pk) OR #work <> :work")
        .expression_attribute_names("#work", "work")
        .set_expression_attribute_values(item.get("work").map(|work| [(":work".to_owned(), work.clone())].into()))
        .set_item(Some(item))
}
