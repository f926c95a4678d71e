//! The refresh of machine images: what is left after it, whatever comes in between.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sfn::types::ExecutionStatus;
use close_run::Report;
use images::tags;
use lab::Settings;
use lab::demo::refresh_image::scheduled;
use lab::gateway::{Effect, Match, Rule};
use lab::inventory::{Image, Inventory};
use lab::world::{PRIMARY, RECOVERY, WORKLOAD};
use ledger::{Trigger, Verdict};
use relight_tests::{functions, invoked};
use serde_json::{Value, json};

use crate::stage::{Ended, Stage, at_once};

impl Stage {
    /// A refresh as its schedule starts it.
    async fn refresh(&self) -> Ended {
        self.run_of(&self.reach.refresh_machine, &scheduled()).await
    }

    /// A refresh that must end well; its report.
    async fn refreshed(&self) -> Report {
        let ended = self.refresh().await;
        let report = ended.report.expect("a report");
        assert_eq!(ended.status, ExecutionStatus::Succeeded, "{:?}", report.stops);
        report
    }

    async fn pointer(&self) -> String {
        let client = aws_sdk_ssm::Client::new(&self.reach.looking().expect("a configuration"));
        let found = client
            .get_parameter()
            .name(format!("/relight/{WORKLOAD}/image"))
            .send()
            .await
            .expect("the image pointer");
        found.parameter().and_then(|found| found.value()).unwrap_or_default().to_owned()
    }

    async fn inventory(&self, region: &str) -> Inventory {
        self.lab.inventory(region).await.expect("an inventory")
    }
}

fn ours(inventory: &Inventory) -> Vec<&Image> {
    inventory.images.iter().filter(|image| image.tags.contains_key(tags::RUN)).collect()
}

fn runs_of(inventory: &Inventory) -> BTreeSet<String> {
    ours(inventory).iter().map(|image| image.tags[tags::RUN].clone()).collect()
}

/// Every snapshot of ours belongs to an image that is there.
fn no_orphans(inventory: &Inventory, region: &str) {
    let used: BTreeSet<&String> = inventory.images.iter().flat_map(|image| &image.snapshots).collect();
    let orphans: Vec<_> = inventory.snapshots.iter().filter(|snapshot| !used.contains(&snapshot.id)).collect();
    assert!(orphans.is_empty(), "orphans in {region}: {orphans:?}");
}

/// What was launched to prove a copy and still lives.
fn living(inventory: &Inventory) -> Vec<&str> {
    inventory
        .instances
        .iter()
        .filter(|instance| instance.tags.contains_key(tags::RUN) && !matches!(instance.state.as_str(), "terminated" | "shutting-down"))
        .map(|instance| instance.id.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn three_refreshes_keep_the_two_newest_images_and_no_orphaned_snapshot() {
    let stage = Stage::set(&at_once()).await;
    let first = stage.lab.world.image.run.clone();
    let mut refreshed = Vec::new();
    for _ in 0..3 {
        let report = stage.refreshed().await;
        assert!(matches!(report.run.trigger, Trigger::Schedule { .. }), "{:?}", report.run.trigger);
        refreshed.push(report.run.id.to_string());
    }
    let newest: BTreeSet<String> = refreshed[1..].iter().cloned().collect();
    for region in [PRIMARY, RECOVERY] {
        let inventory = stage.inventory(region).await;
        assert_eq!(runs_of(&inventory), newest, "{region}; the first was of {first}");
        no_orphans(&inventory, region);
        assert!(living(&inventory).is_empty(), "{:?}", living(&inventory));
    }
    let away = stage.inventory(RECOVERY).await;
    let last = ours(&away)
        .into_iter()
        .find(|image| image.tags[tags::RUN] == refreshed[2])
        .expect("the newest");
    assert_eq!(stage.pointer().await, last.id);
    assert!(ours(&away).iter().all(|image| image.tags.contains_key(tags::PROVEN)), "{away:?}");
    for tag in tags::FROM_THE_MAKING {
        assert!(last.tags.contains_key(tag), "the copy lacks {tag}: {last:?}");
    }
    // The pointer's history keeps what it named before.
    let client = aws_sdk_ssm::Client::new(&stage.reach.looking().expect("a configuration"));
    let history = client
        .get_parameter_history()
        .name(format!("/relight/{WORKLOAD}/image"))
        .send()
        .await
        .expect("a history");
    assert_eq!(history.parameters().len(), 4, "the first image and three adopted ones: {history:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_copy_that_boots_and_does_not_serve_never_becomes_the_pointer() {
    let stage = Stage::set(&at_once()).await;
    stage.change_plan("within = \"40s\"", "within = \"10s\"").await;
    stage.lab.let_copies_serve(false);
    let before = stage.pointer().await;
    let ended = stage.refresh().await;
    not_adopted(&stage, &ended, &before, "Prove Copy").await;
    let report = ended.report.expect("a report");
    let said: String = report.stops.iter().map(|stop| stop.message.as_str()).collect();
    assert!(said.contains("home (status 500 instead of 200"), "{said}");
    // Mended, the next refresh goes on from there and makes nothing twice.
    stage.lab.let_copies_serve(true);
    let report = stage.refreshed().await;
    assert!(report.run.continues.is_some());
    for region in [PRIMARY, RECOVERY] {
        assert_eq!(ours(&stage.inventory(region).await).len(), 2, "the first and one more in {region}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_copy_that_does_not_boot_never_becomes_the_pointer() {
    let stage = Stage::set(&at_once()).await;
    stage.change_plan("within = \"40s\"", "within = \"10s\"").await;
    stage.lab.gateway().weather().add(rule(Match::default(), Effect::FailBoot));
    let before = stage.pointer().await;
    let ended = stage.refresh().await;
    not_adopted(&stage, &ended, &before, "Launch Copy").await;
}

/// The run stopped in `state`, the pointer stays, and what was booted is gone.
async fn not_adopted(stage: &Stage, ended: &Ended, before: &str, state: &str) {
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedPartway"), "{}", ended.cause);
    let report = ended.report.as_ref().expect("a report");
    assert_eq!(
        report.stops.first().map(|stop| stop.state.as_str()),
        Some(state),
        "{:?}",
        report.stops
    );
    assert_eq!(stage.pointer().await, before);
    let away = stage.inventory(RECOVERY).await;
    assert!(living(&away).is_empty(), "{:?}", living(&away));
    let unproven = ours(&away).into_iter().find(|image| image.id != before).expect("the copy");
    assert!(!unproven.tags.contains_key(tags::PROVEN), "{unproven:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_primary_region_that_is_away_leaves_all_as_it_is_and_the_run_says_so() {
    let stage = Stage::set(&at_once()).await;
    let before = (stage.pointer().await, stage.inventory(RECOVERY).await);
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let ended = stage.refresh().await;
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    assert!(ended.cause.contains("The last proven image stays in use"), "{}", ended.cause);
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    assert!(report.stops[0].message.contains(PRIMARY), "{:?}", report.stops);
    assert_eq!((stage.pointer().await, stage.inventory(RECOVERY).await), before);
    // And a recovery, which takes another lock, isn't in its way.
    let recovered = stage.run(&crate::stage::execute()).await;
    assert_eq!(recovered.report.expect("a report").verdict, Verdict::Done, "{}", recovered.cause);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn copies_are_encrypted_by_the_plans_key_and_a_key_that_cannot_be_used_stops_the_run_untouched() {
    let stage = Stage::set(&at_once()).await;
    let missing = "arn:aws:kms:us-west-1:000000000000:key/00000000-0000-4000-8000-000000000000";
    let with = |key: &str| stage.lab.plan.replacen("[image]\n", &format!("[image]\nkmsKey = \"{key}\"\n"), 1);
    stage.upload_plan(&with(missing)).await;
    let ended = stage.refresh().await;
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    let said = ended.report.expect("a report").stops[0].message.clone();
    assert!(said.contains("00000000-0000-4000-8000-000000000000"), "{said}");
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    let kms = aws_sdk_kms::Client::new(&stage.reach.looking().expect("a configuration"));
    let made = kms.create_key().send().await.expect("a key");
    let key = made.key_metadata().and_then(|key| key.arn()).expect("its ARN").to_owned();
    stage.upload_plan(&with(&key)).await;
    stage.refreshed().await;
    let copied: Vec<_> = stage
        .log()
        .into_iter()
        .filter(|entry| entry.operation == "CopyImage" && !entry.dry_run)
        .collect();
    assert_eq!(copied.len(), 1, "{copied:?}");
    let ec2 = aws_sdk_ec2::Client::new(&stage.reach.config().expect("a configuration"));
    let found = ec2
        .describe_images()
        .image_ids(stage.pointer().await)
        .send()
        .await
        .expect("the copy");
    let ebs = found.images()[0].block_device_mappings()[0].ebs().expect("a volume");
    assert_eq!(ebs.encrypted(), Some(true), "{ebs:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn tags_that_aws_loses_are_put_back_before_the_copy_is_used() {
    let stage = Stage::set(&at_once()).await;
    stage.lab.gateway().weather().add(Rule {
        times: std::num::NonZero::new(1),
        ..rule(Match::default(), Effect::LoseTags)
    });
    stage.refreshed().await;
    let (home, away) = (stage.inventory(PRIMARY).await, stage.inventory(RECOVERY).await);
    let pointer = stage.pointer().await;
    let copy = away.images.iter().find(|image| image.id == pointer).expect("the copy");
    let source = home.images.iter().find(|image| image.name == copy.name).expect("its source");
    for tag in tags::FROM_THE_MAKING {
        assert_eq!(copy.tags.get(tag), source.tags.get(tag), "{tag}");
    }
    let put_back = stage
        .log()
        .iter()
        .any(|entry| entry.caller == "copy-image" && entry.operation == "CreateTags");
    assert!(put_back, "nothing was lost, so nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn planning_a_refresh_changes_nothing_and_names_each_call() {
    let stage = Stage::set(&at_once()).await;
    let before = (stage.inventory(PRIMARY).await, stage.inventory(RECOVERY).await);
    let ended = stage.run_of(&stage.reach.refresh_machine, &json!({"workload": WORKLOAD})).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{}", ended.cause);
    let changing: BTreeSet<&str> = functions()
        .iter()
        .flat_map(|function| function.calls)
        .filter(|call| call.effect == action::Effect::Change)
        .map(|call| call.iam_action)
        .collect();
    let changed: Vec<_> = stage
        .log()
        .into_iter()
        .filter(|entry| invoked("refresh-image.asl.json").contains(&entry.caller))
        .filter(|entry| changing.contains(entry.iam_action().as_str()) && !entry.dry_run)
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!((stage.inventory(PRIMARY).await, stage.inventory(RECOVERY).await), before);
    let message = ended.output["message"].as_str().unwrap_or_default();
    for call in [
        "would call ec2:CreateImage in us-east-1",
        "would call ec2:CopyImage in us-west-1",
        "would call ec2:RunInstances",
        "would call ec2:TerminateInstances",
        "would call ec2:CreateTags and ssm:PutParameter",
    ] {
        assert!(message.contains(call), "no {call:?} in {message}");
    }
}

/// Every function of the machine fails from its n-th call on, and the machine is started again without that: for every n.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_refresh_that_is_interrupted_after_any_call_ends_the_same_when_it_is_started_again() {
    // Dozens of refreshes, in a world that needs no time: what the machine waits only adds up.
    let settings = Settings {
        wait_scale: "0.1",
        ..at_once()
    };
    let stage = Stage::set(&settings).await;
    let callers: Vec<String> = invoked("refresh-image.asl.json").into_iter().collect();
    // Whole, once, to know how many calls there are.
    stage.refreshed().await;
    let calls: Vec<String> = stage
        .log()
        .iter()
        .filter(|entry| callers.contains(&entry.caller))
        .map(|entry| format!("{} {} {}", entry.caller, entry.operation, entry.region))
        .collect();
    assert!(calls.len() > 20, "{calls:?}");
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for passed in 0..u32::try_from(calls.len()).expect("a few") {
        let only = Match {
            callers: Some(callers.clone()),
            ..Match::default()
        };
        let weather = stage.lab.gateway().weather();
        let denied = Effect::Error {
            status: 403,
            code: "UnauthorizedOperation".to_owned(),
        };
        let id = weather.add(Rule {
            after: passed,
            ..rule(only, denied)
        });
        let interrupted = stage.refresh().await;
        weather.remove(id);
        *ends
            .entry(interrupted.error.clone().unwrap_or_else(|| "none".to_owned()))
            .or_default() += 1;
        let report = stage.refreshed().await;
        let after = calls.get(passed as usize).cloned().unwrap_or_default();
        for region in [PRIMARY, RECOVERY] {
            let inventory = stage.inventory(region).await;
            let names: Vec<&str> = ours(&inventory).iter().map(|image| image.name.as_str()).collect();
            let distinct: BTreeSet<&&str> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "before {after}: a second image in {region}: {names:?}");
            assert_eq!(names.len(), 2, "before {after}, in {region}: {names:?}");
            no_orphans(&inventory, region);
            assert!(living(&inventory).is_empty(), "before {after}: {:?}", living(&inventory));
        }
        let away = stage.inventory(RECOVERY).await;
        let pointer = stage.pointer().await;
        let adopted = away.images.iter().find(|image| image.id == pointer).expect("the pointer's image");
        assert!(adopted.tags.contains_key(tags::PROVEN), "before {after}: {adopted:?}");
        assert_eq!(report.verdict, Verdict::Done, "before {after}");
    }
    // The interruptions were real: all but those after the last call ended the run early.
    assert!(ends.get("none").copied().unwrap_or(0) <= 1, "{ends:?}");
}

fn rule(matching: Match, effect: Effect) -> Rule {
    Rule {
        matching,
        effect,
        after: 0,
        times: None,
    }
}

#[test]
fn the_schedule_starts_a_refresh_with_the_input_that_is_played_here() {
    let template = std::fs::read_to_string(relight_tests::root().join("infra/workload.yaml")).expect("infra/workload.yaml");
    let line = template
        .lines()
        .find(|line| line.contains(r#""kind":"schedule""#))
        .expect("the input");
    let input = line
        .trim()
        .trim_start_matches("Input: !Sub '")
        .trim_end_matches('\'')
        .replace("${Workload}", WORKLOAD);
    assert_eq!(serde_json::from_str::<Value>(&input).expect("JSON"), scheduled());
}
