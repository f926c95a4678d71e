//! The probe's metric, look by look.

use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use jiff::Timestamp;

/// A stretch of the probe's metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Timestamp,
    /// The period of the data points, in seconds.
    pub period: i32,
}

/// One point of the probe's metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// When its period began.
    pub at: Timestamp,
    /// Whether every look in it failed.
    pub failed: bool,
}

/// The points of the probe's metric, the newest first.
///
/// Of several looks at one moment the minimum counts: where one passed, the site serves, whatever another probe says.
///
/// # Errors
/// When CloudWatch doesn't tell.
pub async fn probes(cloudwatch: &aws_sdk_cloudwatch::Client, workload: &WorkloadName, looks: &Looks) -> Result<Vec<Probe>, Failure> {
    let metric = Metric::builder()
        .namespace("Relight")
        .metric_name("ProbeFailed")
        .dimensions(Dimension::builder().name("Workload").value(workload.as_str()).build())
        .build();
    let stat = MetricStat::builder().metric(metric).period(looks.period).stat("Minimum").build();
    // Newest first, and one page: a page holds 100,800 points (model: GetMetricDataInput$MaxDatapoints), three hours
    // of seconds are 10,800.
    let seen = cloudwatch
        .get_metric_data()
        .metric_data_queries(MetricDataQuery::builder().id("failed").metric_stat(stat).build())
        .start_time(DateTime::from_millis(looks.from.as_millisecond()))
        .end_time(DateTime::from_millis(looks.to.as_millisecond()))
        .scan_by(ScanBy::TimestampDescending)
        .send()
        .await?;
    Ok(seen
        .metric_data_results()
        .iter()
        .flat_map(|result| result.timestamps().iter().zip(result.values()))
        .filter_map(|(at, value)| {
            Some(Probe {
                at: Timestamp::from_millisecond(at.to_millis().ok()?).ok()?,
                failed: *value > 0.0,
            })
        })
        .collect())
}
