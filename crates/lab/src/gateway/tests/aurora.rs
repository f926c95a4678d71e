//! Promotion and failover as the RDS client sees them.

use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::types::FailoverStatus;
use http::Response;
use hyper::body::Bytes;

use crate::gateway::testing::{Fake, Received, gateway, sdk, xml};
use crate::gateway::{Gateway, Times};

const FROM: &str = "arn:aws:rds:us-east-1:000000000000:cluster:p";
const TO: &str = "arn:aws:rds:us-west-1:000000000000:cluster:s";

/// What MiniStack answers once it has acted: the target is the writer, or standalone, at once.
fn ministack(received: &Received) -> Response<Bytes> {
    let operation = received.call().operation;
    let member = |arn: &str, writer: bool| {
        format!("<GlobalClusterMember><DBClusterArn>{arn}</DBClusterArn><Readers/><IsWriter>{writer}</IsWriter></GlobalClusterMember>")
    };
    let members = match operation.as_str() {
        "RemoveFromGlobalCluster" => member(FROM, true),
        _ => member(FROM, false) + &member(TO, true),
    };
    let global = format!(
        "<GlobalClusterIdentifier>g</GlobalClusterIdentifier><Status>available</Status><GlobalClusterMembers>{members}</GlobalClusterMembers>"
    );
    let result = match operation.as_str() {
        "DescribeGlobalClusters" => format!("<GlobalClusters><GlobalClusterMember>{global}</GlobalClusterMember></GlobalClusters>"),
        "DescribeDBClusters" => {
            format!("<DBClusters><DBCluster><DBClusterArn>{TO}</DBClusterArn><Status>available</Status></DBCluster></DBClusters>")
        }
        _ => format!("<GlobalCluster>{global}</GlobalCluster>"),
    };
    xml(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><{operation}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><{operation}Result>{result}</{operation}Result></{operation}Response>"#
    ))
}

async fn lab(times: Times) -> (Fake, Fake, Gateway, Client) {
    let (ministack, moto) = (Fake::start(ministack).await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, times).await;
    let rds = Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    (ministack, moto, gateway, rds)
}

async fn status(rds: &Client) -> String {
    let answer = rds.describe_db_clusters().send().await.unwrap();
    answer.db_clusters()[0].status().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_detached_cluster_is_promoting_and_the_log_says_until_when() {
    let (_ministack, _moto, gateway, rds) = lab(Times {
        promotion: Duration::from_secs(3_600),
        ..Times::NONE
    })
    .await;
    assert_eq!(status(&rds).await, "available");
    rds.remove_from_global_cluster()
        .global_cluster_identifier("g")
        .db_cluster_identifier(TO)
        .send()
        .await
        .unwrap();
    assert_eq!(status(&rds).await, "promoting");
    let entries = gateway.log().snapshot();
    let noted = |entry: &crate::gateway::Entry| {
        entry
            .weather
            .as_deref()
            .is_some_and(|weather| weather.starts_with("promoting until "))
    };
    assert_eq!(entries.iter().map(|entry| noted(entry)).collect::<Vec<_>>(), [false, true, true]);
}

#[tokio::test]
async fn without_waiting_times_nothing_waits() {
    let (_ministack, _moto, _gateway, rds) = lab(Times::NONE).await;
    rds.remove_from_global_cluster()
        .global_cluster_identifier("g")
        .db_cluster_identifier(TO)
        .send()
        .await
        .unwrap();
    assert_eq!(status(&rds).await, "available");
}

#[tokio::test]
async fn a_failover_shows_its_state_and_the_old_writer_until_it_is_over() {
    let (_ministack, _moto, _gateway, rds) = lab(Times {
        failover: Duration::from_secs(3_600),
        ..Times::NONE
    })
    .await;
    let failover = rds
        .failover_global_cluster()
        .global_cluster_identifier("g")
        .target_db_cluster_identifier(TO)
        .allow_data_loss(true);
    failover.clone().send().await.unwrap();
    let answer = rds.describe_global_clusters().send().await.unwrap();
    let global = &answer.global_clusters()[0];
    assert_eq!(global.status(), Some("failing-over"));
    let state = global.failover_state().unwrap();
    assert_eq!(state.status(), Some(&FailoverStatus::FailingOver));
    assert_eq!((state.from_db_cluster_arn(), state.to_db_cluster_arn()), (Some(FROM), Some(TO)));
    assert_eq!(state.is_data_loss_allowed(), Some(true));
    let writers: Vec<_> = global
        .global_cluster_members()
        .iter()
        .filter(|member| member.is_writer() == Some(true))
        .map(|member| member.db_cluster_arn().unwrap_or_default())
        .collect();
    assert_eq!(writers, [FROM]);
    assert_eq!(status(&rds).await, "available");
    let again = failover.send().await.unwrap_err();
    assert_eq!(again.code(), Some("InvalidGlobalClusterStateFault"));
    assert!(again.into_service_error().is_invalid_global_cluster_state_fault());
}

#[tokio::test]
async fn a_verb_that_fails_begins_nothing() {
    let refusal = "<ErrorResponse><Error><Code>GlobalClusterNotFoundFault</Code></Error></ErrorResponse>";
    let ministack = Fake::start(move |received| match received.call().operation.as_str() {
        "DescribeDBClusters" => ministack(received),
        _ => Response::builder().status(404).body(refusal.into()).unwrap(),
    })
    .await;
    let moto = Fake::idle().await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let rds = Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    let detach = rds
        .remove_from_global_cluster()
        .global_cluster_identifier("h")
        .db_cluster_identifier(TO);
    assert_eq!(detach.send().await.unwrap_err().code(), Some("GlobalClusterNotFoundFault"));
    assert_eq!(status(&rds).await, "available");
}
