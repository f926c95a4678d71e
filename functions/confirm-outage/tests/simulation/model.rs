//! What stands between a site and its promotion, in whole seconds: the metric, the alarms of infra/workload.yaml, the
//! decisions of start-recovery and of confirm-outage. Only the first two are modelled; the decisions are the code's own.

use std::time::Duration;

use action::Mode;
use confirm_outage::decide::{Decision, Holder, Seen, decide, while_the_alarm_is_on};
use confirm_outage::io::{FreshLook, ProbeNumbers, Request};
use confirm_outage::tally::tally;
use jiff::Timestamp;
use ledger::{LastRun, Machine, Trigger, Verdict};
use plan::{DataLoss, Fence, GuardMode, Guards};
use signals::Probe;
use start_recovery::decide::{by_change, by_guards, by_last_run, by_second_look, by_switch};
use start_recovery::{AlarmChange, AlarmState};

const HOUR: u64 = 3_600;

/// A point of the probe's metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// When the look was taken.
    pub(crate) at: i64,
    /// When the metric has it.
    pub(crate) shown: i64,
    /// What it says.
    pub(crate) failed: bool,
}

/// The numbers of a plan, and of its alarm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) period: u16,
    pub(crate) failures: u16,
    pub(crate) looks: u16,
}

impl Setup {
    pub(crate) fn period(self) -> i64 {
        self.period.into()
    }

    /// A cut that is shorter moves nobody.
    pub(crate) fn window(self) -> i64 {
        i64::from(self.failures) * self.period()
    }
}

/// What becomes of a site.
pub(crate) struct Signals {
    pub(crate) setup: Setup,
    /// What the probe puts into its metric.
    pub(crate) points: Vec<Point>,
    /// Whether a look fails that a run takes at this second.
    pub(crate) fails: Box<dyn Fn(i64) -> bool>,
    /// How long the run's own steps take before it looks again.
    pub(crate) steps: i64,
    /// When it is over.
    pub(crate) end: i64,
}

/// What was made of the signals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    /// When the alarm first went off.
    pub(crate) alarm: Option<i64>,
    /// How many runs were started.
    pub(crate) runs: usize,
    /// When the workload was moved.
    pub(crate) promoted: Vec<i64>,
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_230_900 + second).unwrap()
}

impl Signals {
    /// With an alarm of the plan's own numbers.
    pub(crate) fn play(&self) -> Played {
        self.play_with_alarm(self.setup.failures, self.setup.looks)
    }

    /// With an alarm of other numbers than the plan's.
    pub(crate) fn play_with_alarm(&self, failures: u16, looks: u16) -> Played {
        let alarm = (failures, looks);
        let mut played = Played::default();
        let (mut in_alarm, mut last): (bool, Option<LastRun>) = (false, None);
        // Until when a run holds the lock.
        let mut busy = i64::MIN;
        for now in (0..self.end).step_by(usize::from(self.setup.period)) {
            let down = self.primary_down(now, alarm);
            let went_off = down && !std::mem::replace(&mut in_alarm, down);
            in_alarm = down;
            if !went_off {
                continue;
            }
            played.alarm = played.alarm.or(Some(now));
            if now < busy || !self.starts(now, last.clone(), alarm) {
                continue;
            }
            played.runs += 1;
            let (ended, promoted) = self.run(now + self.steps, alarm);
            busy = ended;
            played.promoted.extend(promoted.then_some(ended));
            // A run that guards alone stopped is no last run: no cool-down follows it (close-run).
            last = promoted.then(|| LastRun {
                run: format!("unishop-{now}").parse().unwrap(),
                work: format!("unishop-{now}").parse().unwrap(),
                machine: Machine::Failover,
                closed_at: time(ended),
                verdict: Verdict::Done,
                mode: Mode::Execute,
            });
        }
        played
    }

    /// The composite alarm, as it is evaluated at the end of each period: M of N periods failed, missing ones not breaching,
    /// and the probe not silent for three minutes.
    fn primary_down(&self, now: i64, (failures, looks): (u16, u16)) -> bool {
        let period = self.setup.period();
        let whole = now - now.rem_euclid(period);
        let shown = |from: i64, to: i64| {
            self.points
                .iter()
                .filter(move |point| (from..to).contains(&point.at) && point.shown <= now)
        };
        let failed = (1..=i64::from(looks)).filter(|back| {
            let from = whole - back * period;
            let mut looks = shown(from, from + period).peekable();
            looks.peek().is_some() && looks.all(|look| look.failed)
        });
        let minutes = now - now.rem_euclid(60);
        let silent = (1..=3).all(|back| shown(minutes - 60 * back, minutes - 60 * (back - 1)).next().is_none());
        failed.count() >= usize::from(failures) && !silent
    }

    /// Whether start-recovery starts a run for the alarm that went off at `now`.
    fn starts(&self, now: i64, last: Option<LastRun>, alarm: (u16, u16)) -> bool {
        let change = AlarmChange {
            alarm: "relight-unishop-primary-down".to_owned(),
            state: AlarmState::Alarm,
            at: time(now),
            reason: "simulated".to_owned(),
            suppressed_by: None,
        };
        let guards = Guards {
            mode: GuardMode::Automatic,
            cool_down: "1h".parse().unwrap(),
            approval_timeout: "15m".parse().unwrap(),
            fence: Fence::Try,
            accept_data_loss: DataLoss::None,
        };
        let by_now = if self.primary_down(now + 1, alarm) {
            AlarmState::Alarm
        } else {
            AlarmState::Ok
        };
        let held = by_change(&change)
            .or_else(|| by_guards(&guards))
            .or_else(|| by_switch(None))
            .or_else(|| by_last_run(last, Duration::from_secs(HOUR), time(now + 1)))
            .or_else(|| by_second_look(&change.alarm, &by_now));
        held.is_none()
    }

    /// Looks again, and asks confirm-outage until it answers. When that was, and whether the workload is moved.
    fn run(&self, mut now: i64, alarm: (u16, u16)) -> (i64, bool) {
        let deadline = action::Deadline(time(now + 900));
        let mut count_from = None;
        loop {
            let request = Request {
                mode: Mode::Execute,
                run: "unishop-1".parse().unwrap(),
                workload: "unishop".parse().unwrap(),
                trigger: Trigger::Alarm {
                    alarm: "relight-unishop-primary-down".to_owned(),
                    alarm_at: time(now),
                    incident_at: None,
                    reason: "simulated".to_owned(),
                },
                look: FreshLook {
                    at: time(now),
                    failed: (self.fails)(now),
                    because: "simulated".to_owned(),
                },
                probe: ProbeNumbers {
                    period_seconds: self.setup.period,
                    failures: self.setup.failures,
                    looks: self.setup.looks,
                },
                recover_despite_inhibit: None,
                count_from,
                deadline,
            };
            let shown = self.points.iter().filter(|point| point.shown <= now);
            let probes: Vec<Probe> = shown
                .map(|point| Probe {
                    at: time(point.at),
                    failed: point.failed,
                })
                .collect();
            let seen = Seen {
                inhibit: None,
                holder: Some(Holder::Run(request.run.clone())),
                tally: Some(tally(&probes, &request.probe.window(), count_from, time(now))),
            };
            let decision = match decide(&request, &seen, time(now)) {
                Err(refusal) if refusal.is_of_the_looks() => {
                    let state = if self.primary_down(now, alarm) {
                        AlarmState::Alarm
                    } else {
                        AlarmState::Ok
                    };
                    while_the_alarm_is_on(&request, refusal, "relight-unishop-primary-down", &Ok(Some(state)), time(now))
                }
                decision => decision,
            };
            match decision {
                Ok(Decision::GoOn(_)) => return (now, true),
                Ok(Decision::LookAgain {
                    seconds, count_from: from, ..
                }) => {
                    now += i64::try_from(seconds).unwrap();
                    count_from = from;
                }
                Err(_) => return (now, false),
            }
        }
    }
}
