//! What goes in and what comes out.

use action::Outcome;
use action::ids::{LaunchTemplateId, RunId, TargetGroupArn, WorkloadName};
use plan::{SiteDistribution, TrafficMetric};
use readiness::{Answer, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the plan relies on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The check that asks: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The template that instances are launched from; null where none is launched.
    pub launch_template: Option<LaunchTemplateId>,
    /// The target groups that the site is served through.
    pub target_groups: Vec<TargetGroupArn>,
    /// The metric that moves users; null where none does.
    pub traffic: Option<TrafficMetric>,
    /// The distribution that moves reads by itself; null where the plan names none.
    pub distribution: Option<SiteDistribution>,
    /// How many days the plan's checks want the site's certificate to be valid for; null where none asks.
    pub certificate_days: Option<u16>,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The answers.
    pub answers: Vec<Answer>,
}

impl Reply {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let failing = answers.iter().filter(|answer| answer.verdict == Verdict::Fail).count();
        Self {
            outcome: Outcome::Unchanged,
            because: format!("{failing} of {} questions about what a recovery relies on fail", answers.len()),
            answers,
        }
    }
}
