//! Tables, their metric and their items, mocked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::describe_table::{DescribeTableError, DescribeTableOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, KeySchemaElement, KeyType, MultiRegionConsistency, ReplicaDescription, ReplicaStatus,
    ScalarAttributeType, TableDescription, TableStatus,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use check_tables::error::Error;
use check_tables::io::Reply;
use check_tables::{Clients, handle};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-11-21T03:15:00Z";
pub(crate) const SECONDS: i64 = 1_795_230_900;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A table named `name`, with a replica in the primary Region.
pub(crate) fn table(name: &'static str, status: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .match_requests(move |input| input.table_name() == Some(name))
        .then_output(move || described(TableStatus::from(status), MultiRegionConsistency::Eventual))
}

pub(crate) fn described(status: TableStatus, consistency: MultiRegionConsistency) -> DescribeTableOutput {
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let text = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let primary = ReplicaDescription::builder()
        .region_name("us-east-1")
        .replica_status(ReplicaStatus::RegionDisabled);
    let table = TableDescription::builder()
        .table_status(status)
        .multi_region_consistency(consistency)
        .key_schema(key.build().unwrap())
        .attribute_definitions(text.build().unwrap())
        .replicas(primary.build());
    DescribeTableOutput::builder().table(table.build()).build()
}

pub(crate) fn failing(name: &'static str, code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .match_requests(move |input| input.table_name() == Some(name))
        .then_error(move || DescribeTableError::generic(ErrorMetadata::builder().code(code).build()))
}

/// Values in milliseconds with their age in seconds, by the id of the query.
pub(crate) fn lags(results: &'static [(&str, &[(i64, f64)])]) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(move || {
        let results = results.iter().map(|(id, points)| {
            let (times, values) = points
                .iter()
                .map(|(age, value)| (DateTime::from_secs(SECONDS - age), *value))
                .unzip();
            MetricDataResult::builder()
                .id(*id)
                .set_timestamps(Some(times))
                .set_values(Some(values))
                .build()
        });
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.collect()))
            .build()
    })
}

/// What was written, by its table; what a read gives.
pub(crate) type Kept = Arc<Mutex<HashMap<String, Item>>>;

pub(crate) struct Aws {
    pub(crate) tables: Vec<Rule>,
    pub(crate) lags: Rule,
    pub(crate) put: Rule,
    pub(crate) get: Rule,
    pub(crate) kept: Kept,
}

impl Aws {
    pub(crate) fn new(tables: Vec<Rule>) -> Self {
        let kept = Kept::default();
        Self {
            tables,
            lags: lags(&[]),
            put: putting(&kept),
            get: getting(&kept),
            kept,
        }
    }

    pub(crate) async fn asked(&self, mode: &str, now: &str, tables: Value) -> Result<Reply, Error> {
        let rules: Vec<&Rule> = self.tables.iter().chain([&self.put, &self.get]).collect();
        let clients = Clients {
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.lags]),
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules),
        };
        let request = request(mode, "us-east-1", tables);
        handle(serde_json::from_value(request).unwrap(), &clients, now.parse().unwrap()).await
    }

    pub(crate) fn touched(&self) -> usize {
        self.put.num_calls() + self.get.num_calls()
    }
}

pub(crate) fn request(mode: &str, primary: &str, tables: Value) -> Value {
    json!({
        "mode": mode,
        "run": "unishop-1",
        "workload": "unishop",
        "tables": tables,
        "primaryRegion": primary,
        "recoveryRegion": "us-west-1",
        "since": NOW,
        "deadline": "2026-11-21T03:30:00Z",
    })
}

fn putting(kept: &Kept) -> Rule {
    let kept = kept.clone();
    mock!(aws_sdk_dynamodb::Client::put_item).then_compute_output(move |input| {
        // The only words that keep it from replacing an item of the workload's own.
        assert_eq!(
            input.condition_expression(),
            Some("attribute_not_exists(#key) OR attribute_exists(relightRun)")
        );
        assert_eq!(input.expression_attribute_names().unwrap()["#key"], "id");
        let (table, item) = (input.table_name().unwrap().to_owned(), input.item().unwrap().clone());
        kept.lock().unwrap().insert(table, item);
        PutItemOutput::builder().build()
    })
}

fn getting(kept: &Kept) -> Rule {
    let kept = kept.clone();
    mock!(aws_sdk_dynamodb::Client::get_item).then_compute_output(move |input| {
        assert_eq!(input.consistent_read(), Some(true));
        let item = kept.lock().unwrap().get(input.table_name().unwrap()).cloned();
        let (key, item) = (input.key().unwrap(), item.unwrap());
        assert!(key.len() == 1 && key["id"] == item["id"], "{key:?} isn't the key of {item:?}");
        GetItemOutput::builder().set_item(Some(item)).build()
    })
}

pub(crate) fn refused_put(table: &'static str, code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::put_item)
        .match_requests(move |input| input.table_name() == Some(table))
        .then_error(move || PutItemError::generic(ErrorMetadata::builder().code(code).build()))
}

pub(crate) fn probed(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"name": name, "probeItem": {"id": "relight"}}))
        .collect()
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
