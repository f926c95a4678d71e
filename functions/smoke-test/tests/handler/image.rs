//! A booted copy of an image, by the checks that the plan names for it.

use action::{ErrorName, NamedError as _, Outcome, chain};
use serde_json::{Value, json};
use smoke_test::error::Error;
use smoke_test::handle;
use smoke_test::io::{ImageReply, Reply, Verdict};

use super::support::{TestClock, TestSite, metrics, ok, plan, reach, status, stored};

const CHECKS: &str = r#"
[[site.checks]]
name = "home"
path = "/"
[site.checks.expect]
text = "Unishop"

[[site.checks]]
name = "orders"
path = "/orders"
"#;

/// A plan whose copies are looked at where `site` is, below the address.
fn with_proof(site: &TestSite) -> String {
    let port = site.address.port();
    let image = format!(
        r#"
[image]
source = {{ instance = "i-0123456789abcdef0" }}
[image.proof]
subnets = ["subnet-0123456789abcdef0"]
securityGroups = ["sg-0123456789abcdef0"]
site = "http://{{address}}:{port}"
checks = ["home"]
"#
    );
    plan(
        "https://primary.example.com",
        "https://recovery.example.com",
        &format!("{CHECKS}{image}"),
    )
}

async fn prove(plan: &str, mode: &str, address: Value, now: &str) -> Result<ImageReply, Error> {
    let request = json!({
        "purpose": "image",
        "mode": mode,
        "run": "unishop-20261121T031502Z",
        "workload": "unishop",
        "planVersion": null,
        "address": address,
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    });
    let (rule, _) = metrics();
    let reach = reach(stored(plan).0, &rule);
    match handle(serde_json::from_value(request).unwrap(), &reach, &TestClock::at(now)).await? {
        Reply::Image(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_copy_is_proven_by_the_checks_that_the_plan_names_and_no_others() {
    let site = TestSite::start(|asked| if asked.path == "/" { ok("Unishop") } else { status(500) }).await;
    let reply = prove(&with_proof(&site), "execute", json!("127.0.0.1"), "2026-11-21T03:17:00Z")
        .await
        .unwrap();
    assert_eq!(reply.outcome, Outcome::Unchanged);
    assert_eq!(reply.because, "the copy that booted at 127.0.0.1 passed 1 of 1 checks");
    assert_eq!(site.lines(), ["GET /"]);
}

#[tokio::test]
async fn a_copy_that_boots_and_does_not_serve_is_waited_for_and_then_named() {
    let site = TestSite::start(|_| status(500)).await;
    let plan = with_proof(&site);
    let reply = prove(&plan, "execute", json!("127.0.0.1"), "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!((reply.outcome, reply.retry_after_seconds), (Outcome::Waiting, Some(6)));
    assert_eq!(reply.checks[0].verdict, Verdict::Fail);
    let error = prove(&plan, "execute", json!("127.0.0.1"), "2026-11-21T03:30:01Z")
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    let said = chain(&error);
    assert!(
        said.contains("the copy that booted at 127.0.0.1 is not proven to serve: home (status 500"),
        "{said}"
    );
}

#[tokio::test]
async fn without_an_instance_plan_mode_says_what_it_would_look_at_and_execute_mode_refuses() {
    let site = TestSite::start(|_| status(500)).await;
    let plan = with_proof(&site);
    let reply = prove(&plan, "plan", Value::Null, "2026-11-21T03:17:00Z").await.unwrap();
    assert_eq!(reply.outcome, Outcome::Planned);
    assert!(
        reply.because.starts_with("would look at http://{address}:") && reply.because.ends_with(" by home"),
        "{}",
        reply.because
    );
    let error = prove(&plan, "execute", Value::Null, "2026-11-21T03:17:00Z").await.unwrap_err();
    assert_eq!((error.name(), site.lines().len()), (ErrorName::InvalidInput, 0));
}

#[tokio::test]
async fn an_address_that_can_hold_no_site_is_refused() {
    let site = TestSite::start(|_| ok("Unishop")).await;
    let error = prove(&with_proof(&site), "execute", json!("169.254.169.254"), "2026-11-21T03:17:00Z")
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
}
