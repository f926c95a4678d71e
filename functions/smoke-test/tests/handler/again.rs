//! One look as the probe's, for a run that is about to move the workload.

use std::time::{Duration, Instant};

use action::{ErrorName, NamedError as _, Outcome};
use serde_json::json;
use smoke_test::error::Error;
use smoke_test::handle;
use smoke_test::io::{LookReply, Reply};

use super::support::{Answer, TestClock, TestSite, metrics, ok, plan, reach, status, stored};

const CHECKS: &str = r#"
[[site.checks]]
name = "home"
path = "/"

[[site.checks]]
name = "beat"
use = "probe"
method = "POST"
path = "/beat"

[[site.checks]]
name = "order"
method = "POST"
path = "/orders"
"#;

async fn look(site: &str, mode: &str) -> Result<LookReply, Error> {
    let request = json!({
        "purpose": "look",
        "mode": mode,
        "run": "unishop-20261121T031502Z",
        "workload": "unishop",
        "planVersion": null,
        "site": "primary",
    });
    let (rule, put) = metrics();
    let reach = reach(stored(&plan(site, "https://recovery.example.com", CHECKS)).0, &rule);
    let clock = TestClock::at("2026-11-21T03:15:09Z");
    let reply = handle(serde_json::from_value(request).unwrap(), &reach, &clock).await;
    assert!(put.lock().unwrap().is_empty(), "a look of a run puts no metric");
    match reply? {
        Reply::Look(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_primary_that_answers_is_told_by_the_checks_of_the_probe_only() {
    let site = TestSite::start(|_| ok("")).await;
    let reply = look(&site.url(), "execute").await.unwrap();
    assert_eq!((reply.outcome, reply.failed), (Outcome::Unchanged, false));
    assert_eq!(reply.because, "the site in us-east-1 passed 2 of 2 checks");
    assert_eq!(reply.at.to_string(), "2026-11-21T03:15:09Z");
    assert_eq!(site.lines(), ["GET /", "POST /beat"]);
}

#[tokio::test]
async fn plan_mode_writes_nothing_and_what_it_skips_has_not_failed() {
    let site = TestSite::start(|_| ok("")).await;
    let reply = look(&site.url(), "plan").await.unwrap();
    assert!(!reply.failed && reply.because.contains("left to execute mode"), "{}", reply.because);
    assert_eq!(site.lines(), ["GET /"]);
}

#[tokio::test]
async fn a_primary_that_fails_or_is_gone_is_an_answer_and_no_error() {
    let site = TestSite::start(|_| status(503)).await;
    let failing = look(&site.url(), "execute").await.unwrap();
    assert!(failing.failed && failing.because.contains("status 503"), "{}", failing.because);
    let gone = look("http://127.0.0.1:1", "execute").await.unwrap();
    assert!(gone.failed, "{}", gone.because);
}

#[tokio::test]
async fn a_primary_that_hangs_is_given_up_after_five_seconds_in_all() {
    let site = TestSite::start(|_| Answer::Hang).await;
    let begun = Instant::now();
    let reply = look(&site.url(), "execute").await.unwrap();
    assert!(reply.failed && reply.because.contains("failed 2 of 2"), "{}", reply.because);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_plan_that_cannot_be_followed_is_an_error_and_not_a_failed_look() {
    let error = look("http://169.254.169.254", "execute").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
}
