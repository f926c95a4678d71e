//! What AWS answers start-recovery, rule by rule, and what it was asked to start.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricDataResult, StateValue};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionOutput;
use aws_sdk_sfn::types::error::ExecutionDoesNotExist;
use aws_sdk_ssm::operation::get_parameter::{GetParameterError, GetParameterOutput};
use aws_sdk_ssm::types::Parameter;
use aws_sdk_ssm::types::error::ParameterNotFound;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use bucket::Bucket;
use bucket::testing::Asked;
use jiff::Timestamp;
use start_recovery::io::{Reply, Request};
use start_recovery::{Clients, Error, Settings, handle};

pub(crate) const PLAN: &str = include_str!("../fixtures/plan.toml");
pub(crate) const EXECUTION: &str = "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z";

/// What AWS answers, and what it was asked to start.
pub(crate) struct World {
    pub(crate) exists: Rule,
    pub(crate) bucket: (Bucket, Asked),
    pub(crate) switch: Rule,
    pub(crate) last_run: Rule,
    pub(crate) alarm: Rule,
    pub(crate) probes: Rule,
    pub(crate) start: Rule,
    pub(crate) input: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// The alarm holds, nothing has been started, the plan is automatic.
    pub(crate) fn new() -> Self {
        let input = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&input);
        Self {
            exists: not_started(),
            bucket: stored(PLAN),
            switch: no_switch(),
            last_run: mock!(aws_sdk_dynamodb::Client::get_item).then_output(|| GetItemOutput::builder().build()),
            alarm: alarm(StateValue::Alarm),
            probes: mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| {
                let result = MetricDataResult::builder()
                    .timestamps(DateTime::from_secs(1_795_230_871))
                    .values(1.0);
                GetMetricDataOutput::builder().metric_data_results(result.build()).build()
            }),
            start: mock!(aws_sdk_sfn::Client::start_execution)
                .match_requests(move |request| {
                    asked.lock().unwrap().push(request.input().unwrap_or_default().to_owned());
                    request.name() == Some("unishop-20261121T031502Z")
                        && request.state_machine_arn() == Some("arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover")
                })
                .then_output(|| {
                    let started = StartExecutionOutput::builder().execution_arn(EXECUTION);
                    started.start_date(aws_sdk_sfn::primitives::DateTime::from_secs(0)).build().unwrap()
                }),
            input,
        }
    }

    pub(crate) async fn receives(&self, event: &str) -> Result<Reply, Error> {
        let cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.alarm, &self.probes]);
        self.receives_beside(event, cloudwatch).await
    }

    /// The same with a CloudWatch of its own.
    pub(crate) async fn receives_beside(&self, event: &str, cloudwatch: aws_sdk_cloudwatch::Client) -> Result<Reply, Error> {
        let clients = Clients {
            cloudwatch,
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&self.last_run]),
            bucket: self.bucket.0.clone(),
            sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&self.exists, &self.start]),
            ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&self.switch]),
        };
        let settings = Settings {
            ledger: "relight-ledger".to_owned(),
            machine: "arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover".to_owned(),
        };
        handle(Request(serde_json::from_str(event).unwrap()), &clients, &settings, at("03:15:03")).await
    }

    pub(crate) async fn receives_alarm(&self) -> Result<Reply, Error> {
        self.receives(include_str!("../fixtures/sns-composite.json")).await
    }

    /// How often each call was made, in the order in which the handler makes them.
    pub(crate) fn calls(&self) -> [usize; 7] {
        let rules = [&self.exists, &self.switch, &self.last_run, &self.alarm, &self.probes, &self.start];
        let [exists, switch, last_run, alarm, probes, start] = rules.map(Rule::num_calls);
        [exists, self.bucket.1.count(), switch, last_run, alarm, probes, start]
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

pub(crate) fn not_started() -> Rule {
    mock!(aws_sdk_sfn::Client::describe_execution)
        .match_requests(|request| request.execution_arn() == Some(EXECUTION))
        .then_error(|| {
            let meta = ErrorMetadata::builder().code("ExecutionDoesNotExist").build();
            DescribeExecutionError::ExecutionDoesNotExist(ExecutionDoesNotExist::builder().meta(meta).build())
        })
}

/// Nobody has ever set the switch.
pub(crate) fn no_switch() -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter)
        .match_requests(|request| request.name() == Some("/relight/inhibit"))
        .then_error(|| {
            let meta = ErrorMetadata::builder().code("ParameterNotFound").build();
            GetParameterError::ParameterNotFound(ParameterNotFound::builder().meta(meta).build())
        })
}

/// The switch says `text`.
pub(crate) fn switch(text: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter).then_output(move || {
        GetParameterOutput::builder()
            .parameter(Parameter::builder().value(text).build())
            .build()
    })
}

pub(crate) fn stored(plan: &str) -> (Bucket, Asked) {
    bucket::testing::bucket("relight", &[("plans/unishop.toml", plan)])
}

pub(crate) fn alarm(state: StateValue) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .match_requests(|request| {
            let types: Vec<&str> = request.alarm_types().iter().map(|kind| kind.as_str()).collect();
            request.alarm_names() == ["relight-unishop-primary-down"] && types == ["CompositeAlarm", "MetricAlarm"]
        })
        .then_output(move || {
            let alarm = CompositeAlarm::builder().state_value(state.clone()).build();
            DescribeAlarmsOutput::builder().composite_alarms(alarm).build()
        })
}
