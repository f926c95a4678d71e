//! What a fence came to, in a sentence for people. Pure.

use crate::io::{Fenced, NotFenced, Request, Sized};

const SPELLED: usize = 8;

/// The Region gave no answer: the normal case of a failover.
pub(crate) fn away(request: &Request, why: &str) -> String {
    let region = &request.primary_region;
    format!(
        "{region} did not answer ({why}): its groups and instances were not stopped; a person must keep them from \
         taking writes when it comes back"
    )
}

/// Nothing runs there that carries the tag.
pub(crate) fn nothing(request: &Request) -> String {
    format!(
        "nothing in {} runs with the tag {}={}: there is nothing to fence",
        request.primary_region,
        images::tags::WORKLOAD,
        request.workload
    )
}

/// What was stopped, or would be, and what may still take writes.
pub(crate) fn told(request: &Request, planned: bool, fenced: &[Fenced], not_fenced: &[NotFenced]) -> String {
    let mut parts = Vec::new();
    if !fenced.is_empty() {
        let what: Vec<String> = fenced.iter().take(SPELLED).map(one).collect();
        let more = match fenced.len().saturating_sub(SPELLED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let verb = if planned { "would stop" } else { "stopped" };
        parts.push(format!("{verb} in {}: {}{more}", request.primary_region, what.join(", ")));
    }
    if !not_fenced.is_empty() {
        let what: Vec<String> = not_fenced
            .iter()
            .take(SPELLED)
            .map(|left| format!("{} ({})", left.what, left.because))
            .collect();
        let more = match not_fenced.len().saturating_sub(SPELLED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let verb = if planned { "could not stop" } else { "not stopped" };
        parts.push(format!(
            "{verb} in {}: {}{more}; a person must keep that from taking writes",
            request.primary_region,
            what.join(", ")
        ));
    }
    parts.join("; ")
}

fn one(fenced: &Fenced) -> String {
    match fenced {
        Fenced::Group(Sized {
            name,
            min_size,
            max_size,
            desired_capacity,
        }) => format!("group {name} (was min {min_size}, max {max_size}, desired {desired_capacity})"),
        Fenced::Instance(id) => id.to_string(),
        Fenced::Function(function) => format!("whatever {function} stops"),
    }
}
