//! What a look does with what a site does: redirects, hanging, bodies without end, names that lead astray.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use action::{Mode, Permit};
use jiff::Timestamp;
use smoke_test::address::Lookup;
use smoke_test::http::{Http, NoClient};
use smoke_test::io::Verdict;
use smoke_test::look::Checked;

use super::support::{Answer, TestSite, at, http, http_by, ok, plan, redirect, status};

/// A look by a plan's checks, straight at a site.
pub(crate) struct Look<'a> {
    http: &'a Http,
    url: String,
    checks: &'a str,
    redirect_hosts: Vec<String>,
    now: Timestamp,
    within: Duration,
}

impl<'a> Look<'a> {
    pub(crate) fn new(http: &'a Http, url: &str, checks: &'a str) -> Self {
        Self {
            http,
            url: url.to_owned(),
            checks,
            redirect_hosts: Vec::new(),
            now: at("2026-11-21T03:17:00Z"),
            within: Duration::from_secs(20),
        }
    }

    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    fn redirecting_to(mut self, host: &str) -> Self {
        self.redirect_hosts.push(host.to_owned());
        self
    }

    pub(crate) async fn try_take(self) -> Result<Vec<Checked>, NoClient> {
        // The site of the parsed plan is replaced, so that a check on the certificate may also meet plain HTTP.
        let text = plan("https://primary.example.com", "https://recovery.example.com", self.checks);
        let mut plan = ::plan::Plan::parse(&text).unwrap();
        plan.site.redirect_hosts = self.redirect_hosts;
        let permit: Permit = Mode::Execute.permit().unwrap();
        let look = smoke_test::look::Look {
            http: self.http,
            plan: &plan.site,
            site: &self.url.parse().unwrap(),
            region: &plan.regions.recovery,
            agent: "relight-smoke-test/0.1.0 (test)".to_owned(),
            permit: Some(&permit),
            now: self.now,
            within: self.within,
        };
        look.take(|_| true).await
    }

    pub(crate) async fn take(self) -> Vec<Checked> {
        self.try_take().await.unwrap()
    }
}

const HOME: &str = "[[site.checks]]\nname = \"home\"\npath = \"/\"\n";
const POST: &str = "[[site.checks]]\nname = \"order\"\nmethod = \"POST\"\npath = \"/\"\nbody = \"b\"\nuse = \"always\"\n\
                    headers = { authorization = \"Bearer secret\", content-type = \"text/plain\" }\n";

fn because(checked: &[Checked]) -> &str {
    checked[0].report.because.as_deref().unwrap_or("passed")
}

/// Every name is on loopback, but one that leads to the metadata service.
const LOOKUP: Lookup = |host| {
    let address = if host == "rebound.example.com" {
        "169.254.169.254:0"
    } else {
        "127.0.0.1:0"
    };
    Box::pin(async move { Ok(vec![address.parse::<SocketAddr>().unwrap()]) })
};

#[tokio::test]
async fn the_path_is_appended_to_the_sites_address_and_the_site_is_told_who_looks() {
    let site = TestSite::start(|_| ok("")).await;
    let checks = "[[site.checks]]\nname = \"health\"\npath = \"/health?deep={region}\"\n";
    let checked = Look::new(&http(), &format!("http://localhost:{}/shop/", site.address.port()), checks)
        .take()
        .await;
    assert_eq!(because(&checked), "passed");
    assert_eq!(site.lines(), ["GET /shop/health?deep=us-west-1"]);
    assert_eq!(site.asked()[0].headers["user-agent"], "relight-smoke-test/0.1.0 (test)");
}

#[tokio::test]
async fn five_redirects_on_the_same_host_are_followed_and_a_loop_ends() {
    let site = TestSite::start(|asked| match asked.path.as_str() {
        "/" => redirect(302, "/1"),
        "/1" => redirect(301, "2"),
        "/2" => redirect(307, "/3"),
        "/3" => redirect(308, "/4"),
        "/4" => redirect(303, "/5"),
        "/5" => ok(""),
        _ => redirect(302, asked.path.clone()),
    })
    .await;
    let checked = Look::new(&http(), &site.url(), HOME).take().await;
    assert_eq!((because(&checked), site.lines().len()), ("passed", 6));
    let checked = Look::new(&http(), &format!("{}/loop", site.url()), HOME).take().await;
    assert_eq!(because(&checked), "redirected more than 5 times");
    assert_eq!(site.lines().len(), 6 + 6);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed_unless_the_plan_allows_it() {
    let other = TestSite::start(|_| ok("")).await;
    let port = other.address.port();
    let site = TestSite::start(move |_| redirect(307, format!("http://localhost:{port}/there"))).await;
    let checked = Look::new(&http(), &site.url(), POST).take().await;
    assert_eq!(
        because(&checked),
        "redirected to localhost, which is neither the site's host nor in redirectHosts"
    );
    let checked = Look::new(&http(), &site.url(), POST).redirecting_to("localhost").take().await;
    assert_eq!(
        because(&checked),
        format!("redirected to port {port}, which is neither the site's port nor a standard one")
    );
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn an_allowed_host_gets_the_request_without_the_headers_that_may_be_secret() {
    let site = TestSite::start(|asked| match asked.headers["host"].to_str().unwrap() {
        host if host.starts_with("shop.") => redirect(307, format!("http://{}/there", host.replace("shop.", "login."))),
        _ => ok(""),
    })
    .await;
    let url = format!("http://shop.example.com:{}", site.address.port());
    let checked = Look::new(&http_by(LOOKUP), &url, POST)
        .redirecting_to("login.example.com")
        .take()
        .await;
    assert_eq!(because(&checked), "passed");
    assert_eq!(site.lines(), ["POST /", "POST /there"]);
    let asked = site.asked();
    assert_eq!(asked[0].headers["authorization"], "Bearer secret");
    assert!(!asked[1].headers.contains_key("authorization"));
    assert_eq!(
        (asked[1].headers["content-type"].to_str().unwrap(), asked[1].body.as_str()),
        ("text/plain", "b")
    );
}

#[tokio::test]
async fn a_post_becomes_a_get_without_a_body_after_303_and_stays_a_post_after_307() {
    for (code, then) in [(303, "GET /there"), (302, "GET /there"), (307, "POST /there"), (308, "POST /there")] {
        let site = TestSite::start(move |asked| if asked.path == "/" { redirect(code, "/there") } else { ok("") }).await;
        let checked = Look::new(&http(), &site.url(), POST).take().await;
        assert_eq!(because(&checked), "passed");
        assert_eq!(site.lines(), ["POST /", then]);
        let there = &site.asked()[1];
        assert_eq!(there.body.is_empty(), then.starts_with("GET"), "{code}");
        assert_eq!(there.headers.contains_key("content-type"), !then.starts_with("GET"), "{code}");
    }
}

#[tokio::test]
async fn a_redirect_that_is_expected_is_the_reply() {
    let site = TestSite::start(|_| redirect(301, "https://shop.example.com/")).await;
    let checks = "[[site.checks]]\nname = \"moved\"\npath = \"/\"\n\
                  expect = { status = 301, headers = { location = \"https://shop.example.com/\" } }\n";
    let checked = Look::new(&http(), &site.url(), checks).take().await;
    assert_eq!((because(&checked), site.lines().len()), ("passed", 1));
}

#[tokio::test]
async fn no_redirect_and_no_name_leads_to_the_metadata_service() {
    let http = http_by(LOOKUP);
    for (location, host, why) in [
        (
            "http://169.254.169.254/latest/meta-data/",
            "169.254.169.254",
            "redirected to 169.254.169.254 is a link-local address",
        ),
        (
            "http://2852039166/",
            "169.254.169.254",
            "redirected to 169.254.169.254 is a link-local address",
        ),
        (
            "http://[::ffff:169.254.169.254]/",
            "[::ffff:a9fe:a9fe]",
            "redirected to ::ffff:169.254.169.254 is a link-local address",
        ),
        (
            "http://rebound.example.com/",
            "rebound.example.com",
            "rebound.example.com resolves to 169.254.169.254 is",
        ),
    ] {
        let site = TestSite::start(move |_| redirect(302, location)).await;
        let checked = Look::new(&http, &site.url(), HOME).redirecting_to(host).take().await;
        assert!(because(&checked).starts_with(why), "{location}: {}", because(&checked));
    }
    let checked = Look::new(&http, "http://169.254.169.254", HOME).take().await;
    assert!(
        because(&checked).starts_with("169.254.169.254 is a link-local"),
        "{}",
        because(&checked)
    );
    let checked = Look::new(&http, "http://rebound.example.com", HOME).take().await;
    assert!(
        because(&checked).starts_with("rebound.example.com resolves to 169.254.169.254"),
        "{}",
        because(&checked)
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_a_failed_check_that_names_the_cause() {
    const NOWHERE: Lookup = |_| Box::pin(async { Err(std::io::Error::other("no such name")) });
    let checked = Look::new(&http_by(NOWHERE), "http://shop.example.com", HOME).take().await;
    assert_eq!(because(&checked), "no such name");
}

#[tokio::test]
async fn a_site_that_hangs_takes_no_longer_than_the_look_may_and_the_rest_is_not_tried() {
    let site = TestSite::start(|_| Answer::Hang).await;
    let checks = format!("{HOME}{}", HOME.replace("home", "cart"));
    let started = Instant::now();
    let checked = Look::new(&http(), &site.url(), &checks)
        .within(Duration::from_millis(150))
        .take()
        .await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(
        because(&checked).starts_with("no complete reply within 0.1"),
        "{}",
        because(&checked)
    );
    assert_eq!(checked[1].report.because.as_deref(), Some("not tried: the look's 0.15 s were over"));
    assert!(
        checked
            .iter()
            .all(|checked| !checked.replied && checked.report.verdict == Verdict::Fail)
    );
    assert_eq!(site.lines().len(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_a_mebibyte() {
    let site = TestSite::start(|_| Answer::Endless).await;
    let checks = format!("{HOME}{}expect = {{ json = {{ \"/a\" = 1 }} }}\n", HOME.replace("home", "cart"));
    let checked = Look::new(&http(), &site.url(), &checks).take().await;
    assert_eq!(because(&checked), "passed");
    assert_eq!(
        checked[1].report.because.as_deref(),
        Some("the body is longer than 1 MiB and isn't read as JSON")
    );
}

#[tokio::test]
async fn a_body_of_exactly_a_mebibyte_is_whole() {
    let body = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    let site = TestSite::start(move |_| ok(&body)).await;
    let checks = format!("{HOME}capture = {{ all = \"\" }}\n");
    assert_eq!(because(&Look::new(&http(), &site.url(), &checks).take().await), "passed");
}

#[tokio::test]
async fn a_reply_over_its_latency_budget_fails_with_both_times() {
    let site = TestSite::start(|_| {
        let until = Instant::now() + Duration::from_millis(20);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        status(200)
    })
    .await;
    let checks = format!("{HOME}expect = {{ latency = \"1ms\" }}\n");
    let checked = Look::new(&http(), &site.url(), &checks).take().await;
    assert!(
        because(&checked).ends_with("ms, above the 1 ms of the plan"),
        "{}",
        because(&checked)
    );
    assert!(checked[0].replied && checked[0].report.millis >= 20, "{checked:?}");
}

#[tokio::test]
async fn a_captured_value_that_cannot_stand_in_a_header_is_a_failed_check_and_is_not_sent() {
    let site = TestSite::start(|_| ok(r#"{"token":"a\r\nx-evil: 1"}"#)).await;
    let checks = format!(
        "{HOME}capture = {{ token = \"/token\" }}\n{}headers = {{ x-token = \"{{token}}\" }}\n",
        HOME.replace("home", "cart")
    );
    let checked = Look::new(&http(), &site.url(), &checks).take().await;
    assert_eq!(
        checked[1].report.because.as_deref(),
        Some("header x-token can't be sent: its value isn't one line of plain text")
    );
    assert_eq!(site.lines().len(), 1);
}
