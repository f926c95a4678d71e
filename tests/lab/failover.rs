//! The main job: a Region is lost, and the site is proven in the other.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use lab::demo::play;
use lab::gateway::{Effect, Match, Rule};
use lab::run::runs;
use lab::show::Live;
use lab::world::{PRIMARY, RECOVERY};
use ledger::{Trigger, Verdict};
use relight_tests::{Function, functions, invoked};
use serde_json::json;

use crate::stage::{Stage, alarm, at_once, execute, settings};

/// Calls that a function can make and that this way through the machine doesn't need, each with the reason.
const NOT_ON_THIS_WAY: [(&str, &str); 31] = [
    ("scale-group", "a pilot light launches"),
    ("check-tables", "the plan has no table"),
    ("publish-endpoint s3:PutObject", "the plan publishes parameters"),
    ("shift-traffic dynamodb:GetItem", "nobody is sent back"),
    ("shift-traffic s3:PutObject", "a metric moves users"),
    ("shift-traffic ssm:GetParameter", "a metric moves users"),
    ("shift-traffic ssm:PutParameter", "a metric moves users"),
    ("route53-recovery-cluster:GetRoutingControlState", "a metric moves users"),
    ("route53-recovery-cluster:UpdateRoutingControlStates", "a metric moves users"),
    ("publish-endpoint dynamodb:PutItem", "the parameters say nothing else before"),
    ("confirm-outage cloudwatch:DescribeAlarms", "the looks bear the outage out"),
    ("ask-approval", "the plan leaves the start to the alarm"),
    ("detach-global-cluster", "a managed failover was chosen"),
    (
        "cloudwatch:GetMetricData",
        "start-recovery reads it after the alarm; choose-promotion asserts its own",
    ),
    ("states:DescribeExecution", "open-run asks only where the lock is held"),
    ("elasticloadbalancing:RegisterTargets", "the plan has an elastic IP"),
    ("elasticloadbalancing:DescribeTargetGroups", "the plan has an elastic IP"),
    ("elasticloadbalancing:DescribeTargetHealth", "the plan has an elastic IP"),
    ("ec2:DescribeCapacityReservations", "the plan names none"),
    (
        "autoscaling:UpdateAutoScalingGroup",
        "a lost Region doesn't say what there is to stop",
    ),
    ("ec2:StopInstances", "a lost Region doesn't say what there is to stop"),
    ("lambda:InvokeFunction", "the plan names no fence of its own"),
    ("s3:GetObjectVersion", "only a pinned plan is read by its version"),
    ("s3:GetObject", "a pinned plan is read by its version"),
    ("rds:CopyDBClusterSnapshot", "a lost Region shows no snapshot to copy"),
    ("sns:Publish", "a run tells people by itself"),
    ("check-compute autoscaling:DescribeAutoScalingGroups", "the plan has no group"),
    ("check-compute ec2:DescribeSecurityGroups", "the launch template names none"),
    ("check-readiness dynamodb:DescribeTable", "the plan has no table"),
    (
        "check-readiness dynamodb:GetItem",
        "only a check on a schedule is compared with the last",
    ),
    ("check-readiness dynamodb:PutItem", "only a check on a schedule is written down"),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_lost_region_is_recovered_by_the_alarm_and_by_nothing_else() {
    let begun = Instant::now();
    let stage = Stage::set(&settings()).await;
    let played = play(&stage.reach, &mut Live::default()).await.expect("a recovery");
    assert!(begun.elapsed() < Duration::from_secs(150), "the demo took {:?}", begun.elapsed());
    let report = &played.report;
    assert_eq!(report.verdict, Verdict::Done, "{}", played.document);

    // Started by the alarm, once.
    assert!(
        matches!(&report.run.trigger, Trigger::Alarm { alarm, .. } if alarm == "relight-unishop-primary-down"),
        "{:?}",
        report.run.trigger
    );
    let found = runs(&stage.reach, &stage.reach.machine).await.expect("the runs");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        stage
            .log()
            .iter()
            .all(|entry| entry.caller == "start-recovery" || entry.operation != "StartExecution")
    );

    // Database and compute side by side.
    let step = |name: &str| {
        report
            .steps
            .iter()
            .find(|step| step.name == name)
            .unwrap_or_else(|| panic!("no step {name}"))
    };
    let (database, compute) = (step("Fail Over Global Cluster"), step("Launch Instances"));
    assert!(database.started_at < compute.ended_at.expect("an end") && compute.started_at < database.ended_at.expect("an end"));
    assert!(step("Prove Site").started_at >= database.ended_at.expect("an end"));

    // Users are moved by the data plane alone, and seen to arrive.
    assert_eq!(played.served_from.as_deref(), Some(RECOVERY));
    assert!(step("Prove Public Name").started_at >= step("Shift Traffic").ended_at.expect("an end"));

    // Measured, not assumed.
    let total = report.clocks.total_seconds.expect("an RTO");
    assert!((20.0..80.0).contains(&total), "an RTO of {total} s with waits of 20 s");
    let lag = report.rpo_seconds.expect("an RPO");
    assert!((0.3..0.9).contains(&lag), "the lab's lag is 0.387 to 0.82 s, not {lag}");

    // Nothing of the recovery went to the lost Region, and nothing was denied.
    let functions_of = |caller: &str| functions().into_iter().find(|function| function.name == caller);
    let mut made: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for entry in stage.log() {
        let Some(function) = functions_of(&entry.caller) else { continue };
        // The fence is tried there, and what Aurora left is looked for, and nothing else.
        let abroad = [fence_primary::NAME, keep_lost_writes::NAME].contains(&function.name);
        let tried = if abroad { PRIMARY } else { RECOVERY };
        assert_eq!(entry.region, tried, "{entry:?}");
        let denied = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];
        assert!(!entry.error_code.as_deref().is_some_and(|code| denied.contains(&code)), "{entry:?}");
        assert!(
            function.calls.iter().any(|call| call.iam_action == entry.iam_action()),
            "{} doesn't declare {}",
            function.name,
            entry.iam_action()
        );
        made.entry(function.name).or_default().insert(entry.iam_action());
    }
    let on_this_way = |function: &Function| function.name == start_recovery::NAME || invoked("failover.asl.json").contains(function.name);
    let mut unused = Vec::new();
    for function in functions().iter().filter(|function| on_this_way(function)) {
        for call in function.calls {
            let needless = NOT_ON_THIS_WAY
                .iter()
                .any(|(what, _)| [function.name, call.iam_action, &format!("{} {}", function.name, call.iam_action)].contains(what));
            let seen = made.get(function.name).is_some_and(|calls| calls.contains(call.iam_action));
            if !seen && !needless {
                unused.push(format!("{} {}", function.name, call.iam_action));
            }
        }
    }
    assert!(unused.is_empty(), "may be called and never were: {unused:?}");
    let primary = stage
        .log()
        .into_iter()
        .filter(|entry| entry.region == PRIMARY && entry.time > played.lost_at);
    assert_eq!(primary.filter(|entry| entry.succeeded()).count(), 0, "the lost Region answered");

    // The same alarm again, and its end: no second run.
    let Trigger::Alarm { alarm_at, .. } = &report.run.trigger else {
        unreachable!("seen above")
    };
    let again = stage
        .reach
        .invoke("start-recovery", &alarm("ALARM", &alarm_at.to_string()))
        .await
        .expect("an answer");
    assert_eq!(again.payload["outcome"], "unchanged", "{again:?}");
    let over = stage
        .reach
        .invoke("start-recovery", &alarm("OK", "2026-11-21T04:00:00.000+0000"))
        .await
        .expect("an answer");
    assert_eq!(over.payload["outcome"], "unchanged", "{over:?}");
    // Another alarm within the cool-down: none either, and it says so.
    let later = stage
        .reach
        .invoke("start-recovery", &alarm("ALARM", "2099-01-01T00:00:00.000+0000"))
        .await
        .expect("an answer");
    assert_eq!(later.payload["outcome"], "unchanged", "{later:?}");
    assert!(
        later.payload["because"].as_str().is_some_and(|why| why.contains("cool-down")),
        "{later:?}"
    );
    assert_eq!(runs(&stage.reach, &stage.reach.machine).await.expect("the runs").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_detach_and_a_fallback_over_subnets_recover_through_throttling() {
    let stage = Stage::set(&at_once()).await;
    stage.change_plan("promotion = \"auto\"", "promotion = \"detach\"").await;
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let weather = stage.lab.gateway().weather();
    let first = stage.lab.world.subnets.first().expect("a subnet").clone();
    weather.add(Rule {
        matching: Match {
            subnet: Some(first.clone()),
            ..Match::default()
        },
        effect: Effect::Capacity,
        after: 0,
        times: None,
    });
    for operation in ["DescribeDBClusters", "GetItem", "DescribeInstanceStatus", "GetExecutionHistory"] {
        let matching = Match {
            operation: Some(operation.to_owned()),
            ..Match::default()
        };
        weather.add(Rule {
            matching,
            effect: Effect::Throttle,
            after: 0,
            times: NonZero::new(2),
        });
    }
    let ended = stage.run(&execute()).await;
    let report = ended.report.expect("a report");
    assert_eq!(
        (ended.status, report.verdict),
        (ExecutionStatus::Succeeded, Verdict::Done),
        "{}",
        ended.cause
    );
    let step = |name: &str| report.steps.iter().find(|step| step.name == name);
    assert!(step("Detach Global Cluster").is_some() && step("Fail Over Global Cluster").is_none());
    let launched = step("Launch Instances").and_then(|step| step.because.clone()).expect("a launch");
    assert!(stage.changes().contains("rds:RemoveFromGlobalCluster"), "{:?}", stage.changes());
    assert!(!launched.is_empty());
    let throttled = stage
        .log()
        .iter()
        .filter(|entry| entry.weather.as_deref() == Some("throttled"))
        .count();
    assert!(throttled >= 6, "only {throttled} calls were throttled");

    // Nothing is left to do: the same again changes nothing of the database.
    let database_changes = |stage: &Stage| {
        stage
            .log()
            .iter()
            .filter(|entry| entry.operation == "RemoveFromGlobalCluster")
            .count()
    };
    let before = database_changes(&stage);
    let again = stage.run(&json!({"workload": "unishop", "mode": "execute"})).await;
    assert_eq!(again.report.expect("a report").verdict, Verdict::Done, "{}", again.cause);
    assert_eq!(database_changes(&stage), before);
}
