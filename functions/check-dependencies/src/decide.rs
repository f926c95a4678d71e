//! What each question comes to, given what was seen. Pure.

mod distribution;

use std::collections::{BTreeMap, BTreeSet};

use action::ids::Region;
use jiff::Timestamp;
use readiness::{Answer, Question, unasked};

use crate::io::Request;

pub use distribution::{Behavior, Distribution, Group, Origin};

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The instance profile that the launch template names; none if it names none.
    pub profile: Result<Option<Profile>, NotSeen>,
    /// The roles of Relight's functions by name.
    pub roles: Result<BTreeMap<String, Role>, NotSeen>,
    /// The alarm on the metric that moves users, with the health checks that follow it; none if no alarm watches it.
    pub traffic: Result<Option<Watched>, NotSeen>,
    /// The plan's distribution; none if it isn't there.
    pub distribution: Result<Option<Distribution>, NotSeen>,
    /// The certificates that the target groups' load balancers serve.
    pub certificates: Result<Vec<Certificate>, NotSeen>,
}

/// Why something was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSeen {
    /// The service doesn't answer, or asks to be asked later: it may be away, and a recovery goes on without it.
    Away(String),
    /// It answers, and something must be mended before it tells.
    Refused(String),
}

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The names of its roles; none if the profile isn't there.
    pub roles: Option<Vec<String>>,
}

/// The role of functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The functions that have it.
    pub functions: BTreeSet<String>,
    /// Whether it is there, and may be assumed by Lambda.
    pub trust: Trust,
}

/// Who may assume a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Lambda may.
    Lambda,
    /// Others may.
    Others,
    /// There is no such role.
    Gone,
}

/// An alarm on the metric that moves users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The alarm's name.
    pub alarm: String,
    /// The health checks that follow an alarm of this name in this Region.
    pub health_checks: Vec<HealthCheck>,
}

/// A health check of Route 53 that follows an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Its id.
    pub id: String,
    /// Whether it takes an alarm that goes off for health.
    pub inverted: bool,
    /// Whether it takes everything for health.
    pub disabled: bool,
    /// What it takes an alarm without data for.
    pub without_data: String,
    /// Which of the alarm's settings it has as they were.
    pub outdated: Vec<&'static str>,
}

/// A certificate that a load balancer serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// Its status; none for one that isn't ACM's.
    pub status: Option<String>,
    /// Until when it is valid, where that is known.
    pub until: Option<Timestamp>,
}

/// Below this a certificate that renews itself has failed to: ACM begins 60 days before the end
/// (docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html).
const DAYS: u16 = 14;

/// The answer to each question about what a recovery relies on.
pub fn answers(request: &Request, seen: &Seen, region: &Region, now: Timestamp) -> Vec<Answer> {
    vec![
        profile(request, seen),
        roles(seen),
        health_check(request, seen, region),
        distribution::origin_group(request, seen),
        certificate(request, seen, now),
    ]
}

/// A service that is away fails nothing: a recovery needs none of them to answer.
fn not_seen(question: Question, why: &NotSeen, limit: &str) -> Answer {
    match why {
        NotSeen::Refused(why) => unasked(question, why),
        NotSeen::Away(why) => Answer::warn(
            question,
            format!("could not be asked: {why}"),
            limit,
            "wait for the next check; a recovery doesn't ask this service",
        ),
    }
}

fn profile(request: &Request, seen: &Seen) -> Answer {
    let question = Question::InstanceProfile;
    let Some(template) = &request.launch_template else {
        return Answer::nothing(question, "the plan launches nothing");
    };
    let limit = "there, with a role";
    let mend = format!("make it, or make a default version of {template} that names another");
    match &seen.profile {
        Err(why) => not_seen(question, why, limit),
        Ok(None) => Answer::nothing(question, format!("{template} names no instance profile")),
        Ok(Some(Profile { name, roles: None })) => {
            let seen = format!("instance profile {name} of {template} does not exist");
            Answer::fail(question, seen, limit, mend)
        }
        Ok(Some(Profile { name, roles: Some(roles) })) if roles.is_empty() => {
            let remedy = format!("aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name …");
            Answer::fail(question, format!("instance profile {name} has no role"), limit, remedy)
        }
        Ok(Some(Profile { name, roles: Some(roles) })) => Answer::pass(question, format!("{name} with {}", roles.join(", ")), limit),
    }
}

fn roles(seen: &Seen) -> Answer {
    let question = Question::Roles;
    let limit = "there, and lambda.amazonaws.com may assume it";
    let roles = match &seen.roles {
        Err(why) => return not_seen(question, why, limit),
        Ok(roles) => roles,
    };
    let broken: Vec<String> = roles
        .iter()
        .filter_map(|(name, role)| {
            let what = match role.trust {
                Trust::Lambda => return None,
                Trust::Others => "may not be assumed by Lambda",
                Trust::Gone => "does not exist",
            };
            let functions: Vec<&str> = role.functions.iter().map(String::as_str).collect();
            Some(format!("role {name} of {} {what}", functions.join(", ")))
        })
        .collect();
    if broken.is_empty() {
        return Answer::pass(question, format!("{} roles", roles.len()), limit);
    }
    let remedy = "deploy infra/engine.yaml again (infra/workload.yaml for relight-*-prove-image); a drift detection of the stack says what was changed";
    Answer::fail(question, broken.join("; "), limit, remedy)
}

/// The alarm goes off where users are to leave the primary: the primary's record must turn unhealthy then, at no other time,
/// and not by silence.
fn health_check(request: &Request, seen: &Seen, region: &Region) -> Answer {
    let question = Question::TrafficHealthCheck;
    let Some(traffic) = &request.traffic else {
        return Answer::nothing(question, "the plan moves users by no metric");
    };
    let limit = "a health check on the traffic alarm, neither inverted nor disabled, that keeps its last known status without data";
    let watched = match &seen.traffic {
        Err(why) => return not_seen(question, why, limit),
        Ok(watched) => watched,
    };
    let Some(watched) = watched else {
        let seen = format!(
            "no alarm watches {} in {}, so no health check can follow it",
            traffic.metric, traffic.namespace
        );
        return Answer::fail(question, seen, limit, "make the alarm first, as traffic-alarm says");
    };
    let alarm = &watched.alarm;
    if watched.health_checks.is_empty() {
        let remedy = format!(
            "aws route53 create-health-check with Type CLOUDWATCH_METRIC and AlarmIdentifier {{Region {region}, Name {alarm}}}, and name it in the primary's failover record"
        );
        return Answer::fail(
            question,
            format!("no health check follows {alarm}: nobody would be moved"),
            limit,
            remedy,
        );
    }
    let wrong: Vec<(String, &str)> = watched.health_checks.iter().filter_map(miswired).collect();
    let Some((_, flag)) = wrong.first() else {
        let ids: Vec<&str> = watched.health_checks.iter().map(|check| check.id.as_str()).collect();
        return Answer::pass(question, format!("{} follows {alarm}", ids.join(", ")), limit);
    };
    let said: Vec<&str> = wrong.iter().map(|(said, _)| said.as_str()).collect();
    Answer::fail(question, said.join("; "), limit, format!("aws route53 update-health-check {flag}"))
}

/// What is wrong with it, and the option that mends it.
fn miswired(check: &HealthCheck) -> Option<(String, &'static str)> {
    let id = &check.id;
    if check.inverted {
        Some((
            format!("health check {id} is inverted: users would be moved in peace, and brought back by a failover"),
            "--no-inverted",
        ))
    } else if check.disabled {
        Some((
            format!("health check {id} is disabled: it is always healthy, and nobody would be moved"),
            "--no-disabled",
        ))
    } else if !check.outdated.is_empty() {
        Some((
            format!(
                "health check {id} judges by what {} of the alarm was at its own last change",
                check.outdated.join(", ")
            ),
            "--alarm-identifier with the Region and Name that it has: it reads the alarm anew",
        ))
    } else if check.without_data == "LastKnownStatus" {
        None
    } else {
        Some((
            format!(
                "health check {id} takes an alarm without data for {}: users would be moved, or moved back, by silence",
                check.without_data
            ),
            "--insufficient-data-health-status LastKnownStatus",
        ))
    }
}

fn certificate(request: &Request, seen: &Seen, now: Timestamp) -> Answer {
    let question = Question::SiteCertificate;
    if request.target_groups.is_empty() {
        return Answer::nothing(question, "the plan names no target group: nothing serves a certificate in peace");
    }
    let days = request.certificate_days.unwrap_or(DAYS);
    let limit = format!("issued, and valid for {days} days or more");
    let certificates = match &seen.certificates {
        Err(why) => return not_seen(question, why, &limit),
        Ok(certificates) => certificates,
    };
    let answers = certificates
        .iter()
        .map(|one| of_certificate(question, one, days, request.certificate_days.is_some(), &limit, now));
    answers
        .max_by_key(|answer| answer.verdict)
        .unwrap_or_else(|| Answer::nothing(question, "no listener of the target groups' load balancers serves a certificate"))
}

/// One that is as short as the plan's checks don't allow fails the proof of a recovery; another one is valid as yet.
fn of_certificate(question: Question, one: &Certificate, days: u16, demanded: bool, limit: &str, now: Timestamp) -> Answer {
    let arn = &one.arn;
    let Some(status) = &one.status else {
        let seen = format!("{arn} is not of ACM, which would tell its end");
        return Answer::warn(
            question,
            seen,
            limit,
            "have ACM issue one, which it renews by itself, or import this one there",
        );
    };
    let remedy = "aws acm describe-certificate says what its renewal waits for; an imported one must be imported anew";
    if status != "ISSUED" {
        return Answer::fail(question, format!("{arn} is {status}"), limit, remedy);
    }
    let Some(until) = one.until else {
        return Answer::warn(
            question,
            format!("{arn} is issued, and doesn't say until when it is valid"),
            limit,
            remedy,
        );
    };
    let left = until.duration_since(now).as_hours() / 24;
    let seen = format!("{arn} is valid for {left} days, until {until}");
    if until <= now {
        Answer::fail(question, format!("{arn} has expired at {until}"), limit, remedy)
    } else if left >= i64::from(days) {
        Answer::pass(question, seen, limit)
    } else if demanded {
        Answer::fail(question, seen, limit, remedy)
    } else {
        Answer::warn(question, seen, limit, remedy)
    }
}

#[cfg(test)]
mod tests;
