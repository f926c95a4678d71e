//! What lies where: Regions, ARNs, parameters, endpoints.

use std::collections::BTreeSet;

use action::ids::{ParameterName, WorkloadName};

use super::text;
use crate::document::{Node, Problems, list};
use crate::template::placeholders;

pub(super) fn regions_differ(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let (Some(primary), Some(recovery)) = (text(root, "regions.primary"), root.get("regions.recovery"))
        && recovery.text() == Some(primary)
    {
        problems.with(
            &recovery,
            format!("found {primary:?}, the primary Region"),
            "write another Region to recover in",
        );
    }
}

/// What Relight uses while it recovers must be where it runs: in the recovery Region.
///
/// Where that is the same as the primary, it is wrong itself, and nothing can be told by it.
pub(super) fn arns_are_in_their_region(root: &Node<'_>, problems: &mut Problems<'_>) {
    let one = |path: &str| root.get(path).into_iter().collect::<Vec<_>>();
    let hooks = |key: &str| root.all("hooks").iter().filter_map(|hook| hook.get(key)).collect::<Vec<_>>();
    let in_primary = one("database.primaryCluster");
    let in_recovery = [
        one("database.recoveryCluster"),
        one("image.kmsKey"),
        one("image.proof.function"),
        one("notifications.topic"),
        one("guards.fence.function"),
        hooks("function"),
        hooks("stateMachine"),
        root.all("compute.launch.targetGroups"),
        root.all("compute.group.targetGroups"),
    ];
    for (role, arns) in [("primary", in_primary), ("recovery", in_recovery.concat())] {
        let region = text(root, &format!("regions.{role}"));
        let Some(region) = region.filter(|region| role == "primary" || Some(*region) != text(root, "regions.primary")) else {
            continue;
        };
        for arn in arns {
            let parts: Vec<&str> = arn.text().unwrap_or_default().split(':').collect();
            if let ["arn", _, _, stands_in, _, _, ..] = parts.as_slice()
                && *stands_in != region
            {
                let seen = format!("found an ARN of {stands_in}");
                problems.with(&arn, seen, format!("write one of the {role} Region, {region}"));
            }
        }
    }
}

/// The engine may write only parameters of the workload, and the image pointer is not for publishing.
pub(super) fn parameters_are_the_workloads_own(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(Ok(workload)) = root.get("workload").map(|workload| workload.read::<WorkloadName>()) else {
        return;
    };
    let folder = format!("/relight/{workload}/");
    let image = ParameterName::of_image(&workload);
    let endpoints = root.all("endpoints").into_iter().filter_map(|endpoint| endpoint.get("name"));
    for name in endpoints.chain(root.get("traffic.name")) {
        match name.text() {
            Some(text) if text == image.as_str() => {
                problems.with(
                    &name,
                    format!("found {text:?}, which names the workload's image"),
                    "write another name",
                );
            }
            Some(text) if text.starts_with('/') && !text.starts_with(&folder) => {
                problems.with(&name, format!("found {text:?}"), format!("write a name under {folder:?}"));
            }
            _ => {}
        }
    }
}

/// The engine's roles may write objects of buckets with such names and of no others.
pub(super) fn buckets_may_be_written(root: &Node<'_>, problems: &mut Problems<'_>) {
    let endpoints = root.all("endpoints").into_iter().filter_map(|endpoint| endpoint.get("bucket"));
    for bucket in endpoints.chain(root.get("traffic.bucket")) {
        if let Some(name) = bucket.text()
            && !(name.starts_with("relight-") && name.contains("-config"))
        {
            let remedy = "write a bucket such as \"relight-unishop-config\": the engine may write no other";
            problems.with(&bucket, format!("found {name:?}"), remedy);
        }
    }
}

/// Two that write one place would take turns.
pub(super) fn each_place_is_written_once(root: &Node<'_>, problems: &mut Problems<'_>) {
    let mut objects = BTreeSet::new();
    let object = |node: &Node<'_>| Some((node.get("bucket")?.text()?.to_owned(), node.get("key")?.text()?.to_owned()));
    for node in root.all("endpoints").iter().chain(root.get("traffic").iter()) {
        if let Some(object) = object(node)
            && !objects.insert(object.clone())
        {
            let seen = format!("found s3://{}/{} again", object.0, object.1);
            problems.with(node, seen, "write another key: each object is written by one");
        }
    }
    let named = |node: &Node<'_>| node.get("name").and_then(|name| name.text().map(str::to_owned));
    if let Some(name) = root.get("traffic.name")
        && root
            .all("endpoints")
            .iter()
            .any(|endpoint| named(endpoint).as_deref() == name.text())
    {
        let seen = format!("found {:?}, which an endpoint writes too", name.text().unwrap_or_default());
        problems.with(&name, seen, "write another name: each parameter is written by one");
    }
}

pub(super) fn endpoints_hold_known_placeholders(root: &Node<'_>, problems: &mut Problems<'_>) {
    const OF_DATABASE: [&str; 2] = ["databaseEndpoint", "databasePort"];
    let database = root.get("database").is_some();
    let known = ["databaseEndpoint", "databasePort", "region"];
    for template in root
        .all("endpoints")
        .iter()
        .flat_map(|endpoint| [endpoint.get("value"), endpoint.get("body")])
        .flatten()
    {
        for name in placeholders(template.text().unwrap_or_default()) {
            if !known.contains(&name) {
                let remedy = format!("write one of {}", list(known.map(|name| format!("{{{name}}}")), "and"));
                problems.with(&template, format!("unknown placeholder {{{name}}}"), remedy);
            } else if OF_DATABASE.contains(&name) && !database {
                let seen = format!("found {{{name}}}, but the plan has no database");
                problems.with(&template, seen, "add the table [database], or leave the placeholder out");
            }
        }
    }
}

pub(super) fn names_are_unique(root: &Node<'_>, problems: &mut Problems<'_>) {
    for (items, what) in [
        ("site.checks", "check"),
        ("tables", "table"),
        ("endpoints", "endpoint"),
        ("hooks", "hook"),
    ] {
        let mut names = BTreeSet::new();
        for name in root.all(items).into_iter().filter_map(|item| item.get("name")) {
            if let Some(text) = name.text()
                && !names.insert(text)
            {
                problems.with(
                    &name,
                    format!("found {text:?} again"),
                    format!("write a name that no other {what} has"),
                );
            }
        }
    }
}
