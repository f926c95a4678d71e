//! What the weather does to a standby, as the SDK sees it: the replica of a table, and a group that grows.

use aws_sdk_autoscaling::types::ScalingActivityStatusCode;
use aws_sdk_dynamodb::types::{ReplicaStatus, TableStatus};
use http::Response;
use serde_json::json;

use crate::gateway::testing::{Fake, Received, gateway, sdk, xml};
use crate::gateway::{Rule, Times};

fn table() -> Response<hyper::body::Bytes> {
    let table = json!({
        "TableName": "unishop-orders", "TableStatus": "ACTIVE",
        "Replicas": [{"RegionName": "us-west-1", "ReplicaStatus": "ACTIVE"}],
    });
    Response::new(json!({"Table": table}).to_string().into())
}

#[tokio::test]
async fn a_replica_that_is_not_active_shows_so_in_every_region_until_the_weather_changes() {
    let (ministack, moto) = (Fake::start(|_| table()).await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::NONE).await;
    let statuses = async |region: &str| {
        let client = aws_sdk_dynamodb::Client::new(&sdk(&gateway, "check-tables", "test", region));
        let found = client.describe_table().table_name("unishop-orders").send().await.unwrap();
        let table = found.table.unwrap();
        let replica = table.replicas()[0].replica_status().unwrap().clone();
        (table.table_status.unwrap(), replica)
    };
    assert_eq!(statuses("us-west-1").await, (TableStatus::Active, ReplicaStatus::Active));
    let rule = json!({
        "match": {"target": "unishop-orders"},
        "effect": {"kind": "replica", "region": "us-west-1", "status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"},
    });
    let id = gateway.weather().add(serde_json::from_value::<Rule>(rule).unwrap());
    let (here, _) = statuses("us-west-1").await;
    assert_eq!(here, TableStatus::InaccessibleEncryptionCredentials);
    let (there, replica) = statuses("us-east-1").await;
    assert_eq!(
        (there, replica),
        (TableStatus::Active, ReplicaStatus::InaccessibleEncryptionCredentials)
    );
    let noted = gateway.log().snapshot().last().and_then(|entry| entry.weather.clone());
    assert_eq!(
        noted.as_deref(),
        Some("the replica in us-west-1 is INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    );
    gateway.weather().remove(id);
    assert_eq!(statuses("us-west-1").await.0, TableStatus::Active);
}

/// moto with a group, of two instances once it was raised.
fn group(received: &Received) -> Response<hyper::body::Bytes> {
    let operation = received.call().operation;
    let instance = |id: &str| {
        format!(
            "<member><InstanceId>{id}</InstanceId><InstanceType>m7g.large</InstanceType><AvailabilityZone>us-west-1a</AvailabilityZone><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
        )
    };
    let result = match operation.as_str() {
        "DescribeAutoScalingGroups" => format!(
            "<AutoScalingGroups><member><AutoScalingGroupName>shop</AutoScalingGroupName><Instances>{}{}</Instances></member></AutoScalingGroups>",
            instance("i-1"),
            instance("i-2")
        ),
        _ => String::new(),
    };
    xml(format!(
        r#"<{operation}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><{operation}Result>{result}</{operation}Result></{operation}Response>"#
    ))
}

#[tokio::test]
async fn a_group_without_capacity_tells_why_among_its_activities() {
    let (ministack, moto) = (Fake::idle().await, Fake::start(group).await);
    let gateway = gateway(&ministack, &moto, Times::NONE).await;
    let rule = json!({"match": {"service": "autoscaling"}, "effect": {"kind": "capacity"}});
    gateway.weather().add(serde_json::from_value::<Rule>(rule).unwrap());
    let client = aws_sdk_autoscaling::Client::new(&sdk(&gateway, "scale-group", "test", "us-west-1"));
    let raise = client.update_auto_scaling_group().auto_scaling_group_name("shop");
    raise.desired_capacity(2).send().await.unwrap();
    let found = client.describe_auto_scaling_groups().send().await.unwrap();
    assert!(found.auto_scaling_groups()[0].instances().is_empty());
    let told = client
        .describe_scaling_activities()
        .auto_scaling_group_name("shop")
        .send()
        .await
        .unwrap();
    let newest = &told.activities()[0];
    assert_eq!(newest.status_code(), Some(&ScalingActivityStatusCode::Failed));
    assert!(newest.status_message().unwrap().contains("sufficient m7g.large capacity"));
    assert!(newest.start_time().is_some() && newest.activity_id().is_some());
    assert!(!moto.operations().contains(&"DescribeScalingActivities".to_owned()));
}
