//! The action against mocked AWS: what is read from its answers, and what an answer that doesn't come is.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _};
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_sdk_kms::operation::describe_key::{DescribeKeyError, DescribeKeyOutput};
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
use aws_sdk_rds::operation::describe_global_clusters::{DescribeGlobalClustersError, DescribeGlobalClustersOutput};
use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance, GlobalCluster, GlobalClusterMember};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use check_database::error::Error;
use check_database::io::Reply;
use check_database::{Clients, handle};
use readiness::{Question, Verdict};
use serde_json::json;

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";
/// 2026-11-21T03:16:40Z.
const NOW: i64 = 1_795_231_000;

fn global() -> Rule {
    mock!(aws_sdk_rds::Client::describe_global_clusters).then_output(|| {
        let member = |arn: &str, writer| GlobalClusterMember::builder().db_cluster_arn(arn).is_writer(writer).build();
        let global = GlobalCluster::builder()
            .engine_version("17.7")
            .deletion_protection(true)
            .global_cluster_members(member(PRIMARY, true))
            .global_cluster_members(member(RECOVERY, false));
        DescribeGlobalClustersOutput::builder().global_clusters(global.build()).build()
    })
}

fn cluster() -> Rule {
    mock!(aws_sdk_rds::Client::describe_db_clusters)
        .match_requests(|input| input.db_cluster_identifier() == Some(RECOVERY))
        .then_output(|| {
            let cluster = DbCluster::builder()
                .status("available")
                .engine_version("17.7")
                .deletion_protection(true)
                .kms_key_id("key-1")
                .db_cluster_members(DbClusterMember::builder().is_cluster_writer(false).build());
            DescribeDbClustersOutput::builder().db_clusters(cluster.build()).build()
        })
}

fn instances() -> Rule {
    mock!(aws_sdk_rds::Client::describe_db_instances)
        .match_requests(|input| input.filters()[0].values() == ["unishop-recovery"])
        .then_output(|| {
            let instance = DbInstance::builder()
                .db_instance_identifier("unishop-recovery-1")
                .db_instance_class("db.r8g.large")
                .db_instance_status("available");
            DescribeDbInstancesOutput::builder().db_instances(instance.build()).build()
        })
}

fn lag() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| {
        let result = MetricDataResult::builder()
            .id("rpo")
            .status_code(StatusCode::Complete)
            .timestamps(DateTime::from_secs(NOW - 30))
            .values(412.0);
        GetMetricDataOutput::builder().metric_data_results(result.build()).build()
    })
}

fn key(state: KeyState) -> Rule {
    mock!(aws_sdk_kms::Client::describe_key)
        .match_requests(|input| input.key_id() == Some("key-1"))
        .then_output(move || {
            let key = KeyMetadata::builder().key_id("key-1").key_state(state.clone()).build().unwrap();
            DescribeKeyOutput::builder().key_metadata(key).build()
        })
}

async fn check(database: &[&Rule], key: &Rule) -> Result<Reply, Error> {
    let clients = Clients {
        rds: mock_client!(aws_sdk_rds, RuleMode::MatchAny, database.iter().copied()),
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&lag()]),
        kms: mock_client!(aws_sdk_kms, RuleMode::MatchAny, [key]),
    };
    let request = json!({
        "run": "check-1",
        "workload": "unishop",
        "database": {"globalCluster": "unishop", "primaryCluster": PRIMARY, "recoveryCluster": RECOVERY, "promotion": "auto"},
        "rpoSeconds": 60,
    });
    let request = serde_json::from_value(request).unwrap();
    handle(request, &clients, jiff::Timestamp::from_second(NOW).unwrap()).await
}

fn told(reply: &Reply) -> Vec<(Question, Verdict, &str)> {
    let told = reply.answers.iter().filter(|answer| answer.verdict > Verdict::Pass);
    told.map(|answer| (answer.question, answer.verdict, answer.seen.as_str())).collect()
}

#[tokio::test]
async fn a_healthy_database_passes_each_question_once() {
    let reply = check(&[&global(), &cluster(), &instances()], &key(KeyState::Enabled))
        .await
        .unwrap();
    assert_eq!(told(&reply), []);
    assert_eq!(reply.answers.len(), 9);
}

#[tokio::test]
async fn a_key_that_ends_and_a_key_that_is_gone_fail() {
    let reply = check(&[&global(), &cluster(), &instances()], &key(KeyState::PendingDeletion))
        .await
        .unwrap();
    assert_eq!(told(&reply), [(Question::EncryptionKey, Verdict::Fail, "key-1 is PendingDeletion")]);
    let gone = mock!(aws_sdk_kms::Client::describe_key)
        .then_error(|| DescribeKeyError::generic(ErrorMetadata::builder().code("NotFoundException").build()));
    let reply = check(&[&global(), &cluster(), &instances()], &gone).await.unwrap();
    assert_eq!(told(&reply), [(Question::EncryptionKey, Verdict::Fail, "key-1 is not there")]);
}

#[tokio::test]
async fn a_denied_key_fails_its_question_alone_and_says_why() {
    let denied = mock!(aws_sdk_kms::Client::describe_key)
        .then_error(|| DescribeKeyError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build()));
    let reply = check(&[&global(), &cluster(), &instances()], &denied).await.unwrap();
    let told = told(&reply);
    assert_eq!((told.len(), told[0].0), (1, Question::EncryptionKey));
    assert!(
        told[0]
            .2
            .contains("could not be asked: describe key key-1: AccessDeniedException (no)"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_global_cluster_that_is_not_there_is_an_answer_and_one_that_can_not_be_read_an_error() {
    let code = |code: &'static str| {
        mock!(aws_sdk_rds::Client::describe_global_clusters)
            .then_error(move || DescribeGlobalClustersError::generic(ErrorMetadata::builder().code(code).build()))
    };
    let reply = check(
        &[&code("GlobalClusterNotFoundFault"), &cluster(), &instances()],
        &key(KeyState::Enabled),
    )
    .await
    .unwrap();
    assert_eq!(told(&reply)[0].0, Question::GlobalCluster);
    let error = check(&[&code("AccessDenied")], &key(KeyState::Enabled)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
}
