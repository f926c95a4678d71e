//! What a strategy needs to run the workload.

use crate::document::{Node, Problems};

/// Each strategy allows at most one of the two kinds of compute, so that no plan has both.
pub(super) fn strategy_has_its_compute(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(strategy) = root.get("strategy") else { return };
    let (needed, refused): (Option<&str>, &str) = match strategy.text() {
        Some("pilot-light") => (Some("launch"), "group"),
        Some("warm-standby") => (Some("group"), "launch"),
        Some("hot-standby") => (None, "launch"),
        _ => return,
    };
    let name = strategy.text().unwrap_or_default();
    if let Some(found) = root.get(&format!("compute.{refused}")) {
        let seen = format!("found, but the strategy is {name:?}");
        let remedy = match needed {
            Some(needed) => format!("leave it out and write [compute.{needed}]"),
            None => "leave it out; [compute.group] is what this strategy may have".to_owned(),
        };
        problems.add(&found.path, found.key_at, seen, remedy);
    } else if let Some(needed) = needed
        && root.get(&format!("compute.{needed}")).is_none()
    {
        let seen = format!("missing, but the strategy is {name:?}");
        problems.add(
            &format!("compute.{needed}"),
            strategy.at,
            seen,
            format!("add the table [compute.{needed}]"),
        );
    }
}

pub(super) fn launch_has_an_image(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let Some(launch) = root.get("compute.launch")
        && root.get("image").is_none()
    {
        let seen = "missing, but compute.launch boots from an image";
        problems.add("image", launch.at, seen, "add the table [image]");
    }
}

pub(super) fn elastic_ip_has_one_instance(root: &Node<'_>, problems: &mut Problems<'_>) {
    if let Some(launch) = root.get("compute.launch")
        && launch.get("elasticIp").is_some()
        && let Some(count) = launch.get("count")
        && let Ok(number) = count.read::<u16>()
        && number > 1
    {
        let seen = format!("found {number}, but one elastic IP serves one instance");
        problems.with(&count, seen, "write 1, or targetGroups in place of elasticIp");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Strategy;

    #[test]
    fn every_strategy_is_known_here() {
        for strategy in [Strategy::PilotLight, Strategy::WarmStandby, Strategy::HotStandby] {
            let name = serde_json::to_value(strategy).unwrap();
            let text = format!("strategy = {name}\n[compute]\nlaunch = {{}}\ngroup = {{}}\n");
            let document = crate::document::parse(&text).unwrap();
            let mut problems = Problems::of(&text);
            strategy_has_its_compute(&Node::root(&document), &mut problems);
            assert_eq!(problems.list.len(), 1, "{name}: one of the two is refused");
        }
    }
}
