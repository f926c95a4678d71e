//! What `{nonce}`, `{region}` and captured values stand for in one look.

use std::collections::BTreeMap;

use plan::Check;
use plan::template::fill;

/// A value that an earlier check should have captured and didn't.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// That check failed.
    #[error("needs {{{name}}} of check {check:?}, which failed")]
    Failed {
        /// The value's name.
        name: String,
        /// The check that captures it.
        check: String,
    },
    /// That check may write, and plan mode writes nothing.
    #[error("needs {{{name}}} of check {check:?}, which plan mode does not make")]
    PlanMode {
        /// The value's name.
        name: String,
        /// The check that captures it.
        check: String,
    },
    /// No check before captures it. A valid plan has no such placeholder.
    #[error("needs {{{0}}}, which no check before captures")]
    Unknown(String),
}

/// What the placeholders of one look stand for.
#[derive(Debug)]
pub struct Values(BTreeMap<String, Result<String, Missing>>);

impl Values {
    /// The values before the first check.
    pub fn new(nonce: &str, region: &str) -> Self {
        let given = [("nonce", nonce), ("region", region)];
        Self(given.map(|(name, value)| (name.to_owned(), Ok(value.to_owned()))).into())
    }

    /// Adds what a check captured.
    pub fn add(&mut self, captured: BTreeMap<String, String>) {
        self.0.extend(captured.into_iter().map(|(name, value)| (name, Ok(value))));
    }

    /// Notes that `check` failed and gives none of its values.
    pub fn failed(&mut self, check: &Check) {
        self.withhold(check, |name, check| Missing::Failed { name, check });
    }

    /// Notes that `check` was skipped and gives none of its values.
    pub fn skipped(&mut self, check: &Check) {
        self.withhold(check, |name, check| Missing::PlanMode { name, check });
    }

    fn withhold(&mut self, check: &Check, missing: fn(String, String) -> Missing) {
        for name in check.capture.keys() {
            self.0.insert(name.clone(), Err(missing(name.clone(), check.name.clone())));
        }
    }

    /// `text` with its placeholders filled in, as a body or a header has them.
    ///
    /// # Errors
    /// When a value is missing.
    pub fn fill(&self, text: &str) -> Result<String, Missing> {
        self.fill_with(text, str::to_owned)
    }

    /// `path` with its placeholders filled in, percent-encoded, so that a reply can't lead the next request elsewhere.
    ///
    /// # Errors
    /// When a value is missing.
    pub fn fill_path(&self, path: &str) -> Result<String, Missing> {
        self.fill_with(path, percent_encoded)
    }

    fn fill_with(&self, text: &str, encode: fn(&str) -> String) -> Result<String, Missing> {
        let value = |name: &str| self.0.get(name)?.as_ref().ok().map(|value| encode(value));
        fill(text, value).map_err(|unknown| match self.0.get(unknown.0) {
            Some(Err(missing)) => missing.clone(),
            _ => Missing::Unknown(unknown.0.to_owned()),
        })
    }
}

/// All but the unreserved characters of RFC 3986, section 2.3.
fn percent_encoded(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create() -> Check {
        serde_json::from_value(serde_json::json!({"name": "create", "path": "/", "capture": {"id": "/id"}})).unwrap()
    }

    fn values() -> Values {
        Values::new("n1", "us-west-1")
    }

    #[test]
    fn the_nonce_and_the_region_are_always_there() {
        assert_eq!(
            values().fill(r#"{"id":"{nonce}","at":{"region":"{region}"}}"#).as_deref(),
            Ok(r#"{"id":"n1","at":{"region":"us-west-1"}}"#)
        );
    }

    #[test]
    fn a_captured_value_is_used_and_never_read_as_a_placeholder_again() {
        let mut values = values();
        values.add([("id".to_owned(), "{nonce}".to_owned())].into());
        assert_eq!(values.fill("{id}{id}").as_deref(), Ok("{nonce}{nonce}"));
    }

    #[test]
    fn a_captured_value_cannot_change_the_shape_of_a_path() {
        let mut values = values();
        values.add([("id".to_owned(), "/../@evil.example.com?a=ü#".to_owned())].into());
        assert_eq!(
            values.fill_path("/orders/{id}").as_deref(),
            Ok("/orders/%2F..%2F%40evil.example.com%3Fa%3D%C3%BC%23")
        );
    }

    #[test]
    fn a_missing_value_says_whose_it_is_and_why() {
        let mut values = values();
        let missing = |values: &Values| values.fill("/orders/{id}").unwrap_err().to_string();
        assert_eq!(missing(&values), "needs {id}, which no check before captures");
        values.failed(&create());
        assert_eq!(missing(&values), "needs {id} of check \"create\", which failed");
        values.skipped(&create());
        assert_eq!(missing(&values), "needs {id} of check \"create\", which plan mode does not make");
    }
}
