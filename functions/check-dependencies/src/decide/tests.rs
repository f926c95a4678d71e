//! Table tests: one thing that is wrong answers one question, and a service that is away fails nothing.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use readiness::Verdict;
use serde_json::json;

use super::*;

const CERTIFICATE: &str = "arn:aws:acm:us-west-1:123456789012:certificate/1";

pub(super) fn request() -> Request {
    let request = json!({
        "run": "check-1",
        "workload": "unishop",
        "launchTemplate": "lt-0123456789abcdef0",
        "targetGroups": ["arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef"],
        "traffic": {"namespace": "Relight", "metric": "RecoveryServes"},
        "distribution": null,
        "certificateDays": null,
    });
    serde_json::from_value(request).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

fn check() -> HealthCheck {
    HealthCheck {
        id: "hc-1".to_owned(),
        inverted: false,
        disabled: false,
        without_data: "LastKnownStatus".to_owned(),
        outdated: vec![],
    }
}

pub(super) fn healthy() -> Seen {
    let role = Role {
        functions: ["relight-open-run".to_owned()].into(),
        trust: Trust::Lambda,
    };
    Seen {
        profile: Ok(Some(Profile {
            name: "web".to_owned(),
            roles: Some(vec!["web-role".to_owned()]),
        })),
        roles: Ok([("OpenRunRole".to_owned(), role)].into()),
        traffic: Ok(Some(Watched {
            alarm: "relight-unishop-recovery-serves".to_owned(),
            health_checks: vec![check()],
        })),
        distribution: Ok(None),
        certificates: Ok(vec![Certificate {
            arn: CERTIFICATE.to_owned(),
            status: Some("ISSUED".to_owned()),
            until: Some("2027-11-21T03:00:00Z".parse().unwrap()),
        }]),
    }
}

fn told_of(request: &Request, seen: &Seen) -> Vec<Answer> {
    let mut answers = answers(request, seen, &"us-west-1".parse().unwrap(), now());
    let asked: Vec<Question> = answers.iter().map(|answer| answer.question).collect();
    let own = Question::ALL
        .iter()
        .filter(|question| question.asker() == readiness::Asker::Dependencies);
    assert_eq!(asked, own.copied().collect::<Vec<_>>());
    answers.retain(|answer| answer.verdict > Verdict::Pass);
    answers
}

fn valid_until(seen: &mut Seen, until: &str) {
    seen.certificates.as_mut().unwrap()[0].until = Some(until.parse().unwrap());
}

#[test]
fn what_is_whole_passes_and_what_the_plan_does_not_have_too() {
    assert_eq!(told_of(&request(), &healthy()), []);
    let mut none = request();
    (none.launch_template, none.traffic) = (None, None);
    none.target_groups.clear();
    let mut seen = healthy();
    (seen.profile, seen.traffic, seen.certificates) = (Ok(None), Ok(None), Ok(vec![]));
    assert_eq!(told_of(&none, &seen), []);
    // A template without a profile, and load balancers without a certificate, are whole as well.
    seen.traffic = healthy().traffic;
    assert_eq!(told_of(&request(), &seen), []);
}

#[test]
fn one_thing_that_is_wrong_answers_one_question_and_says_how_to_mend_it() {
    type Wrong = fn(&mut Seen);
    let cases: [(&str, Question, Verdict, &str, Wrong); 14] = [
        (
            "no profile",
            Question::InstanceProfile,
            Verdict::Fail,
            "web of lt-0123456789abcdef0 does not exist",
            |seen| {
                seen.profile.as_mut().unwrap().as_mut().unwrap().roles = None;
            },
        ),
        (
            "no role in it",
            Question::InstanceProfile,
            Verdict::Fail,
            "add-role-to-instance-profile",
            |seen| {
                seen.profile.as_mut().unwrap().as_mut().unwrap().roles = Some(vec![]);
            },
        ),
        (
            "no role",
            Question::Roles,
            Verdict::Fail,
            "OpenRunRole of relight-open-run does not exist",
            |seen| {
                seen.roles.as_mut().unwrap().get_mut("OpenRunRole").unwrap().trust = Trust::Gone;
            },
        ),
        (
            "another trust",
            Question::Roles,
            Verdict::Fail,
            "may not be assumed by Lambda",
            |seen| {
                seen.roles.as_mut().unwrap().get_mut("OpenRunRole").unwrap().trust = Trust::Others;
            },
        ),
        (
            "no alarm",
            Question::TrafficHealthCheck,
            Verdict::Fail,
            "no alarm watches RecoveryServes",
            |seen| {
                seen.traffic = Ok(None);
            },
        ),
        (
            "no health check",
            Question::TrafficHealthCheck,
            Verdict::Fail,
            "nobody would be moved",
            |seen| {
                seen.traffic.as_mut().unwrap().as_mut().unwrap().health_checks.clear();
            },
        ),
        ("inverted", Question::TrafficHealthCheck, Verdict::Fail, "--no-inverted", |seen| {
            seen.traffic.as_mut().unwrap().as_mut().unwrap().health_checks[0].inverted = true;
        }),
        ("disabled", Question::TrafficHealthCheck, Verdict::Fail, "--no-disabled", |seen| {
            seen.traffic.as_mut().unwrap().as_mut().unwrap().health_checks[0].disabled = true;
        }),
        (
            "as it was",
            Question::TrafficHealthCheck,
            Verdict::Fail,
            "--alarm-identifier",
            |seen| {
                seen.traffic.as_mut().unwrap().as_mut().unwrap().health_checks[0].outdated = vec!["Period"];
            },
        ),
        (
            "by silence",
            Question::TrafficHealthCheck,
            Verdict::Fail,
            "without data for Unhealthy",
            |seen| {
                seen.traffic.as_mut().unwrap().as_mut().unwrap().health_checks[0].without_data = "Unhealthy".to_owned();
            },
        ),
        (
            "not issued",
            Question::SiteCertificate,
            Verdict::Fail,
            "is PENDING_VALIDATION",
            |seen| {
                seen.certificates.as_mut().unwrap()[0].status = Some("PENDING_VALIDATION".to_owned());
            },
        ),
        (
            "expired",
            Question::SiteCertificate,
            Verdict::Fail,
            "has expired at 2026-11-21T03:00:00Z",
            |seen| {
                valid_until(seen, "2026-11-21T03:00:00Z");
            },
        ),
        ("short", Question::SiteCertificate, Verdict::Warn, "valid for 13 days", |seen| {
            valid_until(seen, "2026-12-05T02:59:59Z");
        }),
        ("of IAM", Question::SiteCertificate, Verdict::Warn, "is not of ACM", |seen| {
            seen.certificates.as_mut().unwrap()[0].status = None;
        }),
    ];
    for (case, question, verdict, says, wrong) in cases {
        let mut seen = healthy();
        wrong(&mut seen);
        let told = told_of(&request(), &seen);
        assert_eq!(told.len(), 1, "{case}: {told:?}");
        assert_eq!((told[0].question, told[0].verdict), (question, verdict), "{case}");
        assert!(
            told[0].to_string().contains(says) && told[0].remedy.is_some(),
            "{case}: {}",
            told[0]
        );
    }
}

#[test]
fn a_certificate_that_the_plans_checks_would_refuse_fails_to_the_day() {
    let mut request = request();
    request.certificate_days = Some(30);
    for (until, verdicts) in [("2026-12-21T03:00:00Z", vec![]), ("2026-12-21T02:59:59Z", vec![Verdict::Fail])] {
        let mut seen = healthy();
        valid_until(&mut seen, until);
        let told: Vec<Verdict> = told_of(&request, &seen).iter().map(|answer| answer.verdict).collect();
        assert_eq!(told, verdicts, "{until}");
    }
}

#[test]
fn a_service_that_is_away_warns_and_one_that_refuses_fails() {
    for (why, verdict) in [
        (NotSeen::Away("no answer".to_owned()), Verdict::Warn),
        (NotSeen::Refused("AccessDenied".to_owned()), Verdict::Fail),
    ] {
        let seen = Seen {
            profile: Err(why.clone()),
            roles: Err(why.clone()),
            traffic: Err(why.clone()),
            distribution: Err(why.clone()),
            certificates: Err(why),
        };
        let mut request = request();
        request.distribution = Some(plan::SiteDistribution {
            id: "E1A2B3C4D5E6F7".parse().unwrap(),
            primary: "https://shop.us-east-1.example.com".parse().unwrap(),
            recovery: "https://shop.us-west-1.example.com".parse().unwrap(),
            public: None,
        });
        let told = told_of(&request, &seen);
        assert_eq!(told.len(), 5);
        assert!(
            told.iter()
                .all(|answer| answer.verdict == verdict && answer.seen.contains("could not be asked")),
            "{told:?}"
        );
    }
}
