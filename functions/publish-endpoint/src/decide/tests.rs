use super::*;

fn endpoints(what: serde_json::Value) -> Vec<Endpoint> {
    serde_json::from_value(what).unwrap()
}

fn region() -> Region {
    "us-west-1".parse().unwrap()
}

fn database(endpoint: Option<&str>, port: Option<u16>) -> Database {
    Database {
        endpoint: endpoint.map(str::to_owned),
        port,
    }
}

fn three() -> Vec<Endpoint> {
    endpoints(serde_json::json!([
        {"kind": "parameter", "name": "/relight/unishop/database", "value": "{databaseEndpoint}:{databasePort}"},
        {"kind": "parameter", "name": "/relight/unishop/region", "value": "{region}"},
        {"kind": "object", "bucket": "shop", "key": "config.json", "body": "{\"region\":\"{region}\",\"db\":{\"host\":\"{databaseEndpoint}\"}}"}
    ]))
}

fn held(publication: &Publication, held: impl Fn(&Wanted) -> Option<String>) -> Vec<Option<Value>> {
    let wanted = publication.wanted.iter();
    wanted.map(|wanted| Some(wanted.place.holding(held(wanted)?, None))).collect()
}

#[test]
fn what_is_so_already_is_not_written() {
    let known = database(Some("db.west"), Some(5432));
    let publication = publication(&three(), &region(), Some(&known)).unwrap();
    let seen = held(&publication, |wanted| Some(wanted.text.clone()));
    let decision = decide(publication, seen);
    assert!(decision.writes.is_empty());
    assert_eq!(decision.because(), "all 3 places say so already");
    assert_eq!(decision.would_because(), "all 3 places say so already");
}

#[test]
fn every_placeholder_is_filled_in_within_json_too() {
    let known = database(Some("db.west"), Some(5432));
    let publication = publication(&three(), &region(), Some(&known)).unwrap();
    let texts: Vec<&str> = publication.wanted.iter().map(|wanted| wanted.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "db.west:5432",
            "us-west-1",
            "{\"region\":\"us-west-1\",\"db\":{\"host\":\"db.west\"}}"
        ]
    );
    assert!(publication.unknown.is_empty());
}

#[test]
fn only_what_is_needed_is_missed_and_each_once_by_the_first_that_needs_it() {
    let nobody_asks = publication(&three()[1..2], &region(), None).unwrap();
    assert!(nobody_asks.unknown.is_empty());
    for (database, missing) in [
        (None, &["databaseEndpoint", "databasePort"][..]),
        (Some(database(None, None)), &["databaseEndpoint", "databasePort"]),
        (Some(database(Some(""), Some(5432))), &["databaseEndpoint"]),
        (Some(database(Some("db.west"), None)), &["databasePort"]),
    ] {
        let publication = publication(&three(), &region(), database.as_ref()).unwrap();
        let unknown: Vec<&str> = publication.unknown.iter().map(|unknown| unknown.name.as_str()).collect();
        assert_eq!(unknown, missing, "{database:?}");
        assert_eq!(
            publication.unknown[0].to_string(),
            format!(
                "parameter /relight/unishop/database needs {{{}}}, and the run knows none: no database has been found or promoted",
                missing[0]
            )
        );
    }
}

#[test]
fn two_that_write_one_place_are_refused() {
    let object = three().remove(2);
    let twice = [object.clone(), object];
    assert_eq!(
        publication(&twice, &region(), Some(&database(Some("db.west"), None)))
            .unwrap_err()
            .to_string(),
        "two endpoints of the plan write s3://shop/config.json: remove one of them"
    );
}

#[test]
fn a_text_that_does_not_fit_is_refused_by_its_place() {
    let long = endpoints(serde_json::json!([{"kind": "parameter", "name": "/relight/unishop/x", "value": "x".repeat(4_097)}]));
    let refused = publication(&long, &region(), None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "4097 bytes are too much for parameter /relight/unishop/x: it may hold 4096"
    );
}

#[test]
fn those_places_are_written_that_hold_anything_else() {
    let known = database(Some("db.west"), Some(5432));
    let publication = publication(&three(), &region(), Some(&known)).unwrap();
    let seen = held(&publication, |wanted| match &wanted.place {
        Place::Parameter(name) if name.as_str().ends_with("region") => Some(wanted.text.clone()),
        Place::Parameter(_) => Some("db.east:5432".to_owned()),
        Place::Object { .. } => None,
    });
    let decision = decide(publication, seen);
    let writes: Vec<(String, Option<&str>, &str)> = decision
        .writes
        .iter()
        .map(|write| {
            let before = write.before.as_ref().map(|before| before.text.as_str());
            (write.place.to_string(), before, write.value.text.as_str())
        })
        .collect();
    assert_eq!(
        writes,
        [
            (
                "parameter /relight/unishop/database".to_owned(),
                Some("db.east:5432"),
                "db.west:5432"
            ),
            (
                "s3://shop/config.json".to_owned(),
                None,
                "{\"region\":\"us-west-1\",\"db\":{\"host\":\"db.west\"}}"
            ),
        ]
    );
    assert_eq!(
        decision.because(),
        "wrote 2 of 3 places: parameter /relight/unishop/database, s3://shop/config.json"
    );
}

#[test]
fn a_sentence_names_a_few_places_and_says_what_is_known_later() {
    let many: Vec<_> = (0..5)
        .map(|number| serde_json::json!({"kind": "object", "bucket": "shop", "key": format!("{number}{}", "k".repeat(100)), "body": "{databasePort}"}))
        .collect();
    let publication = publication(&endpoints(many.into()), &region(), None).unwrap();
    let seen = held(&publication, |_| None);
    let because = decide(publication, seen).would_because();
    assert!(because.starts_with("would write 5 of 5 places: s3://shop/0kkk"), "{because}");
    assert!(
        because.ends_with("…, 2 more; {databasePort} is known only after the promotion"),
        "{because}"
    );
    assert!(because.len() < 400, "{because}");
    assert_eq!(decide(Publication::default(), vec![]).because(), "the plan publishes no endpoint");
}
