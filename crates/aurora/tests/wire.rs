//! The reads on the wire: AWS's XML in, our words out; which requests are sent.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::ErrorName;
use action::NamedError as _;
use action::ids::{ClusterArn, GlobalClusterId};
use aurora::{ClusterStatus, Endpoint, Failover, Instances, ObserveError, Role, Seen, Synchronization};
use aws_sdk_rds::Client;
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

fn answer(status: u16, body: String) -> ReplayEvent {
    let request = http::Request::builder()
        .uri("https://rds.us-west-1.amazonaws.com/")
        .body(SdkBody::empty())
        .unwrap();
    let response = http::Response::builder().status(status).body(SdkBody::from(body)).unwrap();
    ReplayEvent::new(request, response)
}

fn described(operation: &str, result: &str) -> ReplayEvent {
    answer(
        200,
        format!(
            "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{result}</{operation}Result>\
             <ResponseMetadata><RequestId>f0e0b5a0-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{operation}Response>"
        ),
    )
}

fn global(members: &str, failover: &str) -> ReplayEvent {
    described(
        "DescribeGlobalClusters",
        &format!(
            "<GlobalClusters><GlobalClusterMember><GlobalClusterIdentifier>unishop</GlobalClusterIdentifier>\
             <Status>available</Status><Engine>aurora-postgresql</Engine><EngineVersion>16.11</EngineVersion>{failover}\
             <GlobalClusterMembers>{members}</GlobalClusterMembers></GlobalClusterMember></GlobalClusters>"
        ),
    )
}

fn member(arn: &str, rest: &str) -> String {
    format!("<GlobalClusterMember><DBClusterArn>{arn}</DBClusterArn><Readers/>{rest}</GlobalClusterMember>")
}

fn members() -> String {
    let writer = "<IsWriter>true</IsWriter><SynchronizationStatus>connected</SynchronizationStatus>";
    let secondary = "<IsWriter>false</IsWriter><SynchronizationStatus>pending-resync</SynchronizationStatus>";
    member(PRIMARY, writer) + &member(RECOVERY, secondary)
}

fn cluster(rest: &str) -> ReplayEvent {
    described(
        "DescribeDBClusters",
        &format!("<DBClusters><DBCluster><DBClusterArn>{RECOVERY}</DBClusterArn>{rest}</DBCluster></DBClusters>"),
    )
}

fn available() -> ReplayEvent {
    cluster(
        "<Status>available</Status><EngineVersion>16.11</EngineVersion><GlobalClusterIdentifier>unishop</GlobalClusterIdentifier>\
         <Endpoint>unishop-recovery.cluster-c0ffee.us-west-1.rds.amazonaws.com</Endpoint><Port>5432</Port>\
         <DBClusterMembers><DBClusterMember><DBInstanceIdentifier>unishop-recovery-1</DBInstanceIdentifier>\
         <IsClusterWriter>false</IsClusterWriter></DBClusterMember></DBClusterMembers>",
    )
}

fn fault(code: &str, status: u16) -> ReplayEvent {
    answer(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>no</Message></Error><RequestId>f0e0b5a0-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
        ),
    )
}

async fn observe(answers: Vec<ReplayEvent>) -> (Result<Seen, ObserveError>, StaticReplayClient) {
    let http = StaticReplayClient::new(answers);
    let config = aws_sdk_rds::Config::builder()
        .with_test_defaults_v2()
        .http_client(http.clone())
        .build();
    let global: GlobalClusterId = "unishop".parse().unwrap();
    let cluster: ClusterArn = RECOVERY.parse().unwrap();
    (aurora::observe(&Client::from_conf(config), &global, &cluster).await, http)
}

#[tokio::test]
async fn a_global_database_in_peace_is_read_whole() {
    let (seen, http) = observe(vec![global(&members(), ""), available()]).await;
    let seen = seen.unwrap();
    let global = seen.global.unwrap();
    let recovery: ClusterArn = RECOVERY.parse().unwrap();
    assert_eq!(global.writers(), [PRIMARY]);
    assert_eq!(global.failover, None);
    assert_eq!(global.engine_version.as_deref(), Some("16.11"));
    let member = global.member(&recovery).unwrap();
    assert_eq!(member.role, Role::Secondary);
    assert_eq!(member.synchronization, Synchronization::Broken("pending-resync".to_owned()));
    assert_eq!(seen.cluster.status, ClusterStatus::Available);
    assert_eq!(seen.cluster.instances, Instances::Readers);
    assert!(seen.cluster.says_member_of(&"Unishop".parse().unwrap()));
    let host = "unishop-recovery.cluster-c0ffee.us-west-1.rds.amazonaws.com".to_owned();
    assert_eq!(seen.cluster.endpoint, Some(Endpoint { host, port: 5432 }));
    let bodies: Vec<_> = http
        .actual_requests()
        .map(|request| String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned())
        .collect();
    assert_eq!(
        bodies,
        [
            "Action=DescribeGlobalClusters&Version=2014-10-31&GlobalClusterIdentifier=unishop",
            "Action=DescribeDBClusters&Version=2014-10-31&DBClusterIdentifier=\
             arn%3Aaws%3Ards%3Aus-west-1%3A123456789012%3Acluster%3Aunishop-recovery",
        ]
    );
}

#[tokio::test]
async fn a_failover_with_a_status_that_nobody_documented_is_under_way() {
    let state = format!(
        "<FailoverState><Status>fencing</Status><FromDbClusterArn>{PRIMARY}</FromDbClusterArn>\
         <ToDbClusterArn>{RECOVERY}</ToDbClusterArn><IsDataLossAllowed>true</IsDataLossAllowed></FailoverState>"
    );
    let (seen, _) = observe(vec![global(&members(), &state), available()]).await;
    assert_eq!(
        seen.unwrap().global.unwrap().failover,
        Some(Failover {
            status: "fencing".to_owned(),
            to: Some(RECOVERY.to_owned())
        })
    );
}

#[tokio::test]
async fn an_empty_failover_state_is_no_failover() {
    let (seen, _) = observe(vec![
        global(
            &members(),
            "<FailoverState><IsDataLossAllowed>false</IsDataLossAllowed></FailoverState>",
        ),
        available(),
    ])
    .await;
    assert_eq!(seen.unwrap().global.unwrap().failover, None);
}

#[tokio::test]
async fn a_cluster_without_instances_has_no_endpoint_and_is_headless() {
    let (seen, _) = observe(vec![
        global(&members(), ""),
        cluster("<Status>promoting</Status><Endpoint></Endpoint>"),
    ])
    .await;
    let cluster = seen.unwrap().cluster;
    assert_eq!(cluster.status, ClusterStatus::UnderWay("promoting".to_owned()));
    assert_eq!((cluster.instances, cluster.endpoint), (Instances::None, None));
}

#[tokio::test]
async fn a_global_cluster_that_this_region_does_not_know_is_no_error() {
    let (seen, _) = observe(vec![fault("GlobalClusterNotFoundFault", 404), available()]).await;
    assert_eq!(seen.unwrap().global, None);
}

#[tokio::test]
async fn a_missing_cluster_is_invalid_input_and_named() {
    let (seen, _) = observe(vec![global(&members(), ""), fault("DBClusterNotFoundFault", 404)]).await;
    let error = seen.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert_eq!(error.to_string(), format!("cluster {RECOVERY} does not exist"));
}

#[tokio::test]
async fn a_role_that_aws_leaves_out_is_not_guessed() {
    let (seen, _) = observe(vec![global(&member(RECOVERY, ""), "")]).await;
    assert!(matches!(seen, Err(ObserveError::NoRole(_))), "{seen:?}");
}

#[tokio::test]
async fn a_denied_read_is_permanent_and_keeps_the_code() {
    let (seen, _) = observe(vec![fault("AccessDenied", 403)]).await;
    let error = seen.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(action::chain(&error), "describe global cluster unishop: AccessDenied (no)");
}
