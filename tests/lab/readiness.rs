//! Readiness: every question has a scenario that makes it fail, and what it says then is enough to mend it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::ExecutionStatus;
use lab::gateway::{Effect, Match, Rule};
use lab::world::WORKLOAD;
use ledger::Readiness;
use readiness::{Answer, Asker, Question, Verdict};
use serde_json::{Value, json};

use crate::stage::{Stage, at_once};

mod broken;
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn every_question_has_a_scenario_that_makes_it_fail_and_says_how_to_mend_it() {
    let stage = Stage::set(&at_once()).await;
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
    let stage = Stage::set(&at_once()).await;
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
