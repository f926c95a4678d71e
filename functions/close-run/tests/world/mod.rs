//! What AWS answers close-run, and what it was asked to write. Step Functions answers over the wire, in two pages.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use action::{Deadline, Mode};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_sfn::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use bucket::Bucket;
use bucket::testing::Asked;
use close_run::io::{Ended, Objectives, Opened, Reply, Request, Stop};
use close_run::{Clients, Error, Report, Settings, handle};
use jiff::Timestamp;
use ledger::{Chain, Item, Machine, RunRecord, Trigger};
use serde_json::{Value, json};

pub(crate) const RUN: &str = "unishop-20261121T031502Z";
pub(crate) const BEFORE: &str = "unishop-20261121T020000Z";
pub(crate) const FIRST: &str = "unishop-20261121T010000Z";
pub(crate) const EXECUTION: &str = "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z";

pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

/// A run that ended as its history tells.
pub(crate) fn request(mode: Mode, ended: Ended, stops: Vec<Stop>) -> Request {
    Request {
        mode,
        run: RUN.parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        machine: Machine::Failover,
        execution: EXECUTION.parse().unwrap(),
        started_at: at("03:15:03.120"),
        trigger: Trigger::Alarm {
            alarm: "relight-unishop-primary-down".to_owned(),
            alarm_at: at("03:15:02"),
            incident_at: Some(at("03:14:31")),
            reason: "relight-unishop-probe-failing transitioned to ALARM".to_owned(),
        },
        opened: Some(Opened {
            opened_at: at("03:15:03.250"),
            objectives: Objectives {
                rto_seconds: 900,
                rpo_seconds: 60,
            },
            deadline: Deadline(at("03:30:03.250")),
            continues: None,
            work: RUN.parse().unwrap(),
        }),
        lag_seconds: Some(0.4),
        lag_because: None,
        lost_writes: None,
        approval: None,
        ended,
        stops,
        hooks: Vec::new(),
        planned: Vec::new(),
    }
}

/// As when the run goes on from [`BEFORE`], the second of a chain.
pub(crate) fn going_on(request: Request) -> Request {
    let opened = request.opened.map(|opened| Opened {
        continues: Some(BEFORE.parse().unwrap()),
        work: FIRST.parse().unwrap(),
        ..opened
    });
    Request { opened, ..request }
}

/// A caught error of a function.
pub(crate) fn stop(state: &str, error: &str, message: &str) -> Stop {
    Stop {
        state: state.to_owned(),
        error: error.to_owned(),
        cause: json!({"errorType": error, "errorMessage": message}).to_string(),
    }
}

/// The record that open-run has written.
pub(crate) fn opened() -> RunRecord {
    let request = request(Mode::Execute, Ended::Proven, Vec::new());
    RunRecord {
        run: request.run,
        machine: request.machine,
        mode: request.mode,
        trigger: request.trigger,
        chain: Chain::begun_by(&RUN.parse().unwrap()),
        opened_at: Some(at("03:15:03.250")),
        deadline: Some(Deadline(at("03:30:03.250"))),
        plan_digest: Some("00ff".to_owned()),
        plan_version: Some("v1".to_owned()),
        closed: None,
    }
}

/// Where each report was put, and what it was.
pub(crate) struct World {
    history: &'static str,
    record: Rule,
    bucket: Bucket,
    put_item: Rule,
    delete_item: Rule,
    reports: Asked,
    pub(crate) puts: Arc<Mutex<Vec<PutItemInput>>>,
    pub(crate) deletes: Arc<Mutex<Vec<DeleteItemInput>>>,
}

impl World {
    pub(crate) fn new(history: &'static str, record: Option<RunRecord>) -> Self {
        let item: Option<Item> = record.map(|record| record.to_item(&"unishop".parse().unwrap()));
        let (bucket, reports) = bucket::testing::bucket("relight", &[]);
        let puts: Arc<Mutex<Vec<PutItemInput>>> = Arc::default();
        let deletes: Arc<Mutex<Vec<DeleteItemInput>>> = Arc::default();
        let (put, deleted) = (Arc::clone(&puts), Arc::clone(&deletes));
        Self {
            history,
            bucket,
            record: mock!(aws_sdk_dynamodb::Client::get_item)
                .match_requests(|request| request.consistent_read() == Some(true))
                .then_output(move || GetItemOutput::builder().set_item(item.clone()).build()),
            put_item: mock!(aws_sdk_dynamodb::Client::put_item)
                .match_requests(move |request| {
                    put.lock().unwrap().push(request.clone());
                    true
                })
                .then_output(|| PutItemOutput::builder().build()),
            delete_item: mock!(aws_sdk_dynamodb::Client::delete_item)
                .match_requests(move |request| {
                    deleted.lock().unwrap().push(request.clone());
                    true
                })
                .then_output(|| DeleteItemOutput::builder().build()),
            reports,
            puts,
            deletes,
        }
    }

    pub(crate) async fn closes(&self, request: Request, now: &str) -> Result<Reply, Error> {
        let clients = Clients {
            dynamodb: mock_client!(
                aws_sdk_dynamodb,
                RuleMode::MatchAny,
                [&self.record, &self.put_item, &self.delete_item]
            ),
            bucket: self.bucket.clone(),
            sfn: sfn(self.history),
        };
        let settings = Settings {
            ledger: "relight-ledger".to_owned(),
            region: "us-west-1".parse().unwrap(),
        };
        handle(request, &clients, &settings, at(now)).await
    }

    /// Reports, items put, items deleted.
    pub(crate) fn writes(&self) -> [usize; 3] {
        [self.reports.count(), self.put_item.num_calls(), self.delete_item.num_calls()]
    }

    /// The one report, and where it was put.
    pub(crate) fn report(&self) -> (String, Report) {
        let reports = self.reports.requests();
        let [put] = reports.as_slice() else {
            panic!("{} reports", reports.len())
        };
        let place = self.bucket.location(put.uri().path().trim_start_matches('/'));
        (place, serde_json::from_slice(put.body()).unwrap())
    }
}

fn sfn(history: &str) -> aws_sdk_sfn::Client {
    let machine = json!({
        "definition": include_str!("../fixtures/machine.asl.json"),
        "name": "relight-failover",
        "roleArn": "arn:aws:iam::123456789012:role/relight-failover",
        "stateMachineArn": "arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover",
        "updateDate": 1_795_000_000.0,
    });
    let history: Value = serde_json::from_str(history).unwrap();
    let events = history["events"].as_array().unwrap();
    let (first, second) = events.split_at(events.len() / 2);
    let answers = [machine, json!({"events": first, "nextToken": "more"}), json!({"events": second})];
    let events = answers.iter().map(|answer| {
        let request = http::Request::builder()
            .uri("https://states.us-west-1.amazonaws.com/")
            .body(SdkBody::empty());
        let response = http::Response::builder().header("content-type", "application/x-amz-json-1.0");
        ReplayEvent::new(request.unwrap(), response.body(SdkBody::from(answer.to_string())).unwrap())
    });
    let config = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(StaticReplayClient::new(events.collect()));
    aws_sdk_sfn::Client::from_conf(config.build())
}
