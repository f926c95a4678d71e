//! What a place held before a chain of runs wrote there, in the ledger.

use action::ids::{RunId, WorkloadName};
use action::{Permit, PlannedCall};
use jiff::Timestamp;
use ledger::{Item, KeptValue, Value, kept_value_key};

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

pub(crate) async fn keep(places: &Places, workload: &WorkloadName, place: &Place, kept: Kept, permit: &Permit) -> Result<(), Error> {
    let kept = ledger::keep_first(&places.dynamodb, &places.ledger, item(workload, place, kept), permit).await;
    kept.map_err(|failure| Error::Keep(place.clone(), failure))
}

pub(crate) async fn planned_keep(places: &Places, workload: &WorkloadName, place: &Place, kept: Kept) -> Result<PlannedCall, Error> {
    let planned = ledger::planned_keep_first(&places.dynamodb, &places.ledger, item(workload, place, kept)).await;
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

fn item(workload: &WorkloadName, place: &Place, kept: Kept) -> Item {
    let value = KeptValue {
        place: place.id(),
        work: kept.work,
        was: kept.was,
        seen_at: kept.seen_at,
    };
    value.to_item(workload)
}
