//! The one call that puts something.

use action::Permit;
use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use jiff::Timestamp;

use crate::decide::Freshness;

/// Puts `ImageStale` (1 or 0) and, where there is an image, `ImageAge` in seconds, both in the namespace `Relight` with the
/// dimension `Workload`.
pub(crate) async fn put(
    cloudwatch: &Client,
    workload: &WorkloadName,
    freshness: &Freshness,
    now: Timestamp,
    _permit: &Permit,
) -> Result<(), Failure> {
    let datum = |name: &str, unit, value: f64| {
        MetricDatum::builder()
            .metric_name(name)
            .dimensions(Dimension::builder().name("Workload").value(workload.as_str()).build())
            .timestamp(DateTime::from_millis(now.as_millisecond()))
            .unit(unit)
            .value(value)
            .build()
    };
    let stale = datum("ImageStale", StandardUnit::Count, f64::from(u8::from(freshness.is_stale())));
    // Exact for ages below 136 years.
    let age = freshness
        .newest()
        .map(|newest| f64::from(u32::try_from(newest.age_seconds).unwrap_or(u32::MAX)));
    let age = age.map(|age| datum("ImageAge", StandardUnit::Seconds, age));
    cloudwatch
        .put_metric_data()
        .namespace("Relight")
        .set_metric_data(Some(std::iter::once(stale).chain(age).collect()))
        .send()
        .await?;
    Ok(())
}
