//! Plan or execute, and the permit without which no changing call can be written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a run may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Reads and AWS's own dry runs only; replies say what `execute` would do.
    Plan,
    /// Makes the calls that the decision names.
    Execute,
}

impl Mode {
    /// The permit to make changing calls, in `execute` only.
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Plan => None,
            Self::Execute => Some(Permit(())),
        }
    }
}

/// Proof that the mode is `execute`. Every call that changes something takes one by reference, and only
/// [`Mode::permit`] makes one: a forgotten check of the mode doesn't compile.
#[derive(Debug)]
pub struct Permit(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_hands_out_no_permit() {
        assert!(Mode::Plan.permit().is_none());
        assert!(Mode::Execute.permit().is_some());
    }

    #[test]
    fn unknown_mode_is_refused() {
        assert!(serde_json::from_str::<Mode>("\"dry\"").is_err());
    }
}
