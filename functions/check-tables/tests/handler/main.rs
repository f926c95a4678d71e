//! The action against mocked AWS: what is asked, what is written and read back, and what stops a recovery.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod lag;
mod probe;
mod world;

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_dynamodb::types::{MultiRegionConsistency, TableStatus};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use check_tables::{Clients, handle};
use serde_json::json;
use world::{Aws, NOW, described, failing, lags, probed, request, table};

#[tokio::test]
async fn tables_that_serve_and_have_no_probe_item_are_only_looked_at() {
    let aws = Aws::new(vec![table("orders", "ACTIVE"), table("carts", "UPDATING")]);
    let tables = json!([{"name": "orders"}, {"name": "carts"}]);
    let reply = aws.asked("execute", NOW, tables).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Unchanged, None));
    assert_eq!(
        reply.because,
        "2 tables serve in us-west-1; the replication lag is unknown because ReplicationLatency has no value of the last 15 min"
    );
    let standing = serde_json::to_value(&reply.tables[0]).unwrap();
    assert_eq!(
        standing,
        json!({
            "name": "orders", "status": "ACTIVE", "primary": "REGION_DISABLED", "lagSeconds": null,
            "lagBecause": "no value of the last 15 min", "probed": false,
        })
    );
    assert_eq!(aws.touched(), 0);
    // A plan without tables has nothing to ask for.
    let aws = Aws::new(vec![]);
    let reply = aws.asked("execute", NOW, json!([])).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Unchanged, "the plan has no tables")
    );
    assert_eq!(aws.lags.num_calls(), 0);
}

#[tokio::test]
async fn every_table_that_can_not_serve_is_named_and_nothing_is_written_anywhere() {
    let aws = Aws::new(vec![
        table("orders", "ACTIVE"),
        table("carts", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
        failing("users", "ResourceNotFoundException"),
        failing("stock", "AccessDeniedException"),
    ]);
    for mode in ["execute", "plan"] {
        let error = aws
            .asked(mode, NOW, probed(&["orders", "carts", "users", "stock"]))
            .await
            .unwrap_err();
        assert_eq!(error.name(), ErrorName::Permanent);
        let said = chain(&error);
        for bad in [
            "table carts is INACCESSIBLE_ENCRYPTION_CREDENTIALS in us-west-1",
            "table users does not exist in us-west-1",
            "table stock can't be seen in us-west-1 (AccessDeniedException",
        ] {
            assert!(said.contains(bad), "{said}");
        }
        assert!(!said.contains("orders"), "{said}");
    }
    assert_eq!(aws.touched(), 0);
}

#[tokio::test]
async fn a_table_that_is_being_created_is_waited_for_and_no_other_is_written_to_meanwhile() {
    let aws = Aws::new(vec![table("orders", "CREATING"), table("carts", "ACTIVE")]);
    let reply = aws
        .asked("execute", "2026-11-21T03:15:30Z", probed(&["orders", "carts"]))
        .await
        .unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(3)));
    assert_eq!(reply.because, "orders is still being created in us-west-1");
    assert_eq!((reply.tables.len(), aws.touched()), (2, 0));
    let late = aws
        .asked("execute", "2026-11-21T03:30:01Z", probed(&["orders", "carts"]))
        .await
        .unwrap_err();
    assert_eq!(late.name(), ErrorName::Permanent);
    assert!(
        chain(&late).starts_with("waiting for the tables: orders is still being created in us-west-1: the deadline"),
        "{}",
        chain(&late)
    );
}

#[tokio::test]
async fn a_table_that_can_not_be_described_for_now_is_asked_about_again() {
    let aws = Aws::new(vec![failing("orders", "ThrottlingException")]);
    let error = aws.asked("execute", NOW, probed(&["orders"])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert!(
        chain(&error).starts_with("describe table orders: ThrottlingException"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn a_reply_about_twenty_tables_stays_below_four_kibibytes() {
    let names: Vec<String> = (0..20).map(|number| format!("unishop-production-orders-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let any =
        mock!(aws_sdk_dynamodb::Client::describe_table).then_output(|| described(TableStatus::Active, MultiRegionConsistency::Eventual));
    let aws = Aws::new(vec![any]);
    let few = &names[..5];
    for (mode, names, tables, calls) in [("execute", &names[..], 20, 0), ("plan", &names[..], 0, 10), ("plan", few, 5, 5)] {
        let reply = aws.asked(mode, NOW, probed(names)).await.unwrap();
        // The runner adds the name of the action.
        assert!(serde_json::to_string(&reply).unwrap().len() < 4_060);
        assert_eq!((reply.tables.len(), reply.calls.len()), (tables, calls), "{mode}");
        let all = if mode == "plan" { 2 * names.len() } else { names.len() };
        assert_eq!(reply.left_out, all - tables - calls);
    }
}

#[tokio::test]
async fn one_region_is_no_two_and_an_unknown_field_is_no_request() {
    let same = serde_json::from_value(request("execute", "us-west-1", json!([{"name": "orders"}]))).unwrap();
    let table = table("orders", "ACTIVE");
    let lags = lags(&[]);
    let clients = Clients {
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&lags]),
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&table]),
    };
    let error = handle(same, &clients, NOW.parse().unwrap()).await.unwrap_err();
    assert_eq!((error.name(), table.num_calls()), (ErrorName::InvalidInput, 0));
    let mut odd = request("execute", "us-east-1", json!([]));
    odd["table"] = json!("orders");
    assert!(serde_json::from_value::<check_tables::io::Request>(odd).is_err());
}
