//! The action against mocked AWS: which calls are made, which are not, how errors are named, and that twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::describe_instances::{DescribeInstancesError, DescribeInstancesOutput};
use aws_sdk_ec2::operation::terminate_instances::{TerminateInstancesError, TerminateInstancesOutput};
use aws_sdk_ec2::types::{Filter, Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;
use terminate_instances::error::Error;
use terminate_instances::io::{Reply, Request};

const RUN: &str = "unishop-20261121T031502Z";
const FIRST: &str = "i-0000000000000000a";
const SECOND: &str = "i-0000000000000000b";

fn request(mode: &str) -> Request {
    serde_json::from_value(json!({
        "mode": mode,
        "run": RUN,
        "workload": "unishop",
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    }))
    .unwrap()
}

async fn handle_at(time: &str, mode: &str, rules: &[&Rule]) -> Result<Reply, Error> {
    let ec2 = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, rules.iter().copied());
    let now = format!("2026-11-21T{time}Z").parse().unwrap();
    terminate_instances::handle(request(mode), &ec2, now).await
}

async fn handle(mode: &str, rules: &[&Rule]) -> Result<Reply, Error> {
    handle_at("03:16:30", mode, rules).await
}

fn instance(id: &str, run: &str, state: InstanceStateName) -> Instance {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    Instance::builder()
        .instance_id(id)
        .state(InstanceState::builder().name(state).build())
        .tags(tag("relight:run", run))
        .tags(tag("relight:workload", "unishop"))
        .build()
}

fn filtered(filters: &[Filter]) -> bool {
    let asked = |name: &str, value: &str| {
        let filter = filters.iter().find(|filter| filter.name() == Some(name));
        filter.is_some_and(|filter| filter.values() == [value])
    };
    asked("tag:relight:run", RUN) && asked("tag:relight:workload", "unishop")
}

fn lists(instances: &'static [(&str, InstanceStateName)]) -> Rule {
    mock!(Client::describe_instances)
        .match_requests(|input| filtered(input.filters()))
        .then_output(move || {
            // Each in a reservation of its own, as two launches give.
            let each = instances
                .iter()
                .map(|(id, state)| Reservation::builder().instances(instance(id, RUN, state.clone())).build());
            DescribeInstancesOutput::builder().set_reservations(Some(each.collect())).build()
        })
}

fn terminates(ids: &'static [&str]) -> Rule {
    mock!(Client::terminate_instances)
        .match_requests(move |input| input.instance_ids() == ids && input.dry_run().is_none())
        .then_output(|| TerminateInstancesOutput::builder().build())
}

fn refuses(dry: bool, code: &'static str) -> Rule {
    mock!(Client::terminate_instances)
        .match_requests(move |input| (input.dry_run() == Some(true)) == dry)
        .then_error(move || TerminateInstancesError::generic(ErrorMetadata::builder().code(code).message("said EC2").build()))
}

#[tokio::test]
async fn twice_is_once_what_is_terminated_is_left_alone() {
    let terminates = terminates(&[]);
    let gone = lists(&[(FIRST, InstanceStateName::Terminated)]);
    let first = handle("execute", &[&gone, &terminates]).await.unwrap();
    assert_eq!(handle("execute", &[&gone, &terminates]).await.unwrap(), first);
    assert_eq!(
        serde_json::to_value(&first).unwrap(),
        json!({
            "outcome": "unchanged",
            "retryAfterSeconds": null,
            "because": format!("{FIRST} is terminated"),
            "instances": [FIRST],
            "calls": [],
        })
    );
    let none = handle("execute", &[&lists(&[]), &terminates]).await.unwrap();
    assert_eq!((none.outcome, none.instances.len()), (Outcome::Unchanged, 0));
    assert_eq!(none.because, format!("run {RUN} of unishop has no instance"));
    assert_eq!(terminates.num_calls(), 0);
}

#[tokio::test]
async fn terminates_those_that_live_in_one_call_and_waits() {
    let terminates = terminates(&[FIRST, SECOND]);
    let seen = lists(&[
        (FIRST, InstanceStateName::Running),
        ("i-0000000000000000c", InstanceStateName::Terminated),
        (SECOND, InstanceStateName::Pending),
    ]);
    let reply = handle("execute", &[&seen, &terminates]).await.unwrap();
    assert_eq!(terminates.num_calls(), 1);
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(reply.because, format!("asked EC2 to terminate {FIRST}, {SECOND}"));
    assert_eq!(reply.instances.len(), 3);
}

#[tokio::test]
async fn what_is_shutting_down_is_waited_for_and_not_asked_again() {
    let terminates = terminates(&[]);
    let seen = lists(&[(FIRST, InstanceStateName::ShuttingDown), (SECOND, InstanceStateName::Terminated)]);
    let reply = handle("execute", &[&seen, &terminates]).await.unwrap();
    assert_eq!((reply.outcome, terminates.num_calls()), (Outcome::Waiting, 0));
    assert_eq!(reply.because, format!("{FIRST} is shutting down"));
    let error = handle_at("03:30:01", "execute", &[&seen]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("{FIRST} is not terminated yet, and not waited for any longer: the deadline of the run, 2026-11-21T03:30:00Z, has passed")
    );
}

#[tokio::test]
async fn a_late_run_is_cleared_away_all_the_same() {
    let terminates = terminates(&[FIRST]);
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    let error = handle_at("03:30:01", "execute", &[&seen, &terminates]).await.unwrap_err();
    assert_eq!((error.name(), terminates.num_calls()), (ErrorName::Permanent, 1));
}

#[tokio::test]
async fn plan_mode_names_the_call_and_tries_it_dry() {
    let (terminates, dry) = (terminates(&[FIRST]), refuses(true, "DryRunOperation"));
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    let reply = handle_at("04:00:00", "plan", &[&seen, &terminates, &dry]).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Planned, None));
    assert_eq!(
        reply.because,
        format!("would call ec2:TerminateInstances in the recovery Region on {FIRST}")
    );
    assert_eq!((terminates.num_calls(), dry.num_calls()), (0, 1));
}

#[tokio::test]
async fn plan_mode_says_what_is_to_come_where_nothing_is_launched_yet_and_tries_nothing() {
    let dry = refuses(true, "DryRunOperation");
    let reply = handle("plan", &[&lists(&[]), &dry]).await.unwrap();
    assert_eq!((reply.outcome, dry.num_calls()), (Outcome::Planned, 0));
    assert_eq!(
        reply.because,
        format!("would call ec2:TerminateInstances in the recovery Region on the instances that run {RUN} launches; there are none now")
    );
    let leaving = lists(&[(FIRST, InstanceStateName::ShuttingDown)]);
    let reply = handle("plan", &[&leaving, &dry]).await.unwrap();
    assert_eq!(reply.because, format!("would wait, since {FIRST} is shutting down"));
    let gone = lists(&[(FIRST, InstanceStateName::Terminated)]);
    assert_eq!(handle("plan", &[&gone, &dry]).await.unwrap().outcome, Outcome::Unchanged);
    assert_eq!(dry.num_calls(), 0);
}

#[tokio::test]
async fn a_dry_run_that_would_fail_is_an_error_by_its_own_name() {
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    for (code, name) in [
        ("UnauthorizedOperation", ErrorName::Permanent),
        ("OperationNotPermitted", ErrorName::Permanent),
        ("RequestLimitExceeded", ErrorName::Transient),
    ] {
        let error = handle("plan", &[&seen, &refuses(true, code)]).await.unwrap_err();
        assert_eq!(error.name(), name, "{code}");
        assert!(chain(&error).ends_with(&format!("{code} (said EC2)")), "{}", chain(&error));
    }
}

#[tokio::test]
async fn an_instance_of_another_run_in_the_answer_is_refused_and_named() {
    let ignored = mock!(Client::describe_instances).then_output(|| {
        let both = Reservation::builder()
            .instances(instance(FIRST, RUN, InstanceStateName::Running))
            .instances(instance(SECOND, "unishop-20261101T000000Z", InstanceStateName::Running));
        DescribeInstancesOutput::builder().reservations(both.build()).build()
    });
    let terminates = mock!(Client::terminate_instances).then_output(|| TerminateInstancesOutput::builder().build());
    for mode in ["execute", "plan"] {
        let error = handle(mode, &[&ignored, &terminates]).await.unwrap_err();
        assert_eq!((error.name(), terminates.num_calls()), (ErrorName::Refused, 0));
        assert!(
            chain(&error).contains(&format!("listed {SECOND} too, whose tag relight:run is unishop-20261101T000000Z")),
            "{}",
            chain(&error)
        );
    }
}

#[tokio::test]
async fn a_protected_instance_is_permanent_with_the_remedy() {
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    let error = handle("execute", &[&seen, &refuses(false, "OperationNotPermitted")])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!(
            "terminate {FIRST}, of which one is protected from it: take its termination protection (disableApiTermination) away and \
             call again: OperationNotPermitted (said EC2)"
        )
    );
}

#[tokio::test]
async fn an_instance_that_vanished_since_it_was_listed_is_looked_for_again() {
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    let reply = handle("execute", &[&seen, &refuses(false, "InvalidInstanceID.NotFound")])
        .await
        .unwrap();
    assert_eq!(reply.outcome, Outcome::Waiting);
    assert_eq!(
        reply.because,
        format!("EC2 does not find {FIRST} just now: InvalidInstanceID.NotFound (said EC2)")
    );
}

#[tokio::test]
async fn other_refusals_are_named_as_aws_means_them() {
    let seen = lists(&[(FIRST, InstanceStateName::Running)]);
    for (code, name) in [
        ("UnauthorizedOperation", ErrorName::Permanent),
        ("RequestLimitExceeded", ErrorName::Transient),
    ] {
        let error = handle("execute", &[&seen, &refuses(false, code)]).await.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(chain(&error), format!("terminate {FIRST}: {code} (said EC2)"));
    }
    let silent = mock!(Client::describe_instances)
        .then_error(|| DescribeInstancesError::generic(ErrorMetadata::builder().code("UnauthorizedOperation").build()));
    let error = handle("execute", &[&silent]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("describe the instances of run {RUN}: UnauthorizedOperation (no message)")
    );
}

#[tokio::test]
async fn a_large_fleet_keeps_the_reply_small() {
    let seen = mock!(Client::describe_instances).then_output(|| {
        let all = (0..100).map(|number| instance(&format!("i-{number:017x}"), RUN, InstanceStateName::Running));
        let reservation = Reservation::builder().set_instances(Some(all.collect())).build();
        DescribeInstancesOutput::builder().reservations(reservation).build()
    });
    let terminates = mock!(Client::terminate_instances)
        .match_requests(|input| input.instance_ids().len() == 100)
        .then_output(|| TerminateInstancesOutput::builder().build());
    let reply = handle("execute", &[&seen, &terminates]).await.unwrap();
    assert_eq!((terminates.num_calls(), reply.instances.len()), (1, 64));
    assert!(serde_json::to_string(&reply).unwrap().len() < 4096);
}

#[test]
fn an_unknown_field_is_refused() {
    let mut request = serde_json::to_value(request("execute")).unwrap();
    request["all"] = json!(true);
    let error = serde_json::from_value::<Request>(request).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `all`"), "{error}");
}
