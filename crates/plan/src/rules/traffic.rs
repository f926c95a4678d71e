//! What moves users must be able to, and must be seen to.

use std::collections::BTreeSet;

use super::text;
use crate::document::{Node, Problems};

/// The methods that move users.
const MOVING: [&str; 4] = ["health-check-metric", "routing-control", "parameter", "object"];

/// Without the name that users use, nobody could see where they went.
pub(super) fn users_who_are_moved_have_a_name(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let Some(node) = root.get("traffic.method")
        && node.text().is_some_and(|method| MOVING.contains(&method))
        && root.get("site").is_some()
        && root.get("site.public").is_none()
    {
        let seen = format!("found {:?}, but the plan has no site.public", node.text().unwrap_or_default());
        problems.with(
            &node,
            seen,
            "write the name that users use as site.public: it is looked at when they were moved",
        );
    }
}

/// Before a promotion the old primary may still take writes.
pub(super) fn early_moves_follow_a_promotion(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let Some(node) = root.get("traffic.when")
        && node.text() == Some("after-promotion")
        && root.get("database").is_none()
    {
        let remedy = "write \"after-proof\", or add the table [database]";
        problems.with(
            &node,
            "found \"after-promotion\", but the plan has no database that is promoted",
            remedy,
        );
    }
}

/// A value that is the same on both sides moves nobody.
pub(super) fn values_differ(root: &Node<'_>, problems: &mut Problems<'_>) {
    for (primary, recovery) in [
        ("traffic.primaryValue", "traffic.recoveryValue"),
        ("traffic.primaryBody", "traffic.recoveryBody"),
        ("traffic.primaryControl", "traffic.recoveryControl"),
    ] {
        if let (Some(here), Some(node)) = (text(root, primary), root.get(recovery))
            && node.text() == Some(here)
        {
            problems.with(
                &node,
                format!("found the same as {primary}"),
                "write another: the same moves nobody",
            );
        }
    }
}

pub(super) fn endpoints_are_of_different_regions(root: &Node<'_>, problems: &mut Problems<'_>) {
    let mut regions = BTreeSet::new();
    for node in root.all("traffic.endpoints").iter().filter_map(|endpoint| endpoint.get("region")) {
        if let Some(region) = node.text()
            && !regions.insert(region)
        {
            problems.with(&node, format!("found {region:?} again"), "write one endpoint of each Region");
        }
    }
}
