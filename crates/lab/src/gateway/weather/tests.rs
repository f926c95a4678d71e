use super::*;
use crate::gateway::call::tests::form_call;

fn rule(json: serde_json::Value) -> Rule {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_clear_sky_does_nothing_to_a_call() {
    let weather = Weather::default();
    let call = form_call("rds", "Action=DescribeDBClusters");
    assert_eq!(weather.forecast(&call), Forecast::default());
    assert_eq!(weather.outage("us-west-1"), None);
    assert!(!weather.lacks_capacity(&call, None, None));
}

#[test]
fn a_rule_applies_as_often_as_it_says_and_no_more() {
    let weather = Weather::default();
    weather.add(rule(
        serde_json::json!({"match": {"operation": "DescribeDBClusters"}, "effect": {"kind": "throttle"}, "times": 2}),
    ));
    let call = form_call("rds", "Action=DescribeDBClusters");
    let answers: Vec<bool> = (0..4).map(|_| weather.forecast(&call).answer.is_some()).collect();
    assert_eq!(answers, [true, true, false, false]);
    assert!(weather.standing().is_empty());
}

#[test]
fn a_rule_concerns_only_the_calls_that_agree_with_all_its_fields() {
    let call = form_call("rds", "Action=DescribeDBClusters&DBClusterIdentifier=unishop-recovery");
    for (matching, applies) in [
        (serde_json::json!({}), true),
        (
            serde_json::json!({"service": "rds", "region": "us-west-1", "target": "unishop"}),
            true,
        ),
        (serde_json::json!({"service": "rds", "region": "us-east-1"}), false),
        (serde_json::json!({"caller": "open-run"}), false),
        (serde_json::json!({"target": "other"}), false),
    ] {
        let weather = Weather::default();
        weather.add(rule(serde_json::json!({"match": matching, "effect": {"kind": "throttle"}})));
        assert_eq!(weather.forecast(&call).answer.is_some(), applies, "{matching}");
    }
}

#[test]
fn delays_add_up_and_the_first_error_wins() {
    let weather = Weather::default();
    weather.add(rule(serde_json::json!({"effect": {"kind": "delay", "millis": 5}})));
    weather.add(rule(serde_json::json!({"effect": {"kind": "delay", "millis": 7}})));
    weather.add(rule(serde_json::json!({"effect": {"kind": "error", "status": 500, "code": "A"}})));
    weather.add(rule(serde_json::json!({"effect": {"kind": "throttle"}, "times": 1})));
    let forecast = weather.forecast(&form_call("rds", "Action=X"));
    assert_eq!(forecast.delay_millis, 12);
    assert!(matches!(forecast.answer, Some(Effect::Error { status: 500, .. })));
    assert_eq!(weather.standing().len(), 4, "a rule that did not apply is not used up");
}

#[test]
fn capacity_is_missing_for_one_type_in_one_subnet() {
    let weather = Weather::default();
    weather.add(rule(
        serde_json::json!({"match": {"instanceType": "m7g.large", "subnet": "subnet-a"}, "effect": {"kind": "capacity"}}),
    ));
    let call = form_call("ec2", "Action=RunInstances");
    assert!(weather.lacks_capacity(&call, Some("m7g.large"), Some("subnet-a")));
    assert!(!weather.lacks_capacity(&call, Some("m7g.large"), Some("subnet-b")));
    assert!(!weather.lacks_capacity(&call, Some("m6g.large"), Some("subnet-a")));
    assert_eq!(weather.forecast(&call), Forecast::default(), "capacity is no answer to other calls");
}

#[test]
fn what_befalls_a_call_at_work_is_no_answer_to_it_and_is_used_up_by_its_own_kind() {
    let weather = Weather::default();
    weather.add(rule(serde_json::json!({"effect": {"kind": "loseTags"}, "times": 1})));
    weather.add(rule(
        serde_json::json!({"match": {"subnet": "subnet-a"}, "effect": {"kind": "failBoot"}, "times": 1}),
    ));
    let (copy, launch) = (form_call("ec2", "Action=CopyImage"), form_call("ec2", "Action=RunInstances"));
    assert_eq!(weather.forecast(&copy), Forecast::default());
    assert!(!weather.lacks_capacity(&launch, None, Some("subnet-a")));
    assert!(!weather.fails_boot(&launch, None, Some("subnet-b")));
    assert_eq!(weather.standing().len(), 2);
    assert!(weather.loses_tags(&copy) && weather.fails_boot(&launch, None, Some("subnet-a")));
    assert!(!weather.loses_tags(&copy) && !weather.fails_boot(&launch, None, Some("subnet-a")));
}

#[test]
fn a_rule_lets_calls_of_its_callers_pass_before_it_begins() {
    let weather = Weather::default();
    weather.add(rule(
        serde_json::json!({"match": {"callers": ["open-run", "lab"]}, "after": 2, "effect": {"kind": "throttle"}, "times": 1}),
    ));
    let mut call = form_call("rds", "Action=X");
    call.caller = "site".to_owned();
    assert_eq!(weather.forecast(&call), Forecast::default());
    call.caller = "lab".to_owned();
    let answers: Vec<bool> = (0..4).map(|_| weather.forecast(&call).answer.is_some()).collect();
    assert_eq!(answers, [false, false, true, false]);
}

#[test]
fn a_misspelt_rule_is_no_rule() {
    for json in [
        serde_json::json!({"effect": {"kind": "throttle"}, "time": 1}),
        serde_json::json!({"match": {"op": "X"}, "effect": {"kind": "throttle"}}),
        serde_json::json!({"effect": {"kind": "delay"}}),
        serde_json::json!({"effect": {"kind": "throttle"}, "times": 0}),
    ] {
        assert!(serde_json::from_value::<Rule>(json.clone()).is_err(), "{json}");
    }
}

#[test]
fn what_is_told_of_replicas_and_groups_is_no_answer_and_uses_up_nothing() {
    let weather = Weather::default();
    weather.add(rule(
        serde_json::json!({"match": {"target": "orders"}, "effect": {"kind": "replica", "region": "us-west-1", "status": "CREATING"}, "times": 1}),
    ));
    weather.add(rule(
        serde_json::json!({"match": {"service": "autoscaling"}, "effect": {"kind": "unhealthy", "percent": 50}}),
    ));
    let mut look = form_call("dynamodb", "");
    assert!(weather.replicas(&look).is_empty());
    look.target = Some("unishop-orders".to_owned());
    for _ in 0..2 {
        assert_eq!(weather.forecast(&look), Forecast::default());
        assert_eq!(weather.replicas(&look).get("us-west-1").map(String::as_str), Some("CREATING"));
    }
    let group = form_call("autoscaling", "Action=DescribeAutoScalingGroups");
    assert_eq!([0, 1, 2, 3].map(|launched| weather.unhealthy(&group, launched)), [0, 1, 1, 2]);
    assert_eq!(weather.unhealthy(&form_call("ec2", "Action=X"), 2), 0);
}
