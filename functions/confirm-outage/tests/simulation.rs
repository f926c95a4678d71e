//! Sequences of signals, all drawn from one seed: which of them move a workload, and after how long.
//!
//! A cut is an outage that ends before the window, M periods, has passed; a true outage lasts to the end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, which shows its figures"
)]

#[path = "simulation/model.rs"]
mod model;

use model::{Played, Point, Setup, Signals};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

const SEQUENCES: usize = 1_500;

/// The default, and what is advised for slower probes.
const SETUPS: [Setup; 3] = [
    Setup {
        period: 10,
        failures: 12,
        looks: 15,
    },
    Setup {
        period: 20,
        failures: 6,
        looks: 8,
    },
    Setup {
        period: 60,
        failures: 3,
        looks: 4,
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It serves all the time.
    Steady,
    /// It serves until it is gone for good: it refuses, or it hangs.
    Dead,
    /// It is gone for good, and answers one look more: one of the probe, or one of the run's own.
    DeadButOnce,
    /// It is cut off a few times for less than the window, and up in between for longer than M of N looks can bridge.
    Cuts,
    /// The same, and then it is gone for good.
    CutsThenDead,
    /// It is down for less than a third of the window at a time, and up for longer than it was down.
    Flapping,
    /// It is cut off for 43 s.
    Cut43,
    /// It is cut off for any time below the window.
    CutShort,
    /// It answers just in time, and too late for spells as those of flapping.
    Slow,
    /// One of two to five machines behind it is dead, and each takes its turn.
    Partly,
    /// A probe says that it is down and it is not: one of three, which also takes the run's own look; or the only one.
    Lying,
    /// It serves, and most looks never happen; or the probe fails a few times and falls silent.
    Missing,
}

const KINDS: [Kind; 12] = [
    Kind::Steady,
    Kind::Dead,
    Kind::DeadButOnce,
    Kind::Cuts,
    Kind::CutsThenDead,
    Kind::Flapping,
    Kind::Cut43,
    Kind::CutShort,
    Kind::Slow,
    Kind::Partly,
    Kind::Lying,
    Kind::Missing,
];

struct Dice(TestRng);

impl Dice {
    /// A number from `least` to `most`, both included.
    fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).unwrap();
        least + i64::try_from(self.0.next_u64() % span).unwrap()
    }

    fn one_in(&mut self, many: i64) -> bool {
        self.between(1, many) == 1
    }
}

/// The stretches in which a site is down, one after the other.
type Down = Vec<(i64, i64)>;

fn is_down(down: &Down, at: i64) -> bool {
    down.iter().any(|&(from, to)| (from..to).contains(&at))
}

/// When a true outage began, and the last moment at which the site answered anybody.
#[derive(Clone, Copy, Debug)]
struct Outage {
    begun: i64,
    answered: i64,
}

/// A sequence, and its true outage, if it has one.
fn draw(kind: Kind, dice: &mut Dice) -> (Signals, Option<Outage>) {
    let setup = SETUPS[usize::try_from(dice.between(0, 2)).unwrap()];
    let (period, window) = (setup.period(), setup.window());
    let looks = i64::from(setup.looks);
    let mut begun = dice.between(looks * period, (looks + 3) * period);
    let mut end = begun + 3 * looks * period;
    let mut down = Down::new();
    match kind {
        Kind::Dead | Kind::DeadButOnce => {
            end = begun + 2 * looks * period;
            down.push((begun, i64::MAX));
        }
        Kind::Cuts | Kind::CutsThenDead => {
            let bridged = (looks - i64::from(setup.failures) + 1) * period;
            for _ in 0..dice.between(1, 3) {
                let length = dice.between(1, window - 1);
                down.push((begun, begun + length));
                begun += length + dice.between(bridged + period, bridged + 6 * period);
            }
            end = begun + 3 * looks * period;
            if kind == Kind::CutsThenDead {
                down.push((begun, i64::MAX));
            }
        }
        Kind::Cut43 => down.push((begun, begun + 43)),
        Kind::CutShort => down.push((begun, begun + dice.between(1, window - 1))),
        Kind::Flapping | Kind::Slow => {
            let mut from = begun;
            while from < end {
                let length = dice.between(1, window / 3 - 1);
                down.push((from, from + length));
                from += length + dice.between(length + period, length + 3 * period);
            }
        }
        Kind::Steady | Kind::Partly | Kind::Lying | Kind::Missing => {}
    }
    let took = match kind {
        Kind::Dead | Kind::DeadButOnce | Kind::CutsThenDead if dice.one_in(2) => 5,
        Kind::Slow => 2,
        _ => 0,
    };
    let phase = dice.between(0, period - 1);
    let point = |at: i64, failed: bool| Point {
        at,
        shown: at + 1 + took,
        failed,
    };
    let mut points: Vec<Point> = (0..end / period)
        .map(|number| point(number * period + phase, is_down(&down, number * period + phase)))
        .collect();
    let mut fails: Box<dyn Fn(i64) -> bool> = {
        let down = down.clone();
        Box::new(move |at| is_down(&down, at))
    };
    let mut answered = begun;
    match kind {
        Kind::DeadButOnce => {
            // Any time from the outage to just after a run's first look: for one look of the probe, or for a moment of the run's.
            let at = begun + dice.between(1, window + 2 * period);
            if dice.one_in(2) {
                let passed = points.iter_mut().find(|point| point.at >= at);
                passed.into_iter().for_each(|point| {
                    point.failed = false;
                    answered = point.at;
                });
            } else {
                let down = down.clone();
                answered = at + period;
                fails = Box::new(move |now| is_down(&down, now) && !(at..at + period).contains(&now));
            }
        }
        Kind::Partly => {
            let machines = dice.between(2, 5);
            for (point, number) in points.iter_mut().zip(0_i64..) {
                point.failed = number % machines == 0;
            }
            // The run's own look falls on the dead one.
            fails = Box::new(|_| true);
        }
        Kind::Lying if dice.one_in(2) => {
            let truths = points.clone().into_iter();
            let others = truths.flat_map(|truth| [1, 2].map(|later| point(truth.at - truth.at % period + (phase + later) % period, false)));
            let others: Vec<Point> = others.collect();
            points.iter_mut().for_each(|point| point.failed = true);
            points.extend(others);
            fails = Box::new(|_| true);
        }
        Kind::Lying => points.iter_mut().for_each(|point| point.failed = true),
        Kind::Missing if dice.one_in(2) => {
            let kept = dice.between(2, 6);
            points.retain(|_| dice.one_in(kept));
        }
        Kind::Missing => {
            let failed = usize::try_from(dice.between(1, i64::from(setup.failures) - 1)).unwrap();
            points.retain(|point| point.at < begun);
            let from = points.len().saturating_sub(failed);
            points[from..].iter_mut().for_each(|point| point.failed = true);
            // Nobody would know whether it serves: the run's own look fails too.
            fails = Box::new(|_| true);
        }
        _ => {}
    }
    let signals = Signals {
        setup,
        points,
        fails,
        steps: dice.between(2, 25),
        end,
    };
    let outage = is_true_outage(kind).then_some(Outage { begun, answered });
    (signals, outage)
}

fn is_true_outage(kind: Kind) -> bool {
    matches!(kind, Kind::Dead | Kind::DeadButOnce | Kind::CutsThenDead)
}

#[derive(Default)]
struct Figures {
    alarms: usize,
    runs: usize,
    promotions: usize,
    /// From the outage to the promotion, in seconds.
    after: Vec<i64>,
}

/// What must be true of one sequence.
fn judge(kind: Kind, signals: &Signals, outage: Option<Outage>, played: &Played) {
    let setup = signals.setup;
    let Some(Outage { begun, answered }) = outage else {
        assert!(played.promoted.is_empty(), "{kind:?} {setup:?} moved the workload: {played:?}");
        return;
    };
    let took = signals.points.first().map_or(0, |point| point.shown - point.at);
    if kind == Kind::Dead {
        let alarm = played.alarm.unwrap() - begun;
        // A look that hangs is seen when it is given up.
        assert!(
            alarm <= setup.window() + setup.period() + took,
            "{setup:?}: the alarm came after {alarm} s"
        );
    }
    let [promoted] = played.promoted[..] else {
        panic!("{kind:?} {setup:?} moved the workload {} times", played.promoted.len())
    };
    let after = promoted - begun;
    assert!(
        after >= setup.window(),
        "{setup:?}: moved after {after} s, before the window had passed"
    );
    // One that answered once more is down since then. A run that is at work already looks once a period.
    let own = signals.steps.max(setup.period());
    let most = setup.window() + setup.period() + took + if kind == Kind::Dead { signals.steps } else { own };
    let since = promoted - answered;
    assert!(
        since <= most,
        "{kind:?} {setup:?}: moved {since} s after it last answered, {most} s allowed"
    );
}

#[test]
fn a_cut_moves_nobody_and_every_true_outage_does_within_the_window_and_one_period() {
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[43; 32]));
    println!(
        "{:<12} {:>9} {:>7} {:>5} {:>10} {:>6}  {:>17}",
        "kind", "sequences", "alarms", "runs", "promotions", "false", "min/median/max s"
    );
    let (mut sequences, mut stopped) = (0, 0);
    for kind in KINDS {
        let mut figures = Figures::default();
        for _ in 0..SEQUENCES {
            let (signals, outage) = draw(kind, &mut dice);
            let played = signals.play();
            judge(kind, &signals, outage, &played);
            figures.alarms += usize::from(played.alarm.is_some());
            figures.runs += played.runs;
            figures.promotions += played.promoted.len();
            figures
                .after
                .extend(played.promoted.iter().filter_map(|promoted| Some(promoted - outage?.begun)));
        }
        figures.after.sort_unstable();
        let after = &figures.after;
        let times = match (after.first(), after.get(after.len() / 2), after.last()) {
            (Some(least), Some(median), Some(most)) => format!("{least}/{median}/{most}"),
            _ => "-".to_owned(),
        };
        println!(
            "{:<12} {SEQUENCES:>9} {:>7} {:>5} {:>10} {:>6}  {times:>17}",
            format!("{kind:?}"),
            figures.alarms,
            figures.runs,
            figures.promotions,
            figures.promotions - after.len(),
        );
        let expected = if is_true_outage(kind) { SEQUENCES } else { 0 };
        assert_eq!(figures.promotions, expected, "{kind:?}");
        sequences += SEQUENCES;
        stopped += figures.runs - figures.promotions;
    }
    println!("{sequences} sequences; {stopped} runs were started and stopped before they changed anything");
    assert!(sequences >= 10_000);
    // Else the alarm alone would have been tested, and no guard behind it.
    assert!(stopped > 500, "only {stopped} runs were stopped by a guard");
}

/// An alarm that is set wrong, as 1 of 1, starts runs for every short cut: the guards alone must hold.
#[test]
fn an_alarm_that_is_set_too_low_moves_nobody_either() {
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[44; 32]));
    let mut stopped = 0;
    for kind in KINDS.into_iter().filter(|kind| !is_true_outage(*kind)) {
        for _ in 0..SEQUENCES / 5 {
            let (signals, _) = draw(kind, &mut dice);
            let played = signals.play_with_alarm(1, 1);
            assert!(played.promoted.is_empty(), "{kind:?} {:?}: {played:?}", signals.setup);
            stopped += played.runs;
        }
    }
    assert!(stopped > 1_000, "only {stopped} runs were stopped by a guard");
}

/// An alarm that is set wrong, either way, hides no true outage: a run that it starts too early looks on while it is on, and no
/// cool-down follows one that guards stopped.
#[test]
fn an_alarm_that_is_set_too_low_hides_no_true_outage() {
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[45; 32]));
    for kind in KINDS.into_iter().filter(|kind| is_true_outage(*kind)) {
        for _ in 0..SEQUENCES / 5 {
            let (signals, outage) = draw(kind, &mut dice);
            for alarm in [(1, 3), (signals.setup.failures / 2, signals.setup.looks)] {
                let played = signals.play_with_alarm(alarm.0, alarm.1);
                judge(kind, &signals, outage, &played);
            }
        }
    }
}
