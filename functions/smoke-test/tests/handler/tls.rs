//! Certificates: how long they are valid, and whose are believed.

use smoke_test::address::Lookup;
use smoke_test::http::{Http, Trust};
use smoke_test::io::Verdict;

use super::site::Look;
use super::support::{TestSite, at, http, http_by, ok};

const LOOKUP: Lookup = |_| Box::pin(async { Ok(vec!["127.0.0.1:0".parse().unwrap()]) });
const CHECK: &str = "[[site.checks]]\nname = \"home\"\npath = \"/\"\nexpect = { certificateDays = 14 }\n";

#[tokio::test]
async fn a_certificate_with_enough_days_left_passes_and_one_with_too_few_says_how_many() {
    let end = at("2036-11-21T00:00:00Z");
    let (site, roots) = TestSite::start_tls("shop.example.com", end, |_| ok("")).await;
    let http = Http::new(Trust::Only(roots), LOOKUP);
    let url = format!("https://shop.example.com:{}", site.address.port());
    for (now, because) in [
        ("2036-11-07T00:00:00Z", None),
        (
            "2036-11-07T00:00:01Z",
            Some("the certificate is valid for 13 days more, until 2036-11-21T00:00:00Z; 14 are expected"),
        ),
    ] {
        let checked = Look::new(&http, &url, CHECK).at(at(now)).take().await;
        assert_eq!(checked[0].report.because.as_deref(), because);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_by_a_stranger_or_over_is_no_answer() {
    let later = at("2036-11-21T00:00:00Z");
    let (other, roots) = TestSite::start_tls("other.example.com", later, |_| ok("")).await;
    let (over, over_roots) = TestSite::start_tls("shop.example.com", at("2021-01-01T00:00:00Z"), |_| ok("")).await;
    for (http, site, because) in [
        (Http::new(Trust::Only(roots), LOOKUP), &other, "not valid for name"),
        (Http::new(Trust::Only(over_roots), LOOKUP), &over, "expired"),
        (http_by(LOOKUP), &other, "UnknownIssuer"),
    ] {
        let url = format!("https://shop.example.com:{}", site.address.port());
        let checked = Look::new(&http, &url, CHECK).take().await;
        assert_eq!(checked[0].report.verdict, Verdict::Fail);
        let seen = checked[0].report.because.clone().unwrap();
        assert!(seen.contains(because), "{seen}");
        assert!(!checked[0].replied);
    }
}

#[tokio::test]
async fn without_any_root_certificate_there_is_no_look_rather_than_a_failed_one() {
    let http = Http::new(Trust::Only(rustls::RootCertStore::empty()), LOOKUP);
    let refused = Look::new(&http, "https://shop.example.com", CHECK).try_take().await.unwrap_err();
    assert_eq!(refused.to_string(), "this system has no root certificates");
}

#[tokio::test]
async fn a_site_without_tls_has_no_certificate() {
    let site = TestSite::start(|_| ok("")).await;
    let http = http();
    let checked = Look::new(&http, &site.url(), CHECK).take().await;
    assert_eq!(
        checked[0].report.because.as_deref(),
        Some("came without TLS, so there is no certificate")
    );
}

#[tokio::test]
async fn a_site_that_takes_connections_and_says_nothing_is_given_up_after_three_seconds() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://shop.example.com:{}", silent.local_addr().unwrap().port());
    let checked = Look::new(&http_by(LOOKUP), &url, CHECK).take().await;
    assert_eq!(checked[0].report.because.as_deref(), Some("no connection within 3 s"));
    assert!((3_000..5_000).contains(&checked[0].report.millis), "{checked:?}");
}
