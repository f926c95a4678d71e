//! Every SDK call of this action; returns our types.

use std::collections::BTreeMap;

use action::aws::{Failure, on_paper};
use action::ids::{TableName, WorkloadName};
use action::{Outcome, Permit, PlannedCall, Rehearsal};
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use ledger::Readiness;
use signals::AlarmSettings;

use crate::Clients;
use crate::decide::{Alarm, Metric, Seen, Table};
use crate::error::Error;
use crate::io::Request;

/// The last check.
pub(crate) async fn last(clients: &Clients, workload: &WorkloadName) -> Result<Option<Readiness>, Error> {
    let seen = clients
        .dynamodb
        .get_item()
        .table_name(&clients.ledger)
        .set_key(Some(ledger::readiness_key(workload)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::GetLast(workload.clone(), error.into()))?;
    Ok(seen.item.as_ref().map(Readiness::from_item).transpose()?)
}

/// The alarms and the tables.
pub(crate) async fn observe(clients: &Clients, request: &Request) -> Seen {
    let tables = async {
        let mut seen = BTreeMap::new();
        for name in request.facts.iter().flat_map(|facts| &facts.tables) {
            seen.insert(name.clone(), table(&clients.dynamodb, name).await);
        }
        seen
    };
    let (alarms, tables) = tokio::join!(alarms(&clients.cloudwatch, &request.workload), tables);
    Seen { alarms, tables }
}

/// The workload's alarms. Without `AlarmTypes`, composite alarms are left out (model: DescribeAlarmsInput).
async fn alarms(cloudwatch: &aws_sdk_cloudwatch::Client, workload: &WorkloadName) -> Result<Vec<Alarm>, String> {
    let mut pages = cloudwatch
        .describe_alarms()
        .alarm_name_prefix(format!("relight-{workload}-"))
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| format!("describe the alarms of {workload}: {}", Failure::from(error)))?;
        found.extend(page.composite_alarms().iter().map(composite));
        found.extend(page.metric_alarms().iter().map(metric));
    }
    Ok(found)
}

fn composite(alarm: &CompositeAlarm) -> Alarm {
    Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("unknown", |state| state.as_str()).to_owned(),
        acts: alarm.actions_enabled() == Some(true),
        actions: alarm.alarm_actions().to_vec(),
        metric: None,
    }
}

fn metric(alarm: &MetricAlarm) -> Alarm {
    let watched = alarm.namespace().zip(alarm.metric_name());
    Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("unknown", |state| state.as_str()).to_owned(),
        acts: alarm.actions_enabled() == Some(true),
        actions: alarm.alarm_actions().to_vec(),
        metric: watched.map(|(namespace, name)| Metric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            // "missing" unless it is set (model: PutMetricAlarmInput).
            missing: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
            settings: AlarmSettings::of(alarm),
        }),
    }
}

/// The table as this Region has it; none if it has no such table.
async fn table(dynamodb: &aws_sdk_dynamodb::Client, name: &TableName) -> Result<Option<Table>, String> {
    let answer = match dynamodb
        .describe_table()
        .table_name(name.as_str())
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["ResourceNotFoundException"]) => return Ok(None),
        Err(failure) => return Err(format!("describe table {name}: {failure}")),
    };
    Ok(answer.table().map(|table| Table {
        status: table.table_status().map_or("unknown", |status| status.as_str()).to_owned(),
        replicas: table
            .replicas()
            .iter()
            .filter_map(|replica| {
                let status = replica.replica_status().map_or("unknown", |status| status.as_str());
                Some((replica.region_name()?.to_owned(), status.to_owned()))
            })
            .collect(),
    }))
}

/// Writes the check down, unless a newer one stands there: then nothing is changed.
pub(crate) async fn write(clients: &Clients, workload: &WorkloadName, check: &Readiness, _permit: &Permit) -> Result<Outcome, Error> {
    let put = put(&clients.dynamodb, &clients.ledger, workload, check);
    match put.send().await.map(drop).map_err(Failure::from) {
        Ok(()) => Ok(Outcome::Changed),
        Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => Ok(Outcome::Unchanged),
        Err(failure) => Err(Error::Put(workload.clone(), failure)),
    }
}

/// The same as plan mode lists it, with the answers in words: all of them at length would outgrow a reply.
pub(crate) async fn planned_write(clients: &Clients, workload: &WorkloadName, mut check: Readiness) -> Result<PlannedCall, Error> {
    "(the answers, as JSON)".clone_into(&mut check.answers);
    let rehearsal = Rehearsal::unsent();
    let paper = aws_sdk_dynamodb::Client::new(&on_paper(clients.dynamodb.config().region()));
    let put = put(&paper, &clients.ledger, workload, &check).customize();
    let call = rehearsal.call(put.interceptor(rehearsal.clone()).send().await);
    call.map_err(|failure| Error::Put(workload.clone(), failure))
}

fn put(dynamodb: &aws_sdk_dynamodb::Client, ledger: &str, workload: &WorkloadName, check: &Readiness) -> PutItemFluentBuilder {
    let item = check.to_item(workload);
    dynamodb
        .put_item()
        .table_name(ledger)
        .condition_expression("attribute_not_exists(pk) OR judgedAt <= :judgedAt")
        .set_expression_attribute_values(item.get("judgedAt").map(|at| [(":judgedAt".to_owned(), at.clone())].into()))
        .set_item(Some(item))
}
