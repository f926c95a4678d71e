//! What people read about the tables.

use action::clipped;
use action::ids::{Region, TableName};
use jiff::Timestamp;

use crate::decide::{Found, LAG_WINDOW, Lag, Probe, Seen, Strange, Table};
use crate::io::Request;

/// How many tables a sentence names.
const NAMED: usize = 5;
/// How much of what CloudWatch says a sentence repeats, in bytes.
const WHY: usize = 200;

/// All serve.
pub(crate) fn serving(request: &Request, seen: &Seen) -> String {
    match request.tables.len() {
        0 => "the plan has no tables".to_owned(),
        _ => format!("{}; {}", all(request), lags(seen)),
    }
}

/// All serve, and those with a probe item have proven it.
pub(crate) fn proven(request: &Request, seen: &Seen) -> String {
    let probed: Vec<&TableName> = request
        .tables
        .iter()
        .filter(|table| table.probe_item.is_some())
        .map(|table| &table.name)
        .collect();
    let items = plural(probed.len(), "a probe item was", "probe items were");
    format!(
        "{}: {items} written to {} and read back; {}",
        all(request),
        named(&probed),
        lags(seen)
    )
}

/// What would be written.
pub(crate) fn would_probe(request: &Request, seen: &Seen, probes: &[Probe]) -> String {
    let probed: Vec<&TableName> = probes.iter().map(|probe| &probe.table).collect();
    format!(
        "would call dynamodb:PutItem on {} and read each item back; {}; {}",
        named(&probed),
        all(request),
        lags(seen)
    )
}

/// What is waited for.
pub(crate) fn creating(here: &Region, tables: &[TableName]) -> String {
    let names: Vec<&TableName> = tables.iter().collect();
    let are = plural(tables.len(), "is", "are");
    format!("{} {are} still being created in {here}", named(&names))
}

/// What was read in place of what was written.
pub(crate) fn strange(strange: &[Strange]) -> String {
    let said: Vec<String> = strange.iter().take(NAMED).map(Strange::to_string).collect();
    more(said.join(", "), strange.len())
}

/// Seconds, and where between; or nothing, and why.
pub(crate) fn lag(name: &TableName, table: &Table, seen: &Seen, now: Timestamp) -> (Option<f64>, String) {
    if table.strongly_consistent {
        return (None, "strongly consistent: nothing lags".to_owned());
    }
    match &seen.lags {
        Err(_) => (None, "CloudWatch can't be asked".to_owned()),
        Ok(lags) => lags.get(name).map_or_else(
            || (None, format!("no value of the last {} min", LAG_WINDOW.as_secs() / 60)),
            |Lag { lag, from, to, at }| {
                let ago = now.as_second().saturating_sub(at.as_second()).max(0) / 60;
                (Some(lag.as_secs_f64()), format!("{from} to {to}, {ago} min ago"))
            },
        ),
    }
}

fn all(request: &Request) -> String {
    let here = &request.recovery_region;
    match request.tables.as_slice() {
        [table] => format!("table {} serves in {here}", table.name),
        tables => format!("{} tables serve in {here}", tables.len()),
    }
}

/// The worst that is known, and of how many nothing is.
fn lags(seen: &Seen) -> String {
    let eventual = seen.tables.iter().filter_map(|(name, found)| match found {
        Found::Table(table) if !table.strongly_consistent => Some(name),
        _ => None,
    });
    let eventual: Vec<&TableName> = eventual.collect();
    if eventual.is_empty() {
        return "replication is strongly consistent".to_owned();
    }
    let lags = match &seen.lags {
        Ok(lags) => lags,
        Err(why) => return format!("the replication lag is unknown because {}", clipped(why, WHY)),
    };
    let known = eventual.iter().filter_map(|name| lags.get(*name).map(|lag| (name, lag)));
    let unknown = eventual.iter().filter(|name| !lags.contains_key(**name)).count();
    match known.max_by_key(|(_, lag)| lag.lag) {
        None => format!(
            "the replication lag is unknown because ReplicationLatency has no value of the last {} min",
            LAG_WINDOW.as_secs() / 60
        ),
        Some((name, Lag { lag, from, to, .. })) => {
            let rest = match unknown {
                0 => String::new(),
                count => format!(", and unknown of {count} more"),
            };
            format!(
                "the replication lag is at most {:.1} s ({name}, {from} to {to}){rest}",
                lag.as_secs_f64()
            )
        }
    }
}

fn named(tables: &[&TableName]) -> String {
    let names: Vec<&str> = tables.iter().take(NAMED).map(|name| name.as_str()).collect();
    more(names.join(", "), tables.len())
}

fn more(named: String, count: usize) -> String {
    match count.saturating_sub(NAMED) {
        0 => named,
        rest => format!("{named} and {rest} more"),
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
