//! The action against mocked AWS: what is written, and that a repeated judgement tells the same news.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::{Arc, Mutex};

use action::{ErrorName, NamedError as _, Outcome};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm, StateValue};
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::{ReplicaDescription, ReplicaStatus, TableDescription, TableStatus};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use check_readiness::error::Error;
use check_readiness::io::Reply;
use check_readiness::{Clients, handle};
use ledger::{Item, Readiness};
use readiness::{Asker, Question, Verdict};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-west-1:123456789012:relight-alarms";

fn alarms() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .match_requests(|input| input.alarm_name_prefix() == Some("relight-unishop-"))
        .then_output(|| {
            let down = CompositeAlarm::builder()
                .alarm_name("relight-unishop-primary-down")
                .actions_enabled(true);
            let probe = |kind: &str| {
                let alarm = MetricAlarm::builder()
                    .alarm_name(format!("relight-unishop-probe-{kind}"))
                    .state_value(StateValue::Ok);
                alarm.namespace("Relight").metric_name("ProbeFailed").build()
            };
            DescribeAlarmsOutput::builder()
                .composite_alarms(down.state_value(StateValue::Ok).alarm_actions(TOPIC).build())
                .metric_alarms(probe("silent"))
                .metric_alarms(probe("failing"))
                .build()
        })
}

fn table(replica: ReplicaStatus) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .match_requests(|input| input.table_name() == Some("carts"))
        .then_output(move || {
            let replica = ReplicaDescription::builder()
                .region_name("us-east-1")
                .replica_status(replica.clone())
                .build();
            let table = TableDescription::builder()
                .table_status(TableStatus::Active)
                .replicas(replica)
                .build();
            DescribeTableOutput::builder().table(table).build()
        })
}

fn last(run: &str, failing: &[&str], before: &[&str]) -> Rule {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let check = Readiness {
        run: run.parse().unwrap(),
        judged_at: "2026-11-21T03:00:00Z".parse().unwrap(),
        failing: ids(failing),
        failing_before: ids(before),
        answers: "[]".to_owned(),
    };
    let item = check.to_item(&"unishop".parse().unwrap());
    mock!(aws_sdk_dynamodb::Client::get_item).then_output(move || GetItemOutput::builder().set_item(Some(item.clone())).build())
}

fn asked_of(asker: Asker) -> Vec<Value> {
    let asked = Question::ALL.iter().filter(|question| question.asker() == asker);
    asked
        .map(|question| json!({"question": question, "verdict": "pass", "seen": "good", "limit": null, "remedy": null}))
        .collect()
}

type Written = Arc<Mutex<Option<Item>>>;

fn writing() -> (Rule, Written) {
    let written = Written::default();
    let log = written.clone();
    let rule = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_output(move |input| {
        *log.lock().unwrap() = input.item().cloned();
        PutItemOutput::builder().build()
    });
    (rule, written)
}

async fn check(rules: &[&Rule]) -> Result<Reply, Error> {
    check_in("execute", rules).await
}

async fn check_in(mode: &str, rules: &[&Rule]) -> Result<Reply, Error> {
    let clients = Clients {
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&alarms()]),
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied()),
        ledger: "relight-ledger".to_owned(),
        alarm_topic: TOPIC.to_owned(),
    };
    let request = json!({
        "mode": mode,
        "run": "check-2",
        "workload": "unishop",
        "aboutToMove": null,
        "facts": {"primary": "us-east-1", "tables": ["carts"], "traffic": null},
        "plan": {"answers": asked_of(Asker::Plan), "error": null},
        "database": null,
        "compute": null,
        "dependencies": {"answers": asked_of(Asker::Dependencies), "error": null},
        "launch": null,
    });
    handle(
        serde_json::from_value(request).unwrap(),
        &clients,
        "2026-11-21T04:00:00Z".parse().unwrap(),
    )
    .await
}

#[tokio::test]
async fn a_ready_workload_is_written_down_and_is_no_news() {
    let (put, written) = writing();
    let reply = check(&[&last("check-1", &[], &[]), &table(ReplicaStatus::Active), &put])
        .await
        .unwrap();
    assert_eq!(
        (reply.outcome, reply.verdict, reply.news),
        (Outcome::Changed, Verdict::Pass, None),
        "{:?}",
        reply.answers
    );
    let written = Readiness::from_item(written.lock().unwrap().as_ref().unwrap()).unwrap();
    assert_eq!((written.run.as_str(), written.failing.len()), ("check-2", 0));
    let answers: Vec<Value> = serde_json::from_str(&written.answers).unwrap();
    assert_eq!(answers.len(), Question::ALL.len());
}

#[tokio::test]
async fn a_repeated_judgement_tells_the_same_news_and_the_next_check_none() {
    let (put, _) = writing();
    let creating = table(ReplicaStatus::Creating);
    for (last, is_news) in [
        (last("check-1", &[], &[]), true),
        (last("check-2", &["tables"], &[]), true),
        (last("check-1", &["tables"], &[]), false),
    ] {
        let reply = check(&[&last, &creating, &put]).await.unwrap();
        assert_eq!((reply.verdict, reply.news.is_some()), (Verdict::Fail, is_news));
        assert!(reply.answers[0].seen.contains("CREATING"), "{:?}", reply.answers);
    }
}

#[tokio::test]
async fn a_planned_check_lists_what_it_would_write_and_writes_nothing() {
    let reply = check_in("plan", &[&last("check-1", &[], &[]), &table(ReplicaStatus::Creating)])
        .await
        .unwrap();
    assert_eq!((reply.outcome, reply.verdict), (Outcome::Planned, Verdict::Fail));
    assert!(reply.news.is_some());
    let [call] = &reply.calls[..] else { panic!("{:?}", reply.calls) };
    assert_eq!(call.iam_action, "dynamodb:PutItem");
    assert_eq!(call.arguments["TableName"], "relight-ledger");
    assert_eq!(call.arguments["Item"]["failing"]["S"], "tables");
    assert_eq!(call.arguments["Item"]["answers"]["S"], "(the answers, as JSON)");
}

/// The request of a check before a move: nothing of it is read from the ledger, and nothing is written there.
async fn before_move(mode: &'static str, compute: Value, about: Value) -> Result<Reply, Error> {
    let clients = Clients {
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&alarms()]),
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&table(ReplicaStatus::RegionDisabled)]),
        ledger: "relight-ledger".to_owned(),
        alarm_topic: TOPIC.to_owned(),
    };
    let request = json!({
        "mode": mode,
        "run": "unishop-2",
        "workload": "unishop",
        "aboutToMove": about,
        "facts": {"primary": "us-east-1", "tables": ["carts"], "traffic": null},
        "plan": null,
        "database": null,
        "compute": compute,
        "dependencies": null,
        "launch": {"because": "would launch", "error": null},
    });
    let request = serde_json::from_value(request).map_err(Error::Json)?;
    handle(request, &clients, "2026-11-21T04:00:00Z".parse().unwrap()).await
}

fn compute(quota: &str) -> Value {
    let answers: Vec<Value> = Question::ALL
        .iter()
        .filter(|question| question.asker() == Asker::Compute)
        .map(|question| {
            let verdict = if question.id() == "vcpu-quota" { quota } else { "pass" };
            json!({"question": question, "verdict": verdict, "seen": "2 left", "limit": "at least 4", "remedy": "ask for more"})
        })
        .collect();
    json!({"answers": answers, "error": null})
}

#[tokio::test]
async fn before_a_move_what_an_outage_turns_red_only_warns_and_nothing_is_written() {
    let about = json!({"continues": false, "despiteFailing": []});
    let reply = before_move("execute", compute("pass"), about).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.verdict, reply.news),
        (Outcome::Unchanged, Verdict::Fail, None)
    );
    assert!(
        reply
            .because
            .starts_with("nothing stops the move; of 33 questions about unishop, 1 fail and 0 warn: tables (fail): the replica of carts in us-east-1 is REGION_DISABLED"),
        "{}",
        reply.because
    );
}

#[tokio::test]
async fn what_would_break_the_move_off_halfway_stops_it_unless_it_is_consented_to_or_gone_on_from() {
    let by = |mode: &'static str, continues: bool, despite: Value| {
        before_move(mode, compute("fail"), json!({"continues": continues, "despiteFailing": despite}))
    };
    let asked = |continues: bool, despite: Value| by("execute", continues, despite);
    let error = asked(false, json!(["image-age"])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Refused);
    assert_eq!(
        error.to_string(),
        "the recovery would break off halfway: vcpu-quota: 2 left, must be at least 4; ask for more; mend it, or start a run with \
         \"recoverDespiteFailing\": [\"vcpu-quota\"]"
    );
    let planned = by("plan", false, json!([])).await.unwrap();
    assert!(
        planned
            .because
            .starts_with("a real run would be stopped here: the recovery would break off halfway: vcpu-quota"),
        "{}",
        planned.because
    );
    let consented = asked(false, json!(["vcpu-quota"])).await.unwrap();
    assert!(consented.because.contains("consented to"), "{}", consented.because);
    let continued = asked(true, json!([])).await.unwrap();
    assert!(continued.because.contains("an earlier run"), "{}", continued.because);
    let unknown = asked(false, json!(["vcpus"])).await.unwrap_err();
    assert!(
        matches!(unknown, Error::Json(ref error) if error.to_string().contains("unknown variant `vcpus`")),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_newer_check_is_not_overwritten_and_tells_its_own_news() {
    let newer = mock!(aws_sdk_dynamodb::Client::put_item)
        .then_error(|| PutItemError::generic(ErrorMetadata::builder().code("ConditionalCheckFailedException").build()));
    let reply = check(&[&last("check-1", &[], &[]), &table(ReplicaStatus::Creating), &newer])
        .await
        .unwrap();
    assert_eq!((reply.outcome, reply.news), (Outcome::Unchanged, None));
}

#[tokio::test]
async fn nothing_is_judged_when_the_last_check_can_not_be_read() {
    let denied = mock!(aws_sdk_dynamodb::Client::get_item)
        .then_error(|| GetItemError::generic(ErrorMetadata::builder().code("AccessDeniedException").build()));
    let error = check(&[&denied]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
}
