//! The report as people read it.

use std::fmt::Write as _;

use crate::artifact::Sizes;
use crate::report::{Figures, Report};

/// The whole report.
pub fn table(report: &Report) -> String {
    let mut text = heading(report);
    let head = [
        "",
        "ready ms",
        "p90",
        "first answer ms",
        "p90",
        "warm µs",
        "peak MB",
        "M instructions",
        "AWS calls",
    ]
    .map(str::to_owned);
    let rows: Vec<[String; 9]> = std::iter::once(head).chain(report.figures.iter().map(row)).collect();
    text.push_str(&aligned(&rows));
    let limits = &report.limits;
    let _infallible = write!(
        text,
        "\nAt most, for an action: ready {} ms, first answer {} ms, {} MB, {} M instructions; a zip {} bytes.",
        limits.ready_millis,
        limits.first_answer_millis,
        limits.resident_bytes / 1_000_000,
        limits.instructions / 1_000_000,
        grouped(limits.zip_bytes)
    );
    let above = report.above();
    text.push_str(if above.is_empty() { " All hold.\n" } else { " Above that:\n" });
    for figure in above {
        let _infallible = writeln!(text, "  {figure}");
    }
    text
}

fn heading(report: &Report) -> String {
    let (machine, versions) = (&report.machine, &report.versions);
    let known = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
    format!(
        "{} · {} · {} cores · {} · Linux {} · {}\n\
         {} · {} · {}\n\
         {}smallest bootstrap: {}\n\
         medians of {} starts each, in turns; warm: of {} further calls each; {} authorities in the store that each process reads\n\n",
        report.measured_at.strftime("%F %T UTC"),
        machine.processor,
        machine.cores,
        machine.architecture,
        machine.kernel,
        machine.system,
        known(&versions.rustc),
        known(&versions.python),
        known(&versions.valgrind),
        report
            .bundles
            .iter()
            .map(|(name, bundle)| format!("{name}: {}\n", sizes(bundle)))
            .collect::<String>(),
        sizes(&report.smallest),
        report.runs,
        report.warm_calls,
        machine.authorities,
    )
}

fn sizes(sizes: &Sizes) -> String {
    format!(
        "zip {} bytes, program {} bytes, sha256 {}",
        grouped(sizes.zip_bytes),
        grouped(sizes.program_bytes),
        sizes.sha256.get(..12).unwrap_or_default()
    )
}

fn row(figures: &Figures) -> [String; 9] {
    let instructions = figures.instructions.map_or_else(|| "–".to_owned(), millions);
    [
        figures.name.clone(),
        format!("{:.1}", figures.ready_millis.median),
        format!("{:.1}", figures.ready_millis.p90),
        format!("{:.1}", figures.first_answer_millis.median),
        format!("{:.1}", figures.first_answer_millis.p90),
        format!("{:.0}", figures.warm_answer_micros.median),
        format!("{:.1}", figures.resident_bytes.median / 1e6),
        instructions,
        if figures.calls.is_empty() {
            "none".to_owned()
        } else {
            figures.calls.join(", ")
        },
    ]
}

/// In columns: the first and the last to the left, figures to the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(width(column) - cell.chars().count());
            if column == 0 || column + 1 == N {
                let _infallible = write!(line, "{cell}{padding}   ");
            } else {
                let _infallible = write!(line, "{padding}{cell}   ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn millions(count: u64) -> String {
    format!("{}.{:02}", count / 1_000_000, count % 1_000_000 / 10_000)
}

/// A count with its thousands apart.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (count, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (2_345_678, "2,345,678")] {
            assert_eq!(grouped(count), expected);
        }
    }

    #[test]
    fn figures_stand_under_each_other() {
        let rows = [
            ["".to_owned(), "ms".to_owned(), "calls".to_owned()],
            ["µ".to_owned(), "10.5".to_owned(), "x".to_owned()],
        ];
        assert_eq!(aligned(&rows), "      ms   calls\nµ   10.5   x\n");
    }
}
