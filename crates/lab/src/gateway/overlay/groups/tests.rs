use serde_json::json;

use super::*;
use crate::gateway::call::tests::form_call;

const LOOK: &str = "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=shop";
const RAISE: &str = "Action=UpdateAutoScalingGroup&AutoScalingGroupName=shop&DesiredCapacity=2";

fn listed(ids: &[&str]) -> Element {
    let instances: String = ids
        .iter()
        .map(|id| {
            format!(
                "<member><InstanceId>{id}</InstanceId><InstanceType>m7g.large</InstanceType><AvailabilityZone>us-west-1a</AvailabilityZone><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
            )
        })
        .collect();
    let text = format!(
        "<R><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>shop</AutoScalingGroupName><Instances>{instances}</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></R>"
    );
    xml::parse(text.as_bytes()).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// The instances as they are shown, state and health each.
fn shown(groups: &Groups, ids: &[&str], now: i64) -> Vec<(String, String)> {
    let mut root = listed(ids);
    groups.after(&form_call("autoscaling", LOOK), &mut root, at(now));
    let path = ["DescribeAutoScalingGroupsResult", "AutoScalingGroups", "member", "Instances"];
    let instances = xml::descend(&root, &path).unwrap();
    let told = |instance, name| xml::text(instance, &[name]).unwrap();
    xml::elements(instances)
        .map(|instance| (told(instance, "LifecycleState"), told(instance, "HealthStatus")))
        .collect()
}

fn states(groups: &Groups, ids: &[&str], now: i64) -> Vec<String> {
    shown(groups, ids, now).into_iter().map(|(state, _)| state).collect()
}

fn raise(groups: &Groups, now: i64) {
    groups.after(&form_call("autoscaling", RAISE), &mut listed(&[]), at(now));
}

/// Status and message of each activity, in order.
fn activities(groups: &Groups, now: i64) -> Vec<(String, Option<String>)> {
    let asked = form_call(
        "autoscaling",
        "Action=DescribeScalingActivities&AutoScalingGroupName=shop&MaxRecords=10",
    );
    let (answer, _) = groups.answer(&asked, at(now)).unwrap();
    let root = xml::parse(answer.body()).unwrap();
    let told = xml::descend(&root, &["DescribeScalingActivitiesResult", "Activities"]).unwrap();
    xml::elements(told)
        .map(|activity| {
            (
                xml::text(activity, &["StatusCode"]).unwrap(),
                xml::text(activity, &["StatusMessage"]),
            )
        })
        .collect()
}

fn groups(weather: &Weather) -> Groups {
    let times = Times {
        pending: Duration::from_secs(4),
        initializing: Duration::from_secs(12),
        ..Times::NONE
    };
    let groups = Groups::new(times, weather.clone());
    assert_eq!(states(&groups, &["i-1"], 0), ["InService"]);
    groups
}

#[test]
fn what_a_change_launches_is_pending_for_a_while_and_what_was_there_is_not() {
    let groups = groups(&Weather::default());
    assert!(activities(&groups, 1).is_empty());
    raise(&groups, 10);
    assert_eq!(states(&groups, &["i-1", "i-2"], 11), ["InService", "Pending"]);
    assert_eq!(activities(&groups, 12), [("PreInService".to_owned(), None)]);
    assert_eq!(states(&groups, &["i-1", "i-2"], 21), ["InService", "Pending"]);
    assert_eq!(states(&groups, &["i-1", "i-2"], 22), ["InService", "InService"]);
    assert_eq!(activities(&groups, 22), [("Successful".to_owned(), None)]);
}

#[test]
fn what_finds_no_capacity_is_not_there_until_the_weather_changes_and_a_failed_activity_tells_why() {
    let weather = Weather::default();
    let groups = groups(&weather);
    let capacity = json!({"match": {"service": "autoscaling"}, "effect": {"kind": "capacity"}});
    let rule = weather.add(serde_json::from_value(capacity).unwrap());
    raise(&groups, 10);
    for now in [11, 60] {
        assert_eq!(states(&groups, &["i-1", "i-2", "i-3"], now), ["InService"]);
    }
    let told = activities(&groups, 61);
    assert_eq!(told.len(), 2);
    let (status, message) = &told[0];
    assert_eq!(status, "Failed");
    let message = message.as_deref().unwrap();
    assert!(
        message.starts_with("We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (us-west-1a)"),
        "{message}"
    );
    assert!(message.len() <= 255, "the model's limit: {}", message.len());
    weather.remove(rule);
    assert_eq!(states(&groups, &["i-1", "i-2", "i-3"], 70), ["InService", "Pending", "Pending"]);
    assert_eq!(states(&groups, &["i-1", "i-2", "i-3"], 82), ["InService", "InService", "InService"]);
    assert_eq!(activities(&groups, 83)[0].0, "Successful");
}

#[test]
fn half_of_what_is_launched_stays_unhealthy_and_what_was_there_does_not() {
    let weather = Weather::default();
    let groups = groups(&weather);
    let half = json!({"match": {"service": "autoscaling"}, "effect": {"kind": "unhealthy", "percent": 50}});
    let rule = weather.add(serde_json::from_value(half).unwrap());
    raise(&groups, 10);
    let health = |now| -> Vec<String> {
        let shown = shown(&groups, &["i-1", "i-2", "i-3"], now);
        shown.into_iter().map(|(_, health)| health).collect()
    };
    assert_eq!(health(11), ["Healthy", "Healthy", "Unhealthy"]);
    weather.remove(rule);
    assert_eq!(health(60), ["Healthy", "Healthy", "Unhealthy"]);
}

#[test]
fn a_lack_of_capacity_for_launches_of_ec2_or_of_another_type_is_none_for_the_group() {
    let weather = Weather::default();
    let groups = groups(&weather);
    for matching in [
        json!({"service": "ec2"}),
        json!({"operation": "RunInstances"}),
        json!({"instanceType": "m6g.large"}),
        json!({"subnet": "subnet-a"}),
    ] {
        let rule = json!({"match": matching, "effect": {"kind": "capacity"}});
        weather.add(serde_json::from_value(rule).unwrap());
    }
    raise(&groups, 10);
    assert_eq!(states(&groups, &["i-1", "i-2"], 22), ["InService", "InService"]);
    assert_eq!(weather.standing().len(), 4, "nothing is counted");
}
