//! Requests and replies on the wire, and what they tell people.

use serde_json::json;

use super::*;

fn check(name: &str, verdict: Verdict, because: Option<&str>) -> CheckReport {
    CheckReport {
        name: name.to_owned(),
        verdict,
        millis: 12,
        because: because.map(str::to_owned),
    }
}

fn region() -> Region {
    "us-west-1".parse().unwrap()
}

#[test]
fn the_purpose_picks_the_request_and_unknown_fields_are_refused() {
    let probe = json!({"purpose": "probe", "workload": "unishop", "site": "primary"});
    assert!(matches!(serde_json::from_value(probe.clone()), Ok(Request::Probe(_))));
    let mut unknown = probe;
    unknown["mode"] = json!("execute");
    let error = serde_json::from_value::<Request>(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown field `mode`"), "{error}");
    assert!(serde_json::from_value::<Request>(json!({"purpose": "look"})).is_err());
}

#[test]
fn a_reply_carries_all_its_fields_also_when_they_are_null() {
    let reply = Reply::Proof(ProofReply::new(
        Outcome::Unchanged,
        None,
        Site::Recovery,
        &region(),
        &[check("home", Verdict::Pass, None)],
    ));
    assert_eq!(
        serde_json::to_value(reply).unwrap(),
        json!({
            "purpose": "proof",
            "outcome": "unchanged",
            "retryAfterSeconds": null,
            "because": "the site in us-west-1 passed 1 of 1 checks",
            "site": "recovery",
            "checks": [{"name": "home", "verdict": "pass", "millis": 12, "because": null}],
        })
    );
}

#[test]
fn the_sentence_counts_names_and_gives_reasons() {
    let failing = check("home", Verdict::Fail, Some("status 500 instead of 200"));
    let skipped = check("order", Verdict::Skipped, Some("POST"));
    for (checks, sentence_expected) in [
        (
            vec![failing.clone(), check("a", Verdict::Pass, None)],
            "the site in us-west-1 failed 1 of 2 checks: home (status 500 instead of 200)",
        ),
        (
            vec![failing.clone(), skipped.clone()],
            "the site in us-west-1 failed 1 of 2 checks: home (status 500 instead of 200); 1 that may write are left to execute mode",
        ),
        (
            vec![skipped],
            "the site in us-west-1 passed 0 of 1 checks, and 1 that may write are left to execute mode",
        ),
    ] {
        assert_eq!(sentence(&of_site(&region()), &checks), sentence_expected);
    }
    let many = vec![failing; 5];
    let cut = sentence(&of_site(&region()), &many);
    assert!(cut.ends_with(" and 2 more"), "{cut}");
}

#[test]
fn a_reply_stays_under_four_kibibytes_and_loses_passed_checks_first() {
    let long = "\u{1}ü".repeat(200);
    let mut checks: Vec<CheckReport> = (0..100).map(|n| check(&format!("{n}{long}"), Verdict::Pass, None)).collect();
    checks.extend((0..5).map(|n| check(&format!("failing {n}"), Verdict::Fail, Some(&long))));
    let reply = ProofReply::new(Outcome::Waiting, Some(15), Site::Recovery, &region(), &checks);
    assert!(serde_json::to_vec(&Reply::Proof(reply.clone())).unwrap().len() < 4_096);
    let failing = reply.checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
    assert_eq!(failing, 5);
    checks.iter_mut().for_each(|check| check.verdict = Verdict::Fail);
    let reply = ProofReply::new(Outcome::Waiting, Some(15), Site::Recovery, &region(), &checks);
    assert!(serde_json::to_vec(&Reply::Proof(reply.clone())).unwrap().len() < 4_096);
    assert!(!reply.checks.is_empty() && reply.because.contains("failed 105 of 105"));
}
