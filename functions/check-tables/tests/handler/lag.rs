//! How far replication lags: asked for in this Region, told with its direction, and never a reason to stop.

use std::sync::{Arc, Mutex};

use action::Outcome;
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataInput, GetMetricDataOutput};
use aws_sdk_dynamodb::types::{MultiRegionConsistency, TableStatus};
use aws_smithy_mocks::mock;
use serde_json::json;

use crate::world::{Aws, NOW, SECONDS, described, lags, probed, table};

#[tokio::test]
async fn the_freshest_lag_is_told_with_its_direction_and_that_of_arriving_writes_comes_first() {
    let aws = Aws {
        lags: lags(&[
            ("arriving0", &[(300, 812.4), (600, 90_000.0)]),
            ("leaving0", &[(60, 5.0)]),
            ("leaving1", &[(720, 1_500.0), (840, 3.0)]),
        ]),
        ..Aws::new(vec![table("orders", "ACTIVE"), table("carts", "ACTIVE"), table("users", "ACTIVE")])
    };
    let tables = json!([{"name": "orders"}, {"name": "carts"}, {"name": "users"}]);
    let reply = aws.asked("execute", NOW, tables).await.unwrap();
    let told: Vec<_> = reply
        .tables
        .iter()
        .map(|table| (table.lag_seconds, table.lag_because.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(0.812), "us-east-1 to us-west-1, 5 min ago"),
            (Some(1.5), "us-west-1 to us-east-1, 12 min ago"),
            (None, "no value of the last 15 min"),
        ]
    );
    assert_eq!(
        reply.because,
        "3 tables serve in us-west-1; the replication lag is at most 1.5 s (carts, us-west-1 to us-east-1), and unknown of 1 more"
    );
}

#[tokio::test]
async fn both_directions_of_every_table_are_asked_for_in_one_request_of_the_last_quarter_of_an_hour() {
    let asked: Arc<Mutex<Option<GetMetricDataInput>>> = Arc::default();
    let noted = asked.clone();
    let aws = Aws {
        lags: mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(move |input| {
            *noted.lock().unwrap() = Some(input.clone());
            GetMetricDataOutput::builder().build()
        }),
        ..Aws::new(vec![table("orders", "ACTIVE"), table("carts", "ACTIVE")])
    };
    aws.asked("plan", NOW, json!([{"name": "orders"}, {"name": "carts"}]))
        .await
        .unwrap();
    let asked = asked.lock().unwrap().clone().unwrap();
    let span = asked.end_time().unwrap().secs() - asked.start_time().unwrap().secs();
    assert_eq!((span, asked.end_time().unwrap().secs(), aws.lags.num_calls()), (900, SECONDS, 1));
    let metrics: Vec<Vec<&str>> = asked
        .metric_data_queries()
        .iter()
        .map(|query| {
            let metric = query.metric_stat().unwrap().metric().unwrap();
            assert_eq!(
                (metric.namespace(), metric.metric_name()),
                (Some("AWS/DynamoDB"), Some("ReplicationLatency"))
            );
            let dimensions = metric.dimensions().iter();
            dimensions.flat_map(|one| [one.name().unwrap(), one.value().unwrap()]).collect()
        })
        .collect();
    let pair = |table, region| vec!["TableName", table, "ReceivingRegion", region];
    assert_eq!(
        metrics,
        [
            pair("orders", "us-west-1"),
            pair("orders", "us-east-1"),
            pair("carts", "us-west-1"),
            pair("carts", "us-east-1"),
        ]
    );
}

#[tokio::test]
async fn a_cloudwatch_that_fails_fails_nothing_and_a_strongly_consistent_table_needs_none() {
    let denied = || {
        mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_error(|| {
            let meta = aws_sdk_cloudwatch::error::ErrorMetadata::builder().code("AccessDenied");
            GetMetricDataError::generic(meta.message("x".repeat(5_000)).build())
        })
    };
    let aws = Aws {
        lags: denied(),
        ..Aws::new(vec![table("orders", "ACTIVE")])
    };
    let reply = aws.asked("execute", NOW, probed(&["orders"])).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert!(
        reply
            .because
            .contains("the replication lag is unknown because CloudWatch answers AccessDenied"),
        "{}",
        reply.because
    );
    assert_eq!(
        (reply.tables[0].lag_seconds, reply.tables[0].lag_because.as_str()),
        (None, "CloudWatch can't be asked")
    );
    assert!(serde_json::to_string(&reply).unwrap().len() < 4_096);

    let strong =
        mock!(aws_sdk_dynamodb::Client::describe_table).then_output(|| described(TableStatus::Active, MultiRegionConsistency::Strong));
    let aws = Aws {
        lags: denied(),
        ..Aws::new(vec![strong])
    };
    let reply = aws.asked("execute", NOW, json!([{"name": "orders"}])).await.unwrap();
    assert_eq!(
        (reply.because.as_str(), reply.tables[0].lag_because.as_str()),
        (
            "table orders serves in us-west-1; replication is strongly consistent",
            "strongly consistent: nothing lags"
        )
    );
}
