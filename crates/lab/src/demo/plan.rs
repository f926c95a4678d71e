//! The demo of a plan: a machine is walked without changing anything, and its report lists each call that a real run would make.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use close_run::report::{Report, ReportedCall};
use console::style;
use ledger::{Machine, Verdict};
use serde_json::{Value, json};

use super::follow::{follow, report};
use super::requests;
use crate::gateway::Entry;
use crate::reach::Reach;
use crate::run::runs;
use crate::show::Live;
use crate::world::WORKLOAD;

/// How long one argument may be on the screen; the report has all of it.
const SHOWN: usize = 90;

/// How the demo ended.
#[derive(Debug)]
pub struct Played {
    /// The run's report.
    pub report: Report,
    /// The report as it was written.
    pub document: String,
    /// Where it is.
    pub location: String,
}

/// What a person starts to have a plan.
pub fn asked() -> Value {
    json!({"workload": WORKLOAD, "mode": "plan", "trigger": {"kind": "person", "who": "you", "why": "to see what would happen"}})
}

/// Plans a run of `machine`.
///
/// # Errors
/// When the run doesn't end in time or leaves no report, or when a function changed anything.
pub async fn play(reach: &Reach, machine: Machine, live: &mut Live) -> Result<Played> {
    let arn = match machine {
        Machine::Failover => &reach.machine,
        Machine::RefreshImage => &reach.refresh_machine,
    };
    live.start_clock();
    live.say(&format!("you ask what a run of {machine} would do"));
    let started = aws_sdk_sfn::Client::new(&reach.looking()?)
        .start_execution()
        .state_machine_arn(arn)
        .input(asked().to_string())
        .send()
        .await
        .with_context(|| format!("start a plan of {machine}"))?;
    let run = runs(reach, arn)
        .await?
        .into_iter()
        .find(|run| run.arn == started.execution_arn())
        .context("the run isn't there")?;
    let ended = follow(reach, arn, &run, live).await?;
    let (document, location) = report(reach, &run).await?;
    let report: Report = serde_json::from_str(&document).context("parse the report")?;
    let how = if report.verdict == Verdict::Done {
        style("holds").green()
    } else {
        style("does not hold").red()
    };
    live.say(&format!("the run ended {}; the plan {}", ended.as_str(), how.bold()));
    let changes: Vec<Entry> = requests(reach).await?.into_iter().filter(Entry::changes_by_function).collect();
    ensure!(changes.is_empty(), "a run that only plans changed something: {changes:?}");
    Ok(Played {
        report,
        document,
        location,
    })
}

/// What the demo tells at its end: each call that would be made, in order, and how long all would take.
pub fn summary(played: &Played) -> String {
    let mut text = format!("\n  {}\n", style("What a real run would call, in order").bold());
    let mut before = "";
    for (number, call) in (1..).zip(&played.report.calls) {
        if call.step != before {
            before = &call.step;
            let _infallible = writeln!(text, "\n  {}", style(before).cyan());
        }
        let _infallible = write!(text, "{}", shown(number, call));
    }
    if let Some(estimate) = &played.report.estimate {
        let _infallible = write!(
            text,
            "\n  {} {}\n",
            style(format!("about {} s:", estimate.seconds)).bold(),
            estimate.because
        );
    }
    let _infallible = write!(text, "  changed by this run: nothing\n  report: {}\n", played.location);
    text
}

fn shown(number: usize, call: &ReportedCall) -> String {
    let takes = call
        .typical_seconds
        .map_or_else(|| "depends on the data".to_owned(), |seconds| format!("about {seconds} s"));
    let mut text = format!(
        "  {number:>3}. {} in {}, {takes}; costs {}\n",
        style(&call.iam_action).bold(),
        call.region,
        call.cost
    );
    for (name, value) in &call.arguments {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let cut = value.char_indices().nth(SHOWN).map_or(value.len(), |(at, _)| at);
        let more = if cut < value.len() { "…" } else { "" };
        let _infallible = writeln!(text, "       {name} = {}{more}", &value[..cut]);
    }
    text
}
