//! The action against mocked AWS: what is left alone, what is kept before it is written, and that twice is once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use action::{ErrorName, NamedError as _, Outcome, chain};
use serde_json::json;
use world::{CONFIG, DATABASE, REGION, World};

#[tokio::test]
async fn places_that_say_so_already_are_only_looked_at() {
    let world = World::new();
    world.holds(DATABASE, "db.west:5432");
    world.holds(REGION, "us-west-1");
    world.shelve("{\"db\":\"db.west\"}");
    let reply = world.asked("execute").await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Unchanged, "all 3 places say so already")
    );
    assert!(world.made().is_empty());
}

#[tokio::test]
async fn what_was_there_is_kept_before_anything_is_written() {
    let world = World::new();
    world.holds(DATABASE, "db.east:5432");
    world.shelve("{\"db\":\"db.east\"}");
    let reply = world.asked("execute").await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(
        reply.because,
        "wrote 3 of 3 places: parameter /relight/unishop/database, parameter /relight/unishop/region, s3://relight-shop-config/config.json"
    );
    assert_eq!(
        world.made(),
        [
            "keep place#/relight/unishop/database db.east:5432",
            "keep place#/relight/unishop/region -",
            "keep place#s3://relight-shop-config/config.json {\"db\":\"db.east\"}",
            "put /relight/unishop/database db.west:5432",
            "put /relight/unishop/region us-west-1",
            "put s3://relight-shop-config/config.json {\"db\":\"db.west\"}",
        ]
    );
    let object = world.shelf.object(CONFIG).unwrap();
    assert_eq!(object.cache_control.as_deref(), Some("no-cache"));
    assert_eq!(object.content_type.as_deref(), Some("application/vnd.shop+json"));
}

#[tokio::test]
async fn twice_is_once() {
    let world = World::new();
    assert_eq!(world.asked("execute").await.unwrap().outcome, Outcome::Changed);
    let made = world.made();
    assert_eq!(world.asked("execute").await.unwrap().outcome, Outcome::Unchanged);
    assert_eq!(world.made(), made);
}

/// A later run of the chain that finds another host, as after a second promotion, keeps what the first run found.
#[tokio::test]
async fn a_chain_keeps_what_it_found_first() {
    let world = World::new();
    world.holds(DATABASE, "db.east:5432");
    world.asked("execute").await.unwrap();
    let elsewhere = json!({"endpoint": "db.newer", "port": 5432});
    let reply = world.asked_about("execute", elsewhere).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Changed);
    assert_eq!(world.parameter(DATABASE).as_deref(), Some("db.newer:5432"));
    let kept = world.kept("place#/relight/unishop/database").unwrap();
    assert_eq!(kept.was.unwrap().text, "db.east:5432");
    assert_eq!(world.kept("place#s3://relight-shop-config/config.json").unwrap().was, None);
}

#[tokio::test]
async fn a_plan_lists_each_keeping_and_writing_and_makes_none() {
    let world = World::new();
    world.holds(DATABASE, "db.east:5432");
    world.holds(REGION, "us-west-1");
    let reply = world.asked("plan").await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    assert_eq!(
        reply.because,
        "would write 2 of 3 places: parameter /relight/unishop/database, s3://relight-shop-config/config.json"
    );
    let calls: Vec<&str> = reply.calls.iter().map(|call| call.iam_action.as_str()).collect();
    assert_eq!(calls, ["dynamodb:PutItem", "dynamodb:PutItem", "ssm:PutParameter", "s3:PutObject"]);
    assert_eq!(reply.calls[0].arguments["Item"]["text"]["S"], "db.east:5432");
    assert_eq!(reply.calls[2].arguments["Value"], "db.west:5432");
    assert_eq!(reply.calls[3].arguments["Body"], "{\"db\":\"db.west\"}");
    assert_eq!(reply.left_out, 0);
    assert!(world.made().is_empty());
}

#[tokio::test]
async fn a_plan_shows_what_only_a_promotion_can_tell_as_it_stands_in_the_plan() {
    let world = World::new();
    world.holds(REGION, "us-west-1");
    for database in [json!(null), json!({"endpoint": null, "port": null})] {
        let reply = world.asked_about("plan", database).await.unwrap();
        assert_eq!(reply.calls[2].arguments["Value"], "{databaseEndpoint}:{databasePort}");
        assert!(
            reply
                .because
                .ends_with("; {databaseEndpoint} and {databasePort} are known only after the promotion"),
            "{}",
            reply.because
        );
    }
}

#[tokio::test]
async fn a_plan_of_many_long_texts_stays_below_4_kib() {
    let long = "x".repeat(4_000);
    let endpoints: String = (0..20)
        .map(|number| format!("\n[[endpoints]]\nkind = \"parameter\"\nname = \"/relight/unishop/{number}\"\nvalue = \"{long}\"\n"))
        .collect();
    let world = World::with(&endpoints);
    let reply = world.asked("plan").await.unwrap();
    let size = serde_json::to_vec(&reply).unwrap().len();
    assert!((2_500..4_096).contains(&size), "{size}");
    assert_eq!(reply.calls.len() + reply.left_out, 40);
}

#[tokio::test]
async fn a_database_that_is_missing_is_refused_before_anything_is_touched() {
    let world = World::new();
    for database in [
        json!(null),
        json!({"endpoint": null, "port": null}),
        json!({"endpoint": "", "port": 5432}),
    ] {
        let error = world.asked_about("execute", database).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput);
        assert_eq!(
            chain(&error),
            "nothing written: parameter /relight/unishop/database needs {databaseEndpoint}, and the run knows none: no database has \
             been found or promoted"
        );
    }
    assert_eq!((world.made(), world.looks()), (vec![], 0));
}

#[tokio::test]
async fn a_plan_without_endpoints_needs_no_database() {
    let reply = World::with("").asked_about("execute", json!(null)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.because.as_str()),
        (Outcome::Unchanged, "the plan publishes no endpoint")
    );
}

#[tokio::test]
async fn what_reads_back_otherwise_is_tried_again() {
    let mut world = World::new();
    world.forgetful = true;
    let error = world.asked("execute").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert_eq!(
        chain(&error),
        "0 of 3 written: parameter /relight/unishop/database was written too, and holds something else when it is read back"
    );
}

#[tokio::test]
async fn a_place_that_may_not_be_written_is_named_with_how_many_are() {
    let mut world = World::new();
    world.denied = Some("PUT");
    let error = world.asked("execute").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "2 of 3 written: write s3://relight-shop-config/config.json: AccessDenied (Access Denied)"
    );
    assert_eq!(world.parameter(REGION).as_deref(), Some("us-west-1"));

    let mut world = World::new();
    world.denied = Some("GET");
    let error = world.asked("execute").await.unwrap_err();
    assert_eq!(
        chain(&error),
        "nothing written: read s3://relight-shop-config/config.json, which this function may not read, or whose bucket it may not list: \
         AccessDenied (Access Denied)"
    );
    assert!(world.made().is_empty());
}

#[tokio::test]
async fn a_ledger_that_can_not_keep_stops_it_before_any_write() {
    let mut world = World::new();
    world.ledgerless = true;
    let error = world.asked("execute").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    let text = chain(&error);
    assert!(
        text.starts_with("nothing written: keep in the ledger what parameter /relight/unishop/database held: AccessDeniedException"),
        "{text}"
    );
    assert!(world.made().is_empty());
}

#[tokio::test]
async fn a_plan_that_is_not_there_is_invalid_input() {
    let world = World::new();
    let request = json!({"mode": "execute", "run": "other-1", "workload": "other", "planVersion": null, "database": null});
    let error = world.handled(request).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(chain(&error).starts_with("plan of other: s3://relight/plans/other.toml does not exist"));
}
