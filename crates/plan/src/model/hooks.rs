//! What of the user's own is called in the middle of a recovery.

use action::ids::{FunctionArn, StateMachineArn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// A function or a state machine of yours, called once in a recovery: exactly one of `function` and `stateMachine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hook {
    /// The name that the report shows. No two hooks have the same.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// When it is called.
    pub when: Point,
    /// The function, in the recovery Region. It has done its work when it returns.
    pub function: Option<FunctionArn>,
    /// The state machine, in the recovery Region. It has done its work when its execution has succeeded.
    pub state_machine: Option<StateMachineArn>,
    /// How long it is waited for.
    #[serde(default = "minute")]
    #[schemars(extend("x-least" = "1s", "x-most" = "1h"))]
    pub timeout: Span,
    /// Whether the recovery stops where it fails. Without it, the report says that it failed and the recovery goes on.
    #[serde(default)]
    pub critical: bool,
}

/// A point in a recovery at which hooks are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// When the outage is confirmed, and nothing is changed yet.
    BeforeDatabase,
    /// When the database takes writes; compute may be starting still.
    AfterDatabase,
    /// When the compute runs; the database may be promoting still.
    AfterCompute,
    /// When users have been moved.
    AfterTraffic,
}

fn minute() -> Span {
    Span::fixed("1m", 60)
}
