//! What each machine's end is called in plain words: the headline, the subject, and what to do next. Pure.

mod failover;
mod refresh_image;

use ledger::Machine;

use crate::report::Report;

/// The first sentence: how it ended.
pub fn headline(report: &Report) -> String {
    match report.run.machine {
        Machine::Failover => failover::headline(report),
        Machine::RefreshImage => refresh_image::headline(report),
    }
}

/// The subject: one line of at most 100 ASCII characters.
pub fn subject(report: &Report) -> String {
    match report.run.machine {
        Machine::Failover => failover::subject(report),
        Machine::RefreshImage => refresh_image::subject(report),
    }
}

/// What to do now.
pub(crate) fn next(report: &Report) -> String {
    match report.run.machine {
        Machine::Failover => failover::next(report),
        Machine::RefreshImage => refresh_image::next(report),
    }
}

/// The command that starts the same machine for the same workload again.
fn again(report: &Report) -> String {
    format!(
        "aws stepfunctions start-execution --region {} --state-machine-arn {} --input '{{\"workload\":\"{}\",\"mode\":\"execute\"}}'",
        report.run.region,
        machine(report.run.execution.as_str()),
        report.run.workload
    )
}

fn machine(execution: &str) -> String {
    let machine = execution.rsplit_once(':').map_or(execution, |(machine, _)| machine);
    machine.replacen(":execution:", ":stateMachine:", 1)
}
