//! Many starts at the same instant: one run, and refusals that name it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use lab::gateway::{Effect, Match, Rule};
use lab::run::{Run, runs};

use crate::stage::{Stage, at_once, execute};

const WITHIN: Duration = Duration::from_secs(170);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

fn sfn(stage: &Stage) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(&stage.reach.looking().expect("a configuration"))
}

/// Starts as many runs at once as there are names.
async fn start(stage: &Stage, names: &[String]) {
    let client = sfn(stage);
    let mut starts = tokio::task::JoinSet::new();
    for name in names {
        let start = client.start_execution().state_machine_arn(&stage.reach.machine).name(name);
        starts.spawn(start.input(execute().to_string()).send());
    }
    while let Some(started) = starts.join_next().await {
        started.expect("a task").expect("an execution");
    }
}

/// Delays what the one that holds the lock asks for, so that it holds it while the others are refused.
fn hold(stage: &Stage) -> lab::gateway::RuleId {
    stage.lab.gateway().weather().add(Rule {
        matching: Match {
            operation: Some("DescribeGlobalClusters".to_owned()),
            ..Match::default()
        },
        effect: Effect::Delay { millis: 8_000 },
        after: 0,
        times: None,
    })
}

/// The runs of `names` by name, once all but `running` of them have ended.
async fn ended(stage: &Stage, names: &[String], running: usize) -> BTreeMap<String, Run> {
    let begun = Instant::now();
    loop {
        let found: BTreeMap<String, Run> = runs(&stage.reach, &stage.reach.machine)
            .await
            .expect("the runs")
            .into_iter()
            .filter(|run| names.contains(&run.id))
            .map(|run| (run.id.clone(), run))
            .collect();
        let still = found.values().filter(|run| run.status == ExecutionStatus::Running).count();
        if found.len() == names.len() && still <= running {
            return found;
        }
        assert!(begun.elapsed() < WITHIN, "{still} of {} runs still run", names.len());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The error and the cause of a run that was stopped.
async fn cause(stage: &Stage, run: &Run) -> (String, String) {
    let described = sfn(stage)
        .describe_execution()
        .execution_arn(&run.arn)
        .send()
        .await
        .expect("an execution");
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(described.error()), text(described.cause()))
}

/// That one of `names` opened and all others were refused with its name.
async fn one_opened(stage: &Stage, names: &[String]) -> String {
    let found = ended(stage, names, 1).await;
    let mut holders = Vec::new();
    let mut refused = Vec::new();
    for run in found.values() {
        let (error, cause) = cause(stage, run).await;
        match error.as_str() {
            "Relight.StoppedUntouched" => refused.push(cause),
            "" => holders.push(run.id.clone()),
            other => panic!("{}: {other}: {cause}", run.id),
        }
    }
    let [holder] = &holders[..] else {
        panic!("{} runs opened: {holders:?}; {} were refused", holders.len(), refused.len())
    };
    assert_eq!(refused.len(), names.len() - 1);
    for cause in &refused {
        assert!(
            cause.contains(&format!("run {holder} ")),
            "a refusal doesn't name {holder}: {cause}"
        );
    }
    holder.clone()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn of_fifty_starts_at_the_same_instant_one_opens_and_the_others_name_it() {
    let stage = Stage::set(&at_once()).await;
    let rule = hold(&stage);
    let names: Vec<String> = (0..50).map(|number| format!("at-once-{number}")).collect();
    start(&stage, &names).await;
    let holder = one_opened(&stage, &names).await;
    stage.lab.gateway().weather().remove(rule);
    let ended = stage.ended(&holder).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{}", ended.cause);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_lock_whose_owner_died_is_taken_over_once_and_the_others_name_the_new_holder() {
    let stage = Stage::set(&at_once()).await;
    let rule = hold(&stage);
    let mut entries = stage.lab.gateway().log().subscribe();
    start(&stage, &["dies".to_owned()]).await;
    // It holds the lock once it has asked what comes after the opening.
    let asked = async { while entries.recv().await.is_ok_and(|entry| entry.operation != "DescribeGlobalClusters") {} };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .expect("a run that opened");
    let all = runs(&stage.reach, &stage.reach.machine).await.expect("the runs");
    let dying = all.iter().find(|run| run.id == "dies").expect("the run");
    sfn(&stage).stop_execution().execution_arn(&dying.arn).send().await.expect("a stop");

    let names: Vec<String> = (0..12).map(|number| format!("heir-{number}")).collect();
    start(&stage, &names).await;
    let heir = one_opened(&stage, &names).await;
    stage.lab.gateway().weather().remove(rule);
    let ended = stage.ended(&heir).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{}", ended.cause);
    // It goes on from the one that died, since nobody knows what that one did.
    let report = ended.report.expect("a report");
    assert_eq!(report.run.continues.as_ref().map(|run| run.as_str()), Some("dies"));
}
