//! Wrong input gets an error that names it, before anything is changed.

use lab::world::WORKLOAD;
use ledger::Verdict;
use relight_tests::functions;
use serde_json::json;

use crate::stage::{Ended, Stage, at_once, execute};

fn stopped_untouched(stage: &Stage, ended: &Ended, named: &str) {
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    let report = ended.report.as_ref().expect("a report");
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    // The message for people is kept short; the report has every word.
    let messages: String = report.stops.iter().map(|stop| stop.message.as_str()).collect();
    assert!(messages.contains(named), "no {named:?} in: {messages}");
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_is_missing_is_named_before_anything_is_changed() {
    let stage = Stage::set(&at_once()).await;

    let ended = stage.run(&json!({"workload": "nobody", "mode": "execute"})).await;
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    assert!(ended.cause.contains("plans/nobody.toml"), "{}", ended.cause);

    let template = stage.lab.world.launch_template.clone();
    stage.change_plan(&template, "lt-00000000000000000").await;
    stopped_untouched(&stage, &stage.run(&execute()).await, "lt-00000000000000000");

    let subnet = stage.lab.world.subnets.first().expect("a subnet").clone();
    stage.change_plan(&subnet, "subnet-00000000000000000").await;
    stopped_untouched(&stage, &stage.run(&execute()).await, "subnet-00000000000000000");

    stage.upload_plan(&stage.lab.plan).await;
    let ssm = aws_sdk_ssm::Client::new(&stage.reach.looking().expect("a configuration"));
    let pointer = format!("/relight/{WORKLOAD}/image");
    ssm.put_parameter()
        .name(&pointer)
        .value("ami-00000000000000000")
        .overwrite(true)
        .send()
        .await
        .expect("a pointer");
    stopped_untouched(&stage, &stage.run(&execute()).await, "ami-00000000000000000");
    ssm.delete_parameter().name(&pointer).send().await.expect("no pointer");
    stopped_untouched(&stage, &stage.run(&execute()).await, &pointer);

    let wrong = stage
        .lab
        .plan
        .replacen("rto = \"15m\"", "rto = \"15 parsecs\"", 1)
        .replacen("coolDown", "coolDwon", 1)
        .replacen("lt-", "tl-", 1)
        .replacen("mode = \"automatic\"", "mode = \"sometimes\"", 1)
        .replacen("recovery = \"us-west-1\"", "recovery = \"us-east-1\"", 1);
    stage.upload_plan(&wrong).await;
    let ended = stage.run(&execute()).await;
    for named in ["15 parsecs", "coolDwon", "tl-", "sometimes", "us-east-1"] {
        stopped_untouched(&stage, &ended, named);
    }

    // Without its bucket a run can't leave a report either, and its execution says so.
    remove_bucket(&stage).await;
    let ended = stage.run(&execute()).await;
    assert_eq!(ended.error.as_deref(), Some("Relight.ReportNotWritten"), "{}", ended.cause);
    assert!(ended.cause.contains(&stage.reach.bucket), "{}", ended.cause);
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
}

async fn remove_bucket(stage: &Stage) {
    let s3 = lab::clients::s3(&stage.reach.config().expect("a configuration"));
    let bucket = &stage.reach.bucket;
    let found = s3.list_object_versions().bucket(bucket).send().await.expect("the versions");
    for version in found.versions() {
        s3.delete_object()
            .bucket(bucket)
            .key(version.key().unwrap_or_default())
            .set_version_id(version.version_id().map(str::to_owned))
            .send()
            .await
            .expect("a deletion");
    }
    s3.delete_bucket().bucket(bucket).send().await.expect("no bucket");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_payload_with_an_unknown_field_is_invalid_input() {
    let stage = Stage::set(&at_once()).await;
    for function in functions() {
        let answer = stage
            .reach
            .invoke(function.name, &json!({"workload": WORKLOAD, "wrokload": "unishop"}))
            .await
            .expect("an answer");
        assert_eq!(
            answer.error.as_deref(),
            Some("Relight.InvalidInput"),
            "{}: {answer:?}",
            function.name
        );
    }
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
}
