//! What goes in and what comes out.

use action::ids::{Region, RunId, TableName, WorkloadName};
use action::{Mode, Outcome, PlannedCall};
use plan::TrafficMetric;
use readiness::{Answer, Heard, Question, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{Judged, News};

/// What was heard, and what is left to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// In plan mode nothing is written. A move that is only planned isn't stopped, and hears what a real one would be stopped
    /// by.
    pub mode: Mode,
    /// The check: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The move that is about to begin; null for a check on a schedule or by hand.
    pub about_to_move: Option<Move>,
    /// What the plan says of what is asked here; null where there is no plan.
    pub facts: Option<Facts>,
    /// What came of check-plan; null before a move, where open-run has answered its questions.
    pub plan: Option<Heard>,
    /// What came of check-database; null for a plan without a database.
    pub database: Option<Heard>,
    /// What came of check-compute; null for a plan without compute.
    pub compute: Option<Heard>,
    /// What came of check-dependencies; null before a move, where it isn't asked.
    pub dependencies: Option<Heard>,
    /// What came of launch-instances in plan mode; null where nothing is launched.
    pub launch: Option<Rehearsal>,
}

/// What a plan says of what is asked here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    /// The primary Region.
    pub primary: Region,
    /// The tables.
    pub tables: Vec<TableName>,
    /// The metric that moves users; null where none does.
    pub traffic: Option<TrafficMetric>,
}

/// A move that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Move {
    /// Whether its run goes on from one that left the workload partway: nothing is worse then than to stop again.
    pub continues: bool,
    /// The questions that may fail, as a person consented to.
    pub despite_failing: Vec<Question>,
}

/// What came of a launch in plan mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rehearsal {
    /// What would be launched; null where it would fail.
    pub because: Option<String>,
    /// The error's name and cause; null where it would succeed.
    pub error: Option<String>,
}

/// How the check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `changed`: it is written down. `planned`: it would be. `unchanged`: a newer check was there already, or a move is about
    /// to begin, before which nothing is written in either mode.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The worst answer.
    pub verdict: Verdict,
    /// The answers that don't pass, the worst first, at most [`Reply::MOST`]; those of a check on a schedule are all in the
    /// ledger.
    #[schemars(length(max = 8))]
    pub answers: Vec<Answer>,
    /// What people are told now, or would be in plan mode; null where nothing is news.
    pub news: Option<Message>,
    /// In plan mode, the call that would be made; none before a move.
    pub calls: Vec<PlannedCall>,
}

/// A message to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub message: String,
}

impl Reply {
    /// How many answers a reply lists, so that it stays below 4 KiB.
    pub const MOST: usize = 8;

    pub(crate) fn new(workload: &WorkloadName, answers: &[Answer], judged: &Judged, outcome: Outcome) -> Self {
        Self {
            outcome,
            because: counted(workload, answers),
            verdict: judged.verdict,
            answers: worst(answers),
            // A newer check tells its own news.
            news: judged
                .news
                .as_ref()
                .filter(|_| outcome != Outcome::Unchanged)
                .map(|news| message(workload, news)),
            calls: vec![],
        }
    }

    /// Of a check before a move that may go on, for the reason `why`.
    pub(crate) fn goes_on(workload: &WorkloadName, answers: &[Answer], judged: &Judged, why: &str) -> Self {
        let worst = worst(answers);
        let named = if worst.is_empty() {
            String::new()
        } else {
            format!(": {}", listed(&worst))
        };
        Self {
            outcome: Outcome::Unchanged,
            because: format!("{why}; {}{named}", counted(workload, answers)),
            verdict: judged.verdict,
            answers: worst,
            news: None,
            calls: vec![],
        }
    }
}

fn counted(workload: &WorkloadName, answers: &[Answer]) -> String {
    let count = |verdict| answers.iter().filter(|answer| answer.verdict == verdict).count();
    format!(
        "of {} questions about {workload}, {} fail and {} warn",
        answers.len(),
        count(Verdict::Fail),
        count(Verdict::Warn)
    )
}

/// Those that don't pass, the worst first, as many as a reply lists.
fn worst(answers: &[Answer]) -> Vec<Answer> {
    let mut worst: Vec<Answer> = answers.iter().filter(|answer| answer.verdict > Verdict::Pass).cloned().collect();
    worst.sort_by_key(|answer| std::cmp::Reverse(answer.verdict));
    worst.truncate(Reply::MOST);
    worst
}

/// The ids with what was seen, without limits and remedies, which the answers have.
fn listed(answers: &[Answer]) -> String {
    let named: Vec<String> = answers
        .iter()
        .map(|answer| format!("{} ({}): {}", answer.question, answer.verdict, answer.seen))
        .collect();
    named.join("; ")
}

fn message(workload: &WorkloadName, news: &News) -> Message {
    match news {
        News::Ready => Message {
            subject: format!("Relight: {workload} is ready to fail over again"),
            message: format!("No question about {workload} fails any more."),
        },
        News::Failing { new, still } => {
            let lines: Vec<String> = new.iter().map(|answer| format!("- {answer}")).collect();
            let others = if still.is_empty() {
                String::new()
            } else {
                format!("\n\nStill failing: {}.", still.join(", "))
            };
            Message {
                subject: format!("Relight: {workload} is NOT ready to fail over"),
                message: format!(
                    "What would stop a failover of {workload}, or cost it more than its plan allows:\n{}{others}",
                    lines.join("\n")
                ),
            }
        }
    }
}
