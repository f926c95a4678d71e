//! The last looks, period by period. Pure.

use std::time::Duration;

use jiff::Timestamp;
use signals::{Looks, Probe};

/// By how much a look may be late before the next is called missing: what the look itself takes, and CloudWatch until it shows it.
const LATE: Duration = Duration::from_secs(30);

/// How many of how many looks are an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From one look to the next.
    pub period: Duration,
    /// How many must have failed.
    pub failures: u16,
    /// Of how many.
    pub looks: u16,
}

impl Window {
    /// What to ask of the metric: all that [`tally`] may count, and somewhat more. Points of a second tell looks apart where the
    /// probe puts such, for three hours (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html, "Period").
    pub fn stretch(&self, now: Timestamp) -> Looks {
        let back = self.period * (u32::from(self.looks) + 2) + LATE;
        Looks {
            from: now.checked_sub(back).unwrap_or(Timestamp::MIN),
            to: now.checked_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX),
            period: if self.period < Duration::from_secs(60) { 1 } else { 60 },
        }
    }
}

/// What the last looks came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Periods in which every look failed.
    pub failed: u16,
    /// Periods in which a look passed.
    pub passed: u16,
    /// Periods without a look.
    pub missing: u16,
    /// Whether the period before the window failed as well.
    pub failed_before: bool,
    /// The last failed look.
    pub last_failed: Option<Timestamp>,
}

/// Counts the last looks of `window`, those after `from` alone: when the primary answered, an outage before that was over.
///
/// The newest look ends the last period, so that looks fall into the middle of theirs, however the probe's minute begins. Where
/// the newest is older than that, the probe is silent, and the periods since then are missing.
pub fn tally(probes: &[Probe], window: &Window, from: Option<Timestamp>, now: Timestamp) -> Tally {
    let counts = |probe: &&Probe| from.is_none_or(|from| probe.at > from);
    let probes: Vec<&Probe> = probes.iter().filter(counts).collect();
    let fresh = |at: &Timestamp| since(*at, now) <= window.period + LATE;
    let end = probes.iter().map(|probe| probe.at).max().filter(fresh).unwrap_or(now);
    let looks = usize::from(window.looks);
    // One period more than the window, to tell whether the outage is older than it.
    let mut failed: Vec<Option<bool>> = vec![None; looks + 1];
    for probe in &probes {
        let back = (since(probe.at, end) + window.period / 2).as_millis() / window.period.as_millis().max(1);
        if let Some(period) = usize::try_from(back).ok().and_then(|back| failed.get_mut(back)) {
            *period = Some(period.unwrap_or(true) && probe.failed);
        }
    }
    let judged = failed.get(..looks).unwrap_or_default();
    let count = |of: Option<bool>| u16::try_from(judged.iter().filter(|period| **period == of).count()).unwrap_or(u16::MAX);
    Tally {
        failed: count(Some(true)),
        passed: count(Some(false)),
        missing: count(None),
        failed_before: failed.get(looks) == Some(&Some(true)),
        last_failed: probes.iter().filter(|probe| probe.failed).map(|probe| probe.at).max(),
    }
}

/// Nothing for what is still to come.
fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        period: Duration::from_secs(10),
        failures: 3,
        looks: 5,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_230_900 + second).unwrap()
    }

    /// One mark for each ten seconds from 0: `x` failed, `.` passed, and nothing for a blank.
    fn probes(marks: &str) -> Vec<Probe> {
        let marked = marks.chars().zip(0..).filter(|(mark, _)| *mark != ' ');
        marked
            .map(|(mark, index)| Probe {
                at: at(10 * index),
                failed: mark == 'x',
            })
            .collect()
    }

    fn counted(marks: &str, now: i64) -> (u16, u16, u16, bool) {
        let tally = tally(&probes(marks), &WINDOW, None, at(now));
        (tally.failed, tally.passed, tally.missing, tally.failed_before)
    }

    #[test]
    fn nothing_is_counted_of_a_metric_that_is_empty() {
        assert_eq!(counted("", 0), (0, 0, 5, false));
    }

    #[test]
    fn the_last_looks_are_counted_and_the_one_before_is_told() {
        for (marks, expected) in [
            ("......", (0, 5, 0, false)),
            ("xxxxxx", (5, 0, 0, true)),
            (".xxxxx", (5, 0, 0, false)),
            ("xxxxx.", (4, 1, 0, true)),
            ("..x x.", (2, 2, 1, false)),
            ("xx", (2, 0, 3, false)),
        ] {
            let newest = 10 * (i64::try_from(marks.len()).unwrap() - 1);
            assert_eq!(counted(marks, newest), expected, "{marks:?}");
            assert_eq!(counted(marks, newest + 39), expected, "{marks:?}, shown late");
        }
    }

    #[test]
    fn a_probe_that_falls_silent_has_missing_looks_and_no_failed_ones() {
        // The newest look was at 40 s.
        assert_eq!(counted("xxxxx", 80), (5, 0, 0, false));
        assert_eq!(counted("xxxxx", 81), (1, 0, 4, true));
        assert_eq!(counted("xxxxx", 300), (0, 0, 5, false));
    }

    #[test]
    fn of_several_looks_in_a_period_all_must_have_failed() {
        let mut both = probes("xxxxx");
        both.push(Probe { at: at(31), failed: false });
        let tally = tally(&both, &WINDOW, None, at(41));
        assert_eq!((tally.failed, tally.passed, tally.missing), (4, 1, 0));
    }

    #[test]
    fn a_cadence_that_shifts_with_the_minute_loses_no_look() {
        let shifted: Vec<Probe> = [0, 10, 20, 34, 44]
            .map(|second| Probe {
                at: at(second),
                failed: true,
            })
            .into();
        assert_eq!(tally(&shifted, &WINDOW, None, at(46)).failed, 5);
    }

    #[test]
    fn what_is_asked_of_the_metric_holds_the_window_and_stays_within_three_hours() {
        let longest = Window { looks: 720, ..WINDOW };
        let asked = longest.stretch(at(0));
        assert_eq!((at(0).duration_since(asked.from).as_secs(), asked.period), (7_250, 1));
        let minutes = Window {
            period: Duration::from_secs(60),
            ..WINDOW
        };
        assert_eq!(minutes.stretch(at(0)).period, 60);
    }
}
