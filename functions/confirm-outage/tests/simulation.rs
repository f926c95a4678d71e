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

const KINDS: [Kind; 9] = [
    Kind::Steady,
    Kind::Dead,
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

/// A sequence, and when its true outage began, if it has one.
fn draw(kind: Kind, dice: &mut Dice) -> (Signals, Option<i64>) {
    let setup = SETUPS[usize::try_from(dice.between(0, 2)).unwrap()];
    let (period, window) = (setup.period(), setup.window());
    let looks = i64::from(setup.looks);
    let begun = dice.between(looks * period, (looks + 3) * period);
    let mut end = begun + 3 * looks * period;
    let mut down = Down::new();
    match kind {
        Kind::Dead => {
            end = begun + 2 * looks * period;
            down.push((begun, i64::MAX));
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
        Kind::Dead if dice.one_in(2) => 5,
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
    match kind {
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
    (signals, (kind == Kind::Dead).then_some(begun))
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
fn judge(kind: Kind, signals: &Signals, outage: Option<i64>, played: &Played) {
    let setup = signals.setup;
    let Some(begun) = outage else {
        assert!(played.promoted.is_empty(), "{kind:?} {setup:?} moved the workload: {played:?}");
        return;
    };
    let took = signals.points.first().map_or(0, |point| point.shown - point.at);
    let alarm = played.alarm.unwrap() - begun;
    // A look that hangs is seen when it is given up.
    assert!(
        alarm <= setup.window() + setup.period() + took,
        "{setup:?}: the alarm came after {alarm} s"
    );
    let [promoted] = played.promoted[..] else {
        panic!("{kind:?} {setup:?} moved the workload {} times", played.promoted.len())
    };
    let after = promoted - begun;
    assert!(
        after >= setup.window(),
        "{setup:?}: moved after {after} s, before the window had passed"
    );
    let most = setup.window() + setup.period() + took + signals.steps;
    assert!(after <= most, "{setup:?}: moved after {after} s, {most} s allowed");
}

#[test]
fn a_cut_moves_nobody_and_every_true_outage_does_within_the_window_and_one_period() {
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[43; 32]));
    println!(
        "{:<10} {:>9} {:>7} {:>5} {:>10} {:>6}  {:>17}",
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
                .extend(played.promoted.iter().filter_map(|promoted| Some(promoted - outage?)));
        }
        figures.after.sort_unstable();
        let after = &figures.after;
        let times = match (after.first(), after.get(after.len() / 2), after.last()) {
            (Some(least), Some(median), Some(most)) => format!("{least}/{median}/{most}"),
            _ => "-".to_owned(),
        };
        println!(
            "{:<10} {SEQUENCES:>9} {:>7} {:>5} {:>10} {:>6}  {times:>17}",
            format!("{kind:?}"),
            figures.alarms,
            figures.runs,
            figures.promotions,
            figures.promotions - after.len(),
        );
        let expected = if kind == Kind::Dead { SEQUENCES } else { 0 };
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
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Dead) {
        for _ in 0..SEQUENCES / 5 {
            let (signals, _) = draw(kind, &mut dice);
            let played = signals.play_with_alarm(1, 1);
            assert!(played.promoted.is_empty(), "{kind:?} {:?}: {played:?}", signals.setup);
            stopped += played.runs;
        }
    }
    assert!(stopped > 1_000, "only {stopped} runs were stopped by a guard");
}
