//! smoke-test against a real site on loopback, with AWS mocked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

#[path = "handler/again.rs"]
mod again;
#[path = "handler/image.rs"]
mod image;
#[path = "handler/probe.rs"]
mod probe;
#[path = "handler/site.rs"]
mod site;
#[path = "handler/support.rs"]
mod support;
#[path = "handler/tls.rs"]
mod tls;

use action::{ErrorName, NamedError as _, Outcome, chain};
use serde_json::json;
use smoke_test::error::Error;
use smoke_test::handle;
use smoke_test::io::{ProofReply, Reply, Request, Verdict};
use support::{Answer, Asked, TestClock, TestSite, metrics, ok, plan, reach, status, stored};

/// A page, and an order that is written and read back.
const CHECKS: &str = r#"
[[site.checks]]
name = "home"
path = "/"
[site.checks.expect]
text = "Unishop"
headers = { "x-region" = "{region}" }

[[site.checks]]
name = "order"
method = "POST"
path = "/orders"
body = '{"note":"{nonce}"}'
capture = { orderId = "/id" }
[site.checks.expect]
status = 201

[[site.checks]]
name = "order read back"
use = "proof"
path = "/orders/{orderId}"
[site.checks.expect]
json = { "/note" = "{nonce}", "/region" = "{region}" }
"#;

/// A shop in `region` that keeps its last order.
fn shop(region: &'static str) -> impl Fn(&Asked) -> Answer + Send + Sync {
    let kept = std::sync::Mutex::new(String::new());
    move |asked| match asked.line().as_str() {
        "GET /" => Answer::Reply(200, vec![("x-region", region.to_owned())], b"<h1>Unishop</h1>".to_vec()),
        "POST /orders" => {
            asked.body.clone_into(&mut kept.lock().unwrap());
            Answer::Reply(201, Vec::new(), br#"{"id":"a/7"}"#.to_vec())
        }
        "GET /orders/a%2F7" => {
            let mut order: serde_json::Value = serde_json::from_str(&kept.lock().unwrap()).unwrap();
            order["region"] = json!(region);
            ok(&order.to_string())
        }
        _ => status(404),
    }
}

fn request(mode: &str) -> Request {
    serde_json::from_value(json!({
        "purpose": "proof",
        "mode": mode,
        "run": "unishop-20261121T031502Z",
        "workload": "unishop",
        "planVersion": null,
        "site": "recovery",
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    }))
    .unwrap()
}

async fn prove(site: &str, checks: &str, mode: &str, now: &str) -> Result<ProofReply, Error> {
    let (stored, asked) = stored(&plan("https://primary.example.com", site, checks));
    let (rule, put) = metrics();
    let reply = handle(request(mode), &reach(stored, &rule), &TestClock::at(now)).await;
    assert!(put.lock().unwrap().is_empty(), "a proof puts no metric");
    assert_eq!(asked.count(), 1);
    match reply? {
        Reply::Proof(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}

fn verdicts(reply: &ProofReply) -> Vec<(&str, Verdict)> {
    reply.checks.iter().map(|check| (check.name.as_str(), check.verdict)).collect()
}

fn reasons(reply: &ProofReply) -> Vec<&str> {
    reply
        .checks
        .iter()
        .map(|check| check.because.as_deref().unwrap_or("passed"))
        .collect()
}

#[tokio::test]
async fn a_site_that_is_proven_stays_proven_and_twice_is_once() {
    let site = TestSite::start(shop("us-west-1")).await;
    for _ in 0..2 {
        let reply = prove(&site.url(), CHECKS, "execute", "2026-11-21T03:17:00Z").await.unwrap();
        assert_eq!(reply.outcome, Outcome::Unchanged, "{reply:?}");
        assert_eq!(reply.because, "the site in us-west-1 passed 3 of 3 checks");
        assert_eq!(reply.retry_after_seconds, None);
    }
    assert_eq!(site.lines(), ["GET /", "POST /orders", "GET /orders/a%2F7"].repeat(2));
}

#[tokio::test]
async fn each_look_writes_a_nonce_of_its_own() {
    let site = TestSite::start(shop("us-west-1")).await;
    for _ in 0..2 {
        prove(&site.url(), CHECKS, "execute", "2026-11-21T03:17:00Z").await.unwrap();
    }
    let written: Vec<String> = site
        .asked()
        .into_iter()
        .filter(|asked| asked.method == "POST")
        .map(|asked| asked.body)
        .collect();
    assert_eq!(written.len(), 2);
    assert_ne!(written[0], written[1]);
    assert_eq!(written[0].len(), r#"{"note":""}"#.len() + 32);
}

#[tokio::test]
async fn a_look_that_fails_waits_and_says_every_failing_check() {
    let site = TestSite::start(shop("us-east-1")).await;
    let reply = prove(&site.url(), CHECKS, "execute", "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!(reply.outcome, Outcome::Waiting);
    assert_eq!(reply.retry_after_seconds, Some(6));
    assert_eq!(
        reasons(&reply),
        [
            "header x-region is \"us-east-1\", not \"us-west-1\"",
            "passed",
            "/region is \"us-east-1\", not \"us-west-1\""
        ]
    );
    assert!(
        reply
            .because
            .starts_with("the site in us-west-1 failed 2 of 3 checks: home (header x-region"),
        "{}",
        reply.because
    );
}

#[tokio::test]
async fn a_check_that_needs_what_a_failed_one_captures_says_so_and_is_not_made() {
    let site = TestSite::start(|asked| if asked.method == "POST" { status(500) } else { ok("Unishop") }).await;
    let reply = prove(&site.url(), CHECKS, "execute", "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!(
        reasons(&reply),
        [
            "header x-region is missing",
            "status 500 instead of 201; the body is no JSON (EOF while parsing a value at line 1 column 0)",
            "needs {orderId} of check \"order\", which failed",
        ]
    );
    assert_eq!(site.lines(), ["GET /", "POST /orders"]);
}

#[tokio::test]
async fn plan_mode_writes_nothing_and_is_planned_whatever_it_sees() {
    for region in ["us-west-1", "us-east-1"] {
        let site = TestSite::start(shop(region)).await;
        let reply = prove(&site.url(), CHECKS, "plan", "2026-11-21T03:45:00Z").await.unwrap();
        assert_eq!(reply.outcome, Outcome::Planned);
        assert_eq!(
            verdicts(&reply)[1..],
            [("order", Verdict::Skipped), ("order read back", Verdict::Skipped)]
        );
        assert_eq!(
            reasons(&reply)[1..],
            [
                "POST may write",
                "needs {orderId} of check \"order\", which plan mode does not make"
            ]
        );
        assert_eq!(site.lines(), ["GET /"]);
    }
}

#[tokio::test]
async fn no_method_that_may_write_is_sent_in_plan_mode() {
    let site = TestSite::start(|_| ok("")).await;
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let checks: String = methods
        .iter()
        .map(|method| format!("[[site.checks]]\nname = \"{method}\"\nmethod = \"{method}\"\npath = \"/\"\nuse = \"always\"\n"))
        .collect();
    prove(&site.url(), &checks, "plan", "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!(site.lines(), ["GET /", "HEAD /"]);
    prove(&site.url(), &checks, "execute", "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!(site.lines()[2..], methods.map(|method| format!("{method} /")));
}

#[tokio::test]
async fn after_the_deadline_a_failing_site_is_permanent_and_each_check_is_named() {
    let site = TestSite::start(|_| status(503)).await;
    let error = prove(&site.url(), CHECKS, "execute", "2026-11-21T03:30:01Z").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "the site of unishop in us-west-1 is not proven: home (status 503 instead of 200; \"Unishop\" is not in the body; header \
         x-region is missing), order (status 503 instead of 201; the body is no JSON (EOF while parsing a value at line 1 column 0)), \
         order read back (needs {orderId} of check \"order\", which failed): the deadline of the run, 2026-11-21T03:30:00Z, has passed"
    );
}

#[tokio::test]
async fn a_site_that_works_after_the_deadline_is_proven_all_the_same() {
    let site = TestSite::start(shop("us-west-1")).await;
    let reply = prove(&site.url(), CHECKS, "execute", "2026-11-21T03:31:00Z").await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn a_plan_whose_site_is_the_metadata_service_is_invalid_input() {
    for address in ["http://169.254.169.254", "http://0xa9fea9fe:80", "http://[fd00:ec2::254]"] {
        let error = prove(address, CHECKS, "plan", "2026-11-21T03:17:00Z").await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput, "{error:?}");
        assert!(chain(&error).contains("where no site can be"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn a_missing_plan_is_invalid_input_and_named() {
    let (missing, _) = bucket::testing::bucket("plans-bucket", &[]);
    let (rule, _) = metrics();
    let error = handle(request("execute"), &reach(missing, &rule), &TestClock::at("2026-11-21T03:17:00Z"))
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(
        chain(&error).contains("s3://plans-bucket/plans/unishop.toml does not exist"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn the_version_that_the_run_opened_with_is_read() {
    let (stored, asked) = stored(&plan("https://primary.example.com", "http://127.0.0.1:1", CHECKS));
    let mut versioned = serde_json::to_value(request("plan")).unwrap();
    versioned["planVersion"] = json!("v7");
    let (metrics, _) = metrics();
    let versioned = serde_json::from_value(versioned).unwrap();
    handle(versioned, &reach(stored, &metrics), &TestClock::at("2026-11-21T03:17:00Z"))
        .await
        .unwrap();
    assert_eq!(asked.requests()[0].uri().query(), Some("versionId=v7"));
}
