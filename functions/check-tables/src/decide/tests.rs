//! Table tests: which status serves, who is a replica, whose key fits; and that nothing else ever serves.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn request(tables: &Value) -> Request {
    let request = json!({
        "mode": "execute",
        "run": "unishop-1",
        "workload": "unishop",
        "tables": tables,
        "primaryRegion": "us-east-1",
        "recoveryRegion": "us-west-1",
        "since": "2026-11-21T03:15:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    });
    serde_json::from_value(request).unwrap()
}

fn table(status: &str, replicas: &[(&str, &str)]) -> Found {
    let replicas = replicas.iter().map(|(region, status)| ((*region).to_owned(), (*status).to_owned()));
    Found::Table(Table {
        status: status.to_owned(),
        replicas: replicas.collect(),
        key: [("id".to_owned(), "S".to_owned())].into(),
        strongly_consistent: false,
    })
}

fn seen(tables: &[(&str, Found)]) -> Seen {
    Seen {
        tables: tables.iter().map(|(name, found)| (name.parse().unwrap(), found.clone())).collect(),
        lags: Ok(BTreeMap::new()),
    }
}

fn orders(found: Found) -> Result<Decision, InTheWay> {
    decide(&request(&json!([{"name": "orders"}])), &seen(&[("orders", found)]))
}

#[test]
fn tables_that_serve_need_nothing_and_neither_does_a_plan_without_any() {
    for status in ["ACTIVE", "UPDATING"] {
        assert_eq!(orders(table(status, &[("us-east-1", "ACTIVE")])), Ok(Decision::Serve), "{status}");
    }
    assert_eq!(decide(&request(&json!([])), &seen(&[])), Ok(Decision::Serve));
}

#[test]
fn a_table_or_replica_that_is_being_created_is_waited_for() {
    for (status, replicas) in [
        ("CREATING", &[("us-east-1", "ACTIVE")][..]),
        ("CREATING", &[]),
        ("ACTIVE", &[("us-east-1", "ACTIVE"), ("us-west-1", "CREATING")]),
    ] {
        let expected = Ok(Decision::Wait(vec!["orders".parse().unwrap()]));
        assert_eq!(orders(table(status, replicas)), expected, "{status} {replicas:?}");
    }
}

#[test]
fn what_the_primarys_replica_does_in_an_outage_decides_nothing() {
    for status in ["ACTIVE", "DELETING", "REGION_DISABLED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "?"] {
        assert_eq!(orders(table("ACTIVE", &[("us-east-1", status)])), Ok(Decision::Serve), "{status}");
    }
}

#[test]
fn any_other_status_is_refused_by_its_name_with_a_remedy() {
    for (status, remedy) in [
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "enable its KMS key"),
        ("REPLICATION_NOT_AUTHORIZED", "AWSServiceRoleForDynamoDBReplication"),
        ("REGION_DISABLED", "enable this Region"),
        ("ARCHIVING", "restore the backup"),
        ("ARCHIVED", "restore the backup"),
        ("CREATION_FAILED", "take this replica out"),
        ("active", "describe-table"),
        ("DELETING", "add the replica again"),
        ("without a status", "describe-table"),
    ] {
        let primary = ("us-east-1", "ACTIVE");
        for found in [table(status, &[primary]), table("ACTIVE", &[primary, ("us-west-1", status)])] {
            let said = orders(found).unwrap_err().to_string();
            let start = format!("table orders is {status} in us-west-1: ");
            assert!(said.starts_with(&start) && said.contains(remedy), "{said}");
        }
    }
}

#[test]
fn a_table_that_is_not_here_or_stands_alone_is_refused_with_a_remedy() {
    let nowhere = orders(Found::Nowhere).unwrap_err().to_string();
    assert!(
        nowhere.contains("--region us-east-1 --table-name orders --replica-updates Create={RegionName=us-west-1}"),
        "{nowhere}"
    );
    for replicas in [&[][..], &[("us-west-1", "ACTIVE"), ("eu-west-1", "ACTIVE")]] {
        let alone = orders(table("ACTIVE", replicas)).unwrap_err().to_string();
        assert!(
            alone.contains("is no replica of the one in us-east-1: what the primary wrote isn't here"),
            "{alone}"
        );
    }
}

#[test]
fn all_that_is_in_the_way_is_named_and_what_is_not_in_the_way_is_not() {
    let tables = request(&json!([{"name": "orders"}, {"name": "carts"}, {"name": "users"}, {"name": "stock"}]));
    let primary = ("us-east-1", "ACTIVE");
    let seen = seen(&[
        ("orders", table("ARCHIVED", &[primary])),
        ("carts", table("ACTIVE", &[primary])),
        ("users", Found::Refused("AccessDeniedException (no)".to_owned())),
        ("stock", table("CREATING", &[primary])),
    ]);
    let said = decide(&tables, &seen).unwrap_err().to_string();
    assert!(
        said.contains("orders is ARCHIVED") && said.contains("users can't be seen") && said.contains("AccessDeniedException"),
        "{said}"
    );
    assert!(!said.contains("carts") && !said.contains("stock"), "{said}");
}

#[test]
fn a_probe_item_is_written_only_under_exactly_the_tables_key() {
    let key = |key: &[(&str, &str)]| {
        let Found::Table(table) = table("ACTIVE", &[("us-east-1", "ACTIVE")]) else {
            panic!("no table")
        };
        let key = key.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
        Found::Table(Table {
            key: key.collect(),
            ..table
        })
    };
    let asked = request(&json!([{"name": "orders", "probeItem": {"id": "relight"}}]));
    let decided = |found| decide(&asked, &seen(&[("orders", found)]));
    let probe = Probe {
        table: "orders".parse().unwrap(),
        key: [("id".to_owned(), "relight".to_owned())].into(),
    };
    assert_eq!(decided(key(&[("id", "S")])), Ok(Decision::Probe(vec![probe])));
    for odd in [&[("pk", "S")][..], &[("id", "S"), ("at", "S")], &[("id", "N")], &[]] {
        let refused = decided(key(odd)).unwrap_err();
        assert!(matches!(&refused.0[..], [Obstacle::Key { .. }]), "{odd:?}: {refused}");
    }
    let said = decided(key(&[("id", "N"), ("pk", "S")])).unwrap_err().to_string();
    assert!(
        said.contains("names id, and the table's key is id (N) and pk (S): name exactly its key"),
        "{said}"
    );
}

#[test]
fn only_the_very_stamp_that_was_written_counts_as_read_back() {
    let stamp = |run: &str, at: &str| Stamp {
        run: run.to_owned(),
        at: at.to_owned(),
    };
    let asked = request(&json!([]));
    let written = stamp("unishop-1", "2026-11-21T03:15:00Z");
    let read = |probed| judge(&asked, &written, &[("orders".parse().unwrap(), probed)].into());
    assert_eq!(read(Probed::Read(Some(written.clone()))), Ok(vec![]));
    for (other, said) in [
        (None, "gives nothing"),
        (
            Some(stamp("unishop-0", "2026-11-21T03:15:00Z")),
            "gives that of run unishop-0 at 2026-11-21T03:15:00Z",
        ),
        (
            Some(stamp("unishop-1", "2026-11-21T03:14:00Z")),
            "gives that of run unishop-1 at 2026-11-21T03:14:00Z",
        ),
    ] {
        let strange = read(Probed::Read(other)).unwrap();
        assert_eq!(strange[0].to_string(), format!("reading the probe item of orders back {said}"));
    }
    let foreign = read(Probed::Foreign).unwrap_err().to_string();
    assert!(foreign.contains("orders names an item that Relight didn't write"), "{foreign}");
    let refused = read(Probed::Refused("AccessDeniedException (no)".to_owned()))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("(AccessDeniedException (no))") && refused.contains("relight:workload=unishop"),
        "{refused}"
    );
}

/// What AWS says of a status, and what it might come to say.
fn status() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("ACTIVE".to_owned()),
        2 => Just("UPDATING".to_owned()),
        3 => prop::sample::select(vec![
            "CREATING", "DELETING", "ARCHIVING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED",
            "CREATION_FAILED", "REGION_DISABLED", "active", "",
        ]).prop_map(str::to_owned),
        1 => "[A-Z_]{1,12}",
    ]
}

type Case = (String, Option<String>, Option<String>, bool);

proptest! {
    #[test]
    fn nothing_serves_or_is_written_to_unless_every_table_is_a_replica_that_serves(
        cases in prop::collection::vec((status(), prop::option::of(status()), prop::option::of(status()), any::<bool>()), 1..5)
    ) {
        let serves = |status: &String| ["ACTIVE", "UPDATING"].contains(&status.as_str());
        let good = |(status, own, primary, _): &Case| serves(status) && own.as_ref().is_none_or(serves) && primary.is_some();
        let names: Vec<String> = (0..cases.len()).map(|number| format!("table-{number}")).collect();
        let tables: Vec<Value> = names.iter().zip(&cases).map(|(name, (.., probe))| match probe {
            true => json!({"name": name, "probeItem": {"id": "relight"}}),
            false => json!({"name": name}),
        }).collect();
        let found: Vec<(&str, Found)> = names.iter().zip(&cases).map(|(name, (status, own, primary, _))| {
            let own = own.iter().map(|status| ("us-west-1", status.as_str()));
            let primary = primary.iter().map(|status| ("us-east-1", status.as_str()));
            (name.as_str(), table(status, &own.chain(primary).collect::<Vec<_>>()))
        }).collect();
        let decision = decide(&request(&json!(tables)), &seen(&found));
        let goes_on = matches!(decision, Ok(Decision::Serve | Decision::Probe(_)));
        prop_assert_eq!(goes_on, cases.iter().all(good), "{:?}", decision);
    }
}
