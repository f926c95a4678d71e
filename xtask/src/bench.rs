//! `bench`: what the packaged functions cost, beside Python and the smallest possible bootstrap; and the guard of what counts.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::package::{self, Architecture};
use crate::process::{cargo, output, root, run, status, target};
use crate::tools;

/// What the bench is to do.
#[derive(Args)]
pub(crate) struct Bench {
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often each program is started
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

/// Measures the packaged artifact and prints the table. Times are only shown: machines differ, and are busy.
pub(crate) fn measure(bench: &Bench) -> Result<ExitCode> {
    let python = tools::python("bench", "crates/bench/requirements/python.txt")?;
    let artifact = package::zips(Architecture::HOST)?;
    // A release as well: the time that a debug build takes to answer as AWS would be in every figure.
    run(&mut cargo(["build", "--release", "--package", "bench"]))?;
    if let Err(error) = valgrind() {
        eprintln!("instructions are not counted: {error:#}");
    }
    let programs = target().join("release");
    let mut command = Command::new(programs.join("bench"));
    command
        .arg("measure")
        .arg("--artifact")
        .arg(&artifact)
        .arg("--smallest")
        .arg(programs.join("smallest"))
        .arg("--python")
        .arg(&python)
        .args(["--runs", &bench.runs.to_string()])
        .current_dir(root());
    if let Some(file) = &bench.json {
        command
            .arg("--json")
            .arg(std::path::absolute(file).with_context(|| format!("find {}", file.display()))?);
    }
    // The bench shares the terminal and so gets its own interrupt; this waits for it to end what it started.
    ctrlc::set_handler(|| {})?;
    Ok(if status(&mut command)?.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Holds each zip's bytes and the instructions of each cold start to their limits: counts, the same on any machine.
pub(crate) fn guard(artifact: &Path) -> Result<()> {
    valgrind()?;
    run(Command::new(target().join("debug/bench"))
        .arg("guard")
        .arg("--artifact")
        .arg(artifact))
}

/// Sees to it that valgrind is there: installs it where that needs nobody's password.
fn valgrind() -> Result<()> {
    if works(Command::new("valgrind").arg("--version")) {
        return Ok(());
    }
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim_ascii() == b"0");
    if !root || !works(Command::new("apt-get").arg("--version")) {
        bail!("valgrind counts the instructions of a cold start and is not installed; on Debian and Ubuntu: sudo apt-get install valgrind");
    }
    eprintln!("installing valgrind (once)");
    let install = || {
        let arguments = ["install", "--yes", "--quiet=2", "--no-install-recommends", "valgrind"];
        run(Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null()))
    };
    // A fresh machine has no list of packages, or an old one.
    install()
        .or_else(|_| run(Command::new("apt-get").args(["update", "--quiet=2"])).and_then(|()| install()))
        .context("install valgrind")
}

fn works(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
