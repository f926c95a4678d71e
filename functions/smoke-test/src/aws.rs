//! The one call to AWS that is made here: a look's metric. The plan is read by the ledger crate.

use std::time::Duration;

use action::Permit;
use action::aws::Failure;
use action::ids::WorkloadName;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use jiff::Timestamp;

/// One look as the alarms see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// When it was taken.
    pub(crate) at: Timestamp,
    /// Whether any check failed.
    pub(crate) failed: bool,
    /// The slowest reply; none where nothing replied.
    pub(crate) latency: Option<Duration>,
    /// Whether looks are nearer together than a minute, which only a high-resolution metric tells apart.
    pub(crate) high_resolution: bool,
}

/// Puts `ProbeFailed` and, where something replied, `ProbeLatency` into the namespace `Relight`.
pub(crate) async fn put_look(cloudwatch: &Client, workload: &WorkloadName, looked: Looked, _permit: &Permit) -> Result<(), Failure> {
    let at = DateTime::from_millis(looked.at.as_millisecond());
    let workload = Dimension::builder().name("Workload").value(workload.as_str()).build();
    let datum = |name: &str, unit: StandardUnit, value: f64| {
        MetricDatum::builder()
            .metric_name(name)
            .dimensions(workload.clone())
            .timestamp(at)
            .unit(unit)
            .value(value)
            .storage_resolution(if looked.high_resolution { 1 } else { 60 })
            .build()
    };
    let latency = looked
        .latency
        .map(|latency| datum("ProbeLatency", StandardUnit::Milliseconds, latency.as_secs_f64() * 1e3));
    let failed = datum("ProbeFailed", StandardUnit::Count, if looked.failed { 1.0 } else { 0.0 });
    cloudwatch
        .put_metric_data()
        .namespace("Relight")
        .set_metric_data(Some(std::iter::once(failed).chain(latency).collect()))
        .send()
        .await?;
    Ok(())
}
