//! Who and what may stop a recovery, and who hears of it.

use action::ids::{FunctionArn, TopicArn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// Who and what may stop a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guards {
    /// What an alarm does. There is no default: nobody gets an automatic recovery by accident.
    pub mode: GuardMode,
    /// After a run, alarms start no other for this long.
    #[serde(default = "hour")]
    #[schemars(extend("x-least" = "0s", "x-most" = "7d"))]
    pub cool_down: Span,
    /// How long an approval is waited for; then the answer is no.
    #[serde(default = "quarter")]
    #[schemars(extend("x-least" = "1m", "x-most" = "7d"))]
    pub approval_timeout: Span,
    /// Whether the old primary is stopped from taking writes.
    #[serde(default)]
    pub fence: Fence,
    /// What may be lost without asking. Absent, nothing beyond the RPO.
    #[serde(default)]
    pub accept_data_loss: DataLoss,
}

/// What an alarm does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GuardMode {
    /// It starts a recovery.
    Automatic,
    /// It starts a recovery that a person must approve before anything is changed.
    Approve,
    /// It tells people, who start the recovery themselves.
    Notify,
}

/// Whether the old primary is stopped from taking writes. A fence never blocks a recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Fence {
    /// Relight tries, within a bound.
    #[default]
    Try,
    /// Nothing is fenced.
    Skip,
    /// This function of yours, in the recovery Region, is called.
    Function(FunctionArn),
}

/// How much loss of data is accepted without asking, from none to what can't be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataLoss {
    /// None beyond the RPO.
    #[default]
    None,
    /// More than the RPO, as long as the lag is known.
    BeyondRpo,
    /// Also when the lag could not be measured.
    Unmeasured,
}

/// Who hears of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notifications {
    /// An SNS topic in the recovery Region. Without it, the engine's own.
    pub topic: Option<TopicArn>,
}

fn hour() -> Span {
    Span::fixed("1h", 3_600)
}

fn quarter() -> Span {
    Span::fixed("15m", 900)
}
