//! Every SDK call of this action; returns our types.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use action::aws::{Failure, on_paper};
use action::clock::Bound;
use action::ids::{Region, TableName};
use action::{ErrorName, Permit, PlannedCall, Rehearsal, chain};
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, MultiRegionConsistency, TableDescription};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::Clients;
use crate::decide::{Found, LAG_WINDOW, Lag, Probe, Probed, Seen, Stamp, Table};
use crate::error::Error;
use crate::io::Request;

/// How long the lag may be asked for: it stops nothing, so a recovery doesn't wait for it.
const LAG: Duration = Duration::from_secs(5);
/// One value every five minutes (docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
const PERIOD_SECONDS: i32 = 300;
/// The attributes of a probe item beside its key.
const RUN: &str = "relightRun";
const AT: &str = "relightAt";

/// All tables side by side, then the lags of those that are there.
pub(crate) async fn observe(clients: &Clients, request: &Request, now: Timestamp) -> Result<Seen, Error> {
    let asked: JoinSet<_> = request
        .tables
        .iter()
        .map(|table| described(clients.dynamodb.clone(), table.name.clone()))
        .collect();
    let tables = asked.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lags = if tables.iter().any(|(_, found)| matches!(found, Found::Table(_))) {
        let told = Bound::within(LAG).hold(lags(&clients.cloudwatch, request, now)).await;
        told.unwrap_or_else(|| Err(format!("CloudWatch gave no answer within {} s", LAG.as_secs())))
    } else {
        Ok(BTreeMap::new())
    };
    Ok(Seen {
        tables: tables.into_iter().collect(),
        lags,
    })
}

/// The table as this Region has it. What AWS refuses for good is told with what is wrong with other tables.
async fn described(dynamodb: aws_sdk_dynamodb::Client, name: TableName) -> Result<(TableName, Found), Error> {
    let answer = dynamodb.describe_table().table_name(name.as_str()).send().await;
    let found = match answer.map_err(Failure::from) {
        Ok(answer) => answer.table().map_or(Found::Nowhere, |table| Found::Table(read(table))),
        Err(failure) if failure.is(&["ResourceNotFoundException"]) => Found::Nowhere,
        Err(failure) if failure.name() == ErrorName::Permanent => Found::Refused(chain(&failure)),
        Err(failure) => return Err(Error::DescribeTable(name, failure)),
    };
    Ok((name, found))
}

fn read(table: &TableDescription) -> Table {
    const NONE: &str = "without a status";
    let kind = |attribute: &str| {
        let defined = table.attribute_definitions().iter().find(|one| one.attribute_name() == attribute);
        defined.map_or("?", |one| one.attribute_type().as_str()).to_owned()
    };
    let replicas = table.replicas().iter().filter_map(|replica| {
        let status = replica.replica_status().map_or(NONE, |status| status.as_str());
        Some((replica.region_name()?.to_owned(), status.to_owned()))
    });
    Table {
        status: table.table_status().map_or(NONE, |status| status.as_str()).to_owned(),
        replicas: replicas.collect(),
        key: table
            .key_schema()
            .iter()
            .map(|part| (part.attribute_name().to_owned(), kind(part.attribute_name())))
            .collect(),
        strongly_consistent: table.multi_region_consistency() == Some(&MultiRegionConsistency::Strong),
    }
}

/// The freshest lag of each table within [`LAG_WINDOW`]; that of writes arriving here, where there is one.
///
/// `ReplicationLatency` is in milliseconds, "emitted for every source- and destination-Region pair"
/// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_monitoring.html), and kept in the source Region's
/// CloudWatch (docs.aws.amazon.com/prescriptive-guidance/latest/dynamodb-global-tables/overview.html). So this Region has
/// that of its own writes on their way to the primary, if there are any; the other way is asked for too, in case that
/// changes, and the primary isn't asked.
async fn lags(cloudwatch: &aws_sdk_cloudwatch::Client, request: &Request, now: Timestamp) -> Result<BTreeMap<TableName, Lag>, String> {
    let (here, primary) = (&request.recovery_region, &request.primary_region);
    let queries = request.tables.iter().enumerate().flat_map(|(number, table)| {
        [
            query(format!("arriving{number}"), &table.name, here),
            query(format!("leaving{number}"), &table.name, primary),
        ]
    });
    let window = i64::try_from(LAG_WINDOW.as_secs()).unwrap_or(i64::MAX);
    let answer = cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs(now.as_second().saturating_sub(window)))
        .end_time(DateTime::from_secs(now.as_second()))
        .send()
        .await
        .map_err(|error| format!("CloudWatch answers {}", chain(&Failure::from(error))))?;
    let find = |id: String, from, to| {
        let mut results = answer.metric_data_results().iter();
        freshest(results.find(|result| result.id() == Some(&id))?, from, to)
    };
    let lags = request.tables.iter().enumerate().filter_map(|(number, table)| {
        let arriving = find(format!("arriving{number}"), primary, here);
        let lag = arriving.or_else(|| find(format!("leaving{number}"), here, primary))?;
        Some((table.name.clone(), lag))
    });
    Ok(lags.collect())
}

fn query(id: String, table: &TableName, receiving: &Region) -> MetricDataQuery {
    let dimension = |name, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace("AWS/DynamoDB")
        .metric_name("ReplicationLatency")
        .dimensions(dimension("TableName", table.as_str()))
        .dimensions(dimension("ReceivingRegion", receiving.as_str()))
        .build();
    let worst = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(worst).build()
}

fn freshest(result: &MetricDataResult, from: &Region, to: &Region) -> Option<Lag> {
    let points = result.timestamps().iter().zip(result.values());
    let (at, milliseconds) = points.max_by_key(|(at, _)| at.secs())?;
    Some(Lag {
        lag: Duration::try_from_secs_f64(milliseconds.round() / 1_000.0).ok()?,
        from: from.clone(),
        to: to.clone(),
        at: Timestamp::from_second(at.secs()).ok()?,
    })
}

/// Writes every probe item and reads it back, side by side. A write is read back at once in its own Region, by a
/// consistent read (docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html).
pub(crate) async fn probe(
    dynamodb: &aws_sdk_dynamodb::Client,
    probes: &[Probe],
    stamp: &Stamp,
    _permit: &Permit,
) -> Result<BTreeMap<TableName, Probed>, Error> {
    let asked: JoinSet<_> = probes
        .iter()
        .map(|probe| written(dynamodb.clone(), probe.clone(), stamp.clone()))
        .collect();
    asked.join_all().await.into_iter().collect()
}

async fn written(dynamodb: aws_sdk_dynamodb::Client, probe: Probe, stamp: Stamp) -> Result<(TableName, Probed), Error> {
    let put = putting(&dynamodb, &probe, &stamp).send().await;
    match put.map_err(Failure::from) {
        Ok(_) => {}
        Err(failure) if failure.is(&["ConditionalCheckFailedException"]) => return Ok((probe.table, Probed::Foreign)),
        Err(failure) if failure.name() == ErrorName::Permanent => return Ok((probe.table, Probed::Refused(chain(&failure)))),
        Err(failure) => return Err(Error::PutItem(probe.table, failure)),
    }
    let got = dynamodb
        .get_item()
        .table_name(probe.table.as_str())
        .set_key(Some(texts(&probe.key)))
        .consistent_read(true)
        .send()
        .await;
    let read = match got.map_err(Failure::from) {
        Ok(answer) => Probed::Read(answer.item.and_then(|item| {
            let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            text(RUN).zip(text(AT)).map(|(run, at)| Stamp { run, at })
        })),
        Err(failure) if failure.name() == ErrorName::Permanent => Probed::Refused(chain(&failure)),
        Err(failure) => return Err(Error::GetItem(probe.table, failure)),
    };
    Ok((probe.table, read))
}

/// The writes as plan mode lists them: there is no dry run of them.
pub(crate) async fn planned(dynamodb: &aws_sdk_dynamodb::Client, probes: &[Probe], stamp: &Stamp) -> Result<Vec<PlannedCall>, Error> {
    let paper = aws_sdk_dynamodb::Client::new(&on_paper(dynamodb.config().region()));
    let mut calls = Vec::new();
    for probe in probes {
        let rehearsal = Rehearsal::unsent();
        let put = putting(&paper, probe, stamp).customize();
        let call = rehearsal.call(put.interceptor(rehearsal.clone()).send().await);
        calls.push(call.map_err(|failure| Error::PutItem(probe.table.clone(), failure))?);
    }
    Ok(calls)
}

/// Only where there is no such item, or one of Relight's: a put replaces the whole item
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html).
fn putting(dynamodb: &aws_sdk_dynamodb::Client, probe: &Probe, stamp: &Stamp) -> PutItemFluentBuilder {
    let key = probe.key.keys().next().cloned().unwrap_or_default();
    let mut item = texts(&probe.key);
    item.insert(RUN.to_owned(), AttributeValue::S(stamp.run.clone()));
    item.insert(AT.to_owned(), AttributeValue::S(stamp.at.clone()));
    dynamodb
        .put_item()
        .table_name(probe.table.as_str())
        .condition_expression(format!("attribute_not_exists(#key) OR attribute_exists({RUN})"))
        .expression_attribute_names("#key", key)
        .set_item(Some(item))
}

fn texts(key: &BTreeMap<String, String>) -> HashMap<String, AttributeValue> {
    let text = |(name, value): (&String, &String)| (name.clone(), AttributeValue::S(value.clone()));
    key.iter().map(text).collect()
}
