//! The action against mocked AWS: which calls are made, which are not, how errors are named, and that twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _, chain};
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataInput, GetMetricDataOutput};
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
use aws_sdk_rds::operation::describe_global_clusters::{DescribeGlobalClustersError, DescribeGlobalClustersOutput};
use aws_sdk_rds::types::{DbCluster, DbClusterMember, GlobalCluster, GlobalClusterMember};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use choose_promotion::error::Error;
use choose_promotion::io::{Reply, Request, Verb};
use serde_json::{Value, json};

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";
/// 2026-11-21T03:16:40Z.
const NOW: i64 = 1_795_231_000;

fn request(change: Value) -> Request {
    let mut request = json!({
        "mode": "execute",
        "run": "unishop-20261121T031502Z",
        "globalCluster": "unishop",
        "cluster": RECOVERY,
        "promotion": "auto",
        "rpoSeconds": 60,
    });
    if let (Value::Object(request), Value::Object(change)) = (&mut request, change) {
        request.extend(change);
    }
    serde_json::from_value(request).unwrap()
}

async fn handle(change: Value, database: &[&Rule], lag: &Rule) -> Result<Reply, Error> {
    let rds = mock_client!(aws_sdk_rds, RuleMode::MatchAny, database.iter().copied());
    let cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [lag]);
    let now = jiff::Timestamp::from_second(NOW).unwrap();
    choose_promotion::handle(request(change), &rds, &cloudwatch, now).await
}

fn global(members: &'static [(&str, bool)]) -> Rule {
    mock!(aws_sdk_rds::Client::describe_global_clusters)
        .match_requests(|input| input.global_cluster_identifier() == Some("unishop"))
        .then_output(move || {
            let members = members.iter().map(|(arn, writer)| {
                let member = GlobalClusterMember::builder().db_cluster_arn(*arn);
                member.is_writer(*writer).build()
            });
            let global = GlobalCluster::builder()
                .engine_version("16.11")
                .set_global_cluster_members(Some(members.collect()));
            DescribeGlobalClustersOutput::builder().global_clusters(global.build()).build()
        })
}

fn follows() -> Rule {
    global(&[(PRIMARY, true), (RECOVERY, false)])
}

fn cluster(version: &'static str, writer: bool) -> Rule {
    mock!(aws_sdk_rds::Client::describe_db_clusters)
        .match_requests(|input| input.db_cluster_identifier() == Some(RECOVERY))
        .then_output(move || {
            let cluster = DbCluster::builder()
                .status("available")
                .engine_version(version)
                .endpoint("unishop-recovery.example")
                .port(5432)
                .db_cluster_members(DbClusterMember::builder().is_cluster_writer(writer).build());
            DescribeDbClustersOutput::builder().db_clusters(cluster.build()).build()
        })
}

/// Values with their age in seconds, by the id of the query.
fn lag(results: &'static [(&str, &[(i64, f64)])]) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .match_requests(asks_for_this_cluster_of_the_last_quarter)
        .then_output(move || {
            let results = results.iter().map(|(id, points)| {
                MetricDataResult::builder()
                    .id(*id)
                    .status_code(StatusCode::Complete)
                    .set_timestamps(Some(points.iter().map(|(age, _)| DateTime::from_secs(NOW - age)).collect()))
                    .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
                    .build()
            });
            GetMetricDataOutput::builder()
                .set_metric_data_results(Some(results.collect()))
                .build()
        })
}

fn asks_for_this_cluster_of_the_last_quarter(input: &GetMetricDataInput) -> bool {
    let asked: Vec<_> = input
        .metric_data_queries()
        .iter()
        .filter_map(|query| {
            let stat = query.metric_stat()?;
            let metric = stat.metric()?;
            let [dimension] = metric.dimensions() else { return None };
            let of_this_cluster = (dimension.name(), dimension.value()) == (Some("DBClusterIdentifier"), Some("unishop-recovery"));
            let by_minute = (stat.period(), stat.stat()) == (Some(60), Some("Maximum"));
            (of_this_cluster && by_minute && metric.namespace() == Some("AWS/RDS")).then(|| metric.metric_name())
        })
        .flatten()
        .collect();
    asked == ["AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag"]
        && input.start_time() == Some(&DateTime::from_secs(NOW - 900))
        && input.end_time() == Some(&DateTime::from_secs(NOW))
}

fn no_lag() -> Rule {
    lag(&[("rpo", &[]), ("replication", &[])])
}

fn denied() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_error(|| {
        let code = ErrorMetadata::builder().code("AccessDenied").message("no");
        GetMetricDataError::generic(code.build())
    })
}

#[tokio::test]
async fn twice_is_once_a_writer_needs_no_promotion_and_no_lag() {
    let lag = no_lag();
    let rules = [&global(&[(PRIMARY, true)]), &cluster("16.11", true)];
    let first = handle(json!({}), &rules, &lag).await.unwrap();
    assert_eq!(handle(json!({}), &rules, &lag).await.unwrap(), first);
    assert_eq!(
        serde_json::to_value(&first).unwrap(),
        json!({
            "outcome": "unchanged",
            "because": "none: unishop-recovery is already a standalone writer, no member of global cluster unishop",
            "verb": "none",
            "lagSeconds": null,
            "lagBecause": "it takes writes already, and a writer has no lag",
            "endpoint": "unishop-recovery.example",
            "port": 5432,
        })
    );
    assert_eq!(lag.num_calls(), 0);
}

#[tokio::test]
async fn chooses_a_managed_failover_and_reports_the_freshest_lag_with_its_age() {
    let lag = lag(&[
        ("replication", &[(40, 9_000.0)]),
        ("rpo", &[(100, 350.0), (40, 480.0), (160, 90_000.0)]),
    ]);
    let reply = handle(json!({}), &[&follows(), &cluster("16.11", false)], &lag).await.unwrap();
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        json!({
            "outcome": "unchanged",
            "because": "failover: a managed failover keeps the global cluster; unishop-recovery was 0.48 s behind, 40 s ago \
                        (AuroraGlobalDBRPOLag), within the RPO of 60 s",
            "verb": "failover",
            "lagSeconds": 0.48,
            "lagBecause": null,
            "endpoint": null,
            "port": null,
        })
    );
}

#[tokio::test]
async fn falls_back_to_the_replication_lag_where_there_is_no_rpo_lag() {
    for rpo in [&[][..], &[(40, -1.0)]] {
        let lag = match rpo {
            [] => lag(&[("rpo", &[]), ("replication", &[(20, 1_500.0)])]),
            _ => lag(&[("rpo", &[(40, -1.0)]), ("replication", &[(20, 1_500.0)])]),
        };
        let reply = handle(json!({}), &[&follows(), &cluster("16.11", false)], &lag).await.unwrap();
        assert_eq!(reply.lag_seconds, Some(1.5), "{rpo:?}");
        assert!(reply.because.contains("(AuroraGlobalDBReplicationLag)"), "{}", reply.because);
    }
}

#[tokio::test]
async fn detaches_where_the_engine_versions_differ() {
    let lag = lag(&[("rpo", &[(40, 480.0)])]);
    let reply = handle(json!({}), &[&follows(), &cluster("16.10", false)], &lag).await.unwrap();
    assert_eq!(reply.verb, Verb::Detach);
    assert!(
        reply.because.starts_with(
            "detach: a managed failover is not possible, since the engine versions differ (16.10 here, 16.11 in the global cluster)"
        ),
        "{}",
        reply.because
    );
}

#[tokio::test]
async fn an_unknown_lag_is_refused_unless_an_unmeasured_loss_is_accepted() {
    let rules = [&follows(), &cluster("16.11", false)];
    for consent in [
        json!({}),
        json!({"acceptDataLoss": "none"}),
        json!({"acceptDataLoss": "beyond-rpo"}),
    ] {
        let error = handle(consent, &rules, &no_lag()).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Refused);
        assert_eq!(
            chain(&error),
            format!(
                "how far {RECOVERY} is behind is unknown, since neither AuroraGlobalDBRPOLag nor AuroraGlobalDBReplicationLag has a usable \
                 value of the last 15 min; to accept whatever is lost, set acceptDataLoss to unmeasured"
            )
        );
    }
    let reply = handle(json!({"acceptDataLoss": "unmeasured"}), &rules, &no_lag()).await.unwrap();
    assert_eq!((reply.verb, reply.lag_seconds), (Verb::Failover, None));
    assert_eq!(
        reply.lag_because.as_deref(),
        Some("neither AuroraGlobalDBRPOLag nor AuroraGlobalDBReplicationLag has a usable value of the last 15 min")
    );
}

#[tokio::test]
async fn a_lag_above_the_rpo_is_refused_unless_that_loss_is_accepted() {
    let rules = [&follows(), &cluster("16.11", false)];
    let late = lag(&[("rpo", &[(40, 61_000.0)])]);
    let error = handle(json!({}), &rules, &late).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Refused);
    for consent in ["beyond-rpo", "unmeasured"] {
        let reply = handle(json!({"acceptDataLoss": consent}), &rules, &late).await.unwrap();
        assert_eq!((reply.verb, reply.lag_seconds), (Verb::Failover, Some(61.0)));
        assert!(
            reply.because.ends_with("above the RPO of 60 s, which was accepted"),
            "{}",
            reply.because
        );
    }
}

#[tokio::test]
async fn a_lag_that_cannot_be_read_stops_only_who_needs_it() {
    let rules = [&follows(), &cluster("16.11", false)];
    let error = handle(json!({}), &rules, &denied()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(chain(&error), format!("read the replication lag of {RECOVERY}: AccessDenied (no)"));

    let reply = handle(json!({"acceptDataLoss": "unmeasured"}), &rules, &denied()).await.unwrap();
    assert_eq!(reply.verb, Verb::Failover);
    assert_eq!(reply.lag_because.as_deref(), Some("CloudWatch answers AccessDenied (no)"));
}

#[tokio::test]
async fn a_missing_global_cluster_is_invalid_input_and_named() {
    let missing = mock!(aws_sdk_rds::Client::describe_global_clusters).then_error(|| {
        let code = ErrorMetadata::builder().code("GlobalClusterNotFoundFault");
        DescribeGlobalClustersError::generic(code.build())
    });
    let error = handle(json!({}), &[&missing, &cluster("16.11", false)], &no_lag())
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert_eq!(
        chain(&error),
        "global cluster unishop does not exist, or has no member in this Region"
    );
}

#[test]
fn an_unknown_field_and_an_unknown_consent_are_refused() {
    let valid = serde_json::to_value(request(json!({}))).unwrap();
    for (field, value) in [("force", json!(true)), ("acceptDataLoss", json!("all"))] {
        let mut request = valid.clone();
        request[field] = value;
        assert!(serde_json::from_value::<Request>(request).is_err(), "{field}");
    }
}
