//! The items of runs: the lock of a workload, its last run, and the record of each run.

use action::ids::{ExecutionArn, RunId, WorkloadName};
use action::{Deadline, Mode};
use jiff::Timestamp;

use crate::attributes::{Item, MalformedItem, Reader, epoch, text};
use crate::trigger::{Machine, Trigger, Verdict};

/// The keys of an item of `workload`.
pub fn key(workload: &WorkloadName, sort: &str) -> Item {
    Item::from([
        ("pk".to_owned(), text(format!("workload#{workload}"))),
        ("sk".to_owned(), text(sort)),
    ])
}

/// The keys of the lock of `workload` that runs of `machine` take.
pub fn lock_key(workload: &WorkloadName, machine: Machine) -> Item {
    key(workload, &format!("lock{}", machine.lane()))
}

/// The keys of the last run of `workload` among those that exclude runs of `machine`.
pub fn last_run_key(workload: &WorkloadName, machine: Machine) -> Item {
    key(workload, &format!("last-run{}", machine.lane()))
}

/// The keys of the record of `run`.
pub fn run_key(workload: &WorkloadName, run: &RunId) -> Item {
    key(workload, &format!("run#{run}"))
}

/// How a run hangs together with those before it.
///
/// A run that stopped partway is not started again under its own id: the next run goes on from it, and makes and finds
/// things under the tag of the first run of that chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The run that this one goes on from; none for the first of a chain.
    pub continues: Option<RunId>,
    /// The run under whose tag the things of the chain are made: its first.
    pub work: RunId,
}

impl Chain {
    /// The chain that `run` begins.
    pub fn begun_by(run: &RunId) -> Self {
        Self {
            continues: None,
            work: run.clone(),
        }
    }

    fn put(&self, item: &mut Item) {
        item.insert("work".to_owned(), text(&self.work));
        if let Some(continues) = &self.continues {
            item.insert("continues".to_owned(), text(continues));
        }
    }

    fn read(reader: Reader<'_>) -> Result<Self, MalformedItem> {
        let continues = reader.text_if_any("continues");
        Ok(Self {
            continues: continues.map(|_| reader.parsed("continues", "a run id")).transpose()?,
            work: reader.parsed("work", "a run id")?,
        })
    }
}

/// Who may change a workload, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The run that holds it.
    pub owner: RunId,
    /// The machine that it is a run of.
    pub machine: Machine,
    /// What it goes on from: kept here too, since a run may end without a word after it took the lock.
    pub chain: Chain,
    /// The execution of that run: once it has ended, the lock is free.
    pub execution: ExecutionArn,
    /// Since when.
    pub taken_at: Timestamp,
    /// When it is free even if nobody can tell how the execution is; whole seconds.
    pub expires_at: Timestamp,
}

impl Lock {
    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let mut item = lock_key(workload, self.machine);
        item.extend([
            ("owner".to_owned(), text(&self.owner)),
            ("machine".to_owned(), text(self.machine)),
            ("execution".to_owned(), text(&self.execution)),
            ("takenAt".to_owned(), text(self.taken_at)),
            ("expiresAt".to_owned(), epoch(self.expires_at)),
        ]);
        self.chain.put(&mut item);
        item
    }

    /// The lock in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        Ok(Self {
            owner: reader.parsed("owner", "a run id")?,
            machine: machine(reader)?,
            chain: Chain::read(reader)?,
            execution: reader.parsed("execution", "the ARN of an execution")?,
            taken_at: reader.time("takenAt")?,
            expires_at: reader.epoch("expiresAt")?,
        })
    }
}

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub run: RunId,
    /// The machine that it is an execution of.
    pub machine: Machine,
    /// Whether it may change anything.
    pub mode: Mode,
    /// What started it.
    pub trigger: Trigger,
    /// What it goes on from.
    pub chain: Chain,
    /// When it took the lock; none if it was refused before that.
    pub opened_at: Option<Timestamp>,
    /// When it stops waiting; none if it was refused before the plan was read.
    pub deadline: Option<Deadline>,
    /// The SHA-256 of the plan that it follows, in hexadecimal digits.
    pub plan_digest: Option<String>,
    /// The version of that plan in the bucket.
    pub plan_version: Option<String>,
    /// How it ended; none while it is open.
    pub closed: Option<Closed>,
}

/// How and when a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// How.
    pub verdict: Verdict,
    /// Where its report is.
    pub report: String,
}

impl RunRecord {
    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let mut item = run_key(workload, &self.run);
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                item.insert(name.to_owned(), text(value));
            }
        };
        put("machine", Some(self.machine.to_string()));
        put("mode", Some(word(&self.mode)));
        put("trigger", serde_json::to_string(&self.trigger).ok());
        put("openedAt", self.opened_at.map(|at| at.to_string()));
        put("deadline", self.deadline.map(|deadline| deadline.0.to_string()));
        put("planDigest", self.plan_digest.clone());
        put("planVersion", self.plan_version.clone());
        put("status", Some(if self.closed.is_some() { "closed" } else { "open" }.to_owned()));
        if let Some(closed) = &self.closed {
            put("closedAt", Some(closed.at.to_string()));
            put("verdict", Some(closed.verdict.to_string()));
            put("report", Some(closed.report.clone()));
        }
        self.chain.put(&mut item);
        item
    }

    /// The record in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        let run = reader
            .text("sk")?
            .strip_prefix("run#")
            .and_then(|run| run.parse().ok())
            .ok_or_else(|| reader.malformed("sk", "run# and a run id"))?;
        let time_if_any = |attribute| reader.text_if_any(attribute).map(|_| reader.time(attribute)).transpose();
        let closed = match reader.text("status")? {
            "open" => None,
            "closed" => Some(Closed {
                at: reader.time("closedAt")?,
                verdict: verdict(reader)?,
                report: reader.text("report")?.to_owned(),
            }),
            _ => return Err(reader.malformed("status", "open or closed")),
        };
        Ok(Self {
            run,
            machine: machine(reader)?,
            mode: mode(reader)?,
            trigger: json(reader, "trigger", "a trigger as JSON", reader.text("trigger")?)?,
            chain: Chain::read(reader)?,
            opened_at: time_if_any("openedAt")?,
            deadline: time_if_any("deadline")?.map(Deadline),
            plan_digest: reader.text_if_any("planDigest").map(str::to_owned),
            plan_version: reader.text_if_any("planVersion").map(str::to_owned),
            closed,
        })
    }
}

/// The run of a workload that ended last: what the cool-down is counted from, and what the next run may go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The run.
    pub run: RunId,
    /// The run under whose tag it made and found things: itself, unless it went on from another.
    pub work: RunId,
    /// The machine that it was a run of.
    pub machine: Machine,
    /// When it ended; written in whole seconds, so that the texts sort as the times do.
    pub closed_at: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// Whether it could change anything.
    pub mode: Mode,
}

impl LastRun {
    /// Whether it left the workload partway, so that the next run of its machine goes on from it.
    ///
    /// One that went on from another and stopped untouched left the workload as it found it: partway.
    pub fn left_partway(&self) -> bool {
        match self.verdict {
            Verdict::StoppedPartway => self.mode == Mode::Execute,
            Verdict::StoppedUntouched => self.mode == Mode::Execute && self.work != self.run,
            Verdict::Done => false,
        }
    }

    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let mut item = last_run_key(workload, self.machine);
        item.extend([
            ("run".to_owned(), text(&self.run)),
            ("work".to_owned(), text(&self.work)),
            ("machine".to_owned(), text(self.machine)),
            ("closedAt".to_owned(), text(whole_seconds(self.closed_at))),
            ("verdict".to_owned(), text(self.verdict)),
            ("mode".to_owned(), text(word(&self.mode))),
        ]);
        item
    }

    /// The last run in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        Ok(Self {
            run: reader.parsed("run", "a run id")?,
            work: reader.parsed("work", "a run id")?,
            machine: machine(reader)?,
            closed_at: reader.time("closedAt")?,
            verdict: verdict(reader)?,
            mode: mode(reader)?,
        })
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn verdict(reader: Reader<'_>) -> Result<Verdict, MalformedItem> {
    Verdict::parse(reader.text("verdict")?).ok_or_else(|| reader.malformed("verdict", "a verdict"))
}

fn machine(reader: Reader<'_>) -> Result<Machine, MalformedItem> {
    json(
        reader,
        "machine",
        "the name of a machine",
        &format!("{:?}", reader.text("machine")?),
    )
}

fn mode(reader: Reader<'_>) -> Result<Mode, MalformedItem> {
    json(reader, "mode", "plan or execute", &format!("{:?}", reader.text("mode")?))
}

fn json<T: serde::de::DeserializeOwned>(
    reader: Reader<'_>,
    attribute: &'static str,
    expected: &'static str,
    text: &str,
) -> Result<T, MalformedItem> {
    serde_json::from_str(text).map_err(|_| reader.malformed(attribute, expected))
}

/// A unit variant as its word on the wire.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
