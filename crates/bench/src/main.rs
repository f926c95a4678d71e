//! The bench's program: `measure` shows what the packaged functions cost, `guard` fails when a count is above its limit.
//!
//! `cargo xtask` builds what it needs and calls it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bench::measure::{Settings, measure};
use bench::table::table;
use bench::{artifact, guard};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// What the packaged functions cost.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure everything, beside Python and the smallest possible bootstrap
    Measure {
        /// The folder with the bundles' zips
        #[arg(long)]
        artifact: PathBuf,
        /// The smallest possible bootstrap
        #[arg(long)]
        smallest: PathBuf,
        /// The virtual environment with boto3 and awslambdaric
        #[arg(long)]
        python: PathBuf,
        /// How often each program is started
        #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..))]
        runs: u16,
        /// Write the report to this file
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// Count bytes and instructions; fail when a count is above its limit
    Guard {
        /// The folder with the bundles' zips
        #[arg(long)]
        artifact: PathBuf,
    },
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = run(Arguments::parse().command) => ended,
        () = interrupted() => return ExitCode::from(130),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Dropping the work ends the process that is being measured and removes the folder.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn run(task: Task) -> Result<()> {
    match task {
        Task::Measure {
            artifact,
            smallest,
            python,
            runs,
            json,
        } => {
            let settings = Settings {
                artifact,
                smallest,
                python,
                runs: runs.into(),
            };
            let report = measure(&settings, |what| eprintln!("{what}")).await?;
            print!("{}", table(&report));
            if let Some(file) = json {
                artifact::write(&file, &serde_json::to_vec_pretty(&report).context("write the report as JSON")?)?;
            }
            Ok(())
        }
        Task::Guard { artifact } => guard::guard(&artifact, |figure| println!("{figure}")).await,
    }
}
