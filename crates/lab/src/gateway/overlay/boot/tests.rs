//! What instances show at which time.

use super::*;
use crate::gateway::call::tests::form_call;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Boots with `i-1` launched at 100: pending until 104, initializing until 112.
fn booting() -> Boots {
    let boots = Boots::new(Times::default());
    let answer = "<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></RunInstancesResponse>";
    assert_eq!(boots.launched(&xml::parse(answer.as_bytes()).unwrap(), at(100), false), ["i-1"]);
    boots
}

fn described(boots: &Boots, parameters: &str, state: &str, now: Timestamp) -> Vec<String> {
    let body = format!(
        "<R><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>{state}</name></instanceState></item></instancesSet></item></reservationSet></R>"
    );
    let mut root = xml::parse(body.as_bytes()).unwrap();
    boots.after(&form_call("ec2", &format!("Action=DescribeInstances{parameters}")), &mut root, now);
    let reservations = xml::elements(root.get_child("reservationSet").unwrap());
    reservations
        .filter_map(|reservation| xml::text(reservation, &["instancesSet", "item", "instanceState", "name"]))
        .collect()
}

fn checked(boots: &Boots, parameters: &str, now: Timestamp) -> Vec<(String, String)> {
    let check = "<status>ok</status><details><item><name>reachability</name><status>passed</status></item></details>";
    let body = format!(
        "<R><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState><instanceStatus>{check}</instanceStatus><systemStatus>{check}</systemStatus></item></instanceStatusSet></R>"
    );
    let mut root = xml::parse(body.as_bytes()).unwrap();
    boots.after(
        &form_call("ec2", &format!("Action=DescribeInstanceStatus{parameters}")),
        &mut root,
        now,
    );
    xml::elements(root.get_child("instanceStatusSet").unwrap())
        .map(|item| {
            let told = |path: &[&str]| xml::text(item, path).unwrap_or_default();
            assert_eq!(told(&["instanceStatus", "status"]), told(&["systemStatus", "status"]));
            (told(&["instanceState", "name"]), told(&["systemStatus", "status"]))
        })
        .collect()
}

#[test]
fn an_instance_that_was_not_launched_here_is_shown_as_it_is() {
    let boots = Boots::new(Times::default());
    assert!(!boots.completes(&form_call("ec2", "Action=DescribeInstances")));
    assert_eq!(described(&boots, "", "running", at(100)), ["running"]);
}

#[test]
fn an_instance_is_pending_then_running() {
    for (second, state) in [(100, "pending"), (103, "pending"), (104, "running"), (200, "running")] {
        assert_eq!(described(&booting(), "", "running", at(second)), [state], "at {second}");
    }
    assert_eq!(described(&booting(), "", "terminated", at(101)), ["terminated"]);
}

#[test]
fn status_checks_begin_when_it_runs_and_initialize_before_they_pass() {
    let shown = |second, parameters| checked(&booting(), parameters, at(second));
    let pair = |state: &str, check: &str| vec![(state.to_owned(), check.to_owned())];
    assert_eq!(shown(101, ""), []);
    assert_eq!(shown(101, "&IncludeAllInstances=true"), pair("pending", "not-applicable"));
    assert_eq!(shown(104, ""), pair("running", "initializing"));
    assert_eq!(shown(112, ""), pair("running", "ok"));
}

#[test]
fn filters_on_states_see_the_states_that_are_shown() {
    let running = "&Filter.1.Name=instance-state-name&Filter.1.Value.1=running";
    let pending = "&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending";
    assert!(described(&booting(), running, "running", at(101)).is_empty());
    assert_eq!(described(&booting(), pending, "running", at(101)), ["pending"]);
    let ok = "&Filter.1.Name=instance-status.status&Filter.1.Value.1=ok";
    assert!(checked(&booting(), ok, at(105)).is_empty());
    assert_eq!(checked(&booting(), ok, at(112)).len(), 1);
}

#[test]
fn only_filters_on_states_are_kept_from_the_emulator() {
    let call = form_call(
        "ec2",
        "Action=DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending&Filter.2.Name=tag%3Ak&Filter.2.Value.1=v",
    );
    let Step::ForwardInstead(form) = booting().before(&call, at(101)) else {
        panic!("the filter on states was sent on");
    };
    assert_eq!(form, "Action=DescribeInstances&Filter.1.Name=tag%3Ak&Filter.1.Value.1=v");
    let call = form_call("ec2", "Action=DescribeInstances&InstanceId.1=i-1");
    assert!(matches!(booting().before(&call, at(101)), Step::Forward));
}

#[test]
fn a_pending_instance_gets_no_address() {
    let call = form_call("ec2", "Action=AssociateAddress&AllocationId=eipalloc-1&InstanceId=i-1");
    assert!(matches!(booting().before(&call, at(104)), Step::Forward));
    let Step::Answer(answer, _) = booting().before(&call, at(103)) else {
        panic!("a pending instance got an address");
    };
    let code = crate::gateway::fault::code(answer.headers(), answer.body());
    assert_eq!(code.as_deref(), Some("InvalidInstanceID"));
}

/// A TerminateInstances answer of moto's, completed: the state before and after.
fn terminate(boots: &Boots, before: &str, now: Timestamp) -> (String, String) {
    let body = format!(
        "<R><instancesSet><item><instanceId>i-1</instanceId><currentState><code>32</code><name>shutting-down</name></currentState><previousState><code>0</code><name>{before}</name></previousState></item></instancesSet></R>"
    );
    let mut root = xml::parse(body.as_bytes()).unwrap();
    boots.after(&form_call("ec2", "Action=TerminateInstances&InstanceId.1=i-1"), &mut root, now);
    let told = |state| xml::text(&root, &["instancesSet", "item", state, "name"]).unwrap();
    (told("previousState"), told("currentState"))
}

#[test]
fn a_terminated_instance_shuts_down_first_and_terminating_it_again_changes_nothing() {
    let boots = Boots::new(Times::default());
    let pair = |before: &str, after: &str| (before.to_owned(), after.to_owned());
    assert_eq!(terminate(&boots, "running", at(100)), pair("running", "shutting-down"));
    assert!(boots.completes(&form_call("ec2", "Action=DescribeInstances")));
    assert_eq!(terminate(&boots, "terminated", at(101)), pair("shutting-down", "shutting-down"));
    for (second, state) in [(101, "shutting-down"), (102, "terminated")] {
        assert_eq!(described(&boots, "", "terminated", at(second)), [state], "at {second}");
    }
    assert_eq!(terminate(&boots, "terminated", at(102)), pair("terminated", "terminated"));
    let ended = "&Filter.1.Name=instance-state-name&Filter.1.Value.1=terminated";
    assert!(described(&boots, ended, "terminated", at(101)).is_empty());
}

#[test]
fn an_instance_whose_image_does_not_boot_is_impaired_once_its_checks_are_through() {
    let boots = booting();
    boots.with(|lives| lives.launched.values_mut().for_each(|launched| launched.impaired = true));
    let check = "<status>ok</status><details><item><name>reachability</name><status>passed</status></item></details>";
    let shown = |second| {
        let body = format!(
            "<R><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState><instanceStatus>{check}</instanceStatus><systemStatus>{check}</systemStatus></item></instanceStatusSet></R>"
        );
        let mut root = xml::parse(body.as_bytes()).unwrap();
        boots.after(&form_call("ec2", "Action=DescribeInstanceStatus"), &mut root, at(second));
        let told = |path: &[&str]| xml::text(&root, &[&["instanceStatusSet", "item"], path].concat()).unwrap_or_default();
        let detail = told(&["instanceStatus", "details", "item", "status"]);
        [told(&["instanceStatus", "status"]), detail, told(&["systemStatus", "status"])]
    };
    assert_eq!(shown(111), ["initializing", "initializing", "initializing"]);
    assert_eq!(shown(112), ["impaired", "failed", "ok"]);
    assert_eq!(described(&boots, "", "running", at(112)), ["running"]);
}
