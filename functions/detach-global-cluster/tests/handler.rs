//! The action against mocked AWS: which calls are made, which are not, how errors are named, and that twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_db_clusters::{DescribeDBClustersError, DescribeDbClustersOutput};
use aws_sdk_rds::operation::describe_global_clusters::{DescribeGlobalClustersError, DescribeGlobalClustersOutput};
use aws_sdk_rds::operation::remove_from_global_cluster::{RemoveFromGlobalClusterError, RemoveFromGlobalClusterOutput};
use aws_sdk_rds::types::error::{DbClusterNotFoundFault, GlobalClusterNotFoundFault};
use aws_sdk_rds::types::{DbCluster, DbClusterMember, GlobalCluster, GlobalClusterMember};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use detach_global_cluster::error::Error;
use detach_global_cluster::io::{Reply, Request};
use serde_json::json;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";

fn request(mode: &str) -> Request {
    serde_json::from_value(json!({
        "mode": mode,
        "run": "unishop-20261121T031502Z",
        "globalCluster": "unishop",
        "cluster": RECOVERY,
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    }))
    .unwrap()
}

async fn handle_at(time: &str, mode: &str, rules: &[&Rule]) -> Result<Reply, Error> {
    let rds = mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules.iter().copied());
    let now = format!("2026-11-21T{time}Z").parse().unwrap();
    detach_global_cluster::handle(request(mode), &rds, now).await
}

async fn handle(mode: &str, rules: &[&Rule]) -> Result<Reply, Error> {
    handle_at("03:16:30", mode, rules).await
}

fn global(members: &'static [(&str, bool)]) -> DescribeGlobalClustersOutput {
    let members = members
        .iter()
        .map(|(arn, writer)| GlobalClusterMember::builder().db_cluster_arn(*arn).is_writer(*writer).build());
    let global = GlobalCluster::builder().set_global_cluster_members(Some(members.collect()));
    DescribeGlobalClustersOutput::builder().global_clusters(global.build()).build()
}

fn cluster(status: &str, writer: bool) -> DescribeDbClustersOutput {
    let cluster = DbCluster::builder()
        .status(status)
        .endpoint("unishop-recovery.example")
        .port(5432)
        .db_cluster_members(DbClusterMember::builder().is_cluster_writer(writer).build());
    DescribeDbClustersOutput::builder().db_clusters(cluster.build()).build()
}

fn follows() -> Rule {
    mock!(Client::describe_global_clusters)
        .match_requests(|input| input.global_cluster_identifier() == Some("unishop"))
        .then_output(|| global(&[(PRIMARY, true), (RECOVERY, false)]))
}

fn follows_no_more() -> Rule {
    mock!(Client::describe_global_clusters).then_output(|| global(&[(PRIMARY, true)]))
}

fn seen(status: &'static str, writer: bool) -> Rule {
    mock!(Client::describe_db_clusters)
        .match_requests(|input| input.db_cluster_identifier() == Some(RECOVERY))
        .then_output(move || cluster(status, writer))
}

fn removes() -> Rule {
    mock!(Client::remove_from_global_cluster)
        .match_requests(|input| input.global_cluster_identifier() == Some("unishop") && input.db_cluster_identifier() == Some(RECOVERY))
        .then_output(|| RemoveFromGlobalClusterOutput::builder().build())
}

fn refuses(code: &'static str) -> Rule {
    mock!(Client::remove_from_global_cluster)
        .then_error(move || RemoveFromGlobalClusterError::generic(ErrorMetadata::builder().code(code).message("not in this state").build()))
}

#[tokio::test]
async fn twice_is_once_a_standalone_writer_is_left_alone() {
    let removes = removes();
    let rules = [&follows_no_more(), &seen("available", true), &removes];
    let first = handle("execute", &rules).await.unwrap();
    assert_eq!(handle("execute", &rules).await.unwrap(), first);
    assert_eq!(
        serde_json::to_value(&first).unwrap(),
        json!({
            "outcome": "unchanged",
            "retryAfterSeconds": null,
            "because": "unishop-recovery is available, has a writer and is no member of global cluster unishop: it is a standalone writer",
            "status": "available",
            "endpoint": "unishop-recovery.example",
            "port": 5432,
            "noReturn": true,
            "calls": [],
        })
    );
    assert_eq!(removes.num_calls(), 0);
}

#[tokio::test]
async fn detaches_an_available_secondary_by_its_arn_and_waits() {
    let removes = removes();
    let reply = handle("execute", &[&follows(), &seen("available", false), &removes]).await.unwrap();
    assert_eq!(removes.num_calls(), 1);
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(reply.because, format!("asked AWS to remove {RECOVERY} from global cluster unishop"));
    assert_eq!(
        (reply.endpoint, reply.port),
        (None, None),
        "nothing to publish before it takes writes"
    );
}

#[tokio::test]
async fn plan_mode_names_the_call_and_does_not_make_it() {
    let removes = removes();
    let reply = handle("plan", &[&follows(), &seen("available", false), &removes]).await.unwrap();
    assert_eq!(removes.num_calls(), 0);
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(
        reply.because,
        format!("would call rds:RemoveFromGlobalCluster with cluster {RECOVERY} and global cluster unishop")
    );
}

#[tokio::test]
async fn plan_mode_does_not_wait() {
    let reply = handle_at("04:00:00", "plan", &[&follows(), &seen("modifying", false)])
        .await
        .unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Planned, None));
    assert_eq!(reply.because, "would wait, since unishop-recovery is modifying");
}

#[tokio::test]
async fn waits_while_the_cluster_is_promoting() {
    let removes = removes();
    let rules = [&follows_no_more(), &seen("promoting", false), &removes];
    let reply = handle("execute", &rules).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(
        (reply.because.as_str(), reply.status.as_str()),
        ("unishop-recovery is promoting", "promoting")
    );
    assert_eq!(removes.num_calls(), 0);
}

#[tokio::test]
async fn a_passed_deadline_is_permanent_and_says_what_was_last_seen() {
    let error = handle_at("03:30:01", "execute", &[&follows_no_more(), &seen("promoting", false)])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "unishop-recovery is promoting, and is not waited for any longer: the deadline of the run, 2026-11-21T03:30:00Z, has passed"
    );
}

#[tokio::test]
async fn nothing_is_begun_after_the_deadline() {
    let removes = removes();
    let error = handle_at("03:30:01", "execute", &[&follows(), &seen("available", false), &removes])
        .await
        .unwrap_err();
    assert_eq!((error.name(), removes.num_calls()), (ErrorName::Permanent, 0));
}

#[tokio::test]
async fn the_writer_of_a_global_cluster_is_refused_and_not_touched() {
    let removes = removes();
    let writer = mock!(Client::describe_global_clusters).then_output(|| global(&[(RECOVERY, true), (PRIMARY, false)]));
    let error = handle("execute", &[&writer, &seen("available", true), &removes]).await.unwrap_err();
    assert_eq!((error.name(), removes.num_calls()), (ErrorName::Refused, 0));
    assert_eq!(
        chain(&error),
        format!("{RECOVERY} is the writer of its global cluster; detaching it would fail nothing over")
    );
}

#[tokio::test]
async fn a_terminal_status_is_permanent_at_once() {
    let error = handle("execute", &[&follows(), &seen("inaccessible-encryption-credentials", false)])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("cluster {RECOVERY} is inaccessible-encryption-credentials, which it does not leave by itself")
    );
}

#[tokio::test]
async fn a_missing_cluster_or_global_cluster_is_invalid_input_and_named() {
    let no_global = mock!(Client::describe_global_clusters).then_error(|| {
        let code = ErrorMetadata::builder().code("GlobalClusterNotFoundFault").build();
        DescribeGlobalClustersError::GlobalClusterNotFoundFault(GlobalClusterNotFoundFault::builder().meta(code).build())
    });
    let error = handle("execute", &[&no_global, &seen("available", false)]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert_eq!(
        chain(&error),
        "global cluster unishop does not exist, or has no member in this Region"
    );

    let no_cluster = mock!(Client::describe_db_clusters).then_error(|| {
        let code = ErrorMetadata::builder().code("DBClusterNotFoundFault").build();
        DescribeDBClustersError::DbClusterNotFoundFault(DbClusterNotFoundFault::builder().meta(code).build())
    });
    let error = handle("execute", &[&follows(), &no_cluster]).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert_eq!(chain(&error), format!("cluster {RECOVERY} does not exist"));
}

#[tokio::test]
async fn a_refusal_for_a_detach_already_under_way_is_waited_out() {
    for code in [
        "DBClusterNotFoundFault",
        "InvalidDBClusterStateFault",
        "InvalidGlobalClusterStateFault",
    ] {
        let membership = mock!(Client::describe_global_clusters)
            .sequence()
            .output(|| global(&[(PRIMARY, true), (RECOVERY, false)]))
            .output(|| global(&[(PRIMARY, true)]))
            .build();
        let status = mock!(Client::describe_db_clusters)
            .sequence()
            .output(|| cluster("available", false))
            .output(|| cluster("promoting", false))
            .build();
        let reply = handle("execute", &[&membership, &status, &refuses(code)]).await.unwrap();
        assert_eq!(reply.outcome, Outcome::Waiting, "{code}");
        assert_eq!(reply.because, "unishop-recovery is promoting", "{code}");
    }
}

#[tokio::test]
async fn an_unexplained_refusal_is_waited_out_for_a_minute_and_then_believed() {
    let refuses = refuses("InvalidGlobalClusterStateFault");
    let rules = [&follows(), &seen("available", false), &refuses];
    let reply = handle_at("03:16:59", "execute", &rules).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Waiting);
    assert_eq!(
        reply.because,
        format!("AWS does not remove {RECOVERY} from global cluster unishop yet: InvalidGlobalClusterStateFault (not in this state)")
    );
    let error = handle_at("03:17:00", "execute", &rules).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("remove cluster {RECOVERY} from global cluster unishop: InvalidGlobalClusterStateFault (not in this state)")
    );
}

#[tokio::test]
async fn any_other_refusal_is_believed_at_once() {
    let error = handle("execute", &[&follows(), &seen("available", false), &refuses("AccessDenied")])
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        format!("remove cluster {RECOVERY} from global cluster unishop: AccessDenied (not in this state)")
    );
}

#[test]
fn an_unknown_field_is_refused() {
    let mut request = serde_json::to_value(request("execute")).unwrap();
    request["force"] = json!(true);
    let error = serde_json::from_value::<Request>(request).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `force`"), "{error}");
}

fn answer(operation: &str, result: &str) -> ReplayEvent {
    let body = format!(
        "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>f0e0b5a0-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{operation}Response>"
    );
    let request = http::Request::builder().uri("https://rds.us-west-1.amazonaws.com/");
    ReplayEvent::new(
        request.body(SdkBody::empty()).unwrap(),
        http::Response::builder().status(200).body(SdkBody::from(body)).unwrap(),
    )
}

#[tokio::test]
async fn on_the_wire_it_looks_twice_and_then_names_the_cluster_by_its_arn() {
    let global = |members: &str| {
        format!("<GlobalClusterIdentifier>unishop</GlobalClusterIdentifier><GlobalClusterMembers>{members}</GlobalClusterMembers>")
    };
    let member = |arn: &str, writer: bool| {
        format!("<GlobalClusterMember><DBClusterArn>{arn}</DBClusterArn><IsWriter>{writer}</IsWriter></GlobalClusterMember>")
    };
    let both = global(&(member(PRIMARY, true) + &member(RECOVERY, false)));
    let http = StaticReplayClient::new(vec![
        answer(
            "DescribeGlobalClusters",
            &format!("<GlobalClusters><GlobalClusterMember>{both}</GlobalClusterMember></GlobalClusters>"),
        ),
        answer(
            "DescribeDBClusters",
            "<DBClusters><DBCluster><Status>available</Status><GlobalClusterIdentifier>unishop</GlobalClusterIdentifier>\
             <DBClusterMembers><DBClusterMember><IsClusterWriter>false</IsClusterWriter></DBClusterMember></DBClusterMembers>\
             </DBCluster></DBClusters>",
        ),
        answer(
            "RemoveFromGlobalCluster",
            &format!("<GlobalCluster>{}</GlobalCluster>", global(&member(PRIMARY, true))),
        ),
    ]);
    let config = aws_sdk_rds::Config::builder().with_test_defaults_v2().http_client(http.clone());
    let now = "2026-11-21T03:16:00Z".parse().unwrap();
    let reply = detach_global_cluster::handle(request("execute"), &Client::from_conf(config.build()), now)
        .await
        .unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
    let bodies: Vec<String> = http
        .actual_requests()
        .map(|request| String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned())
        .collect();
    let arn = "arn%3Aaws%3Ards%3Aus-west-1%3A123456789012%3Acluster%3Aunishop-recovery";
    assert_eq!(
        bodies,
        [
            "Action=DescribeGlobalClusters&Version=2014-10-31&GlobalClusterIdentifier=unishop".to_owned(),
            format!("Action=DescribeDBClusters&Version=2014-10-31&DBClusterIdentifier={arn}"),
            format!("Action=RemoveFromGlobalCluster&Version=2014-10-31&GlobalClusterIdentifier=unishop&DbClusterIdentifier={arn}"),
        ]
    );
}
