//! What is said of a refresh of machine images.

use action::Mode;
use ledger::Verdict;

use super::again;
use crate::report::Report;

/// The first sentence: how it ended.
pub(crate) fn headline(report: &Report) -> String {
    let workload = &report.run.workload;
    let region = &report.run.region;
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => format!("{workload} has a new image in {region}, proven to boot and to serve."),
        (Mode::Execute, Verdict::StoppedUntouched) => {
            format!(
                "The image of {workload} was NOT refreshed: the run stopped before it changed anything. The last proven image stays in use."
            )
        }
        (Mode::Execute, Verdict::StoppedPartway) => {
            format!("The image of {workload} was NOT refreshed all the way: the run stopped after it had begun to make things.")
        }
        (Mode::Plan, Verdict::Done) => {
            format!("A refresh of the image of {workload} in {region} would go all the way. Nothing was changed.")
        }
        (Mode::Plan, _) => format!("A refresh of the image of {workload} would stop. Nothing was changed."),
    }
}

/// The subject: one line of at most 100 ASCII characters.
pub(crate) fn subject(report: &Report) -> String {
    let workload = &report.run.workload;
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => format!("Relight: {workload} has a new proven image"),
        (Mode::Execute, Verdict::StoppedUntouched) => format!("Relight: the image of {workload} was NOT refreshed"),
        (Mode::Execute, Verdict::StoppedPartway) => format!("Relight: the image of {workload} was NOT refreshed all the way"),
        (Mode::Plan, Verdict::Done) => format!("Relight: a refresh of the image of {workload} would work"),
        (Mode::Plan, _) => format!("Relight: a refresh of the image of {workload} would stop"),
    }
}

/// What to do now.
pub(crate) fn next(report: &Report) -> String {
    match (report.run.mode, report.verdict) {
        (Mode::Execute, Verdict::Done) => "What to do next: nothing. Launches use the new image from now on.".to_owned(),
        (Mode::Execute, Verdict::StoppedUntouched | Verdict::StoppedPartway) => format!(
            "What to do next: mend what stands above. The next refresh goes on from here by itself; to have it now:\n{}",
            again(report)
        ),
        (Mode::Plan, Verdict::Done) => format!("To refresh for real:\n{}", again(report)),
        (Mode::Plan, _) => "What to do next: mend what stands above, and plan again.".to_owned(),
    }
}
