//! By what an alarm goes off.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm};

/// By what an alarm goes off, in CloudWatch's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmSettings {
    /// The metric's dimensions by name.
    pub dimensions: BTreeMap<String, String>,
    /// The statistic; none for a percentile and its like.
    pub statistic: Option<String>,
    /// The only unit that counts; none where any does.
    pub unit: Option<String>,
    /// The period, in seconds.
    pub period: i32,
    /// How many periods are judged.
    pub evaluation_periods: i32,
    /// How many of them must breach; none: all.
    pub datapoints_to_alarm: Option<i32>,
    /// How a value is held against the threshold.
    pub operator: String,
    /// The threshold.
    pub threshold: Option<f64>,
}

impl AlarmSettings {
    /// Those of `alarm`.
    pub fn of(alarm: &MetricAlarm) -> Self {
        let dimensions = alarm.dimensions().iter();
        Self {
            dimensions: dimensions
                .filter_map(|found| Some((found.name()?.to_owned(), found.value()?.to_owned())))
                .collect(),
            statistic: alarm.statistic().map(|statistic| statistic.as_str().to_owned()),
            unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
            period: alarm.period().unwrap_or_default(),
            evaluation_periods: alarm.evaluation_periods().unwrap_or_default(),
            datapoints_to_alarm: alarm.datapoints_to_alarm(),
            operator: alarm
                .comparison_operator()
                .map_or("unknown", |operator| operator.as_str())
                .to_owned(),
            threshold: alarm.threshold(),
        }
    }

    /// Whether it watches what a run of `workload` writes: the metric with the workload as its one dimension.
    pub fn watches(&self, workload: &str) -> bool {
        self.dimensions.len() == 1 && self.dimensions.get("Workload").is_some_and(|named| named == workload)
    }

    /// Whether a 1 breaches, and a 0 doesn't.
    pub fn tells_one_from_zero(&self) -> bool {
        use ComparisonOperator::{GreaterThanOrEqualToThreshold, GreaterThanThreshold};
        self.threshold
            .is_some_and(|threshold| match ComparisonOperator::from(self.operator.as_str()) {
                GreaterThanOrEqualToThreshold => threshold > 0.0 && threshold <= 1.0,
                GreaterThanThreshold => (0.0..1.0).contains(&threshold),
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_tells_one_from_zero_by_a_threshold_between_them() {
        use ComparisonOperator::{GreaterThanOrEqualToThreshold as AtLeast, GreaterThanThreshold as Above, LessThanThreshold as Below};
        for (operator, threshold, tells) in [
            (AtLeast, Some(1.0), true),
            (AtLeast, Some(0.5), true),
            (AtLeast, Some(0.0), false),
            (AtLeast, Some(1.5), false),
            (Above, Some(0.0), true),
            (Above, Some(0.5), true),
            (Above, Some(1.0), false),
            (Above, Some(-1.0), false),
            (Above, None, false),
            (Below, Some(1.0), false),
        ] {
            let alarm = MetricAlarm::builder()
                .comparison_operator(operator.clone())
                .set_threshold(threshold);
            let told = AlarmSettings::of(&alarm.build()).tells_one_from_zero();
            assert_eq!(told, tells, "{operator:?} {threshold:?}");
        }
    }
}
