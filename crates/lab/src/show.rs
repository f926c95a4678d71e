//! What people see: one line a step with the clock of the incident while the run goes on, and the timeline after.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use console::{measure_text_width, style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::time::Instant;

const TICK: Duration = Duration::from_millis(100);
const CHART: usize = 44;

/// The live view. Where nobody watches (no terminal), each line is printed once, when it is over.
#[derive(Debug)]
pub struct Live {
    bars: MultiProgress,
    open: BTreeMap<String, (ProgressBar, Instant)>,
    zero: Option<Instant>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            bars: MultiProgress::new(),
            open: BTreeMap::new(),
            zero: None,
        }
    }
}

impl Live {
    /// Starts the clock of the incident.
    pub fn start_clock(&mut self) {
        self.zero = Some(Instant::now());
    }

    /// Seconds since the clock was started.
    pub fn clock(&self) -> Duration {
        self.zero.map(|zero| zero.elapsed()).unwrap_or_default()
    }

    /// Says something in a line of its own.
    pub fn say(&self, text: &str) {
        let line = match self.zero {
            Some(zero) => format!("{} {text}", style(format!("{:>6.1} s", zero.elapsed().as_secs_f64())).dim()),
            None => format!("         {text}"),
        };
        self.print(&line);
    }

    /// A step begins.
    pub fn begin(&mut self, step: &str) {
        if self.open.contains_key(step) {
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(template) = ProgressStyle::with_template("         {spinner} {msg} {elapsed}") {
            bar.set_style(template);
        }
        bar.set_message(step.to_owned());
        bar.enable_steady_tick(TICK);
        self.open.insert(step.to_owned(), (bar, Instant::now()));
    }

    /// A step is over. It took `took`, or as long as it was seen here; `how` says how it went, or is empty.
    pub fn end(&mut self, step: &str, took: Option<Duration>, how: &str) {
        if let Some((bar, begun)) = self.open.remove(step) {
            bar.finish_and_clear();
            let took = style(format!("{:.1} s", took.unwrap_or_else(|| begun.elapsed()).as_secs_f64())).dim();
            self.say(&format!("{} {step} {took} {how}", style("✔").green()));
        }
    }

    fn print(&self, line: &str) {
        if self.bars.println(line).is_err() || self.bars.is_hidden() {
            // Where nobody can tell, there is nobody to tell.
            let _closed = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

/// A step of the timeline.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is.
    pub name: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
}

/// The timeline as text: a bar a step against one clock, so that what ran side by side stands side by side.
pub fn timeline(bars: &[Bar]) -> String {
    let Some(zero) = bars.iter().map(|bar| bar.from).min() else {
        return String::new();
    };
    let seconds = |at: Timestamp| Duration::try_from(at.duration_since(zero)).unwrap_or_default().as_secs_f64();
    let end = bars.iter().map(|bar| seconds(bar.to)).fold(1.0, f64::max);
    let widest = bars.iter().map(|bar| measure_text_width(&bar.name)).max().unwrap_or(0);
    let mut text = String::new();
    for bar in bars {
        let (from, to) = (seconds(bar.from), seconds(bar.to));
        let (start, stop) = (column(from, end), column(to, end).max(column(from, end) + 1));
        let chart = format!(
            "{}{}{}",
            " ".repeat(start),
            "█".repeat(stop - start),
            " ".repeat(CHART.saturating_sub(stop))
        );
        let padding = " ".repeat(widest - measure_text_width(&bar.name));
        let _ = writeln!(
            text,
            "  {}{padding} {from:>6.1} {:>6.1} s ▕{}▏",
            bar.name,
            to - from,
            style(chart).cyan()
        );
    }
    text
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a column of a chart")]
fn column(at: f64, end: f64) -> usize {
    (at / end * CHART as f64).round().clamp(0.0, CHART as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, from: i64, to: i64) -> Bar {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        Bar {
            name: name.to_owned(),
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn what_overlaps_in_time_overlaps_on_the_chart() {
        console::set_colors_enabled(false);
        let text = timeline(&[bar("database", 0, 20), bar("compute", 0, 10), bar("proof", 20, 40)]);
        let charts: Vec<(usize, usize)> = text
            .lines()
            .map(|line| {
                let line: Vec<char> = line.chars().skip_while(|c| *c != '▕').collect();
                (
                    line.iter().position(|c| *c == '█').unwrap_or(0),
                    line.iter().rposition(|c| *c == '█').unwrap_or(0),
                )
            })
            .collect();
        let [database, compute, proof] = charts.as_slice() else {
            panic!("three lines: {text}")
        };
        assert_eq!(database.0, compute.0);
        assert!(compute.1 < database.1, "{text}");
        assert_eq!(proof.0, database.1 + 1, "{text}");
    }

    #[test]
    fn a_step_of_no_length_is_still_seen() {
        assert!(
            timeline(&[bar("a", 0, 100), bar("b", 100, 100)])
                .lines()
                .all(|line| line.contains('█'))
        );
    }
}
