//! Table tests: one thing that is wrong with a distribution, and what is said of it.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use super::super::tests::{healthy, request};
use super::*;

fn origin(host: &str) -> Origin {
    Origin {
        host: host.to_owned(),
        http: 80,
        https: 443,
    }
}

fn behavior(pattern: &str, target: &str, writes: bool) -> Behavior {
    Behavior {
        pattern: pattern.to_owned(),
        target: target.to_owned(),
        writes,
    }
}

/// As the example's.
fn whole() -> Distribution {
    let origins = [
        ("primary", "shop.us-east-1.example.com"),
        ("recovery", "shop.us-west-1.example.com"),
        ("public", "shop.example.com"),
    ];
    Distribution {
        domain: "d111111abcdef8.cloudfront.net".to_owned(),
        deployed: true,
        enabled: true,
        origins: origins.map(|(id, host)| (id.to_owned(), origin(host))).into(),
        groups: [(
            "either".to_owned(),
            Group {
                members: vec!["primary".to_owned(), "recovery".to_owned()],
                codes: FAILURES.into(),
                in_order: true,
            },
        )]
        .into(),
        behaviors: vec![behavior("/orders", "public", true), behavior("*", "either", false)],
    }
}

fn answered(found: Option<Distribution>) -> Answer {
    let mut request = request();
    request.distribution = Some(SiteDistribution {
        id: "E1A2B3C4D5E6F7".parse().unwrap(),
        primary: "https://shop.us-east-1.example.com".parse().unwrap(),
        recovery: "https://Shop.us-west-1.example.com/".parse().unwrap(),
        public: Some("https://shop.example.com".parse().unwrap()),
    });
    let seen = Seen {
        distribution: Ok(found),
        ..healthy()
    };
    origin_group(&request, &seen)
}

#[test]
fn one_that_is_whole_passes_and_says_where_it_leads() {
    let answer = answered(Some(whole()));
    assert_eq!(answer.verdict, Verdict::Pass, "{answer}");
    assert_eq!(
        answer.seen,
        "d111111abcdef8.cloudfront.net: /orders leads to shop.example.com; reads of * lead to shop.us-east-1.example.com, then to \
         shop.us-west-1.example.com"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_remedy_and_the_worst_counts() {
    type Wrong = fn(&mut Distribution);
    fn group(found: &mut Distribution) -> &mut Group {
        found.groups.get_mut("either").unwrap()
    }
    let cases: [(Verdict, &str, Wrong); 13] = [
        (Verdict::Fail, "it is disabled and serves nobody", |found| found.enabled = false),
        (Verdict::Fail, "no path leads to an origin group", |found| {
            found.behaviors[1].target = "public".to_owned();
        }),
        (Verdict::Fail, "either does not fail over on 503, 504", |found| {
            group(found).codes = [403, 500, 502].into();
        }),
        (Verdict::Fail, "either has not two origins", |found| {
            group(found).members.truncate(1)
        }),
        (Verdict::Fail, "asks shop.us-west-1.example.com first", |found| {
            group(found).members.reverse()
        }),
        (Verdict::Warn, "which is not site.primary", |found| {
            *found.origins.get_mut("primary").unwrap() = origin("elsewhere.example.com");
        }),
        (
            Verdict::Warn,
            "falls back to shop.us-west-1.example.com, which is not site.recovery",
            |found| {
                found.origins.get_mut("recovery").unwrap().https = 8443;
            },
        ),
        (
            Verdict::Fail,
            "falls back to shop.us-east-1.example.com: that is the primary",
            |found| {
                group(found).members[1] = "primary".to_owned();
            },
        ),
        (
            Verdict::Warn,
            "all methods of /orders stay with shop.us-east-1.example.com",
            |found| {
                found.behaviors[0].target = "primary".to_owned();
            },
        ),
        (Verdict::Warn, "reads of /pages stay with shop.us-east-1.example.com", |found| {
            found.behaviors.insert(0, behavior("/pages", "primary", false));
        }),
        (
            Verdict::Warn,
            "all methods of /orders lead to shop.us-west-1.example.com, in peace too",
            |found| {
                found.behaviors[0].target = "recovery".to_owned();
            },
        ),
        (
            Verdict::Warn,
            "lead to bucket.example.com, which is no address of the plan's site",
            |found| {
                *found.origins.get_mut("public").unwrap() = origin("bucket.example.com");
            },
        ),
        (Verdict::Fail, "either chooses by media quality", |found| {
            group(found).in_order = false
        }),
    ];
    for (verdict, says, wrong) in cases {
        let mut found = whole();
        wrong(&mut found);
        let answer = answered(Some(found));
        assert_eq!(answer.verdict, verdict, "{answer}");
        assert!(answer.seen.contains(says), "{says:?} is not in {answer}");
        assert!(answer.remedy.unwrap().contains("update-distribution --id E1A2B3C4D5E6F7"));
    }
    let mut changing = whole();
    changing.deployed = false;
    let changing = answered(Some(changing));
    assert_eq!(changing.verdict, Verdict::Warn);
    assert!(
        changing
            .to_string()
            .ends_with("aws cloudfront wait distribution-deployed --id E1A2B3C4D5E6F7"),
        "{changing}"
    );
    let gone = answered(None);
    assert_eq!(gone.verdict, Verdict::Fail);
    assert!(gone.to_string().contains("E1A2B3C4D5E6F7 does not exist"), "{gone}");
}
