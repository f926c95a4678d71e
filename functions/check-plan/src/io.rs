//! What goes in and what comes out.

use action::Outcome;
use action::ids::{RunId, TopicArn, WorkloadName};
use open_run::io::{Asks, Launch};
use plan::{Database, Plan, Regions};
use readiness::{Answer, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose plan to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The check that asks: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
}

/// The answers, and what the other askers need of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The plan's Regions.
    pub regions: Regions,
    /// The lag that the plan allows, in seconds.
    pub rpo_seconds: u64,
    /// The plan's database; null if it has none.
    pub database: Option<Database>,
    /// What launch-instances would be asked; null if nothing is launched.
    pub launch: Option<Launch>,
    /// What is asked about besides.
    pub asks: Asks,
    /// The plan's own topic; null: the engine's.
    pub notification_topic: Option<TopicArn>,
}

impl Reply {
    pub(crate) fn new(answers: Vec<Answer>, plan: Plan) -> Self {
        let worst = answers.iter().max_by_key(|answer| answer.verdict);
        let because = match worst {
            Some(worst) if worst.verdict > Verdict::Pass => worst.to_string(),
            _ => format!("the plan of {} is there, and nothing is in its way", plan.workload),
        };
        Self {
            outcome: Outcome::Unchanged,
            because,
            answers,
            rpo_seconds: plan.objectives.rpo.seconds(),
            launch: Launch::of(&plan),
            asks: Asks::of(&plan),
            regions: plan.regions,
            database: plan.database,
            notification_topic: plan.notifications.topic,
        }
    }
}
