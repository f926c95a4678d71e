//! What goes in and what comes out.

use action::Outcome;
use action::ids::{RunId, TopicArn, WorkloadName};
use open_run::io::Launch;
use plan::{Database, Group, Plan, Regions, Traffic};
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
    /// The plan's Auto Scaling group; null if it has none.
    pub group: Option<Group>,
    /// How old the newest proven image may be, in seconds; null for a plan by which none is proven.
    pub image_maximum_age_seconds: Option<u64>,
    /// The names of the plan's tables.
    pub tables: Vec<String>,
    /// The metric that moves users; null where none does.
    pub traffic: Option<TrafficMetric>,
    /// The plan's own topic; null: the engine's.
    pub notification_topic: Option<TopicArn>,
}

/// The metric that moves users, as a plan with `health-check-metric` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrafficMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric: String,
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
            group: plan.compute.as_ref().and_then(|compute| compute.group.clone()),
            image_maximum_age_seconds: plan
                .image
                .as_ref()
                .filter(|image| image.proof.is_some())
                .map(|image| image.maximum_age.seconds()),
            tables: plan.tables.iter().map(|table| table.name.to_string()).collect(),
            traffic: traffic(&plan.traffic),
            regions: plan.regions,
            database: plan.database,
            notification_topic: plan.notifications.topic,
        }
    }
}

/// Without a name of its own, the plan's metric is `RecoveryServes` in `Relight` (docs/plan.md).
fn traffic(traffic: &Traffic) -> Option<TrafficMetric> {
    let Traffic::HealthCheckMetric { namespace, metric, .. } = traffic else {
        return None;
    };
    Some(TrafficMetric {
        namespace: namespace.clone().unwrap_or_else(|| "Relight".to_owned()),
        metric: metric.clone().unwrap_or_else(|| "RecoveryServes".to_owned()),
    })
}
