//! Probe items: written under their key, read back, and never over an item of somebody else.

use action::{ErrorName, NamedError as _, Outcome, chain};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_smithy_mocks::mock;
use check_tables::CALLS;
use serde_json::json;

use crate::world::{Aws, Item, NOW, probed, refused_put, table, text};

#[tokio::test]
async fn a_probe_item_is_written_under_its_key_and_read_back_and_doing_so_twice_is_harmless() {
    let aws = Aws::new(vec![table("orders", "ACTIVE"), table("carts", "ACTIVE")]);
    let tables = json!([{"name": "carts"}, {"name": "orders", "probeItem": {"id": "relight"}}]);
    let reply = aws.asked("execute", NOW, tables.clone()).await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Changed, None));
    assert!(
        reply
            .because
            .starts_with("2 tables serve in us-west-1: a probe item was written to orders and read back; "),
        "{}",
        reply.because
    );
    assert_eq!(reply.tables.iter().map(|table| table.probed).collect::<Vec<_>>(), [false, true]);
    let expected: Item = [("id", "relight"), ("relightRun", "unishop-1"), ("relightAt", NOW)]
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into();
    assert_eq!(*aws.kept.lock().unwrap(), [("orders".to_owned(), expected)].into());

    let reply = aws.asked("execute", "2026-11-21T03:15:01Z", tables).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(aws.kept.lock().unwrap()["orders"]["relightAt"], text("2026-11-21T03:15:01Z"));
}

#[tokio::test]
async fn an_item_that_reads_back_otherwise_is_waited_for_until_the_deadline_and_said() {
    for (item, said) in [
        (None, "gives nothing"),
        (
            Some([("relightRun", text("unishop-0")), ("relightAt", text(NOW))]),
            "gives that of run unishop-0 at 2026-11-21T03:15:00Z",
        ),
    ] {
        let item: Option<Item> = item.map(|item| item.map(|(name, value)| (name.to_owned(), value)).into());
        let aws = Aws {
            get: mock!(aws_sdk_dynamodb::Client::get_item).then_output(move || GetItemOutput::builder().set_item(item.clone()).build()),
            ..Aws::new(vec![table("orders", "ACTIVE")])
        };
        let reply = aws.asked("execute", NOW, probed(&["orders"])).await.unwrap();
        assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(1)));
        assert_eq!(reply.because, format!("reading the probe item of orders back {said}"));
        assert!(!reply.tables[0].probed);
        let late = aws.asked("execute", "2026-11-21T03:30:01Z", probed(&["orders"])).await.unwrap_err();
        assert_eq!(late.name(), ErrorName::Permanent);
        assert!(
            chain(&late).contains(&format!("{said}: the deadline of the run")),
            "{}",
            chain(&late)
        );
    }
}

#[tokio::test]
async fn an_item_that_relight_did_not_write_is_left_alone_and_all_that_take_no_item_are_named() {
    let aws = Aws::new(vec![
        refused_put("orders", "ConditionalCheckFailedException"),
        refused_put("carts", "AccessDeniedException"),
        table("orders", "ACTIVE"),
        table("carts", "ACTIVE"),
        table("users", "ACTIVE"),
    ]);
    let error = aws.asked("execute", NOW, probed(&["orders", "carts", "users"])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    let said = chain(&error);
    assert!(
        said.contains("probeItem of table orders names an item that Relight didn't write"),
        "{said}"
    );
    assert!(
        said.contains("carts can't be written and read back in us-west-1 (AccessDeniedException") && !said.contains("users"),
        "{said}"
    );
    // Only the third was written, and read back.
    assert_eq!((aws.put.num_calls(), aws.get.num_calls()), (1, 1));

    let aws = Aws::new(vec![
        refused_put("orders", "ProvisionedThroughputExceededException"),
        table("orders", "ACTIVE"),
    ]);
    let error = aws.asked("execute", NOW, probed(&["orders"])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
}

#[tokio::test]
async fn a_plan_lists_the_writes_and_makes_none() {
    let aws = Aws::new(vec![table("orders", "ACTIVE"), table("carts", "ACTIVE")]);
    let reply = aws.asked("plan", NOW, probed(&["orders", "carts"])).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    assert!(
        reply
            .because
            .starts_with("would call dynamodb:PutItem on orders, carts and read each item back; 2 tables serve"),
        "{}",
        reply.because
    );
    let [orders, carts] = &reply.calls[..] else {
        panic!("{:?}", reply.calls)
    };
    assert_eq!(
        (orders.iam_action.as_str(), carts.iam_action.as_str()),
        ("dynamodb:PutItem", "dynamodb:PutItem")
    );
    assert!(CALLS.iter().any(|call| call.iam_action == orders.iam_action));
    assert_eq!(orders.arguments["TableName"], "orders");
    assert_eq!(
        orders.arguments["Item"],
        json!({"id": {"S": "relight"}, "relightAt": {"S": NOW}, "relightRun": {"S": "unishop-1"}})
    );
    assert_eq!(aws.touched(), 0);
    let reply = Aws::new(vec![table("orders", "CREATING")])
        .asked("plan", NOW, probed(&["orders"]))
        .await
        .unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str(), reply.calls.len()),
        (Outcome::Planned, "would wait: orders is still being created in us-west-1", 0)
    );
}
