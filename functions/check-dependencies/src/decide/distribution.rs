//! Whether a distribution moves reads by itself, and leaves nothing with the primary alone.
//!
//! CloudFront asks a group's first origin, and its second one when that answers with one of the group's status codes, can't be reached or
//! takes too long; for GET, HEAD and OPTIONS alone (CloudFront developer guide, "Optimize high availability with CloudFront origin
//! failover"). It lets no behavior with other methods lead to a group (aws/aws-cdk#32450), so that writes lead elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use plan::SiteDistribution;
use readiness::{Answer, Question, Verdict};
use url::Url;

use super::{Seen, not_seen};
use crate::io::Request;

/// The failures of a server that a group must fail over on: the ones that the AWS CDK takes where nothing is said
/// (`OriginFailoverConfig.statusCodes`).
const FAILURES: [i32; 4] = [500, 502, 503, 504];

/// A distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// CloudFront's own name of it.
    pub domain: String,
    /// Whether every edge has its last change.
    pub deployed: bool,
    /// Whether it serves.
    pub enabled: bool,
    /// Its origins by id.
    pub origins: BTreeMap<String, Origin>,
    /// Its origin groups by id.
    pub groups: BTreeMap<String, Group>,
    /// Where requests lead, in CloudFront's order.
    pub behaviors: Vec<Behavior>,
}

/// What a distribution asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its host.
    pub host: String,
    /// Its port for HTTP.
    pub http: i32,
    /// Its port for HTTPS.
    pub https: i32,
}

/// Origins of which the next one is asked where one fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The ids of its origins, in order.
    pub members: Vec<String>,
    /// The status codes on which the second one is asked.
    pub codes: BTreeSet<i32>,
    /// Whether the first one is asked first, whatever it serves.
    pub in_order: bool,
}

/// Where the requests of some paths lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behavior {
    /// The paths.
    pub pattern: String,
    /// The id of an origin or of a group.
    pub target: String,
    /// Whether it takes more than GET, HEAD and OPTIONS.
    pub writes: bool,
}

impl Origin {
    /// Whether it is what serves at `site`.
    fn is(&self, site: &Url) -> bool {
        let port = if site.scheme() == "http" { self.http } else { self.https };
        site.host_str().is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && site.port_or_known_default().map(i32::from) == Some(port)
    }
}

pub(super) fn origin_group(request: &Request, seen: &Seen) -> Answer {
    let question = Question::OriginGroup;
    let Some(asked) = &request.distribution else {
        return Answer::nothing(question, "the plan names no distribution");
    };
    let limit = "deployed, with an origin group of both sites that fails over on 500, 502, 503 and 504";
    let found = match &seen.distribution {
        Err(why) => return not_seen(question, why, limit),
        Ok(None) => {
            let seen = format!("distribution {} does not exist", asked.id);
            return Answer::fail(question, seen, limit, "name another one as site.distribution in the plan");
        }
        Ok(Some(found)) => found,
    };
    let wrong = wrong(asked, found);
    let said: Vec<&str> = wrong.iter().map(|(_, said)| said.as_str()).collect();
    let said = format!("{}: {}", found.domain, said.join("; "));
    let update = format!(
        "aws cloudfront update-distribution --id {}, in peace: no recovery changes it",
        asked.id
    );
    match wrong.iter().map(|(verdict, _)| *verdict).max() {
        None if found.deployed => Answer::pass(question, format!("{}: {}", found.domain, ways(found)), limit),
        None => {
            let said = format!("{}: its last change is still on its way to the edges", found.domain);
            let remedy = format!("aws cloudfront wait distribution-deployed --id {}", asked.id);
            Answer::warn(question, said, limit, remedy)
        }
        Some(Verdict::Fail) => Answer::fail(question, said, limit, update),
        Some(_) => Answer::warn(question, said, limit, update),
    }
}

/// All that an update of it would mend.
fn wrong(asked: &SiteDistribution, found: &Distribution) -> Vec<(Verdict, String)> {
    let mut wrong = Vec::new();
    if !found.enabled {
        wrong.push((Verdict::Fail, "it is disabled and serves nobody".to_owned()));
    }
    let targets: BTreeSet<&str> = found.behaviors.iter().map(|behavior| behavior.target.as_str()).collect();
    let mut used = found.groups.iter().filter(|(id, _)| targets.contains(id.as_str())).peekable();
    if used.peek().is_none() {
        wrong.push((Verdict::Fail, "no path leads to an origin group: nothing fails over".to_owned()));
    }
    for (id, group) in used {
        wrong.extend(of_group(asked, found, id, group));
    }
    wrong.extend(found.behaviors.iter().filter_map(|behavior| stays(asked, found, behavior)));
    wrong
}

fn of_group(asked: &SiteDistribution, found: &Distribution, id: &str, group: &Group) -> Vec<(Verdict, String)> {
    let mut wrong = Vec::new();
    let missing: Vec<String> = FAILURES
        .iter()
        .filter(|code| !group.codes.contains(*code))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        wrong.push((
            Verdict::Fail,
            format!("origin group {id} does not fail over on {}", missing.join(", ")),
        ));
    }
    if !group.in_order {
        wrong.push((
            Verdict::Fail,
            format!("origin group {id} chooses by media quality, and not in order"),
        ));
    }
    let members: Vec<&Origin> = group.members.iter().filter_map(|id| found.origins.get(id)).collect();
    let [first, second] = members[..] else {
        wrong.push((Verdict::Fail, format!("origin group {id} has not two origins")));
        return wrong;
    };
    if first.is(&asked.recovery) {
        let said = format!(
            "origin group {id} asks {} first: users would be in the recovery Region in peace",
            first.host
        );
        wrong.push((Verdict::Fail, said));
    } else if !first.is(&asked.primary) {
        let said = format!("origin group {id} asks {} first, which is not site.primary", first.host);
        wrong.push((Verdict::Warn, said));
    }
    if second.is(&asked.primary) {
        let said = format!("origin group {id} falls back to {}: that is the primary", second.host);
        wrong.push((Verdict::Fail, said));
    } else if !second.is(&asked.recovery) {
        let said = format!(
            "origin group {id} falls back to {}, which is not site.recovery: no proof looks at it",
            second.host
        );
        wrong.push((Verdict::Warn, said));
    }
    wrong
}

/// Requests that lead past the group: to the primary, whatever becomes of it, or to where no recovery and no proof looks.
fn stays(asked: &SiteDistribution, found: &Distribution, behavior: &Behavior) -> Option<(Verdict, String)> {
    let origin = found.origins.get(&behavior.target)?;
    if asked.public.as_ref().is_some_and(|public| origin.is(public)) {
        return None;
    }
    let what = if behavior.writes { "all methods" } else { "reads" };
    let (pattern, host) = (&behavior.pattern, &origin.host);
    let said = if origin.is(&asked.primary) {
        format!("{what} of {pattern} stay with {host} when it is lost")
    } else if origin.is(&asked.recovery) {
        format!("{what} of {pattern} lead to {host}, in peace too")
    } else {
        format!("{what} of {pattern} lead to {host}, which is no address of the plan's site: whether it outlives the primary is not known")
    };
    Some((Verdict::Warn, said))
}

/// Where it leads, in one line.
fn ways(found: &Distribution) -> String {
    let host = |id: &String| found.origins.get(id).map_or("?", |origin| origin.host.as_str());
    let ways: Vec<String> = found
        .behaviors
        .iter()
        .map(|behavior| match found.groups.get(&behavior.target) {
            Some(group) => {
                let hosts: Vec<&str> = group.members.iter().map(host).collect();
                format!("reads of {} lead to {}", behavior.pattern, hosts.join(", then to "))
            }
            None => format!("{} leads to {}", behavior.pattern, host(&behavior.target)),
        })
        .collect();
    ways.join("; ")
}

#[cfg(test)]
mod tests;
