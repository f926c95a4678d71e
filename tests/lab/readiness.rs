//! Readiness: every question has a scenario that makes it fail, and what it says then is enough to mend it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::ExecutionStatus;
use close_run::report::Report;
use lab::gateway::{Effect, Match, Rule};
use lab::world::WORKLOAD;
use lab::world::traffic::TrafficMethod;
use ledger::Readiness;
use ledger::Verdict::{Done, StoppedUntouched};
use readiness::{Answer, Asker, Question, Verdict};
use serde_json::{Value, json};

use crate::stage::{Stage, at_once, execute};

mod broken;
mod relied;
mod scenarios;

use scenarios::scenarios;

impl Stage {
    /// A readiness check as its schedule starts it: its output, and all of its answers.
    async fn checked(&self) -> (Value, Vec<Answer>) {
        let ended = self.run_of(&self.reach.readiness_machine, &json!({"workload": WORKLOAD})).await;
        assert_eq!(ended.status, ExecutionStatus::Succeeded, "{:?}: {}", ended.error, ended.cause);
        let client = aws_sdk_dynamodb::Client::new(&self.reach.looking().expect("a configuration"));
        let found = client
            .get_item()
            .table_name("relight-ledger")
            .set_key(Some(ledger::readiness_key(&WORKLOAD.parse().expect("a workload"))))
            .send()
            .await
            .expect("the ledger");
        let check = Readiness::from_item(&found.item.expect("the check in the ledger")).expect("a check");
        let answers: Vec<Answer> = serde_json::from_str(&check.answers).expect("answers");
        let asked: Vec<Question> = answers.iter().map(|answer| answer.question).collect();
        assert_eq!(asked, Question::ALL, "each question is answered once, in order");
        (ended.output, answers)
    }

    /// What of a check doesn't pass.
    async fn told(&self) -> Vec<Answer> {
        let (_, mut answers) = self.checked().await;
        answers.retain(|answer| answer.verdict > Verdict::Pass);
        answers
    }

    /// Lets the probe look, and waits until its alarms have heard of it.
    async fn probe(&self) {
        self.reach.begin_probing().await.expect("a probe");
        self.until_the_probe_is_heard().await;
    }

    async fn until_the_probe_is_heard(&self) {
        let client = aws_sdk_cloudwatch::Client::new(&self.reach.looking().expect("a configuration"));
        let is_heard = async || {
            let found = client.describe_alarms().alarm_names("relight-unishop-probe-silent").send().await;
            let found = found.expect("the alarms");
            found.metric_alarms().first().and_then(|alarm| alarm.state_value()) == Some(&StateValue::Ok)
        };
        let heard = async {
            while !is_heard().await {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(90), heard)
            .await
            .expect("the probe's looks");
    }
}

/// Where Relight moves nobody: a scenario makes what moves users itself.
fn unmoved() -> lab::Settings {
    lab::Settings {
        traffic: TrafficMethod::None,
        ..at_once()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn every_question_has_a_scenario_that_makes_it_fail_and_says_how_to_mend_it() {
    let stage = Stage::set(&unmoved()).await;
    stage.probe().await;
    assert_eq!(stage.told().await, [], "a healthy workload is ready");

    let all = scenarios();
    let covered: BTreeSet<Question> = all.iter().map(|scenario| scenario.question).collect();
    assert_eq!(covered, Question::ALL.iter().copied().collect(), "a question has no scenario");
    let mut wrong = Vec::new();
    for scenario in &all {
        let undo = scenario.how.make(&stage).await;
        let told = stage.told().await;
        undo.undo(&stage).await;
        wrong.extend(scenario.contradicts(&told));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(stage.told().await, [], "what was mended passes");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn people_hear_once_of_what_begins_to_fail_and_once_that_all_is_well_again() {
    let stage = Stage::set(&unmoved()).await;
    stage.probe().await;
    let (output, _) = stage.checked().await;
    assert_eq!((&output["verdict"], &output["news"]), (&json!("pass"), &Value::Null), "{output}");

    stage.change_plan("maximumAge = \"7d\"", "maximumAge = \"1h\"").await;
    let (output, _) = stage.checked().await;
    let news = output["news"]["message"].as_str().unwrap_or_default();
    assert!(
        news.contains("- image-age: ami-") && news.contains("at most 3600 s old"),
        "{output}"
    );
    let (output, _) = stage.checked().await;
    assert_eq!((&output["verdict"], &output["news"]), (&json!("fail"), &Value::Null), "{output}");

    // An asker that is denied fails each of its questions, and says so.
    let rule = stage.lab.gateway().weather().add(denied("check-database", None));
    let (output, answers) = stage.checked().await;
    let unasked: Vec<&Answer> = answers.iter().filter(|answer| answer.question.asker() == Asker::Database).collect();
    assert!(
        unasked
            .iter()
            .all(|answer| answer.seen.contains("could not be asked: Relight.Permanent")),
        "{unasked:?}"
    );
    let news = output["news"]["message"].as_str().unwrap_or_default();
    assert!(
        news.contains("- members: could not be asked") && news.contains("Still failing: image-age"),
        "{news}"
    );
    stage.lab.gateway().weather().remove(rule);

    stage.upload_plan(&stage.lab.plan).await;
    let (output, _) = stage.checked().await;
    assert_eq!(
        output["news"]["subject"], "Relight: unishop is ready to fail over again",
        "{output}"
    );
    assert!(stage.changes().is_empty(), "a check changes nothing: {:?}", stage.changes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_move_is_stopped_by_what_would_break_it_off_halfway_and_by_nothing_that_could_not_be_asked() {
    let stage = Stage::set(&unmoved()).await;
    stage.looked("xxx").await;
    let judged = |report: &Report| {
        let step = report.steps.iter().find(|step| step.name == "Judge Readiness");
        step.and_then(|step| step.because.clone()).unwrap_or_default()
    };
    // More than the quota: no dry run tells, and the database would have moved before the launch fails.
    stage.change_plan("\"m7g.large\"", "\"m7g.16xlarge\"").await;
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, StoppedUntouched, "{}", ended.cause);
    let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
    assert_eq!((stop.state.as_str(), stop.error.as_str()), ("Judge Readiness", "Relight.Refused"));
    assert!(
        stop.message
            .contains("vcpu-quota: 64 vCPUs for 1 m7g.16xlarge, 0 in use, must be within the quota of 32 together; ")
            && stop
                .message
                .ends_with("start a run with \"recoverDespiteFailing\": [\"vcpu-quota\"]"),
        "{}",
        stop.message
    );
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    let ended = stage.run(&json!({"workload": WORKLOAD, "mode": "plan"})).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Done, "a plan tells all: {}", ended.cause);
    assert!(
        judged(&report).starts_with("a real run would be stopped here: "),
        "{}",
        judged(&report)
    );

    let mut unknown = execute();
    unknown["recoverDespiteFailing"] = json!(["vcpus"]);
    let ended = stage.run(&unknown).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, StoppedUntouched, "{}", ended.cause);
    assert!(report.stops[0].message.contains("vcpus"), "{:?}", report.stops);
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    // An asker that is denied knows nothing, and stops nothing; what is consented to doesn't either.
    stage.lab.gateway().weather().add(denied("check-database", None));
    let mut consenting = execute();
    consenting["recoverDespiteFailing"] = json!(["vcpu-quota"]);
    let ended = stage.run(&consenting).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Done, "{}", ended.cause);
    let because = judged(&report);
    assert!(
        because.starts_with("what would stop the move is consented to; ") && because.contains("cluster-health (fail): could not be asked"),
        "{because}"
    );
}

/// The weather in which `caller` is denied `operation`, or whatever it asks.
fn denied(caller: &str, operation: Option<&str>) -> Rule {
    Rule {
        matching: Match {
            caller: Some(caller.to_owned()),
            operation: operation.map(str::to_owned),
            ..Match::default()
        },
        effect: Effect::Error {
            status: 403,
            code: "UnauthorizedOperation".to_owned(),
        },
        after: 0,
        times: None,
    }
}
