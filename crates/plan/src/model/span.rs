//! A length of time as people write it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, SpanRelativeTo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is no length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not {expected}", expected = Span::EXPECTED)]
pub struct NoSpan(pub String);

/// A length of time such as "800ms", "90s", "15m", "1h 30m" or "7d"; a day has 24 hours.
///
/// Keeps the text as it was written and is written out as the same text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("examples" = ["90s", "15m", "1h 30m", "7d"]))]
pub struct Span {
    #[schemars(skip)]
    text: String,
    #[schemars(skip)]
    duration: Duration,
}

impl Span {
    pub(crate) const EXPECTED: &str = "a duration, such as \"90s\", \"15m\" or \"7d\"";

    /// A default: `text` and the same in seconds.
    pub(crate) fn fixed(text: &str, seconds: u64) -> Self {
        Self {
            text: text.to_owned(),
            duration: Duration::from_secs(seconds),
        }
    }

    /// The length.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Whole seconds; what is left of a second is dropped.
    pub fn seconds(&self) -> u64 {
        self.duration.as_secs()
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Span {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        let days_are_24_hours = SpanRelativeTo::days_are_24_hours();
        let duration = text
            .parse::<jiff::Span>()
            .and_then(|span| span.to_duration(days_are_24_hours))
            .and_then(|duration: SignedDuration| Duration::try_from(duration));
        match duration {
            Ok(duration) => Ok(Self { text, duration }),
            Err(_) => Err(NoSpan(text)),
        }
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        Self::try_from(text.to_owned())
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.text
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
