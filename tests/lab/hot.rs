//! Hot standby: everything runs; the database is promoted, the tables are proven, and users are moved meanwhile.

use std::num::NonZero;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

use lab::Settings;
use lab::demo::play;
use lab::gateway::{Effect, Match, Rule};
use lab::show::Live;
use lab::world::RECOVERY;
use ledger::Verdict::{Done, StoppedPartway, StoppedUntouched};
use plan::Strategy;

use crate::stage::{Stage, at_once, execute, settings, step};

pub(crate) fn hot(settings: Settings) -> Settings {
    Settings {
        strategy: Strategy::HotStandby,
        ..settings
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_lost_region_promotes_the_database_proves_the_tables_and_moves_users_meanwhile() {
    let stage = Stage::set(&hot(settings())).await;
    // The first attempt to send users on their way fails.
    stage.lab.gateway().weather().add(Rule {
        matching: Match {
            caller: Some("shift-traffic".to_owned()),
            operation: Some("PutMetricData".to_owned()),
            ..Match::default()
        },
        effect: Effect::Error {
            status: 403,
            code: "AccessDenied".to_owned(),
        },
        after: 0,
        times: NonZero::new(1),
    });
    let played = play(&stage.reach, &mut Live::default()).await.expect("a recovery");
    let report = &played.report;
    assert_eq!(report.verdict, Done, "{}", played.document);
    assert_eq!(played.served_from.as_deref(), Some(RECOVERY));
    // Side by side.
    let promoted = step(report, "Fail Over Global Cluster");
    let promoted_at = promoted.ended_at.expect("an end");
    assert!(step(report, "Prove Tables").ended_at.expect("an end") < promoted_at);
    // They are sent at the next look at the promotion, and no more once they are on their way.
    let sent = step(report, "Shift Traffic Early");
    assert!(sent.ended_at.expect("an end") < promoted_at, "{sent:?}");
    assert!((2..=3).contains(&sent.looks), "{sent:?}");
    assert!(
        sent.because.as_deref().is_some_and(|because| because.contains("users are sent")),
        "{sent:?}"
    );
    assert!(step(report, "Prove Public Name").started_at > promoted_at);
    let proven = step(report, "Prove Tables").because.as_deref().unwrap_or_default();
    assert!(proven.contains("unishop-orders"), "{proven}");
    // What the user wanted called was called, and is told.
    let hooks: Vec<_> = report.hooks.iter().map(|hook| (hook.name.as_str(), &hook.error)).collect();
    assert_eq!(hooks, [("warm up", &None)]);
    // No control plane that may be away with the primary is asked.
    let far = stage.asked_far();
    assert!(far.is_empty(), "{far:?}");
    let asked = stage.log();
    let written: Vec<_> = asked
        .iter()
        .filter(|entry| entry.caller == "publish-endpoint" && entry.operation == "PutObject")
        .collect();
    assert_eq!(written.len(), 1, "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_table_that_is_missing_no_replica_or_not_active_stops_the_run_untouched_and_a_critical_hook_before_the_database() {
    let stage = Stage::set(&hot(at_once())).await;
    let stopped = async |says: &[&str]| {
        let ended = stage.run(&execute()).await;
        let report = ended.reported();
        assert_eq!(report.verdict, StoppedUntouched, "{}", ended.cause);
        let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
        assert_eq!(stop.state, "Check Tables");
        for part in says {
            assert!(stop.message.contains(part), "{part}: {}", stop.message);
        }
    };
    stage.change_plan("name = \"unishop-orders\"", "name = \"unishop-carts\"").await;
    stopped(&["unishop-carts"]).await;

    let client = aws_sdk_dynamodb::Client::new(&stage.reach.config().expect("a configuration"));
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let made = client
        .create_table()
        .table_name("unishop-carts")
        .key_schema(key.build().expect("a key"))
        .attribute_definitions(id.build().expect("an attribute"))
        .billing_mode(BillingMode::PayPerRequest);
    made.send().await.expect("a table");
    stopped(&["unishop-carts", "replica"]).await;

    stage.upload_plan(&stage.lab.plan).await;
    let weather = stage.lab.gateway().weather();
    let sealed = weather.add(Rule {
        matching: Match {
            target: Some("unishop-orders".to_owned()),
            ..Match::default()
        },
        effect: Effect::Replica {
            region: RECOVERY.to_owned(),
            status: "INACCESSIBLE_ENCRYPTION_CREDENTIALS".to_owned(),
        },
        after: 0,
        times: None,
    });
    stopped(&["unishop-orders", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"]).await;
    assert!(weather.remove(sealed));
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());

    // A hook that isn't there: critical, it stops the run before the database; else it is told, and the run goes on.
    let missing = stage.lab.plan.replace("relight-unishop-warm-up-hook", "relight-missing-hook");
    assert!(missing.contains("critical = false"), "{missing}");
    stage.upload_plan(&missing.replace("critical = false", "critical = true")).await;
    let ended = stage.run(&execute()).await;
    let report = ended.reported();
    assert_eq!(report.verdict, StoppedPartway, "{}", ended.cause);
    assert!(report.stops[0].state.ends_with("Before Database"), "{:?}", report.stops);
    assert!(
        report.steps.iter().all(|step| step.name != "Fail Over Global Cluster"),
        "{:?}",
        report.steps
    );
    stage.upload_plan(&missing).await;
    let ended = stage.run(&execute()).await;
    let report = ended.reported();
    assert_eq!(report.verdict, Done, "{}", ended.cause);
    let [hook] = &report.hooks[..] else { panic!("{:?}", report.hooks) };
    assert!(hook.error.is_some() && hook.name == "warm up", "{hook:?}");
}
