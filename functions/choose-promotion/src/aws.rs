//! The replication lag, from CloudWatch in the secondary's Region.

use std::time::Duration;

use action::aws::Failure;
use action::ids::ClusterArn;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::decide::{LAG_WINDOW, Lag};

/// The preferred one first: the RPO lag counts commits that users made, and exists for Aurora PostgreSQL and for Aurora
/// MySQL from 3.04.0 and 2.12.0; the replication lag is for the versions before
/// (AuroraUserGuide/aurora-global-database-disaster-recovery.html).
const METRICS: [(&str, &str); 2] = [("rpo", "AuroraGlobalDBRPOLag"), ("replication", "AuroraGlobalDBReplicationLag")];
const PERIOD_SECONDS: i32 = 60;

/// The freshest lag of `cluster` within [`LAG_WINDOW`], or why there is none.
///
/// Published once a minute, in milliseconds, in the secondary's Region only, under the dimension `DBClusterIdentifier`
/// (AuroraUserGuide/dimensions.html; the dashboards of aws-samples/amazon-aurora-labs-for-mysql). Of each minute the
/// worst value counts.
///
/// # Errors
/// When CloudWatch doesn't answer.
pub async fn lag(cloudwatch: &Client, cluster: &ClusterArn, now: Timestamp) -> Result<Lag, Failure> {
    let window = i64::try_from(LAG_WINDOW.as_secs()).unwrap_or(i64::MAX);
    let answer = cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(METRICS.iter().map(|(id, metric)| query(id, metric, cluster)).collect()))
        .start_time(DateTime::from_secs(now.as_second().saturating_sub(window)))
        .end_time(DateTime::from_secs(now.as_second()))
        .send()
        .await?;
    let result = |id: &str| answer.metric_data_results().iter().find(|result| result.id() == Some(id));
    let freshest = METRICS
        .iter()
        .find_map(|(id, metric)| result(id).and_then(|result| measured(result, metric, now)));
    Ok(freshest.unwrap_or_else(|| Lag::Unknown(none_because(answer.metric_data_results()))))
}

fn query(id: &str, metric: &str, cluster: &ClusterArn) -> MetricDataQuery {
    let dimension = Dimension::builder()
        .name("DBClusterIdentifier")
        .value(cluster.identifier().to_ascii_lowercase())
        .build();
    let metric = Metric::builder()
        .namespace("AWS/RDS")
        .metric_name(metric)
        .dimensions(dimension)
        .build();
    let worst = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(worst).build()
}

/// A negative value is none: Aurora uses -1 to say that a cluster is the primary
/// (AuroraUserGuide/aurora_global_db_status.html).
fn measured(result: &MetricDataResult, metric: &'static str, now: Timestamp) -> Option<Lag> {
    let points = result.timestamps().iter().zip(result.values());
    let (at, milliseconds) = points.max_by_key(|(at, _)| at.secs())?;
    let age = now.as_second().saturating_sub(at.secs());
    Some(Lag::Measured {
        lag: Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()?,
        metric,
        age: Duration::from_secs(u64::try_from(age).unwrap_or(0)),
    })
}

fn none_because(results: &[MetricDataResult]) -> String {
    let [rpo, replication] = METRICS.map(|(_, metric)| metric);
    let none = format!(
        "neither {rpo} nor {replication} has a usable value of the last {} min",
        LAG_WINDOW.as_secs() / 60
    );
    let odd = results
        .iter()
        .filter_map(MetricDataResult::status_code)
        .find(|code| **code != StatusCode::Complete);
    match odd {
        Some(code) => format!("{none} (CloudWatch answers {})", code.as_str()),
        None => none,
    }
}
