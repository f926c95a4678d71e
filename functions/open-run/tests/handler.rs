//! The whole handler with mocked clients: calls made, calls not made, errors named, twice is once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use action::{Deadline, Mode, NamedError as _, Outcome, chain};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::types::error::ResourceNotFoundException;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use bucket::Bucket;
use bucket::testing::Asked;
use jiff::Timestamp;
use ledger::{Chain, Item, LastRun, Lock, Machine, RunRecord, Trigger, Verdict};
use open_run::io::{Reply, Request};
use open_run::{Clients, Error, Settings, handle};
use plan::DataLoss;
use sha2::{Digest as _, Sha256};

const PLAN: &str = include_str!("fixtures/plan.toml");
const OURS: &str = "unishop-20261121T031502Z";
const OTHER: &str = "unishop-20261121T020000Z";
const FIRST: &str = "unishop-20261121T010000Z";

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn execution(run: &str) -> String {
    format!("arn:aws:states:us-west-1:123456789012:execution:relight-failover:{run}")
}

fn request(mode: Mode) -> Request {
    Request {
        mode,
        run: OURS.parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        machine: Machine::Failover,
        execution: execution(OURS).parse().unwrap(),
        started_at: at("03:15:03"),
        trigger: Trigger::Person { who: None, why: None },
        accept_data_loss: Some(DataLoss::BeyondRpo),
    }
}

fn lock(owner: &str) -> Lock {
    Lock {
        owner: owner.parse().unwrap(),
        machine: Machine::Failover,
        chain: Chain::begun_by(&owner.parse().unwrap()),
        execution: execution(owner).parse().unwrap(),
        taken_at: at("03:10:00"),
        expires_at: at("04:25:00"),
    }
}

/// What AWS answers, and what it was asked to write.
struct World {
    record: Rule,
    lock: Rule,
    last_run: Rule,
    bucket: Bucket,
    plans: Asked,
    holder: Rule,
    put: Rule,
    written: Arc<Mutex<Vec<PutItemInput>>>,
}

impl World {
    fn new(record: Option<Item>, lock: Option<Item>) -> Self {
        let written = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&written);
        let (bucket, plans) = stored(PLAN.to_owned());
        Self {
            record: item("run#unishop-20261121T031502Z", record),
            lock: item("lock", lock),
            last_run: item("last-run", None),
            bucket,
            plans,
            holder: held_by(ExecutionStatus::Running),
            put: mock!(aws_sdk_dynamodb::Client::put_item)
                .match_requests(move |request| {
                    asked.lock().unwrap().push(request.clone());
                    request.table_name() == Some("relight-ledger")
                })
                .then_output(|| PutItemOutput::builder().build()),
            written,
        }
    }

    async fn opens(&self, mode: Mode) -> Result<Reply, Error> {
        self.opens_as(Machine::Failover, mode).await
    }

    async fn opens_as(&self, machine: Machine, mode: Mode) -> Result<Reply, Error> {
        let clients = Clients {
            dynamodb: mock_client!(
                aws_sdk_dynamodb,
                RuleMode::MatchAny,
                [&self.record, &self.lock, &self.last_run, &self.put]
            ),
            bucket: self.bucket.clone(),
            sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&self.holder]),
        };
        let settings = Settings {
            ledger: "relight-ledger".to_owned(),
            region: "us-west-1".parse().unwrap(),
        };
        let request = Request { machine, ..request(mode) };
        handle(request, &clients, &settings, at("03:15:04.25")).await
    }

    /// How often each call was made, in the order in which the handler makes them.
    fn calls(&self) -> [usize; 6] {
        let [record, lock, holder, last_run, put] =
            [&self.record, &self.lock, &self.holder, &self.last_run, &self.put].map(Rule::num_calls);
        [record, self.plans.count(), lock, holder, last_run, put]
    }
}

/// A bucket with one plan, in its first version.
fn stored(plan: String) -> (Bucket, Asked) {
    bucket::testing::answering("relight", move |_| {
        (200, vec![("x-amz-version-id", "v1")], plan.clone().into_bytes())
    })
}

fn item(sort: &'static str, item: Option<Item>) -> Rule {
    mock!(aws_sdk_dynamodb::Client::get_item)
        .match_requests(move |request| {
            let sk = request.key().and_then(|key| key.get("sk")).and_then(|sk| sk.as_s().ok());
            request.consistent_read() == Some(true) && sk.is_some_and(|sk| sk == sort)
        })
        .then_output(move || GetItemOutput::builder().set_item(item.clone()).build())
}

fn held_by(status: ExecutionStatus) -> Rule {
    mock!(aws_sdk_sfn::Client::describe_execution)
        .match_requests(|request| request.execution_arn() == Some(execution(OTHER).as_str()))
        .then_output(move || {
            DescribeExecutionOutput::builder()
                .execution_arn(execution(OTHER))
                .state_machine_arn("arn")
                .status(status.clone())
                .start_date(aws_sdk_sfn::primitives::DateTime::from_secs(0))
                .build()
                .unwrap()
        })
}

fn opened(chain: Chain) -> Item {
    let record = RunRecord {
        run: OURS.parse().unwrap(),
        machine: Machine::Failover,
        mode: Mode::Execute,
        trigger: Trigger::Person { who: None, why: None },
        chain,
        opened_at: Some(at("03:10:00")),
        deadline: Some(Deadline(at("03:25:00"))),
        plan_digest: Some(Sha256::digest(PLAN).iter().map(|byte| format!("{byte:02x}")).collect()),
        plan_version: Some("v1".to_owned()),
        closed: None,
    };
    record.to_item(&"unishop".parse().unwrap())
}

fn locked_by(owner: &str) -> Option<Item> {
    Some(lock(owner).to_item(&"unishop".parse().unwrap()))
}

#[tokio::test]
async fn twice_is_once() {
    let world = World::new(Some(opened(Chain::begun_by(&OURS.parse().unwrap()))), locked_by(OURS));
    let reply = world.opens(Mode::Execute).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!((reply.opened_at, reply.deadline.0), (at("03:10:00"), at("03:25:00")));
    assert_eq!((reply.continues, reply.work.as_str()), (None, OURS));
    assert_eq!(world.calls(), [1, 1, 1, 0, 0, 0]);
}

fn stopped_partway() -> Rule {
    let last = LastRun {
        run: OTHER.parse().unwrap(),
        work: FIRST.parse().unwrap(),
        machine: Machine::Failover,
        closed_at: at("02:30:00"),
        verdict: Verdict::StoppedPartway,
        mode: Mode::Execute,
    };
    item("last-run", Some(last.to_item(&"unishop".parse().unwrap())))
}

#[tokio::test]
async fn a_run_after_one_that_stopped_partway_goes_on_from_it_and_says_so_again_and_in_plan_mode() {
    let world = World {
        last_run: stopped_partway(),
        ..World::new(None, None)
    };
    let first = world.opens(Mode::Execute).await.unwrap();
    assert_eq!((first.continues.as_ref().unwrap().as_str(), first.work.as_str()), (OTHER, FIRST));
    let goes_on = format!("; goes on from run {OTHER}, which did not finish, and uses what is tagged with run {FIRST}");
    assert!(first.because.ends_with(&goes_on), "{}", first.because);
    let written: Vec<Item> = world
        .written
        .lock()
        .unwrap()
        .iter()
        .map(|put| put.item().unwrap().clone())
        .collect();
    let (lock, record) = (Lock::from_item(&written[0]).unwrap(), RunRecord::from_item(&written[1]).unwrap());
    assert_eq!(lock.chain, record.chain);

    // Whatever has become the last run by then.
    let again = World::new(Some(opened(record.chain)), locked_by(OURS))
        .opens(Mode::Execute)
        .await
        .unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    assert_eq!((&again.continues, &again.work), (&first.continues, &first.work));
    assert!(again.because.ends_with(&goes_on), "{}", again.because);

    let planning = World {
        last_run: stopped_partway(),
        ..World::new(None, None)
    };
    let planned = planning.opens(Mode::Plan).await.unwrap();
    assert_eq!((&planned.continues, &planned.work), (&first.continues, &first.work));
    assert!(planned.because.ends_with(&goes_on), "{}", planned.because);
    assert_eq!(planning.put.num_calls(), 0);
}

#[tokio::test]
async fn a_run_opens_with_the_lock_first_and_then_its_record() {
    let world = World::new(None, None);
    let reply = world.opens(Mode::Execute).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(
        reply.because,
        "took the lock of unishop: nobody held it; the RTO of 15m ends at 2026-11-21T03:30:04.25Z"
    );
    assert_eq!(world.calls(), [1, 1, 1, 0, 1, 2]);

    let written = world.written.lock().unwrap();
    let [lock, record] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(lock.condition_expression(), Some("attribute_not_exists(pk)"));
    let lock = Lock::from_item(lock.item().unwrap()).unwrap();
    assert_eq!((lock.owner.as_str(), lock.taken_at), (OURS, reply.opened_at));
    let record = RunRecord::from_item(record.item().unwrap()).unwrap();
    assert_eq!((record.deadline, record.closed), (Some(reply.deadline), None));
    assert_eq!(
        (record.plan_version.as_deref(), record.plan_digest),
        (Some("v1"), Some(reply.plan_digest))
    );
}

#[tokio::test]
async fn the_reply_holds_what_the_later_states_need_and_null_for_what_is_not() {
    let reply = World::new(None, None).opens(Mode::Execute).await.unwrap();
    let wire = serde_json::to_value(&reply).unwrap();
    assert_eq!(
        wire["launch"],
        serde_json::json!({
            "launchTemplate": "lt-0123456789abcdef0",
            "instanceTypes": ["m7g.large", "m6g.large"],
            "subnets": ["subnet-0123456789abcdef0"],
            "count": 1,
            "elasticIp": null,
            "targetGroups": [],
            "capacityReservation": null,
            "securityGroups": [],
            "image": { "pointer": "/relight/unishop/image" },
        })
    );
    assert_eq!(wire["objectives"], serde_json::json!({"rtoSeconds": 900, "rpoSeconds": 60}));
    assert_eq!(wire["endpoints"], 1);
    assert_eq!(
        wire["traffic"],
        serde_json::json!({"method": "health-check-metric", "when": "after-promotion", "namespace": null, "metric": null})
    );
    assert_eq!(wire["publicSite"], "https://unishop.example.com/");
    assert_eq!(
        wire["hooks"],
        serde_json::json!([{
            "name": "warm caches",
            "when": "after-compute",
            "function": "arn:aws:lambda:us-west-1:123456789012:function:relight-caches-hook",
            "stateMachine": null,
            "timeoutSeconds": 60,
            "critical": false,
        }])
    );
    assert_eq!(wire["acceptDataLoss"], "beyond-rpo", "the more of what plan and request accept");
    assert_eq!(wire["notificationTopic"], serde_json::Value::Null);
    assert_eq!(wire["database"]["promotion"], "auto");
    assert_eq!((&wire["continues"], &wire["work"]), (&serde_json::Value::Null, &OURS.into()));
    assert!(wire.to_string().len() < 4_096);
}

#[tokio::test]
async fn a_refresh_takes_a_lock_of_its_own_and_is_told_how_copies_are_proven() {
    let plan = include_str!("fixtures/plan.toml").replace(
        "[site]\n",
        "[image.proof]\nsubnets = [\"subnet-0fedcba9876543210\"]\nsecurityGroups = [\"sg-0123456789abcdef0\"]\nchecks = [\"home\"]\n[site]\n",
    );
    let (bucket, plans) = stored(plan);
    let world = World {
        lock: item("lock#refresh-image", None),
        last_run: item("last-run#refresh-image", None),
        bucket,
        plans,
        ..World::new(None, None)
    };
    let reply = world.opens_as(Machine::RefreshImage, Mode::Execute).await.unwrap();
    let wire = serde_json::to_value(&reply).unwrap();
    assert_eq!(wire["launch"], serde_json::Value::Null);
    assert_eq!(
        wire["refresh"]["launch"]["subnets"],
        serde_json::json!(["subnet-0fedcba9876543210"])
    );
    assert_eq!(wire["refresh"]["launch"]["image"], "unmade");
    assert_eq!(wire["refresh"]["keep"], 3);
    assert_eq!(wire["refresh"]["minimumAgeSeconds"], 86_400);
    assert!(wire.to_string().len() < 4_096);
    // A recovery must never wait for a refresh.
    let written = world.written.lock().unwrap();
    assert_eq!(written[0].item().unwrap()["sk"].as_s().unwrap(), "lock#refresh-image");
}

#[tokio::test]
async fn plan_mode_reads_and_writes_nothing() {
    let world = World::new(None, None);
    let reply = world.opens(Mode::Plan).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(reply.because, "would take the lock of unishop: nobody held it");
    assert_eq!(world.calls(), [1, 1, 1, 0, 1, 0]);
}

#[tokio::test]
async fn a_lock_that_a_live_run_holds_is_refused_in_both_modes() {
    for (mode, status) in [
        (Mode::Execute, ExecutionStatus::Running),
        (Mode::Plan, ExecutionStatus::Running),
        (Mode::Execute, ExecutionStatus::PendingRedrive),
        (Mode::Execute, ExecutionStatus::from("RESTING")),
    ] {
        let world = World {
            holder: held_by(status),
            ..World::new(None, locked_by(OTHER))
        };
        let error = world.opens(mode).await.unwrap_err();
        assert_eq!(error.name().as_str(), "Relight.Refused");
        assert_eq!(
            error.to_string(),
            format!(
                "run {OTHER} holds the lock of unishop since 2026-11-21T03:10:00Z (execution {}); wait for its end, or stop it",
                execution(OTHER)
            )
        );
        assert_eq!(world.calls(), [1, 1, 1, 1, 1, 0]);
    }
}

#[tokio::test]
async fn a_lock_whose_owner_has_ended_is_taken_over_if_it_is_still_the_same() {
    let world = World {
        holder: held_by(ExecutionStatus::Aborted),
        ..World::new(None, locked_by(OTHER))
    };
    let reply = world.opens(Mode::Execute).await.unwrap();
    assert!(
        reply.because.contains(&format!("run {OTHER} held it and has ended")),
        "{}",
        reply.because
    );
    assert_eq!(reply.continues.unwrap().as_str(), OTHER, "it never told what it did");
    let written = world.written.lock().unwrap();
    assert_eq!(written[0].condition_expression(), Some("#owner = :owner AND takenAt = :takenAt"));
    let values = written[0].expression_attribute_values().unwrap();
    assert_eq!(values[":owner"].as_s().unwrap(), OTHER);
    assert_eq!(values[":takenAt"].as_s().unwrap(), "2026-11-21T03:10:00Z");
}

#[tokio::test]
async fn a_plan_that_asks_for_too_much_is_refused_before_anything_is_touched() {
    let plan = PLAN
        .replace("recovery = \"us-west-1\"", "recovery = \"us-west-2\"")
        .replace(":us-west-1:", ":us-west-2:");
    let world = World {
        bucket: stored(plan).0,
        ..World::new(None, None)
    };
    let error = world.opens(Mode::Execute).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.Refused");
    assert!(
        error.to_string().ends_with("recovery in us-west-2 by an engine in us-west-1"),
        "{error}"
    );
    assert_eq!(world.put.num_calls(), 0);
}

#[tokio::test]
async fn a_missing_table_is_invalid_input_and_named() {
    let world = World {
        record: mock!(aws_sdk_dynamodb::Client::get_item).then_error(|| {
            let meta = ErrorMetadata::builder().code("ResourceNotFoundException").build();
            GetItemError::ResourceNotFoundException(ResourceNotFoundException::builder().meta(meta).build())
        }),
        ..World::new(None, None)
    };
    let error = world.opens(Mode::Execute).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Relight.InvalidInput");
    assert!(
        chain(&error).starts_with("table relight-ledger does not exist"),
        "{}",
        chain(&error)
    );
}

#[test]
fn an_unknown_field_is_refused() {
    let mut wire = serde_json::to_value(request(Mode::Plan)).unwrap();
    wire["sicne"] = 1.into();
    assert!(serde_json::from_value::<Request>(wire).is_err());
}
