//! The closed set of error names that a machine may match, and the cause chain that people read.

use std::error::Error;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The only error names that leave an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ErrorName {
    /// The input is wrong: mend it. Nothing was touched.
    #[serde(rename = "Relight.InvalidInput")]
    InvalidInput,
    /// A guard said no. Nothing was touched.
    #[serde(rename = "Relight.Refused")]
    Refused,
    /// Try again; the call may have happened.
    #[serde(rename = "Relight.Transient")]
    Transient,
    /// AWS said no for good.
    #[serde(rename = "Relight.Permanent")]
    Permanent,
}

impl ErrorName {
    /// The name as it stands in a machine's `ErrorEquals`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "Relight.InvalidInput",
            Self::Refused => "Relight.Refused",
            Self::Transient => "Relight.Transient",
            Self::Permanent => "Relight.Permanent",
        }
    }
}

/// An action's error: knows which of the four names it has.
pub trait NamedError: Error + Send + Sync + 'static {
    /// The name that the machine sees.
    fn name(&self) -> ErrorName;
}

/// The whole cause chain in one line, outermost first, parted by `: `.
///
/// Printed once, at the edge; no error's own text repeats its source.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn chain_reads_from_the_outermost_cause_inwards() {
        let Err(inner) = "x".parse::<u8>() else {
            unreachable!("x is no number")
        };
        assert_eq!(chain(&Outer(inner)), "outer: invalid digit found in string");
    }

    #[test]
    fn names_on_the_wire_are_the_names_in_the_machine() {
        for name in [
            ErrorName::InvalidInput,
            ErrorName::Refused,
            ErrorName::Transient,
            ErrorName::Permanent,
        ] {
            assert_eq!(serde_json::to_value(name).ok(), Some(name.as_str().into()));
        }
    }
}
