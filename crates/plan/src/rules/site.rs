//! What the site as a whole must have to be proven and probed.

use url::{Host, Url};

use super::text;
use crate::document::{Node, Problems};
use crate::model::site::Check;

/// A proof of the recovery site that asks the primary proves nothing.
pub(super) fn addresses_differ(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let (Some(primary), Some(recovery)) = (address(root, "site.primary"), address(root, "site.recovery"))
        && primary == recovery
        && let Some(node) = root.get("site.recovery")
    {
        let remedy = "write an address that leads to the recovery Region whatever users are sent to";
        problems.with(&node, "found the primary's address", remedy);
    }
}

/// A look at one of the two sites doesn't tell where users are.
pub(super) fn public_name_is_its_own(root: &Node<'_>, problems: &mut Problems<'_>) {
    let (Some(public), Some(node)) = (address(root, "site.public"), root.get("site.public")) else {
        return;
    };
    for (path, whose) in [("site.primary", "primary"), ("site.recovery", "recovery Region")] {
        if address(root, path).as_ref() == Some(&public) {
            let remedy = "write the name that users use, which leads to one Region or the other";
            problems.with(&node, format!("found the {whose}'s address"), remedy);
        }
    }
}

pub(super) fn certificates_need_https(root: &Node<'_>, problems: &mut Problems<'_>) {
    let plain = ["site.primary", "site.recovery", "site.public"]
        .into_iter()
        .find(|path| address(root, path).is_some_and(|url| url.scheme() == "http"));
    let Some(plain) = plain else { return };
    for days in root
        .all("site.checks")
        .into_iter()
        .filter_map(|check| check.get("expect.certificateDays"))
    {
        let seen = format!("found, but {plain} is an http address, which has no certificate");
        problems.add(&days.path, days.key_at, seen, "leave it out, or write an https address");
    }
}

pub(super) fn redirect_hosts_are_hosts(root: &Node<'_>, problems: &mut Problems<'_>) {
    for node in root.all("site.redirectHosts") {
        if let Some(host) = node.text()
            && Host::parse(host).is_err()
        {
            problems.with(
                &node,
                format!("found {host:?}"),
                "write a host without scheme, port and path, such as \"login.example.com\"",
            );
        }
    }
}

/// Without a check the proof would prove nothing, and the probe would never fail.
pub(super) fn proof_and_probe_have_checks(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(node) = root.get("site.checks") else { return };
    let checks: Vec<Result<Check, _>> = node.items().iter().map(Node::read).collect();
    // A malformed check may be the one.
    let any = |of: fn(&Check) -> bool| checks.is_empty() || checks.iter().any(|check| check.as_ref().map_or(true, of));
    if !any(Check::proves) {
        problems.with(
            &node,
            "no check proves the site",
            "write use = \"always\" or \"proof\" for one of them",
        );
    }
    if !any(Check::probes) {
        problems.with(
            &node,
            "no check is made by the probe",
            "write use = \"always\" or \"probe\" for one of them",
        );
    }
}

fn address(root: &Node<'_>, path: &str) -> Option<Url> {
    text(root, path).and_then(|text| Url::parse(text).ok())
}
