//! `test`: every check, those that fail fastest first, and the count of tests at the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::build::{Artifact, build};
use crate::lint::lint;
use crate::package::{self, Architecture};
use crate::process::{cargo, linting, root, run, shown, target};
use crate::{bench, lab, tools};

const CARGO_DENY: &str = "0.20.2";

/// The lab's tests that hold how long something takes.
const TIMED: [&str; 2] = ["failover::", "fence::"];

/// What `test` runs.
#[derive(Args)]
pub(crate) struct Test {
    /// Leave out what needs the packaged artifact and the lab
    #[arg(long)]
    quick: bool,
}

/// Runs every check.
pub(crate) fn run_all(test: &Test) -> Result<ExitCode> {
    step("format", || run(&mut cargo(["fmt", "--all", "--check"])))?;
    step("templates and machines", lint)?;
    step("licences and sources", licences)?;
    step("build, linted", || {
        run(&mut linting(["build", "--workspace", "--all-targets", "--quiet"]))
    })?;
    let mut count = Count::default();
    step("tests", || {
        count.add(&mut linting(["test", "--workspace", "--no-fail-fast", "--quiet"]))
    })?;
    if !test.quick {
        let artifact = step("artifact", || package::zips(Architecture::HOST))?;
        step("size and cold start", || bench::guard(&artifact))?;
        let emulators = step("emulators", lab::emulators)?;
        let mut in_the_lab = |threads: &str, filters: Vec<&str>| {
            let mut tests = linting(["test", "--workspace", "--no-fail-fast", "--test", "lab", "--", "--ignored"]);
            tests
                .args(["--test-threads", threads])
                .args(filters)
                .env("RELIGHT_ARTIFACT", &artifact)
                .env("RELIGHT_MINISTACK", &emulators.ministack)
                .env("RELIGHT_MOTO", &emulators.moto);
            count.add(&mut tests)
        };
        // A lab mostly waits, so that two share two processors; what is timed has them to itself.
        let skipped = TIMED.iter().flat_map(|timed| ["--skip", *timed]).collect();
        step("in the lab, two at a time", || in_the_lab("2", skipped))?;
        step("in the lab, timed", || in_the_lab("1", TIMED.to_vec()))?;
    }
    println!("\n{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Holds the dependencies to deny.toml. Advisories are left out: their database isn't in a registry.
fn licences() -> Result<()> {
    let deny = tools::cargo_program("cargo-deny", CARGO_DENY)?;
    run(Command::new(deny)
        .args(["--log-level", "error", "check", "licenses", "bans", "sources"])
        .current_dir(root()))
}

/// Writes the JSON Schemas that are committed, from the types.
pub(crate) fn write_schemas() -> Result<ExitCode> {
    build(Artifact::Dev)?;
    run(&mut Command::new(target().join("debug/schemas")))?;
    Ok(ExitCode::SUCCESS)
}

fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {name}");
    let begun = Instant::now();
    let result = work().with_context(|| name.to_owned());
    println!(
        "== {name}: {} after {} s",
        if result.is_ok() { "ran" } else { "failed" },
        begun.elapsed().as_secs()
    );
    result
}

/// How many tests passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u32,
    failed: u32,
}

impl Count {
    /// Runs a `cargo test`, shows what it prints, and adds its counts. A test that fails is counted, not an error; a
    /// build that fails is.
    fn add(&mut self, command: &mut Command) -> Result<()> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", shown(command)))?;
        let printed = child.stdout.take().context("read what the tests print")?;
        let before = self.passed + self.failed;
        let failed = self.failed;
        for line in BufReader::new(printed).lines() {
            let line = line.context("read what the tests print")?;
            println!("{line}");
            self.read(&line);
        }
        let status = child.wait().context("wait for the tests")?;
        if !status.success() && self.failed == failed {
            bail!("{} ended with {status} and no failed test", shown(command));
        }
        if self.passed + self.failed == before {
            bail!("{} ran no test", shown(command));
        }
        Ok(())
    }

    /// Takes the counts from a line such as `test result: ok. 15 passed; 0 failed; …`.
    fn read(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result:") else {
            return;
        };
        for part in result.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse::<u32>().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse::<u32>().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_closing_lines_and_from_nothing_else() {
        let mut count = Count::default();
        count.read("test result: ok. 15 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.07s");
        count.read("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.07s");
        count.read("test refuses ... 9 passed");
        assert_eq!(count, Count { passed: 18, failed: 2 });
    }
}
