//! Metrics as log lines in CloudWatch's embedded metric format: no call, so nothing that can fail a recovery.
//!
//! The format: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.

use std::collections::BTreeMap;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

/// The unit of a metric, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A plain count.
    Count,
}

/// The metrics of one event, in the namespace `Relight`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    dimensions: BTreeMap<&'static str, String>,
    values: BTreeMap<&'static str, (Unit, f64)>,
}

impl Metrics {
    /// Adds a dimension.
    #[must_use]
    pub fn dimension(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.dimensions.insert(name, value.into());
        self
    }

    /// Adds a value; leaves the metric out where there is none.
    #[must_use]
    pub fn value(mut self, name: &'static str, unit: Unit, value: Option<f64>) -> Self {
        if let Some(value) = value {
            self.values.insert(name, (unit, value));
        }
        self
    }

    /// The event as one JSON object.
    pub fn to_json(&self, at: Timestamp) -> Value {
        let metrics: Vec<Value> = self
            .values
            .iter()
            .map(|(name, (unit, _))| json!({"Name": name, "Unit": format!("{unit:?}")}))
            .collect();
        let mut event = json!({
            "_aws": {
                "Timestamp": at.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "Relight",
                    "Dimensions": [self.dimensions.keys().collect::<Vec<_>>()],
                    "Metrics": metrics,
                }],
            },
        });
        if let Some(fields) = event.as_object_mut() {
            fields.extend(self.dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
            fields.extend(self.values.iter().map(|(name, (_, value))| ((*name).to_owned(), json!(value))));
        }
        event
    }

    /// Writes the event to the function's log. A log that can't be written to is no reason to fail a run.
    pub fn emit(&self, at: Timestamp) {
        let _unwritable = writeln!(std::io::stdout().lock(), "{}", self.to_json(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_embedded_metric_format_and_leaves_out_what_is_unknown() {
        let event = Metrics::default()
            .dimension("Workload", "unishop")
            .value("TotalSeconds", Unit::Seconds, Some(79.0))
            .value("RpoSeconds", Unit::Seconds, None)
            .to_json(Timestamp::from_second(1).unwrap_or_default());
        assert_eq!(
            event,
            json!({
                "_aws": {
                    "Timestamp": 1000,
                    "CloudWatchMetrics": [{
                        "Namespace": "Relight",
                        "Dimensions": [["Workload"]],
                        "Metrics": [{"Name": "TotalSeconds", "Unit": "Seconds"}],
                    }],
                },
                "Workload": "unishop",
                "TotalSeconds": 79.0,
            })
        );
    }
}
