//! The fence: it stops what it reaches in the old primary, and a primary that can't be reached keeps no recovery waiting.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::Tag;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use close_run::report::{Step, StepOutcome};
use lab::clients;
use lab::gateway::{Effect, Match, Outage, Rule};
use lab::world::{PRIMARY, RECOVERY, WORKLOAD, WORKLOAD_TAG};
use ledger::Verdict;
use serde_json::json;

use crate::stage::{Ended, Stage, at_once, execute};

const GROUP: &str = "unishop-workers";
/// What a recovery may wait for a fence: the time-out of its state.
const BOUND: f64 = 15.0;

fn fence(ended: &Ended) -> Step {
    let report = ended.report.as_ref().expect("a report");
    let step = report.steps.iter().find(|step| step.name == "Fence Primary");
    step.expect("the fence is a step").clone()
}

fn autoscaling(stage: &Stage) -> aws_sdk_autoscaling::Client {
    let config = clients::config(&stage.reach.endpoint, PRIMARY, clients::LAB).expect("a configuration");
    aws_sdk_autoscaling::Client::new(&config)
}

/// A group of the primary with two instances, as the workload would have it for what serves no visitors.
async fn make_group(stage: &Stage) {
    let client = autoscaling(stage);
    let image = &stage.lab.world.image.primary;
    client
        .create_launch_configuration()
        .launch_configuration_name(GROUP)
        .image_id(image)
        .instance_type("m7g.large")
        .send()
        .await
        .expect("a launch configuration");
    let tag = Tag::builder()
        .resource_id(GROUP)
        .resource_type("auto-scaling-group")
        .key(WORKLOAD_TAG)
        .value(WORKLOAD)
        .propagate_at_launch(true);
    client
        .create_auto_scaling_group()
        .auto_scaling_group_name(GROUP)
        .launch_configuration_name(GROUP)
        .availability_zones(format!("{PRIMARY}a"))
        .min_size(1)
        .max_size(4)
        .desired_capacity(2)
        .tags(tag.build())
        .send()
        .await
        .expect("a group");
}

async fn sizes(stage: &Stage) -> (Option<i32>, Option<i32>, Option<i32>) {
    let found = autoscaling(stage)
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(GROUP)
        .send()
        .await
        .expect("the groups");
    let group = found.auto_scaling_groups().first().expect("the group");
    (group.min_size(), group.max_size(), group.desired_capacity())
}

/// The states of the workload's instances in `region`, by their ids.
async fn states(stage: &Stage, region: &str) -> BTreeMap<String, String> {
    let inventory = stage.lab.inventory(region).await.expect("an inventory");
    let ours = inventory
        .instances
        .into_iter()
        .filter(|instance| instance.tags.get(WORKLOAD_TAG).map(String::as_str) == Some(WORKLOAD));
    ours.map(|instance| (instance.id, instance.state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_primary_that_answers_is_fenced_once_and_what_recovers_is_left_alone() {
    let stage = Stage::set(&at_once()).await;
    make_group(&stage).await;
    let primary = &stage.lab.world.primary_instance;

    let planned = stage.run(&json!({ "workload": WORKLOAD })).await;
    let said = planned.output["message"].as_str().unwrap_or_default();
    let would = format!("group {GROUP} (was min 1, max 4, desired 2)");
    assert!(said.contains(&would) && said.contains(primary), "{said}");
    assert_eq!(sizes(&stage).await, (Some(1), Some(4), Some(2)));
    assert_eq!(states(&stage, PRIMARY).await[primary], "running");

    let ended = stage.run(&execute()).await;
    assert_eq!(ended.report.as_ref().expect("a report").verdict, Verdict::Done, "{}", ended.cause);
    let step = fence(&ended);
    assert_eq!(step.outcome, StepOutcome::Changed, "{step:?}");
    // Who is woken reads it without opening the report.
    let message = ended.output["message"].as_str().unwrap_or_default();
    assert!(
        message.contains(&format!("Old primary: stopped in {PRIMARY}: group {GROUP}")),
        "{message}"
    );
    assert!(step.because.expect("words").contains(&would));
    assert_eq!(sizes(&stage).await, (Some(0), Some(0), Some(0)));
    assert_eq!(states(&stage, PRIMARY).await[primary], "stopped");
    let recovered = states(&stage, RECOVERY).await;
    assert!(
        !recovered.is_empty() && recovered.values().all(|state| state == "running"),
        "{recovered:?}"
    );
    let stops = |operation: &str| {
        let log = stage.log();
        let made = log
            .iter()
            .filter(|entry| entry.caller == fence_primary::NAME && entry.operation == operation && !entry.dry_run);
        assert!(made.clone().all(|entry| entry.region == PRIMARY));
        made.count()
    };
    assert_eq!((stops("UpdateAutoScalingGroup"), stops("StopInstances")), (1, 1));

    let again = fence(&stage.run(&execute()).await);
    assert_eq!(again.outcome, StepOutcome::Unchanged, "{again:?}");
    assert_eq!((stops("UpdateAutoScalingGroup"), stops("StopInstances")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_plan_without_a_fence_leaves_the_primary_alone() {
    let stage = Stage::set(&at_once()).await;
    stage
        .change_plan("mode = \"automatic\"", "mode = \"automatic\"\nfence = \"skip\"")
        .await;
    let report = stage.run(&execute()).await.report.expect("a report");
    assert_eq!(report.verdict, Verdict::Done);
    assert!(report.steps.iter().all(|step| step.name != "Fence Primary"));
    assert!(stage.log().iter().all(|entry| entry.caller != fence_primary::NAME));
}

fn lambda(stage: &Stage) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::new(&stage.reach.config().expect("a configuration"))
}

/// A function of the workload's own under `name`. It is check-plan's program, which refuses what it isn't asked with: so its answer tells
/// that it was called, and with what.
async fn make_function(stage: &Stage, name: &str) {
    let client = lambda(stage);
    let model = client
        .get_function_configuration()
        .function_name("relight-check-plan")
        .send()
        .await
        .expect("a function");
    let code = std::fs::read(crate::stage::given("RELIGHT_ARTIFACT").join("ready.zip")).expect("a bundle");
    let variables = model.environment().and_then(|environment| environment.variables()).cloned();
    client
        .create_function()
        .function_name(name)
        .runtime(Runtime::Providedal2023)
        .handler("check-plan")
        .role(model.role().expect("a role"))
        .environment(Environment::builder().set_variables(variables).build())
        .code(FunctionCode::builder().zip_file(Blob::new(code)).build())
        .send()
        .await
        .expect("a function");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_plans_own_fence_is_called_if_its_name_says_that_it_is_one_and_no_failure_of_it_stops_a_recovery() {
    let stage = Stage::set(&at_once()).await;
    let named = |name: &str| format!("arn:aws:lambda:{RECOVERY}:{}:function:{name}", clients::ACCOUNT);
    for (name, outcome, told) in [
        ("relight-unishop-fence", StepOutcome::Changed, "unknown field `mode`"),
        ("unishop-stop", StepOutcome::Unchanged, "AccessDenied"),
    ] {
        make_function(&stage, name).await;
        let fenced = format!("mode = \"automatic\"\nfence = {{ function = \"{}\" }}", named(name));
        stage.change_plan("mode = \"automatic\"", &fenced).await;
        let ended = stage.run(&execute()).await;
        assert_eq!(ended.report.as_ref().expect("a report").verdict, Verdict::Done, "{}", ended.cause);
        let step = fence(&ended);
        assert_eq!(step.outcome, outcome, "{step:?}");
        assert!(step.because.as_ref().is_some_and(|because| because.contains(told)), "{step:?}");
    }
    // Relight's own can't even be called any more.
    let client = lambda(&stage);
    client
        .delete_function()
        .function_name("relight-fence-primary")
        .send()
        .await
        .expect("no function");
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!((report.verdict, report.stops.len()), (Verdict::Done, 0), "{}", ended.cause);
    assert!(states(&stage, PRIMARY).await.values().all(|state| state == "running"));
}

/// How a primary is away. The first, where every call fails at once, is what the others are held against.
const AWAY: [&str; 4] = ["refuses", "hangs", "answers 30 s late", "answers with 503"];

fn send_away(stage: &Stage, how: &str) {
    let weather = stage.lab.gateway().weather();
    weather.clear();
    let rule = |effect| Rule {
        matching: Match {
            region: Some(PRIMARY.to_owned()),
            ..Match::default()
        },
        effect,
        after: 0,
        times: None,
    };
    match how {
        "refuses" => weather.begin_outage(PRIMARY, Outage::Refuse),
        "hangs" => weather.begin_outage(PRIMARY, Outage::Hang),
        "answers 30 s late" => drop(weather.add(rule(Effect::Delay { millis: 30_000 }))),
        _ => drop(weather.add(rule(Effect::Error {
            status: 503,
            code: "ServiceUnavailable".to_owned(),
        }))),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn however_the_primary_is_away_a_recovery_waits_for_its_fence_no_longer_than_the_bound() {
    let stage = Stage::set(&at_once()).await;
    // The database moves once; the runs that are compared find it where it should be.
    send_away(&stage, "refuses");
    let first = stage.run(&execute()).await;
    assert_eq!(first.report.expect("a report").verdict, Verdict::Done, "{}", first.cause);
    let mut took = Vec::new();
    for how in AWAY {
        send_away(&stage, how);
        let ended = stage.run(&execute()).await;
        let report = ended.report.as_ref().expect("a report");
        assert_eq!(report.verdict, Verdict::Done, "{how}: {}", ended.cause);
        let step = fence(&ended);
        assert_eq!(step.outcome, StepOutcome::Unchanged, "{how}: {step:?}");
        let because = step.because.clone().expect("words");
        assert!(because.contains("a person must keep"), "{how}: {because}");
        println!(
            "a primary that {how}: recovered in {:.1} s, {because}",
            report.clocks.execute_seconds
        );
        took.push(report.clocks.execute_seconds);
    }
    for (how, seconds) in AWAY.iter().zip(&took) {
        assert!(
            seconds - took[0] <= BOUND,
            "a primary that {how} took {seconds} s, one that refuses {} s",
            took[0]
        );
    }
}
