//! The distribution that moves reads by itself.

use std::collections::BTreeSet;

use action::aws::Failure;
use aws_sdk_cloudfront::types::{AllowedMethods, DistributionConfig, Origin as FoundOrigin, OriginGroup, OriginGroupSelectionCriteria};
use plan::SiteDistribution;

use super::not_seen;
use crate::Clients;
use crate::decide::{Behavior, Distribution, Group, NotSeen, Origin};

pub(super) async fn distribution(clients: &Clients, asked: Option<&SiteDistribution>) -> Result<Option<Distribution>, NotSeen> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    let answer = clients.cloudfront.get_distribution().id(asked.id.as_str()).send().await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["NoSuchDistribution"]) => return Ok(None),
        Err(failure) => return Err(not_seen(&format!("get distribution {}", asked.id), &failure)),
    };
    let found = answer.distribution().and_then(|found| Some((found, found.distribution_config()?)));
    let (found, config) = found.ok_or_else(|| NotSeen::Refused(format!("get distribution {}: the answer lacks it", asked.id)))?;
    Ok(Some(Distribution {
        domain: found.domain_name().to_owned(),
        deployed: found.status() == "Deployed",
        enabled: config.enabled(),
        origins: config
            .origins()
            .map_or(&[][..], |origins| origins.items())
            .iter()
            .map(origin)
            .collect(),
        groups: config
            .origin_groups()
            .map_or(&[][..], |groups| groups.items())
            .iter()
            .map(group)
            .collect(),
        behaviors: behaviors(config),
    }))
}

/// A bucket's origin has no ports; it is asked by the usual ones.
fn origin(found: &FoundOrigin) -> (String, Origin) {
    let ports = found.custom_origin_config().map(|custom| (custom.http_port(), custom.https_port()));
    let (http, https) = ports.unwrap_or((80, 443));
    let origin = Origin {
        host: found.domain_name().to_owned(),
        http,
        https,
    };
    (found.id().to_owned(), origin)
}

fn group(found: &OriginGroup) -> (String, Group) {
    let members = found.members().map_or(&[][..], |members| members.items());
    let codes = found.failover_criteria().and_then(|criteria| criteria.status_codes());
    let group = Group {
        members: members.iter().map(|member| member.origin_id().to_owned()).collect(),
        codes: codes.map_or(&[][..], |codes| codes.items()).iter().copied().collect(),
        in_order: matches!(found.selection_criteria(), None | Some(OriginGroupSelectionCriteria::Default)),
    };
    (found.id().to_owned(), group)
}

/// The default one has no pattern; it takes what no other takes.
fn behaviors(config: &DistributionConfig) -> Vec<Behavior> {
    let others = config.cache_behaviors().map_or(&[][..], |others| others.items()).iter();
    let others = others.map(|found| behavior(found.path_pattern(), found.target_origin_id(), found.allowed_methods()));
    let default = config
        .default_cache_behavior()
        .map(|found| behavior("*", found.target_origin_id(), found.allowed_methods()));
    others.chain(default).collect()
}

/// Without a list, GET and HEAD are allowed (model: AllowedMethods).
fn behavior(pattern: &str, target: &str, methods: Option<&AllowedMethods>) -> Behavior {
    let methods: BTreeSet<&str> = methods.map_or_else(
        || ["GET", "HEAD"].into(),
        |methods| methods.items().iter().map(|method| method.as_str()).collect(),
    );
    Behavior {
        pattern: pattern.to_owned(),
        target: target.to_owned(),
        writes: !methods.is_disjoint(&["POST", "PUT", "PATCH", "DELETE"].into()),
    }
}
