//! Whether a run may open, with which deadline, and which run it goes on from. Pure.

use std::time::Duration;

use action::ids::{ExecutionArn, Region, RunId, WorkloadName};
use action::{Deadline, Mode};
use jiff::Timestamp;
use ledger::{Chain, LastRun, Lock, Machine, RunRecord, StoredPlan, Trigger};
use plan::{GuardMode, Plan};

use crate::io::Request;

/// How long after its deadline a run may hold its lock without anybody asking whether it still runs. Past its deadline
/// a run waits for nothing any more, so that it ends long before this.
const LOCK_GRACE: Duration = Duration::from_secs(3_600);

/// How long a refresh waits at most: a first copy of large volumes takes hours. The machine's own time-out is longer.
const REFRESH_WITHIN: Duration = Duration::from_secs(12 * 3_600);

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This run is open: tell what was told first.
    Resume(Opening),
    /// Take the lock and write the record.
    Open(Opening),
}

/// How a run opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub at: Timestamp,
    /// The RTO after that.
    pub deadline: Deadline,
    /// How long it may wait for an approval first; zero if it needs none.
    pub approval: Duration,
    /// How long it may then watch the alarm that started it; zero if none did.
    pub watch: Duration,
    /// What it goes on from.
    pub chain: Chain,
    /// The lock that is there and may be taken over.
    pub replaces: Option<Lock>,
    /// Whether that lock has expired, rather than its owner ended.
    pub expired: bool,
}

impl Opening {
    /// When the lock is free even if nobody can tell how the run is. After an approval, and after an outage that had to be
    /// waited for, the machine counts the RTO anew, so that neither uses up AWS's time; the lock must last as long.
    pub fn lock_expires(&self) -> Timestamp {
        later(self.deadline.0, self.approval + self.watch + LOCK_GRACE)
    }

    /// Until when the run waits, for people.
    pub fn until(&self, machine: Machine, plan: &Plan) -> String {
        match machine {
            Machine::Failover => format!("the RTO of {} ends at {}", plan.objectives.rto, self.deadline.0),
            Machine::RefreshImage => format!("it waits for nothing after {}", self.deadline.0),
        }
    }

    /// Why the lock is free, for people.
    pub fn why_free(&self) -> String {
        match &self.replaces {
            None => "nobody held it".to_owned(),
            Some(lock) if self.expired => format!("run {} held it, expired at {}", lock.owner, lock.expires_at),
            Some(lock) => format!("run {} held it and has ended", lock.owner),
        }
    }

    /// What the run goes on from, for people; nothing if it begins anew.
    pub fn goes_on(&self) -> String {
        let Chain { continues, work } = &self.chain;
        continues
            .as_ref()
            .map(|before| format!("; goes on from run {before}, which did not finish, and uses what is tagged with run {work}"))
            .unwrap_or_default()
    }
}

/// How the execution is that holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// It runs, or may be resumed at any moment, or its status isn't known to this version.
    Live,
    /// It has ended.
    Ended,
}

/// Why a run may not open. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another run is at work.
    #[error("run {holder} holds the lock of {workload} since {since} (execution {execution}); wait for its end, or stop it")]
    Held {
        /// The workload.
        workload: WorkloadName,
        /// The run at work.
        holder: RunId,
        /// Its execution.
        execution: ExecutionArn,
        /// Since when.
        since: Timestamp,
    },
    /// This run has ended.
    #[error("run {run} was closed at {at}; start a new one")]
    Closed {
        /// The run.
        run: RunId,
        /// When it was closed.
        at: Timestamp,
    },
    /// The plan isn't the one that this run was opened with.
    #[error("the plan of {workload} was changed while run {run} was open; start a new run")]
    PlanChanged {
        /// The workload.
        workload: WorkloadName,
        /// The run.
        run: RunId,
    },
    /// The plan asks for more than this version does.
    #[error("the plan asks for what this version of Relight does not do: {}", .0.join("; "))]
    Unsupported(Vec<String>),
}

/// Everything in the plan that this version doesn't do by `machine`, or can't do from where it runs.
pub fn unsupported(machine: Machine, plan: &Plan, region: &Region) -> Vec<String> {
    let recovery = &plan.regions.recovery;
    let mut found = Vec::new();
    if recovery != region {
        found.push(format!("recovery in {recovery} by an engine in {region}"));
    }
    match machine {
        Machine::Failover => {}
        Machine::RefreshImage => unsupported_in_refresh(plan, &mut found),
    }
    found
}

/// A refresh without a proof could never move the pointer, and would only fill both Regions with images.
fn unsupported_in_refresh(plan: &Plan, found: &mut Vec<String>) {
    match &plan.image {
        None => found.push("a refresh without [image]".to_owned()),
        Some(image) if image.proof.is_none() => found.push("a refresh without [image.proof], so that no image could be proven".to_owned()),
        Some(_) => {}
    }
    if plan.compute.as_ref().is_none_or(|compute| compute.launch.is_none()) {
        found.push("a refresh without [compute.launch], whose template the proof boots by".to_owned());
    }
}

/// Whether the run asks people before it changes anything: one that an alarm started, where the plan wants an approval. A
/// plan run shows what such a run would do.
pub fn asks(request: &Request, plan: &Plan) -> bool {
    request.machine == Machine::Failover
        && plan.guards.mode == GuardMode::Approve
        && (request.mode == Mode::Plan || matches!(request.trigger, Trigger::Alarm { .. }))
}

/// Whether it matters how the execution is that holds `lock`.
pub fn worth_asking(request: &Request, lock: &Lock, now: Timestamp) -> bool {
    lock.owner != request.run && now < lock.expires_at
}

/// What the run goes on from: what it was told first, or else the run before it, if that one left the workload partway.
///
/// A lock whose owner never became the last run is of a run that ended without a word, by a stop in the console for
/// one. Nobody knows what it did, so the next goes on from it; if it did nothing, there is nothing to find.
pub fn chain(request: &Request, record: Option<&RunRecord>, lock: Option<&Lock>, last: Option<&LastRun>) -> Chain {
    if let Some(record) = record {
        return record.chain.clone();
    }
    if let Some(lock) = lock.filter(|lock| lock.owner == request.run) {
        return lock.chain.clone();
    }
    let wordless = lock.filter(|lock| lock.machine == request.machine && last.is_none_or(|last| last.run != lock.owner));
    let before = wordless.map(|lock| (&lock.owner, &lock.chain.work)).or_else(|| {
        last.filter(|last| last.machine == request.machine && last.left_partway())
            .map(|last| (&last.run, &last.work))
    });
    before.map_or_else(
        || Chain::begun_by(&request.run),
        |(run, work)| Chain {
            continues: Some(run.clone()),
            work: work.clone(),
        },
    )
}

/// Whether the run may open. `held` is the lock and how its holder is.
///
/// # Errors
/// With the refusal.
pub fn decide(
    request: &Request,
    record: Option<&RunRecord>,
    held: Option<(Lock, Holder)>,
    last: Option<&LastRun>,
    stored: &StoredPlan,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if let Some(RunRecord { closed: Some(closed), .. }) = record {
        return Err(Refusal::Closed {
            run: request.run.clone(),
            at: closed.at,
        });
    }
    if record.is_some_and(|record| record.plan_digest.as_ref() != Some(&stored.digest)) {
        return Err(Refusal::PlanChanged {
            workload: request.workload.clone(),
            run: request.run.clone(),
        });
    }
    let opened = record.and_then(|record| Some((record.opened_at?, record.deadline?)));
    let expired = held.as_ref().is_some_and(|(lock, _)| now >= lock.expires_at);
    let ours = held.as_ref().is_some_and(|(lock, _)| lock.owner == request.run);
    let (lock, holder) = held.unzip();
    if let Some(lock) = &lock
        && holder == Some(Holder::Live)
        && !ours
        && !expired
    {
        return Err(Refusal::Held {
            workload: request.workload.clone(),
            holder: lock.owner.clone(),
            execution: lock.execution.clone(),
            since: lock.taken_at,
        });
    }
    // Once opened, or once the lock is taken, a run keeps its time however often it is asked.
    let taken = lock.as_ref().filter(|_| ours).map(|lock| lock.taken_at);
    let at = opened.map(|(at, _)| at).or(taken).unwrap_or(millis(now));
    let within = match request.machine {
        Machine::Failover => stored.plan.objectives.rto.duration(),
        Machine::RefreshImage => REFRESH_WITHIN,
    };
    let opening = Opening {
        at,
        approval: if asks(request, &stored.plan) {
            stored.plan.guards.approval_timeout.duration()
        } else {
            Duration::ZERO
        },
        watch: match request.trigger {
            Trigger::Alarm { .. } => within,
            Trigger::Schedule { .. } | Trigger::Person { .. } => Duration::ZERO,
        },
        deadline: opened.map_or_else(|| Deadline(later(at, within)), |(_, deadline)| deadline),
        chain: chain(request, record, lock.as_ref(), last),
        replaces: lock,
        expired,
    };
    Ok(if ours && opened.is_some() {
        Decision::Resume(opening)
    } else {
        Decision::Open(opening)
    })
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whole milliseconds: what people can read.
fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
