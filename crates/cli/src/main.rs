//! The `relight` command: what people do by hand. Plans, before the engine reads them; and a word to a run.

mod access;
mod plans;
mod runs;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runs::{Saying, Word, say};

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
    /// Approve a run that waits for an answer: it goes on.
    ///
    /// Invokes relight-answer-approval in the Region. The first answer wins. Credentials are those in AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY, or the keys of the profile that AWS_PROFILE names; for single sign-on and roles, run
    /// `eval "$(aws configure export-credentials --format env)"` first. Prints one line. Exits with 0 if the run has the answer,
    /// with 1 if it was refused or AWS can't be reached.
    #[command(after_help = "Example:\n  relight approve unishop-20261121T031502Z --region us-west-2")]
    Approve {
        #[command(flatten)]
        saying: Saying,
        /// Why, for the report
        #[arg(long)]
        comment: Option<String>,
    },
    /// Deny a run that waits for an answer: it stops, with nothing changed.
    ///
    /// Otherwise as `relight approve`.
    #[command(
        after_help = "Example:\n  relight deny unishop-20261121T031502Z --region us-west-2 --comment \"a network cut, over already\""
    )]
    Deny {
        #[command(flatten)]
        saying: Saying,
        /// Why, for the report
        #[arg(long)]
        comment: Option<String>,
    },
    /// Stop a run at its next safe point.
    ///
    /// Invokes relight-stop-run in the Region; credentials and exit codes are those of `relight approve`. Nothing is undone:
    /// docs/safety.md says for every state what a stop means and how to go on.
    #[command(after_help = "Example:\n  relight stop unishop-20261121T031502Z --region us-west-2 --why \"the primary is back\"")]
    Stop {
        #[command(flatten)]
        saying: Saying,
        /// Why, for the report
        #[arg(long)]
        why: Option<String>,
    },
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let all_good = match arguments.command {
        Command::Plan(PlanCommand::Check { files }) => plans::check(&files, &mut out)?,
        Command::Plan(PlanCommand::Schema) => {
            writeln!(out, "{:#}", plan::schema())?;
            true
        }
        Command::Approve { saying, comment } => say(Word::Yes, &saying, comment.as_deref(), &mut out).await?,
        Command::Deny { saying, comment } => say(Word::No, &saying, comment.as_deref(), &mut out).await?,
        Command::Stop { saying, why } => say(Word::Stop, &saying, why.as_deref(), &mut out).await?,
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
