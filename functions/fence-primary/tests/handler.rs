//! The action against mocked AWS: which calls are made, which are not, and that it ends whatever the Region does.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::{Duration, Instant};

use action::clock::Bound;
use action::{ErrorName, NamedError as _, Outcome};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::{DescribeAutoScalingGroupsError, DescribeAutoScalingGroupsOutput};
use aws_sdk_autoscaling::operation::update_auto_scaling_group::UpdateAutoScalingGroupOutput;
use aws_sdk_autoscaling::types::{AutoScalingGroup, TagDescription};
use aws_sdk_ec2::operation::describe_instances::{DescribeInstancesError, DescribeInstancesOutput};
use aws_sdk_ec2::operation::stop_instances::{StopInstancesError, StopInstancesOutput};
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::types::InvocationType;
use aws_smithy_http_client::test_util::NeverClient;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::Blob;
use aws_smithy_types::error::ErrorMetadata;
use fence_primary::Clients;
use fence_primary::error::Error;
use fence_primary::io::{FenceCall, Fenced, Reply, Request};
use serde_json::{Value, json};

const RUN: &str = "unishop-20261121T031502Z";
const ONE: &str = "i-0000000000000000a";
const TWO: &str = "i-0000000000000000b";
const FUNCTION: &str = "arn:aws:lambda:us-west-1:123456789012:function:relight-unishop-fence";

fn request(mode: &str, fence: &Value) -> Request {
    serde_json::from_value(json!({
        "mode": mode,
        "run": RUN,
        "workload": "unishop",
        "primaryRegion": "us-east-1",
        "recoveryRegion": "us-west-1",
        "fence": fence,
    }))
    .unwrap()
}

async fn handle_with(mode: &str, fence: &Value, groups: &[&Rule], instances: &[&Rule], functions: &[&Rule]) -> Reply {
    let clients = Clients {
        autoscaling: mock_client!(aws_sdk_autoscaling, RuleMode::MatchAny, groups.iter().copied()),
        ec2: mock_client!(aws_sdk_ec2, RuleMode::MatchAny, instances.iter().copied()),
        lambda: mock_client!(aws_sdk_lambda, RuleMode::MatchAny, functions.iter().copied()),
    };
    let bound = Bound::within(Duration::from_secs(10));
    let reply = fence_primary::handle(request(mode, fence), |_| clients, &bound).await.unwrap();
    assert!(serde_json::to_string(&reply).unwrap().len() <= Reply::MOST_BYTES);
    reply
}

async fn handle(mode: &str, groups: &[&Rule], instances: &[&Rule]) -> Reply {
    handle_with(mode, &json!("try"), groups, instances, &[]).await
}

fn group(name: &str, sizes: (i32, i32, i32)) -> AutoScalingGroup {
    AutoScalingGroup::builder()
        .auto_scaling_group_name(name)
        .min_size(sizes.0)
        .max_size(sizes.1)
        .desired_capacity(sizes.2)
        .default_cooldown(0)
        .availability_zones("us-east-1a")
        .health_check_type("EC2")
        .created_time(aws_smithy_types::DateTime::from_secs(0))
        .tags(TagDescription::builder().key("relight:workload").value("unishop").build())
        .build()
}

fn lists_groups(names: &'static [&str], sizes: (i32, i32, i32)) -> Rule {
    mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .match_requests(|input| {
            let filters = input.filters();
            filters.len() == 1 && filters[0].name() == Some("tag:relight:workload") && filters[0].values() == ["unishop"]
        })
        .then_output(move || {
            let groups = names.iter().map(|name| group(name, sizes)).collect();
            DescribeAutoScalingGroupsOutput::builder()
                .set_auto_scaling_groups(Some(groups))
                .build()
        })
}

fn empties(name: &'static str) -> Rule {
    mock!(aws_sdk_autoscaling::Client::update_auto_scaling_group)
        .match_requests(move |input| {
            input.auto_scaling_group_name() == Some(name)
                && (input.min_size(), input.max_size(), input.desired_capacity()) == (Some(0), Some(0), Some(0))
        })
        .then_output(|| UpdateAutoScalingGroupOutput::builder().build())
}

fn lists_instances(instances: &'static [(&str, InstanceStateName)]) -> Rule {
    mock!(aws_sdk_ec2::Client::describe_instances)
        .match_requests(|input| {
            let filters = input.filters();
            filters.len() == 1 && filters[0].name() == Some("tag:relight:workload") && filters[0].values() == ["unishop"]
        })
        .then_output(move || {
            let each = instances.iter().map(|(id, state)| {
                let instance = Instance::builder()
                    .instance_id(*id)
                    .state(InstanceState::builder().name(state.clone()).build())
                    .tags(Tag::builder().key("relight:workload").value("unishop").build());
                Reservation::builder().instances(instance.build()).build()
            });
            DescribeInstancesOutput::builder().set_reservations(Some(each.collect())).build()
        })
}

fn stops(ids: &'static [&str]) -> Rule {
    mock!(aws_sdk_ec2::Client::stop_instances)
        .match_requests(move |input| input.instance_ids() == ids && input.dry_run().is_none())
        .then_output(|| StopInstancesOutput::builder().build())
}

fn refuses_to_stop(ids: &'static [&str], dry: bool, code: &'static str) -> Rule {
    mock!(aws_sdk_ec2::Client::stop_instances)
        .match_requests(move |input| input.instance_ids() == ids && (input.dry_run() == Some(true)) == dry)
        .then_error(move || StopInstancesError::generic(ErrorMetadata::builder().code(code).message("said EC2").build()))
}

#[tokio::test]
async fn twice_is_once_what_is_stopped_is_left_alone() {
    let (empties, stops) = (empties("shop"), stops(&[ONE]));
    let groups = lists_groups(&["shop"], (0, 0, 0));
    let stopped = lists_instances(&[(ONE, InstanceStateName::Stopped), (TWO, InstanceStateName::Terminated)]);
    let first = handle("execute", &[&groups, &empties], &[&stopped, &stops]).await;
    assert_eq!(handle("execute", &[&groups, &empties], &[&stopped, &stops]).await, first);
    assert_eq!(
        serde_json::to_value(&first).unwrap(),
        json!({
            "outcome": "unchanged",
            "because": "nothing in us-east-1 runs with the tag relight:workload=unishop: there is nothing to fence",
            "fenced": [],
            "notFenced": [],
            "leftOut": 0,
            "calls": [],
        })
    );
    assert_eq!((empties.num_calls(), stops.num_calls()), (0, 0));
}

#[tokio::test]
async fn groups_are_set_to_zero_with_their_sizes_remembered_and_instances_are_stopped() {
    let (empties, stops) = (empties("shop"), stops(&[ONE, TWO]));
    let groups = lists_groups(&["shop"], (1, 4, 2));
    let running = lists_instances(&[(ONE, InstanceStateName::Running), (TWO, InstanceStateName::Pending)]);
    let reply = handle("execute", &[&groups, &empties], &[&running, &stops]).await;
    assert_eq!((empties.num_calls(), stops.num_calls()), (1, 1));
    assert_eq!((reply.outcome, reply.not_fenced.len()), (Outcome::Changed, 0));
    assert_eq!(
        serde_json::to_value(&reply.fenced).unwrap(),
        json!([
            {"group": {"name": "shop", "minSize": 1, "maxSize": 4, "desiredCapacity": 2}},
            {"instance": ONE},
            {"instance": TWO},
        ])
    );
    assert_eq!(
        reply.because,
        format!("stopped in us-east-1: group shop (was min 1, max 4, desired 2), {ONE}, {TWO}")
    );
}

#[tokio::test]
async fn plan_mode_stops_nothing_and_asks_ec2_whether_it_could() {
    let (empties, dry, stops) = (empties("shop"), refuses_to_stop(&[ONE], true, "DryRunOperation"), stops(&[ONE]));
    let groups = lists_groups(&["shop"], (1, 4, 2));
    let running = lists_instances(&[(ONE, InstanceStateName::Running)]);
    let reply = handle("plan", &[&groups, &empties], &[&running, &dry, &stops]).await;
    assert_eq!((empties.num_calls(), dry.num_calls(), stops.num_calls()), (0, 1, 0));
    assert_eq!((reply.outcome, reply.fenced.len()), (Outcome::Planned, 2));
    let calls: Vec<&str> = reply.calls.iter().map(|call| call.iam_action.as_str()).collect();
    assert_eq!(calls, ["autoscaling:UpdateAutoScalingGroup", "ec2:StopInstances"]);
    assert_eq!(reply.calls[0].arguments["DesiredCapacity"], "0");
    assert_eq!(
        reply.because,
        format!("would stop in us-east-1: group shop (was min 1, max 4, desired 2), {ONE}")
    );
    let denied = refuses_to_stop(&[ONE], true, "UnauthorizedOperation");
    let reply = handle("plan", &[&lists_groups(&[], (0, 0, 0))], &[&running, &denied]).await;
    assert_eq!((reply.outcome, reply.fenced.len()), (Outcome::Planned, 0));
    assert_eq!(reply.not_fenced[0].because, "UnauthorizedOperation (said EC2)");
}

#[tokio::test]
async fn one_that_cannot_be_stopped_keeps_no_other_running() {
    let all = refuses_to_stop(&[ONE, TWO], false, "UnsupportedOperation");
    let first = refuses_to_stop(&[ONE], false, "UnsupportedOperation");
    let second = stops(&[TWO]);
    let running = lists_instances(&[(ONE, InstanceStateName::Running), (TWO, InstanceStateName::Running)]);
    let reply = handle("execute", &[&lists_groups(&[], (0, 0, 0))], &[&running, &all, &first, &second]).await;
    assert_eq!((all.num_calls(), first.num_calls(), second.num_calls()), (1, 1, 1));
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(reply.fenced, [Fenced::Instance(TWO.parse().unwrap())]);
    assert_eq!(
        reply.because,
        format!(
            "stopped in us-east-1: {TWO}; not stopped in us-east-1: {ONE} (UnsupportedOperation (said EC2)); a person must keep that from \
             taking writes"
        )
    );
}

#[tokio::test]
async fn a_region_that_denies_is_said_and_nothing_is_changed() {
    let groups = mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .then_error(|| DescribeAutoScalingGroupsError::generic(ErrorMetadata::builder().code("AccessDenied").build()));
    let instances = mock!(aws_sdk_ec2::Client::describe_instances)
        .then_error(|| DescribeInstancesError::generic(ErrorMetadata::builder().code("UnauthorizedOperation").build()));
    let reply = handle("execute", &[&groups], &[&instances]).await;
    assert_eq!((reply.outcome, reply.fenced.len()), (Outcome::Unchanged, 0));
    let said: Vec<&str> = reply.not_fenced.iter().map(|left| left.because.as_str()).collect();
    assert_eq!(said, ["AccessDenied (no message)", "UnauthorizedOperation (no message)"]);
}

/// Clients whose calls never come back.
fn silent() -> Clients {
    macro_rules! never {
        ($sdk:ident) => {
            $sdk::Client::from_conf(
                $sdk::Config::builder()
                    .behavior_version_latest()
                    .region($sdk::config::Region::new("us-east-1"))
                    .with_test_defaults()
                    .http_client(NeverClient::new())
                    .build(),
            )
        };
    }
    Clients {
        autoscaling: never!(aws_sdk_autoscaling),
        ec2: never!(aws_sdk_ec2),
        lambda: never!(aws_sdk_lambda),
    }
}

#[tokio::test]
async fn a_region_that_never_answers_ends_with_the_bound_and_says_what_a_person_must_do() {
    for mode in ["execute", "plan"] {
        let begun = Instant::now();
        let bound = Bound::within(Duration::from_millis(100));
        let reply = fence_primary::handle(request(mode, &json!("try")), |_| silent(), &bound)
            .await
            .unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(
            (reply.outcome, reply.fenced.len(), reply.not_fenced.len()),
            (Outcome::Unchanged, 0, 2)
        );
        assert_eq!(
            reply.because,
            "us-east-1 did not answer (no answer within 12 s): its groups and instances were not stopped; a person must keep them from taking \
             writes when it comes back"
        );
    }
}

#[tokio::test]
async fn a_stop_over_which_the_service_broke_down_may_have_been_made_and_counts_as_a_change() {
    let running = lists_instances(&[(ONE, InstanceStateName::Running)]);
    let lost = mock!(aws_sdk_ec2::Client::stop_instances).then_http_response(|| {
        aws_smithy_runtime_api::http::Response::new(500.try_into().unwrap(), aws_smithy_types::body::SdkBody::empty())
    });
    let reply = handle("execute", &[&lists_groups(&[], (0, 0, 0))], &[&running, &lost]).await;
    assert_eq!(
        (reply.outcome, reply.fenced.len(), reply.not_fenced.len()),
        (Outcome::Changed, 0, 1)
    );
}

fn answers(kind: InvocationType, error: Option<&'static str>) -> Rule {
    mock!(aws_sdk_lambda::Client::invoke)
        .match_requests(move |input| {
            let payload: Value = serde_json::from_slice(input.payload().unwrap().as_ref()).unwrap();
            input.function_name() == Some(FUNCTION)
                && input.invocation_type() == Some(&kind)
                && payload["primaryRegion"] == "us-east-1"
                && serde_json::from_value::<FenceCall>(payload).is_ok()
        })
        .then_output(move || {
            let said = error.map(|error| Blob::new(json!({ "errorMessage": error }).to_string()));
            InvokeOutput::builder()
                .status_code(200)
                .set_function_error(error.map(|_| "Unhandled".to_owned()))
                .set_payload(said)
                .build()
        })
}

#[tokio::test]
async fn a_plans_own_fence_is_called_with_what_the_documentation_says() {
    let fence = json!({ "function": FUNCTION });
    let (runs, dry) = (
        answers(InvocationType::RequestResponse, None),
        answers(InvocationType::DryRun, None),
    );
    let reply = handle_with("execute", &fence, &[], &[], &[&runs, &dry]).await;
    assert_eq!((runs.num_calls(), dry.num_calls()), (1, 0));
    assert_eq!((reply.outcome, reply.fenced.len()), (Outcome::Changed, 1));
    assert_eq!(reply.because, format!("stopped in us-east-1: whatever {FUNCTION} stops"));
    let reply = handle_with("plan", &fence, &[], &[], &[&runs, &dry]).await;
    assert_eq!((runs.num_calls(), dry.num_calls()), (1, 1));
    assert_eq!(reply.outcome, Outcome::Planned);
}

#[tokio::test]
async fn a_fence_of_the_plan_that_fails_may_have_stopped_something_and_one_that_is_denied_has_not() {
    let fence = json!({ "function": FUNCTION });
    let fails = answers(InvocationType::RequestResponse, Some("no route to host"));
    let reply = handle_with("execute", &fence, &[], &[], &[&fails]).await;
    assert_eq!((reply.outcome, fails.num_calls()), (Outcome::Changed, 1));
    assert_eq!(reply.not_fenced[0].because, "Unhandled: no route to host");
    let denies = mock!(aws_sdk_lambda::Client::invoke)
        .then_error(|| InvokeError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build()));
    let reply = handle_with("execute", &fence, &[], &[], &[&denies]).await;
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(reply.not_fenced[0].because, "AccessDeniedException (no)");
}

#[tokio::test]
async fn a_plan_without_a_fence_calls_nothing() {
    let reply = handle_with("execute", &json!("skip"), &[], &[], &[]).await;
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Unchanged, "the plan says that nothing is fenced")
    );
}

#[tokio::test]
async fn a_recovery_never_fences_itself() {
    let mut request = request("execute", &json!("try"));
    request.recovery_region = request.primary_region.clone();
    let bound = Bound::within(Duration::from_secs(1));
    let error = fence_primary::handle(request, |_| silent(), &bound).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(matches!(error, Error::SameRegion(_)));
}

#[tokio::test]
async fn a_large_fleet_keeps_the_reply_small_and_says_what_is_left_out() {
    let groups = mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups).then_output(|| {
        let groups = (0..40).map(|number| group(&format!("{}-{number}", "g".repeat(200)), (1, 4, 2)));
        DescribeAutoScalingGroupsOutput::builder()
            .set_auto_scaling_groups(Some(groups.collect()))
            .build()
    });
    let empties =
        mock!(aws_sdk_autoscaling::Client::update_auto_scaling_group).then_output(|| UpdateAutoScalingGroupOutput::builder().build());
    let reply = handle("execute", &[&groups, &empties], &[&lists_instances(&[])]).await;
    assert_eq!((empties.num_calls(), reply.fenced.len() + reply.left_out), (40, 40));
    assert!(reply.left_out > 0);
}
