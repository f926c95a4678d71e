//! The calls on CloudWatch, on routing controls, and on the ledger, where none of [`places`]' does.

use std::collections::BTreeMap;

use action::aws::{Failure, on_paper};
use action::ids::WorkloadName;
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_cloudwatch::operation::put_metric_data::builders::PutMetricDataFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use aws_sdk_route53recoverycluster::Client;
use aws_sdk_route53recoverycluster::operation::update_routing_control_states::builders::UpdateRoutingControlStatesFluentBuilder;
use aws_sdk_route53recoverycluster::types::{RoutingControlState, UpdateRoutingControlStateEntry};
use jiff::Timestamp;
use ledger::{Item, KeptTraffic, kept_traffic_key};
use places::Places;
use plan::{RoutingEndpoint, TrafficMetric};
use serde_json::{Value, json};

use crate::Clients;
use crate::decide::{Control, Controls, States};
use crate::error::Error;
use crate::io::{Request, Side};
use crate::routing::Pair;

/// Puts one datapoint of the metric that moves users.
pub(crate) async fn put(
    clients: &Clients,
    request: &Request,
    watched: &TrafficMetric,
    value: u8,
    now: Timestamp,
    _permit: &Permit,
) -> Result<(), Error> {
    let sent = putting(&clients.cloudwatch, request, watched, value, now).send().await;
    sent.map(drop)
        .map_err(|error| Error::PutMetricData(watched.metric.clone(), error.into()))
}

/// The same as plan mode lists it: it has no dry run.
pub(crate) async fn planned_put(
    clients: &Clients,
    request: &Request,
    watched: &TrafficMetric,
    value: u8,
    now: Timestamp,
) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let paper = aws_sdk_cloudwatch::Client::new(&on_paper(clients.cloudwatch.config().region()));
    let put = putting(&paper, request, watched, value, now);
    let arguments = arguments(&put);
    let planned = rehearsal.call(put.customize().interceptor(rehearsal.clone()).send().await);
    let planned = planned.map_err(|failure| Error::PutMetricData(watched.metric.clone(), failure))?;
    Ok(PlannedCall { arguments, ..planned })
}

/// As they stand in the request; on the wire they are CBOR, which a rehearsal doesn't read.
fn arguments(put: &PutMetricDataFluentBuilder) -> BTreeMap<String, Value> {
    let datum = |datum: &MetricDatum| {
        let dimensions = datum.dimensions().iter();
        json!({
            "MetricName": datum.metric_name(),
            "Dimensions": dimensions.map(|one| json!({"Name": one.name(), "Value": one.value()})).collect::<Vec<_>>(),
            "Value": datum.value(),
            "StorageResolution": datum.storage_resolution(),
        })
    };
    let data: Vec<Value> = put.get_metric_data().iter().flatten().map(datum).collect();
    [
        ("Namespace".to_owned(), json!(put.get_namespace())),
        ("MetricData".to_owned(), Value::from(data)),
    ]
    .into()
}

/// In the resolution of a minute: a health check follows no alarm on a finer one
/// (docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html, "Monitoring a CloudWatch alarm").
fn putting(
    cloudwatch: &aws_sdk_cloudwatch::Client,
    request: &Request,
    watched: &TrafficMetric,
    value: u8,
    now: Timestamp,
) -> PutMetricDataFluentBuilder {
    let datum = MetricDatum::builder()
        .metric_name(&watched.metric)
        .dimensions(Dimension::builder().name("Workload").value(request.workload.as_str()).build())
        .timestamp(DateTime::from_millis(now.as_millisecond()))
        .unit(StandardUnit::Count)
        .value(f64::from(value))
        .storage_resolution(60)
        .build();
    cloudwatch.put_metric_data().namespace(&watched.namespace).metric_data(datum)
}

/// Updates both controls in one call, so that either both change or none does (model: UpdateRoutingControlStates).
pub(crate) async fn update(client: &Client, pair: &Pair<'_>, wanted: Controls, _permit: &Permit) -> Result<(), Error> {
    match updating(client, pair, wanted)?.send().await.map(drop).map_err(Failure::from) {
        Ok(()) => Ok(()),
        // "There was a conflict with this request": a safety rule isn't met, which its message names (model: ConflictException).
        Err(failure) if failure.is(&["ConflictException"]) => Err(Error::SafetyRule(failure)),
        Err(failure) => Err(Error::UpdateRoutingControls(failure)),
    }
}

/// The same as plan mode lists it.
pub(crate) async fn planned_update(
    clients: &Clients,
    endpoint: &RoutingEndpoint,
    pair: &Pair<'_>,
    wanted: Controls,
) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let client = (clients.routing.client)(endpoint);
    let update = updating(&Client::new(&on_paper(client.config().region())), pair, wanted)?.customize();
    let planned = rehearsal.call(update.interceptor(rehearsal.clone()).send().await);
    planned.map_err(Error::UpdateRoutingControls)
}

fn updating(client: &Client, pair: &Pair<'_>, wanted: Controls) -> Result<UpdateRoutingControlStatesFluentBuilder, Error> {
    let mut update = client.update_routing_control_states();
    for (control, state) in [(pair.recovery, wanted.recovery), (pair.primary, wanted.primary)] {
        let state = match state {
            Control::On => RoutingControlState::On,
            Control::Off => RoutingControlState::Off,
        };
        let entry = UpdateRoutingControlStateEntry::builder()
            .routing_control_arn(control.as_str())
            .routing_control_state(state)
            .build()
            .map_err(Error::Unmade)?;
        update = update.update_routing_control_state_entries(entry);
    }
    Ok(update)
}

/// Keeps what sent users where they were before this chain of runs moved them.
pub(crate) async fn keep(request: &Request, clients: &Clients, before: &States, now: Timestamp, permit: &Permit) -> Result<(), Error> {
    let places = &clients.places;
    let kept = ledger::keep_first(&places.dynamodb, &places.ledger, item(request, before, now), permit).await;
    kept.map_err(|failure| Error::Keep(request.workload.clone(), failure))
}

/// The same as plan mode lists it; nothing on the way back, where nothing is kept.
pub(crate) async fn planned_keep(request: &Request, clients: &Clients, before: &States, now: Timestamp) -> Result<Vec<PlannedCall>, Error> {
    if request.to == Side::Primary {
        return Ok(vec![]);
    }
    let places = &clients.places;
    let planned = ledger::planned_keep_first(&places.dynamodb, &places.ledger, item(request, before, now)).await;
    Ok(vec![planned.map_err(|failure| Error::Keep(request.workload.clone(), failure))?])
}

fn item(request: &Request, before: &States, now: Timestamp) -> Item {
    let kept = KeptTraffic {
        work: request.run.clone(),
        states: before.clone(),
        seen_at: now,
    };
    kept.to_item(&request.workload)
}

/// What sent users where they were; none if no run has moved them.
pub(crate) async fn kept(places: &Places, workload: &WorkloadName) -> Result<Option<States>, Error> {
    let get = places
        .dynamodb
        .get_item()
        .table_name(&places.ledger)
        .set_key(Some(kept_traffic_key(workload)))
        .consistent_read(true);
    let answer = get.send().await.map_err(|error| Error::Kept(workload.clone(), error.into()))?;
    let kept = answer.item().map(KeptTraffic::from_item).transpose();
    let kept = kept.map_err(|malformed| Error::Malformed(workload.clone(), Box::new(malformed)))?;
    Ok(kept.map(|kept| kept.states))
}
