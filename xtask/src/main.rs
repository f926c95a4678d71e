//! The project's own commands: `cargo xtask demo | test | package | bench | lab | schemas`.
//!
//! Small on purpose: it compiles in seconds, sets up the tools that a command needs, builds, and starts what does the work.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program for people at a terminal")]
#![allow(
    clippy::disallowed_methods,
    reason = "a program on this machine: it reads the environment and waits"
)]

mod bench;
mod build;
mod bundle;
mod check;
mod lab;
mod lint;
mod package;
mod process;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Relight's own commands. Each sets up what it needs under target/tools at its first use.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a scenario on this machine: the loss of us-east-1, from the first failed probe to the report, or a refresh of the image
    Demo(lab::Demo),
    /// Run every check: format, lints, tests, templates, machines, end to end
    Test(check::Test),
    /// Build the artifact for AWS and lay out what is deployed
    Package(package::Package),
    /// Measure size, cold start, memory and instructions of the packaged functions
    Bench(bench::Bench),
    /// A lab to play with: the ordinary aws command works against it
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Write the JSON Schemas from the types
    Schemas,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(demo) => lab::demo(&demo),
        Command::Test(test) => check::run_all(&test),
        Command::Package(package) => package::run(&package),
        Command::Bench(bench) => bench::measure(&bench),
        Command::Lab(lab) => lab::lab(&lab),
        Command::Schemas => check::write_schemas(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
