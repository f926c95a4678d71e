//! What is called in the middle of a recovery must be one thing, and one that may be called.

use crate::document::{Node, Problems};

pub(super) fn one_thing_is_called(root: &Node<'_>, problems: &mut Problems<'_>) {
    for hook in root.all("hooks") {
        match (hook.get("function"), hook.get("stateMachine")) {
            (Some(_), Some(machine)) => problems.add(
                &machine.path,
                machine.key_at,
                "found, but the hook calls a function",
                "write `function` or `stateMachine`",
            ),
            (None, None) => problems.with(&hook, "found neither function nor stateMachine", "write what the hook calls"),
            _ => {}
        }
    }
}

/// The engine's role may call what bears this name and nothing else of the account.
pub(super) fn what_is_called_may_be_called(root: &Node<'_>, problems: &mut Problems<'_>) {
    for hook in root.all("hooks") {
        for node in ["function", "stateMachine"].iter().filter_map(|key| hook.get(key)) {
            // arn:aws:<service>:<Region>:<account>:<kind>:<name>[:<version>]
            let Some(name) = node.text().and_then(|arn| arn.split(':').nth(6)) else {
                continue;
            };
            if !(name.starts_with("relight-") && name.ends_with("-hook")) {
                let remedy = "give it a name such as \"relight-warm-caches-hook\": the engine may call no other";
                problems.with(&node, format!("found {name:?}"), remedy);
            }
        }
    }
}
