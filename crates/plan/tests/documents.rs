//! What is committed beside the code agrees with it: the schema, the page about plans, the example.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use plan::{DataLoss, Fence, Plan, Promotion, Traffic, Use, When};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../schemas/plan.schema.json");
const PAGE: &str = include_str!("../../../docs/plan.md");
const EXAMPLE: &str = include_str!("../../../infra/examples/unishop/plan.toml");
const WARM: &str = include_str!("../../../infra/examples/unishop/warm-standby.toml");
const COMPLETE: &str = include_str!("plans/complete.toml");
const LEAST: &str = include_str!("plans/least.toml");

fn parsed(text: &str) -> Plan {
    Plan::parse(text).unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[test]
fn the_committed_schema_is_fresh() {
    assert!(
        SCHEMA == format!("{:#}\n", plan::schema()),
        "schemas/plan.schema.json is stale; refresh it: cargo run -p relight -- plan schema > schemas/plan.schema.json"
    );
}

#[test]
fn the_page_describes_every_key_and_every_choice() {
    let mut words = BTreeSet::new();
    collect(&plan::schema(), &mut words);
    let missing: Vec<_> = words.iter().filter(|word| !PAGE.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/plan.md doesn't mention {missing:?}");
}

/// The names of all properties and the texts of all choices.
fn collect(schema: &Value, words: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        words.extend(properties.keys().cloned());
    }
    words.extend(schema["const"].as_str().map(str::to_owned));
    match schema {
        Value::Object(members) => members.values().for_each(|member| collect(member, words)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        _ => {}
    }
}

#[test]
fn the_plans_on_the_page_are_good() {
    let blocks: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!blocks.is_empty());
    let whole: Vec<_> = blocks.iter().filter(|block| block.starts_with("workload")).collect();
    assert!(!whole.is_empty());
    for block in whole {
        parsed(block);
    }
}

#[test]
fn the_example_is_a_good_plan_that_writes_and_reads_back() {
    let plan = parsed(EXAMPLE);
    assert_eq!(plan.workload.as_str(), "unishop");
    assert_eq!(plan.image_pointer().as_str(), "/relight/unishop/image");
    let uses: Vec<_> = plan
        .site
        .checks
        .iter()
        .map(|check| (check.method.as_str(), check.path.as_str(), check.usage()))
        .collect();
    assert_eq!(
        uses,
        [
            ("GET", "/", Use::Always),
            ("GET", "/health", Use::Always),
            ("POST", "/orders", Use::Proof),
            ("GET", "/orders/{nonce}", Use::Proof),
        ]
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let plan = parsed(LEAST);
    assert_eq!((plan.database, plan.compute, plan.image), (None, None, None));
    assert_eq!((plan.tables.len(), plan.endpoints.len(), plan.hooks.len()), (0, 0, 0));
    assert_eq!(plan.site.public, None);
    assert_eq!(plan.probe.period.seconds(), 10);
    assert_eq!(plan.traffic, Traffic::None { when: When::AfterProof });
    assert_eq!(plan.guards.cool_down.duration(), Duration::from_secs(3_600));
    assert_eq!(plan.guards.approval_timeout.duration(), Duration::from_secs(900));
    assert_eq!((plan.guards.fence, plan.guards.accept_data_loss), (Fence::Try, DataLoss::None));
    assert_eq!(plan.site.checks[0].expect.status, 200);
    let database = COMPLETE.replacen("promotion = \"failover\"\n", "", 1);
    assert_eq!(parsed(&database).database.map(|database| database.promotion), Some(Promotion::Auto));
}

#[test]
fn consents_to_loss_grow() {
    assert!(DataLoss::None < DataLoss::BeyondRpo && DataLoss::BeyondRpo < DataLoss::Unmeasured);
}

#[test]
fn defaults_written_as_texts_are_what_they_say() {
    let mut defaults = BTreeSet::new();
    spans(&plan::schema(), &mut defaults);
    assert!(defaults.contains("7d"), "{defaults:?}");
    for text in defaults {
        let span: plan::Span = text.parse().unwrap();
        let plan = parsed(&LEAST.replacen("\"15m\"", &format!("\"{text}\""), 1));
        assert_eq!(plan.objectives.rto, span);
    }
    let plan = parsed(LEAST);
    for span in [plan.guards.cool_down, plan.guards.approval_timeout, plan.probe.period] {
        assert_eq!(span.as_str().parse(), Ok(span));
    }
}

fn spans(schema: &Value, found: &mut BTreeSet<String>) {
    let is_span = schema["$ref"] == "#/$defs/Span";
    found.extend(schema["default"].as_str().filter(|_| is_span).map(str::to_owned));
    match schema {
        Value::Object(members) => members.values().for_each(|member| spans(member, found)),
        Value::Array(items) => items.iter().for_each(|item| spans(item, found)),
        _ => {}
    }
}

#[test]
fn a_plan_written_as_json_or_toml_reads_back_as_the_same() {
    for text in [COMPLETE, LEAST, EXAMPLE, WARM] {
        let plan = parsed(text);
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
        assert_eq!(parsed(&toml::to_string(&plan).unwrap()), plan);
    }
}

/// The schema decides what is told and the types what is read: nothing may pass the one and fail the other.
#[test]
fn whatever_the_schema_lets_through_the_types_can_read() {
    let whole: toml::Value = toml::from_str(COMPLETE).unwrap();
    let others = ["1", "1.5", "\"x\"", "[]", "{}"];
    let others: Vec<toml::Value> = others
        .iter()
        .map(|text| toml::from_str::<toml::Table>(&format!("v = {text}")).unwrap().remove("v").unwrap())
        .collect();
    let mut tried = 0;
    for path in paths(&whole) {
        for other in others.iter().map(Some).chain([None]) {
            let mut changed = whole.clone();
            replace(&mut changed, &path, other);
            let text = toml::to_string(&changed).unwrap();
            if let Err(invalid) = Plan::parse(&text) {
                assert!(
                    invalid.problems().iter().all(|problem| problem.remedy != "mend it"),
                    "{path:?}: {other:?}\n{invalid}"
                );
            }
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
}

fn paths(value: &toml::Value) -> Vec<Vec<String>> {
    let below: Vec<(String, &toml::Value)> = match value {
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        toml::Value::Array(array) => array.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (step, value) in below {
        all.push(vec![step.clone()]);
        all.extend(paths(value).into_iter().map(|rest| [vec![step.clone()], rest].concat()));
    }
    all
}

fn replace(value: &mut toml::Value, path: &[String], by: Option<&toml::Value>) {
    let (last, before) = path.split_last().unwrap();
    let at = before.iter().fold(value, |value, step| match value {
        toml::Value::Table(table) => table.get_mut(step).unwrap(),
        toml::Value::Array(array) => &mut array[step.parse::<usize>().unwrap()],
        _ => unreachable!("paths lead through tables and arrays"),
    });
    match (at, by) {
        (toml::Value::Table(table), Some(by)) => drop(table.insert(last.clone(), by.clone())),
        (toml::Value::Table(table), None) => drop(table.remove(last)),
        (toml::Value::Array(array), Some(by)) => array[last.parse::<usize>().unwrap()] = by.clone(),
        (toml::Value::Array(array), None) => drop(array.remove(last.parse().unwrap())),
        _ => unreachable!("paths lead through tables and arrays"),
    }
}
