//! The whole handler with mocked clients: calls made, calls not made, errors named, twice is once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsError, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricDataResult, StateValue};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_ssm::operation::get_parameter::{GetParameterError, GetParameterOutput};
use aws_sdk_ssm::types::Parameter;
use aws_sdk_ssm::types::error::ParameterNotFound;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use confirm_outage::io::{Counted, Reply};
use confirm_outage::{Clients, Error, handle};
use jiff::Timestamp;
use ledger::{Chain, Lock, Machine};
use serde_json::{Value, json};

const RUN: &str = "unishop-20261121T031502Z";
const NOW: &str = "2026-11-21T03:15:30Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// What AWS answers.
struct World {
    lock: Rule,
    switch: Rule,
    metric: Rule,
    alarm: Rule,
}

impl World {
    /// The run holds the lock, nobody has set the switch, and the last three looks failed.
    fn new() -> Self {
        Self {
            lock: locked_by(Some(RUN)),
            switch: mock!(aws_sdk_ssm::Client::get_parameter)
                .match_requests(|request| request.name() == Some("/relight/inhibit"))
                .then_error(|| {
                    let meta = ErrorMetadata::builder().code("ParameterNotFound").build();
                    GetParameterError::ParameterNotFound(ParameterNotFound::builder().meta(meta).build())
                }),
            metric: looked(&[1.0, 1.0, 1.0]),
            alarm: alarm(StateValue::Ok),
        }
    }

    async fn asked(&self, changes: &[(&str, Value)]) -> Result<Reply, Error> {
        let mut request = json!({
            "mode": "execute",
            "run": RUN,
            "workload": "unishop",
            "trigger": {
                "kind": "alarm",
                "alarm": "relight-unishop-primary-down",
                "alarmAt": "2026-11-21T03:15:02Z",
                "incidentAt": null,
                "reason": "test",
            },
            "look": {"at": "2026-11-21T03:15:29Z", "failed": true, "because": "the site in us-east-1 failed 1 of 1 checks"},
            "probe": {"periodSeconds": 10, "failures": 2, "looks": 3},
            "recoverDespiteInhibit": null,
            "countFrom": null,
            "deadline": "2026-11-21T03:30:00Z",
        });
        for (name, value) in changes {
            request[*name] = value.clone();
        }
        let clients = Clients {
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.metric, &self.alarm]),
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&self.lock]),
            ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&self.switch]),
        };
        handle(serde_json::from_value(request).unwrap(), &clients, "relight-ledger", now()).await
    }

    /// How often the lock, the switch, the metric and the alarm were asked for.
    fn calls(&self) -> [usize; 4] {
        [&self.lock, &self.switch, &self.metric, &self.alarm].map(Rule::num_calls)
    }
}

fn locked_by(owner: Option<&str>) -> Rule {
    let item = owner.map(|owner| {
        let run = owner.parse().unwrap();
        let lock = Lock {
            chain: Chain::begun_by(&run),
            owner: run,
            machine: Machine::Failover,
            execution: format!("arn:aws:states:us-west-1:123456789012:execution:relight-failover:{owner}")
                .parse()
                .unwrap(),
            taken_at: now(),
            expires_at: now(),
        };
        lock.to_item(&"unishop".parse().unwrap())
    });
    mock!(aws_sdk_dynamodb::Client::get_item)
        .match_requests(|request| request.consistent_read() == Some(true))
        .then_output(move || GetItemOutput::builder().set_item(item.clone()).build())
}

/// The newest look was ten seconds ago, and each other one ten seconds before that.
fn looked(newest_first: &[f64]) -> Rule {
    let times = (1..).map(|index| DateTime::from_secs(now().as_second() - 10 * index));
    let result = MetricDataResult::builder()
        .set_timestamps(Some(times.take(newest_first.len()).collect()))
        .set_values(Some(newest_first.to_vec()))
        .build();
    mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .then_output(move || GetMetricDataOutput::builder().metric_data_results(result.clone()).build())
}

/// The alarm that started the run, a composite one.
fn alarm(state: StateValue) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .match_requests(|request| request.alarm_names() == ["relight-unishop-primary-down"])
        .then_output(move || {
            let alarm = CompositeAlarm::builder().state_value(state.clone()).build();
            DescribeAlarmsOutput::builder().composite_alarms(alarm).build()
        })
}

fn switch(text: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter).then_output(move || {
        GetParameterOutput::builder()
            .parameter(Parameter::builder().value(text).build())
            .build()
    })
}

fn person() -> (&'static str, Value) {
    ("trigger", json!({"kind": "person", "who": "Ada", "why": null}))
}

#[tokio::test]
async fn an_outage_is_confirmed_with_its_numbers_and_twice_is_once() {
    let world = World::new();
    for _ in 0..2 {
        let reply = world.asked(&[]).await.unwrap();
        assert_eq!(reply.outcome, Outcome::Unchanged);
        assert_eq!(
            reply.because,
            "3 of the last 3 looks failed (2 needed), and the look just now failed too: the site in us-east-1 failed 1 of 1 checks"
        );
        let counted = Counted {
            failed: 3,
            passed: 0,
            missing: 0,
        };
        assert_eq!((reply.looks, reply.retry_after_seconds), (Some(counted), None));
    }
    assert_eq!(world.calls(), [2, 2, 2, 0]);
}

#[tokio::test]
async fn each_guard_is_a_refusal_with_its_reason() {
    let answering = json!({"at": NOW, "failed": false, "because": "the site in us-east-1 passed 1 of 1 checks"});
    for (world, changes, why) in [
        (
            World {
                lock: locked_by(Some("unishop-2")),
                ..World::new()
            },
            vec![],
            "run unishop-2 does",
        ),
        (
            World {
                lock: locked_by(None),
                ..World::new()
            },
            vec![],
            "nobody does",
        ),
        (
            World {
                switch: switch("Ada moves the network"),
                ..World::new()
            },
            vec![],
            "/relight/inhibit says \"Ada moves the network\"",
        ),
        (
            World {
                switch: switch("Ada moves the network"),
                ..World::new()
            },
            vec![person()],
            "repeat its text as recoverDespiteInhibit",
        ),
        (World::new(), vec![("look", answering)], "the primary answers again"),
        (
            World {
                metric: looked(&[1.0, 0.0]),
                ..World::new()
            },
            vec![],
            "1 of the last 3 looks failed (2 needed, 1 never happened)",
        ),
    ] {
        let error = world.asked(&changes).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Refused, "{why}");
        assert!(chain(&error).contains(why), "{why}: {}", chain(&error));
    }
}

#[tokio::test]
async fn a_person_goes_on_without_an_outage_without_a_metric_and_with_consent_against_the_switch() {
    let world = World {
        switch: switch("Ada moves the network"),
        metric: mock!(aws_sdk_cloudwatch::Client::get_metric_data)
            .then_error(|| GetMetricDataError::generic(ErrorMetadata::builder().code("InternalServiceFault").build())),
        ..World::new()
    };
    let consent = ("recoverDespiteInhibit", json!("Ada moves the network"));
    let reply = world.asked(&[person(), consent.clone()]).await.unwrap();
    assert_eq!((reply.outcome, reply.looks), (Outcome::Unchanged, None));
    assert!(reply.because.contains("as consented to: a person decided"), "{}", reply.because);
    // An alarm has no consent to give, and decides nothing that it can't see.
    let error = world.asked(&[consent]).await.unwrap_err();
    assert!(
        chain(&error).contains("read the metric of the last looks at unishop"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn an_outage_that_is_too_young_is_looked_at_again() {
    let world = World {
        metric: looked(&[1.0, 1.0, 0.0]),
        ..World::new()
    };
    let reply = world.asked(&[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
}

#[tokio::test]
async fn planning_is_stopped_by_no_guard_asks_for_no_lock_and_says_what_would_be() {
    let answering = json!({"at": NOW, "failed": false, "because": "the site in us-east-1 passed 1 of 1 checks"});
    let world = World {
        metric: looked(&[0.0, 0.0, 0.0]),
        ..World::new()
    };
    let reply = world.asked(&[("mode", json!("plan")), ("look", answering)]).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(
        reply.because,
        "a real run would be stopped here: the primary answers again: the site in us-east-1 passed 1 of 1 checks; \
         0 of the last 3 looks failed (2 needed)"
    );
    assert_eq!(world.calls(), [0, 1, 1, 1]);
    let down = World::new().asked(&[("mode", json!("plan"))]).await.unwrap();
    assert!(
        down.because.starts_with("a real run would go on: 3 of the last 3"),
        "{}",
        down.because
    );
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_lets_nobody_pass() {
    let world = World {
        switch: mock!(aws_sdk_ssm::Client::get_parameter)
            .then_error(|| GetParameterError::generic(ErrorMetadata::builder().code("AccessDeniedException").build())),
        ..World::new()
    };
    for changes in [vec![], vec![person()]] {
        let error = world.asked(&changes).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Permanent);
    }
    assert_eq!(world.metric.num_calls(), 0);
}

#[tokio::test]
async fn while_the_alarm_is_on_looks_that_refuse_are_taken_again_and_those_before_an_answer_count_no_more() {
    let unreadable = mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .then_error(|| DescribeAlarmsError::generic(ErrorMetadata::builder().code("InternalServiceFault").build()));
    let answering = json!({"at": "2026-11-21T03:15:29Z", "failed": false, "because": "the site in us-east-1 passed 1 of 1 checks"});
    for alarm in [alarm(StateValue::Alarm), unreadable] {
        let world = World { alarm, ..World::new() };
        let reply = world.asked(&[("look", answering.clone())]).await.unwrap();
        assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(10)));
        let from = reply.count_from.unwrap();
        assert_eq!(from, "2026-11-21T03:15:29Z".parse::<Timestamp>().unwrap());
        // The next look fails; the three failed ones of the metric are older than the answer.
        let reply = world.asked(&[("countFrom", json!(from))]).await.unwrap();
        assert_eq!(
            (reply.outcome, reply.looks.unwrap().failed, reply.count_from),
            (Outcome::Waiting, 0, Some(from))
        );
    }
}
