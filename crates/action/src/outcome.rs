//! What an action did, in the words that the machine's choices match.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an action did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing needed doing: it was already so, or the action only looks.
    Unchanged,
    /// Plan mode: this is what `execute` would do.
    Planned,
    /// The calls that the decision named were made, and what they were for is now so.
    Changed,
    /// Not there yet; ask again after `retryAfterSeconds`.
    Waiting,
}

/// One AWS call that an action can make, by its IAM action.
///
/// Each function lists its calls; tests hold the list against the code, against the role's policy and against the
/// requests that the lab saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The IAM action, e.g. `rds:RemoveFromGlobalCluster`.
    pub iam_action: &'static str,
    /// Whether it changes anything.
    pub effect: Effect,
}

/// Whether a call changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes something, so it needs a [`Permit`](crate::Permit).
    Change,
}

impl Call {
    /// A call that only looks.
    pub const fn read(iam_action: &'static str) -> Self {
        Self {
            iam_action,
            effect: Effect::Read,
        }
    }

    /// A call that changes something.
    pub const fn change(iam_action: &'static str) -> Self {
        Self {
            iam_action,
            effect: Effect::Change,
        }
    }
}
