//! The `relight` command: what people do with plans by hand, before the engine reads them.

mod plans;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Brings a workload up in its recovery Region, and proves that it works.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Work with plans: the documents that describe workloads.
    #[command(subcommand, arg_required_else_help = true)]
    Plan(PlanCommand),
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Check plans, and list everything that is wrong with them.
    ///
    /// Looks at the files only, never at AWS. Prints one line per problem, with file, line and column; a plan without
    /// problems prints one line that says so. Exits with 0 if all plans are good, with 1 if one is not or can't be read.
    #[command(after_help = "Example:\n  relight plan check infra/examples/unishop/plan.toml")]
    Check {
        /// The plans, in TOML; `-` reads one from standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of a plan, for editors and other tools.
    #[command(after_help = "Example:\n  relight plan schema > plan.schema.json")]
    Schema,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let all_good = match arguments.command {
        Command::Plan(PlanCommand::Check { files }) => plans::check(&files, &mut out)?,
        Command::Plan(PlanCommand::Schema) => {
            writeln!(out, "{:#}", plan::schema())?;
            true
        }
    };
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
