//! Reading and writing single attributes, with an error that names the item and the attribute.

use std::collections::HashMap;
use std::str::FromStr;

use action::{ErrorName, NamedError};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

/// An item as DynamoDB gives and takes it.
pub type Item = HashMap<String, AttributeValue>;

/// An item of the ledger that Relight didn't write, or that someone edited.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("ledger item {item}: attribute {attribute} is {seen}, not {expected}")]
pub struct MalformedItem {
    /// The item's keys.
    pub item: String,
    /// The attribute that can't be read.
    pub attribute: &'static str,
    /// What stands there.
    pub seen: String,
    /// What should stand there.
    pub expected: &'static str,
}

impl NamedError for MalformedItem {
    fn name(&self) -> ErrorName {
        ErrorName::Permanent
    }
}

/// An item being read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a Item);

impl<'a> Reader<'a> {
    pub(crate) fn malformed(self, attribute: &'static str, expected: &'static str) -> MalformedItem {
        let plain = |name: &str| self.0.get(name).map_or_else(|| "missing".to_owned(), plain);
        MalformedItem {
            item: format!("{} {}", plain("pk"), plain("sk")),
            attribute,
            seen: plain(attribute),
            expected,
        }
    }

    pub(crate) fn text_if_any(self, attribute: &'static str) -> Option<&'a str> {
        self.0.get(attribute)?.as_s().ok().map(String::as_str)
    }

    pub(crate) fn text(self, attribute: &'static str) -> Result<&'a str, MalformedItem> {
        self.text_if_any(attribute).ok_or_else(|| self.malformed(attribute, "a text"))
    }

    pub(crate) fn parsed<T: FromStr>(self, attribute: &'static str, expected: &'static str) -> Result<T, MalformedItem> {
        self.text(attribute)?.parse().map_err(|_| self.malformed(attribute, expected))
    }

    pub(crate) fn time(self, attribute: &'static str) -> Result<Timestamp, MalformedItem> {
        self.parsed(attribute, "an RFC 3339 time")
    }

    pub(crate) fn size(self, attribute: &'static str) -> Result<u32, MalformedItem> {
        let digits = self.0.get(attribute).and_then(|value| value.as_n().ok());
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.malformed(attribute, "a size"))
    }

    /// A time as DynamoDB's time to live wants it: whole seconds since 1970, as a number.
    pub(crate) fn epoch(self, attribute: &'static str) -> Result<Timestamp, MalformedItem> {
        self.0
            .get(attribute)
            .and_then(|value| value.as_n().ok())
            .and_then(|digits| digits.parse().ok())
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| self.malformed(attribute, "seconds since 1970"))
    }
}

/// The value as people would write it.
fn plain(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => format!("{text:?}"),
        AttributeValue::N(digits) => digits.clone(),
        other => format!("{other:?}"),
    }
}

/// A text attribute.
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute: whole seconds since 1970.
pub(crate) fn epoch(value: Timestamp) -> AttributeValue {
    AttributeValue::N(value.as_second().to_string())
}
