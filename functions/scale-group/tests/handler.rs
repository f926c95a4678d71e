//! The action against mocked AWS: the order of its calls, what is kept, and that twice is once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::{Arc, Mutex};

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::{UpdateAutoScalingGroupError, UpdateAutoScalingGroupOutput};
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, Instance, LifecycleState, ScalingActivityStatusCode};
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthOutput;
use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealth, TargetHealthDescription, TargetHealthStateEnum};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::Timestamp;
use ledger::{GroupSizes, Item};
use scale_group::error::Error;
use scale_group::io::Reply;
use scale_group::{Clients, handle};
use serde_json::json;

const SINCE: &str = "2026-11-21T03:15:00Z";
const DEADLINE: &str = "2026-11-21T03:30:00Z";

/// The group, with so many instances in service and one that still starts.
fn group(sizes: [i32; 3], in_service: usize) -> Rule {
    mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .match_requests(|input| input.auto_scaling_group_names() == ["shop"])
        .then_output(move || {
            let instance = |number: usize, state| {
                let instance = Instance::builder().instance_id(format!("i-{number}")).lifecycle_state(state);
                instance.health_status("Healthy").build()
            };
            let instances = (0..in_service).map(|number| instance(number, LifecycleState::InService));
            let starting = instance(in_service, LifecycleState::Pending);
            let [minimum, desired, maximum] = sizes;
            let group = AutoScalingGroup::builder()
                .min_size(minimum)
                .desired_capacity(desired)
                .max_size(maximum)
                .set_instances(Some(instances.chain([starting]).collect()));
            DescribeAutoScalingGroupsOutput::builder()
                .auto_scaling_groups(group.build())
                .build()
        })
}

/// The newest scaling activity, if there is one.
fn activity(failed_at: Option<&str>) -> Rule {
    let at: Option<Timestamp> = failed_at.map(|at| at.parse().unwrap());
    mock!(aws_sdk_autoscaling::Client::describe_scaling_activities).then_output(move || {
        let failed = at.map(|at| {
            Activity::builder()
                .start_time(DateTime::from_secs(at.as_second()))
                .status_code(ScalingActivityStatusCode::Failed)
                .status_message("We currently do not have sufficient m7g.large capacity")
                .build()
        });
        DescribeScalingActivitiesOutput::builder()
            .set_activities(Some(failed.into_iter().collect()))
            .build()
    })
}

/// What was written and asked for, in order.
type Made = Arc<Mutex<Vec<String>>>;

struct Aws {
    group: Rule,
    activity: Rule,
    update: Rule,
    put: Rule,
    kept: Arc<Mutex<Option<Item>>>,
    made: Made,
}

impl Aws {
    fn new(group: Rule) -> Self {
        let (made, kept) = (Made::default(), Arc::default());
        Self {
            group,
            activity: activity(None),
            update: updating(&made),
            put: putting(&made, &kept),
            kept,
            made,
        }
    }

    async fn asked(&self, mode: &str, now: &str, targets: &[&str]) -> Result<Reply, Error> {
        let health = mock!(aws_sdk_elasticloadbalancingv2::Client::describe_target_health).then_output(|| {
            let described = |id: &str, state| {
                let health = TargetHealth::builder().state(state).build();
                let target = TargetDescription::builder().id(id).build();
                TargetHealthDescription::builder().target(target).target_health(health).build()
            };
            DescribeTargetHealthOutput::builder()
                .target_health_descriptions(described("i-0", TargetHealthStateEnum::Healthy))
                .target_health_descriptions(described("i-1", TargetHealthStateEnum::Unhealthy))
                .build()
        });
        let clients = Clients {
            autoscaling: mock_client!(aws_sdk_autoscaling, RuleMode::MatchAny, [&self.group, &self.activity, &self.update]),
            elb: mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&health]),
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&self.put]),
            ledger: "relight-ledger".to_owned(),
        };
        let request = json!({
            "mode": mode,
            "run": "unishop-1",
            "workload": "unishop",
            "group": {"name": "shop", "fullSize": 4, "minimumHealthyPercent": 50, "targetGroups": targets},
            "since": SINCE,
            "deadline": DEADLINE,
        });
        handle(serde_json::from_value(request).unwrap(), &clients, now.parse().unwrap()).await
    }

    fn made(&self) -> Vec<String> {
        self.made.lock().unwrap().clone()
    }
}

fn updating(made: &Made) -> Rule {
    let made = made.clone();
    mock!(aws_sdk_autoscaling::Client::update_auto_scaling_group).then_compute_output(move |input| {
        made.lock().unwrap().push(format!(
            "{} to {}, {} desired",
            input.min_size().unwrap(),
            input.max_size().unwrap(),
            input.desired_capacity().unwrap()
        ));
        UpdateAutoScalingGroupOutput::builder().build()
    })
}

fn putting(made: &Made, kept: &Arc<Mutex<Option<Item>>>) -> Rule {
    let (made, kept) = (made.clone(), kept.clone());
    mock!(aws_sdk_dynamodb::Client::put_item).then_compute_output(move |input| {
        assert_eq!(input.condition_expression(), Some("attribute_not_exists(pk) OR #work <> :work"));
        made.lock().unwrap().push("kept".to_owned());
        *kept.lock().unwrap() = input.item().cloned();
        PutItemOutput::builder().build()
    })
}

#[tokio::test]
async fn what_the_sizes_were_is_kept_before_all_three_are_raised() {
    let aws = Aws::new(group([1, 1, 2], 1));
    let reply = aws.asked("execute", "2026-11-21T03:15:00Z", &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
    assert_eq!(
        reply.because,
        "asked Auto Scaling to raise shop from 1 to 2, 1 desired to 4 to 4, 4 desired"
    );
    assert_eq!(aws.made(), ["kept", "4 to 4, 4 desired"]);
    let kept = GroupSizes::from_item(aws.kept.lock().unwrap().as_ref().unwrap()).unwrap();
    assert_eq!(
        (kept.work.as_str(), kept.minimum, kept.desired, kept.maximum),
        ("unishop-1", 1, 1, 2)
    );
}

#[tokio::test]
async fn a_group_at_full_size_is_only_looked_at_and_what_fails_is_said_while_it_is_waited_for() {
    let aws = Aws {
        activity: activity(Some("2026-11-21T03:15:02Z")),
        ..Aws::new(group([4, 4, 4], 1))
    };
    let reply = aws.asked("execute", "2026-11-21T03:15:30Z", &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(
        reply.because,
        "1 of 4 instances of shop serve (2 needed); EC2 Auto Scaling says: We currently do not have sufficient m7g.large capacity"
    );
    let late = aws.asked("execute", "2026-11-21T03:30:01Z", &[]).await.unwrap_err();
    assert_eq!(late.name(), ErrorName::Permanent);
    assert!(
        chain(&late).contains("sufficient m7g.large capacity: the deadline of the run"),
        "{}",
        chain(&late)
    );
    assert!(aws.made().is_empty());
    // An activity from before the run says nothing of it.
    let aws = Aws {
        activity: activity(Some("2026-11-21T03:14:59Z")),
        ..Aws::new(group([4, 4, 4], 1))
    };
    let reply = aws.asked("execute", "2026-11-21T03:15:30Z", &[]).await.unwrap();
    assert_eq!(reply.because, "1 of 4 instances of shop serve (2 needed)");
}

#[tokio::test]
async fn enough_is_the_plans_percentage_and_only_what_the_target_groups_find_healthy() {
    let aws = Aws::new(group([4, 4, 4], 2));
    let reply = aws.asked("execute", "2026-11-21T03:15:30Z", &[]).await.unwrap();
    assert_eq!((reply.outcome, reply.serving, reply.needed), (Outcome::Unchanged, 2, 2));
    assert_eq!(reply.because, "2 of 4 instances of shop serve (2 needed)");
    let target = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";
    let reply = aws.asked("execute", "2026-11-21T03:15:30Z", &[target]).await.unwrap();
    assert_eq!((reply.outcome, reply.serving), (Outcome::Waiting, 1));
}

#[tokio::test]
async fn a_plan_lists_both_calls_and_makes_none() {
    let aws = Aws::new(group([1, 1, 2], 1));
    let reply = aws.asked("plan", "2026-11-21T03:15:00Z", &[]).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    let calls: Vec<&str> = reply.calls.iter().map(|call| call.iam_action.as_str()).collect();
    assert_eq!(calls, ["dynamodb:PutItem", "autoscaling:UpdateAutoScalingGroup"]);
    assert_eq!(reply.calls[1].arguments["DesiredCapacity"], "4");
    assert!(aws.made().is_empty());
}

#[tokio::test]
async fn sizes_that_this_chain_has_kept_stay_and_a_group_that_may_not_be_raised_is_an_error() {
    let kept = mock!(aws_sdk_dynamodb::Client::put_item)
        .then_error(|| PutItemError::generic(ErrorMetadata::builder().code("ConditionalCheckFailedException").build()));
    let aws = Aws {
        put: kept,
        ..Aws::new(group([1, 3, 4], 1))
    };
    let reply = aws.asked("execute", "2026-11-21T03:15:00Z", &[]).await.unwrap();
    assert_eq!(
        (reply.outcome, aws.made()),
        (Outcome::Waiting, vec!["4 to 4, 4 desired".to_owned()])
    );

    let denied = mock!(aws_sdk_autoscaling::Client::update_auto_scaling_group).then_error(|| {
        let meta = aws_sdk_autoscaling::error::ErrorMetadata::builder().code("AccessDenied");
        UpdateAutoScalingGroupError::generic(meta.build())
    });
    let aws = Aws {
        update: denied,
        ..Aws::new(group([1, 1, 2], 1))
    };
    let error = aws.asked("execute", "2026-11-21T03:15:00Z", &[]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert!(
        chain(&error).starts_with("raise Auto Scaling group shop: AccessDenied"),
        "{}",
        chain(&error)
    );
}
