//! What is said of a failover.

use action::Mode;
use ledger::Verdict;

use super::again;
use crate::report::Report;

/// The first sentence: how it ended.
pub(crate) fn headline(report: &Report) -> String {
    let workload = &report.run.workload;
    let region = &report.run.region;
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => format!("{workload} is proven to work in {region}."),
        (Mode::Execute, Verdict::StoppedUntouched) => match &report.run.continues {
            None => format!("{workload} was NOT recovered: the run stopped before it changed anything."),
            Some(before) => format!(
                "{workload} is still only PARTLY recovered: the run stopped before it changed anything more than those \
                 before it, the last of them {before}."
            ),
        },
        (Mode::Execute, Verdict::StoppedPartway) => {
            format!("{workload} is only PARTLY recovered: the run stopped in {region} after it had begun to change things.")
        }
        (Mode::Plan, Verdict::Done) => {
            format!("The plan of {workload} holds: a recovery in {region} would go all the way. Nothing was changed.")
        }
        (Mode::Plan, _) => format!("The plan of {workload} does NOT hold: a recovery would stop. Nothing was changed."),
    }
}

/// The subject: one line of at most 100 ASCII characters.
pub(crate) fn subject(report: &Report) -> String {
    let workload = &report.run.workload;
    let region = &report.run.region;
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => format!("Relight: {workload} is proven to work in {region}"),
        (Mode::Execute, Verdict::StoppedUntouched) => match report.run.continues {
            None => format!("Relight: {workload} was NOT recovered, nothing was changed"),
            Some(_) => format!("Relight: {workload} is still only PARTLY recovered, nothing more was changed"),
        },
        (Mode::Execute, Verdict::StoppedPartway) => format!("Relight: {workload} is only PARTLY recovered, a person is needed"),
        (Mode::Plan, Verdict::Done) => format!("Relight: the plan of {workload} holds"),
        (Mode::Plan, _) => format!("Relight: the plan of {workload} does NOT hold"),
    }
}

/// What to do now.
pub(crate) fn next(report: &Report) -> String {
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => {
            "What to do next: send your users to the recovery site if they aren't there yet, and keep the old primary \
                                           from taking writes. Nothing goes back by itself."
                .to_owned()
        }
        (Mode::Execute, Verdict::StoppedUntouched) => {
            format!("What to do next: mend what stands above, and start again:\n{}", again(report))
        }
        (Mode::Execute, Verdict::StoppedPartway) => {
            format!(
                "What to do next: undo nothing by hand. Mend what stands above, and start again; what is done is found done:\n{}",
                again(report)
            )
        }
        (Mode::Plan, Verdict::Done) => format!("To recover for real:\n{}", again(report)),
        (Mode::Plan, _) => "What to do next: mend what stands above, and plan again.".to_owned(),
    }
}
