//! Whether an alarm starts a run, guard by guard, and what that run is called. Pure.

use std::time::Duration;

use action::ids::{RunId, WorkloadName};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::LastRun;
use plan::{GuardMode, Guards};
use signals::Inhibit;
pub use signals::{Looks, Probe};

use signals::AlarmState;

use crate::alarm::AlarmChange;
use crate::error::NotOurs;

/// Why an alarm starts nothing. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hold {
    /// It went to another state than ALARM.
    #[error("alarm {alarm} went to {state}, and only ALARM starts a recovery")]
    NoAlarm {
        /// The alarm's name.
        alarm: String,
        /// The state that it went to.
        state: AlarmState,
    },
    /// Its actions are suppressed.
    #[error("the actions of alarm {alarm} are suppressed by {by}")]
    Suppressed {
        /// The alarm's name.
        alarm: String,
        /// What suppresses them.
        by: String,
    },
    /// Its run exists.
    #[error("run {run} was already started{}", since.map(|at| format!(" at {at}")).unwrap_or_default())]
    AlreadyStarted {
        /// The run.
        run: RunId,
        /// Since when, if AWS said so.
        since: Option<Timestamp>,
    },
    /// The plan leaves it to people.
    #[error("guards.mode of the plan is {}: a person starts the recovery", word(*.0))]
    Guarded(GuardMode),
    /// People hold all recoveries back.
    #[error(
        "recoveries are inhibited: {} says {why}; nothing starts until it says off, unless a person starts it in spite of that",
        signals::PARAMETER
    )]
    Inhibited {
        /// Their reason.
        why: Inhibit,
    },
    /// Another run ended just before.
    #[error("run {} ended {} at {}; until {until} the cool-down lets no alarm start another, a person may", last.run, last.verdict, last.closed_at)]
    CoolingDown {
        /// The run that ended.
        last: LastRun,
        /// When an alarm may start the next.
        until: Timestamp,
    },
    /// It isn't in ALARM any more.
    #[error("alarm {alarm} is back in {state}")]
    Recovered {
        /// The alarm's name.
        alarm: String,
        /// The state that it is in now.
        state: AlarmState,
    },
}

fn word(mode: GuardMode) -> &'static str {
    match mode {
        GuardMode::Automatic => "automatic",
        GuardMode::Approve => "approve",
        GuardMode::Notify => "notify",
    }
}

/// What the notification itself holds against a start.
pub fn by_change(change: &AlarmChange) -> Option<Hold> {
    let alarm = || change.alarm.clone();
    match (&change.state, &change.suppressed_by) {
        (AlarmState::Alarm, None) => None,
        (AlarmState::Alarm, Some(by)) => Some(Hold::Suppressed {
            alarm: alarm(),
            by: by.clone(),
        }),
        (state, _) => Some(Hold::NoAlarm {
            alarm: alarm(),
            state: state.clone(),
        }),
    }
}

/// What the plan's guards hold against a start. A run that must be approved is started: it asks by itself.
pub fn by_guards(guards: &Guards) -> Option<Hold> {
    match guards.mode {
        GuardMode::Automatic | GuardMode::Approve => None,
        mode @ GuardMode::Notify => Some(Hold::Guarded(mode)),
    }
}

/// What the run that is started does first, for people; nothing if it recovers at once.
pub fn asks(guards: &Guards) -> &'static str {
    match guards.mode {
        GuardMode::Approve => "which asks people before it changes anything, ",
        GuardMode::Automatic | GuardMode::Notify => "",
    }
}

/// What people hold against every start.
pub fn by_switch(inhibit: Option<Inhibit>) -> Option<Hold> {
    inhibit.map(|why| Hold::Inhibited { why })
}

/// What the last run holds against a start: the cool-down after it.
pub fn by_last_run(last: Option<LastRun>, cool_down: Duration, now: Timestamp) -> Option<Hold> {
    let last = last?;
    // A time beyond the calendar is after any now.
    let until = last.closed_at.checked_add(cool_down).unwrap_or(Timestamp::MAX);
    (now < until).then_some(Hold::CoolingDown { last, until })
}

/// What the alarm's state by now holds against a start.
pub fn by_second_look(alarm: &str, state: &AlarmState) -> Option<Hold> {
    (*state != AlarmState::Alarm).then(|| Hold::Recovered {
        alarm: alarm.to_owned(),
        state: state.clone(),
    })
}

/// The workload that an alarm is of, by the alarm's name.
///
/// # Errors
/// When the alarm isn't one of Relight's that start a recovery.
pub fn workload(alarm: &str) -> Result<WorkloadName, NotOurs> {
    alarm
        .strip_prefix("relight-")
        .and_then(|rest| rest.strip_suffix("-primary-down"))
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| NotOurs(alarm.to_owned()))
}

/// The run that a change of state stands for: the same for every delivery of it, by every way.
pub fn run(workload: &WorkloadName, at: Timestamp) -> RunId {
    let name = format!("{workload}-{}", at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ"));
    match name.parse() {
        Ok(run) => run,
        Err(_) => unreachable!("{name}: a workload's name, a hyphen and a time make a run id"),
    }
}

/// What to ask of the probe's metric: the three hours for which CloudWatch keeps points below a minute
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html, "Period"), less a minute for the way.
pub fn looks(probe_period: Duration, alarm_at: Timestamp) -> Looks {
    let seconds = |seconds| Duration::from_secs(seconds);
    Looks {
        from: alarm_at.checked_sub(seconds(3 * 3_600 - 60)).unwrap_or(Timestamp::MIN),
        to: alarm_at.checked_add(seconds(1)).unwrap_or(Timestamp::MAX),
        period: if probe_period < seconds(60) { 1 } else { 60 },
    }
}

/// When the incident began, as far as the probe saw: the first point of the unbroken row of failures that ends with the
/// last point before the alarm. None if that last point is no failure, or there is none.
pub fn incident(probes: &[Probe], alarm_at: Timestamp) -> Option<Timestamp> {
    let mut probes: Vec<Probe> = probes.iter().filter(|probe| probe.at <= alarm_at).copied().collect();
    probes.sort_by_key(|probe| probe.at);
    probes.iter().rev().take_while(|probe| probe.failed).last().map(|probe| probe.at)
}
