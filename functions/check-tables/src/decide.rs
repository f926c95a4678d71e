//! Whether the tables serve, are to be written to, or waited for. Pure.

mod obstacle;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use action::ids::{Region, RunId, TableName};
use jiff::Timestamp;

use crate::io::Request;

pub use obstacle::{InTheWay, Obstacle};

/// How far back a lag is looked for. The metric has a value every five minutes while there are writes
/// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
pub const LAG_WINDOW: Duration = Duration::from_mins(15);

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The tables as this Region has them.
    pub tables: BTreeMap<TableName, Found>,
    /// How far the replication of each lags, where CloudWatch has a value; or why CloudWatch can't be asked.
    pub lags: Result<BTreeMap<TableName, Lag>, String>,
}

/// What AWS says about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no such table in this Region.
    Nowhere,
    /// It doesn't tell, for good; its words.
    Refused(String),
    /// There is one.
    Table(Table),
}

/// A table as this Region has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its status.
    pub status: String,
    /// The status of its replicas by Region; this Region may be one of them.
    pub replicas: BTreeMap<String, String>,
    /// Its key: the type of each attribute, `S`, `N` or `B`.
    pub key: BTreeMap<String, String>,
    /// Whether a write counts only when other Regions have it too: then nothing can lag.
    pub strongly_consistent: bool,
}

/// The freshest lag between two replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// How long a write took to arrive, at worst.
    pub lag: Duration,
    /// Where it was written.
    pub from: Region,
    /// Where it arrived.
    pub to: Region,
    /// When it was measured.
    pub at: Timestamp,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// All serve, and none has a probe item.
    Serve,
    /// These are still being created.
    Wait(Vec<TableName>),
    /// All serve by their status; these are to prove it.
    Probe(Vec<Probe>),
}

/// An item to write and to read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The table.
    pub table: TableName,
    /// The item's key.
    pub key: BTreeMap<String, String>,
}

/// What a probe item says beside its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The run that wrote it.
    pub run: String,
    /// When it did, in RFC 3339.
    pub at: String,
}

impl Stamp {
    pub(crate) fn new(run: &RunId, now: Timestamp) -> Self {
        Self {
            run: run.as_str().to_owned(),
            at: now.to_string(),
        }
    }
}

/// What became of a probe item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It was written, and this was read: nothing if there is no such item, or it says nothing.
    Read(Option<Stamp>),
    /// The key belongs to an item that Relight didn't write, and that it left alone.
    Foreign,
    /// AWS says no, for good; its words.
    Refused(String),
}

/// A probe item that isn't what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strange {
    /// The table.
    pub table: TableName,
    /// What was read.
    pub read: Option<Stamp>,
}

/// `reading the probe item of orders back gives nothing`.
impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading the probe item of {} back gives ", self.table)?;
        match &self.read {
            None => f.write_str("nothing"),
            Some(Stamp { run, at }) => write!(f, "that of run {run} at {at}"),
        }
    }
}

/// What a status comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Serves,
    Creating,
    Refused,
}

/// Only what is known to serve does. "The table/index remains available for data operations when `UPDATING`"
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html, TableStatus); those of a replica are
/// in .../API_ReplicaDescription.html.
fn standing(status: &str) -> Standing {
    match status {
        "ACTIVE" | "UPDATING" => Standing::Serves,
        "CREATING" => Standing::Creating,
        _ => Standing::Refused,
    }
}

/// What to do about the tables of `request`.
///
/// # Errors
/// Everything that is in the way of any of them, for good.
pub fn decide(request: &Request, seen: &Seen) -> Result<Decision, InTheWay> {
    let (mut obstacles, mut creating, mut probes) = (Vec::new(), Vec::new(), Vec::new());
    for asked in &request.tables {
        match look(request, asked, seen.tables.get(&asked.name)) {
            Err(obstacle) => obstacles.push(obstacle),
            Ok(Standing::Creating) => creating.push(asked.name.clone()),
            Ok(_) => probes.extend(asked.probe_item.clone().map(|key| Probe {
                table: asked.name.clone(),
                key,
            })),
        }
    }
    if !obstacles.is_empty() {
        return Err(InTheWay(obstacles));
    }
    Ok(if !creating.is_empty() {
        Decision::Wait(creating)
    } else if !probes.is_empty() {
        Decision::Probe(probes)
    } else {
        Decision::Serve
    })
}

/// Whether one table serves or is being created; never `Refused`, which is an obstacle.
fn look(request: &Request, asked: &plan::Table, found: Option<&Found>) -> Result<Standing, Obstacle> {
    let (table, here, primary) = (asked.name.clone(), request.recovery_region.clone(), request.primary_region.clone());
    let found = match found {
        Some(Found::Table(found)) => found,
        Some(Found::Refused(why)) => return Err(Obstacle::Unreadable(table, here, why.clone())),
        Some(Found::Nowhere) | None => return Err(Obstacle::Nowhere { table, here, primary }),
    };
    let own = found.replicas.get(here.as_str());
    let statuses = || std::iter::once(&found.status).chain(own);
    if let Some(status) = statuses().find(|status| standing(status) == Standing::Refused) {
        let status = status.clone();
        return Err(Obstacle::Status { table, here, status });
    }
    // Before the rest: a replica that is being created may not have all of it yet.
    if statuses().any(|status| standing(status) == Standing::Creating) {
        return Ok(Standing::Creating);
    }
    // Of the primary's replica only that it is one: its status in an outage may be anything.
    if !found.replicas.contains_key(primary.as_str()) {
        return Err(Obstacle::NoReplica { table, here, primary });
    }
    if let Some(key) = &asked.probe_item {
        let texts = found.key.values().all(|kind| kind == "S");
        if !texts || !found.key.keys().eq(key.keys()) {
            return Err(Obstacle::Key {
                table,
                named: key.keys().cloned().collect(),
                key: found.key.clone(),
            });
        }
    }
    Ok(Standing::Serves)
}

/// The probe items that don't say what `written` says.
///
/// # Errors
/// Every table that takes no probe item, for good.
pub fn judge(request: &Request, written: &Stamp, read: &BTreeMap<TableName, Probed>) -> Result<Vec<Strange>, InTheWay> {
    let (mut obstacles, mut strange) = (Vec::new(), Vec::new());
    for (table, probed) in read {
        let table = table.clone();
        match probed {
            Probed::Read(Some(stamp)) if stamp == written => {}
            Probed::Read(read) => strange.push(Strange { table, read: read.clone() }),
            Probed::Foreign => obstacles.push(Obstacle::Foreign(table)),
            Probed::Refused(why) => obstacles.push(Obstacle::Unwritable {
                table,
                here: request.recovery_region.clone(),
                workload: request.workload.clone(),
                why: why.clone(),
            }),
        }
    }
    if obstacles.is_empty() {
        Ok(strange)
    } else {
        Err(InTheWay(obstacles))
    }
}

#[cfg(test)]
mod tests;
