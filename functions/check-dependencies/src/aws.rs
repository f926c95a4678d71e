//! Every SDK call of this action; returns our types.

mod distribution;
mod traffic;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use action::ErrorName;
use action::aws::Failure;
use action::clock::Bound;
use action::ids::{LaunchTemplateId, TargetGroupArn};
use aws_sdk_iam::types::Role as Found;
use jiff::Timestamp;

use crate::Clients;
use crate::decide::{Certificate, NotSeen, Profile, Role, Seen, Trust};
use crate::io::Request;

/// All questions side by side; those without an answer within `bound` have none.
pub(crate) async fn observe(clients: &Clients, request: &Request, bound: Bound) -> Seen {
    let (profile, roles, traffic, distribution, certificates) = tokio::join!(
        held(&bound, profile(clients, request.launch_template.as_ref())),
        held(&bound, roles(clients)),
        held(&bound, traffic::watched(clients, &request.workload, request.traffic.as_ref())),
        held(&bound, distribution::distribution(clients, request.distribution.as_ref())),
        held(&bound, certificates(clients, &request.target_groups)),
    );
    Seen {
        profile,
        roles,
        traffic,
        distribution,
        certificates,
    }
}

async fn held<T>(bound: &Bound, asked: impl Future<Output = Result<T, NotSeen>>) -> Result<T, NotSeen> {
    let answer = bound.hold(asked).await;
    answer.unwrap_or_else(|| Err(NotSeen::Away(format!("no answer within {} s", crate::ALL.as_secs()))))
}

/// What `doing` failed with.
fn not_seen(doing: &str, failure: &Failure) -> NotSeen {
    let why = format!("{doing}: {}", action::chain(failure));
    match failure.name() {
        ErrorName::Transient => NotSeen::Away(why),
        _ => NotSeen::Refused(why),
    }
}

/// A template that isn't there is another question's answer.
async fn profile(clients: &Clients, template: Option<&LaunchTemplateId>) -> Result<Option<Profile>, NotSeen> {
    let Some(template) = template else {
        return Ok(None);
    };
    let answer = clients
        .ec2
        .describe_launch_template_versions()
        .launch_template_id(template.as_str())
        .versions("$Default")
        .send()
        .await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound"]) => return Ok(None),
        Err(failure) => return Err(not_seen(&format!("describe launch template {template}"), &failure)),
    };
    let version = answer.launch_template_versions().first();
    let named = version
        .and_then(|version| version.launch_template_data())
        .and_then(|data| data.iam_instance_profile());
    let name = named.and_then(|named| named.name().or_else(|| named.arn().map(last)));
    let Some(name) = name else {
        return Ok(None);
    };
    let found = clients.iam.get_instance_profile().instance_profile_name(name).send().await;
    let roles = match found.map_err(Failure::from) {
        Ok(found) => found
            .instance_profile()
            .map(|profile| profile.roles().iter().map(|role| role.role_name().to_owned()).collect()),
        Err(failure) if failure.is(&["NoSuchEntity"]) => None,
        Err(failure) => return Err(not_seen(&format!("get instance profile {name}"), &failure)),
    };
    Ok(Some(Profile {
        name: name.to_owned(),
        roles,
    }))
}

/// The name at the end of an ARN's path.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The roles of the functions with Relight's prefix, one after the other: IAM's rate is the account's.
async fn roles(clients: &Clients) -> Result<BTreeMap<String, Role>, NotSeen> {
    let mut functions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut pages = clients.lambda.list_functions().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_seen("list the functions", &error.into()))?;
        for function in page.functions() {
            let Some((name, role)) = function.function_name().zip(function.role()) else {
                continue;
            };
            if name.starts_with("relight-") {
                functions.entry(last(role).to_owned()).or_default().insert(name.to_owned());
            }
        }
    }
    let mut roles = BTreeMap::new();
    for (name, functions) in functions {
        let found = clients.iam.get_role().role_name(&name).send().await;
        let trust = match found.map_err(Failure::from) {
            Ok(found) => found.role().map_or(Trust::Gone, trusts),
            Err(failure) if failure.is(&["NoSuchEntity"]) => Trust::Gone,
            Err(failure) => return Err(not_seen(&format!("get role {name}"), &failure)),
        };
        roles.insert(name, Role { functions, trust });
    }
    Ok(roles)
}

fn trusts(role: &Found) -> Trust {
    if role.assume_role_policy_document().is_some_and(trust::trusts_lambda) {
        Trust::Lambda
    } else {
        Trust::Others
    }
}

/// A target group that isn't there, or that no load balancer uses, is another question's answer.
async fn certificates(clients: &Clients, groups: &[TargetGroupArn]) -> Result<Vec<Certificate>, NotSeen> {
    let mut balancers = BTreeSet::new();
    for arn in groups {
        let answer = clients.elb.describe_target_groups().target_group_arns(arn.as_str()).send().await;
        match answer.map_err(Failure::from) {
            Ok(answer) => balancers.extend(answer.target_groups().iter().flat_map(|group| group.load_balancer_arns().to_vec())),
            Err(failure) if failure.is(&["TargetGroupNotFound"]) => {}
            Err(failure) => return Err(not_seen(&format!("describe target group {arn}"), &failure)),
        }
    }
    let mut served = BTreeSet::new();
    for balancer in balancers {
        let mut pages = clients
            .elb
            .describe_listeners()
            .load_balancer_arn(&balancer)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| not_seen(&format!("describe the listeners of {balancer}"), &error.into()))?;
            let certificates = page.listeners().iter().flat_map(|listener| listener.certificates());
            served.extend(certificates.filter_map(|certificate| certificate.certificate_arn().map(str::to_owned)));
        }
    }
    let mut certificates = Vec::new();
    for arn in served {
        certificates.push(certificate(clients, arn).await?);
    }
    Ok(certificates)
}

async fn certificate(clients: &Clients, arn: String) -> Result<Certificate, NotSeen> {
    if arn.split(':').nth(2) != Some("acm") {
        return Ok(Certificate {
            arn,
            status: None,
            until: None,
        });
    }
    let answer = clients.acm.describe_certificate().certificate_arn(&arn).send().await;
    let answer = answer.map_err(|error| not_seen(&format!("describe certificate {arn}"), &error.into()))?;
    let found = answer.certificate();
    let status = found
        .and_then(|found| found.status())
        .map_or("of unknown status", |status| status.as_str());
    let until = found.and_then(|found| found.not_after());
    Ok(Certificate {
        status: Some(status.to_owned()),
        until: until.and_then(|until| Timestamp::from_second(until.secs()).ok()),
        arn,
    })
}
