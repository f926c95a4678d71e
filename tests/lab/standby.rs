//! Warm standby: a small group grows beside the promotion, and serves all users.

use aws_sdk_autoscaling::types::AutoScalingGroup;
use close_run::report::Step;
use lab::Settings;
use lab::demo::play;
use lab::gateway::{Effect, Match, Rule};
use lab::show::Live;
use lab::world::{RECOVERY, WORKLOAD};
use ledger::GroupSizes;
use ledger::Verdict::{Done, StoppedPartway, StoppedUntouched};
use plan::Strategy;
use serde_json::json;

use crate::stage::{Stage, at_once, execute, settings, step};

fn warm(settings: Settings) -> Settings {
    Settings {
        strategy: Strategy::WarmStandby,
        ..settings
    }
}

impl Stage {
    async fn group(&self) -> AutoScalingGroup {
        let client = aws_sdk_autoscaling::Client::new(&self.reach.config().expect("a configuration"));
        let found = client
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(WORKLOAD)
            .send()
            .await;
        found.expect("the groups").auto_scaling_groups()[0].clone()
    }

    async fn kept_sizes(&self) -> GroupSizes {
        let client = aws_sdk_dynamodb::Client::new(&self.reach.looking().expect("a configuration"));
        let key = ledger::group_sizes_key(&WORKLOAD.parse().expect("a workload"), &WORKLOAD.parse().expect("a group"));
        let found = client.get_item().table_name("relight-ledger").set_key(Some(key)).send().await;
        GroupSizes::from_item(&found.expect("the ledger").item.expect("the sizes")).expect("sizes")
    }
}

fn sizes(group: &AutoScalingGroup) -> [Option<i32>; 3] {
    [group.min_size(), group.desired_capacity(), group.max_size()]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_lost_region_makes_the_standby_grow_beside_the_promotion_and_serve() {
    let stage = Stage::set(&warm(settings())).await;
    let before = stage.group().await;
    assert_eq!(sizes(&before), [Some(1), Some(1), Some(1)]);
    let played = play(&stage.reach, &mut Live::default()).await.expect("a recovery");
    let report = &played.report;
    assert_eq!(report.verdict, Done, "{}", played.document);
    assert_eq!(sizes(&stage.group().await), [Some(3), Some(3), Some(3)]);
    let kept = stage.kept_sizes().await;
    assert_eq!((kept.minimum, kept.desired, kept.maximum), (1, 1, 1));
    assert_eq!(kept.work, report.run.id);
    let (grown, promoted) = (step(report, "Scale Group"), step(report, "Fail Over Global Cluster"));
    let ended = |step: &Step| step.ended_at.expect("an end");
    assert!(
        grown.started_at < ended(promoted) && promoted.started_at < ended(grown),
        "one after the other: {grown:?} {promoted:?}"
    );
    let because = grown.because.as_deref().unwrap_or_default();
    assert!(because.ends_with(" of 3 instances of unishop serve (2 needed)"), "{because}");
    assert_eq!(played.served_from.as_deref(), Some(RECOVERY));
    // Nothing is launched one by one, and no control plane that may be away with the primary is asked.
    let far = stage.asked_far();
    assert!(far.is_empty(), "{far:?}");
    assert!(
        stage
            .log()
            .iter()
            .all(|entry| entry.caller == "lab" || entry.operation != "RunInstances")
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_group_that_is_missing_or_may_launch_nothing_stops_the_run_untouched_and_a_second_run_finds_it_raised() {
    let stage = Stage::set(&warm(at_once())).await;
    stage.change_plan("name = \"unishop\"\n", "name = \"shop\"\n").await;
    let stopped = async |says: &str| {
        let ended = stage.run(&execute()).await;
        let report = ended.report.expect("a report");
        assert_eq!(report.verdict, StoppedUntouched, "{}", ended.cause);
        let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
        assert_eq!(stop.state, "Check Group");
        assert!(stop.message.contains(says), "{}", stop.message);
    };
    stopped("Auto Scaling group shop does not exist in this Region: create it, or name the right one").await;
    stage.upload_plan(&stage.lab.plan).await;

    let client = aws_sdk_autoscaling::Client::new(&stage.reach.config().expect("a configuration"));
    let suspend = client
        .suspend_processes()
        .auto_scaling_group_name(WORKLOAD)
        .scaling_processes("Launch");
    suspend.send().await.expect("a suspended process");
    stopped("has Launch suspended: aws autoscaling resume-processes --auto-scaling-group-name unishop").await;
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
    let resume = client
        .resume_processes()
        .auto_scaling_group_name(WORKLOAD)
        .scaling_processes("Launch");
    resume.send().await.expect("a resumed process");

    let planned = stage
        .run(&json!({"workload": WORKLOAD, "mode": "plan"}))
        .await
        .report
        .expect("a report");
    let calls: Vec<&str> = planned.calls.iter().map(|call| call.iam_action.as_str()).collect();
    assert!(calls.contains(&"autoscaling:UpdateAutoScalingGroup"), "{calls:?}");
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    let ended = stage.run(&execute()).await;
    assert_eq!(ended.report.expect("a report").verdict, Done, "{}", ended.cause);
    let raises = || {
        stage
            .log()
            .iter()
            .filter(|entry| entry.operation == "UpdateAutoScalingGroup")
            .count()
    };
    assert_eq!(raises(), 1);
    let again = stage.run(&execute()).await;
    assert_eq!(again.report.expect("a report").verdict, Done, "{}", again.cause);
    assert_eq!(raises(), 1, "raised twice");
    assert_eq!(stage.kept_sizes().await.minimum, 1, "the sizes before the first run are kept");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_group_without_capacity_stops_the_run_partway_and_one_of_which_enough_is_healthy_lets_the_next_go_on() {
    let stage = Stage::set(&warm(at_once())).await;
    let weather = stage.lab.gateway().weather();
    let of_groups = |effect| Rule {
        matching: Match {
            service: Some("autoscaling".to_owned()),
            ..Match::default()
        },
        effect,
        after: 0,
        times: None,
    };
    let missing = weather.add(of_groups(Effect::Capacity));
    stage.change_plan("rto = \"15m\"", "rto = \"20s\"").await;
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, StoppedPartway, "{}", ended.cause);
    let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
    assert_eq!(stop.state, "Scale Group");
    assert!(
        stop.message
            .contains("1 of 3 instances of unishop serve (2 needed); EC2 Auto Scaling says: ")
            && stop.message.contains("capacity"),
        "{}",
        stop.message
    );

    // Half of what is launched then stays unhealthy: two of three are enough for the plan's 60 percent.
    weather.add(of_groups(Effect::Unhealthy { percent: 50 }));
    assert!(weather.remove(missing));
    stage.upload_plan(&stage.lab.plan).await;
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Done, "{}", ended.cause);
    let because = step(&report, "Scale Group").because.as_deref().unwrap_or_default();
    assert_eq!(because, "2 of 3 instances of unishop serve (2 needed)");
}
