//! A place, and what fits there. Pure.

use std::fmt;

use action::ids::{BucketName, ParameterName};
use action::{ErrorName, NamedError};
use ledger::Value;

/// Where a value is that others read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An SSM parameter of type String.
    Parameter(ParameterName),
    /// An S3 object.
    Object {
        /// Its bucket, in the function's own Region.
        bucket: BucketName,
        /// Its key.
        key: String,
    },
}

/// `parameter /relight/unishop/database` or `s3://shop/config.json`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "parameter {name}"),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

/// A text that a place can't hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is too long.
    #[error("{bytes} bytes are too much for {place}: it may hold {most}")]
    TooLong {
        /// The place.
        place: Place,
        /// How long the text is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// No parameter is empty.
    #[error("an empty text is none for {0}: a parameter holds something")]
    Empty(Place),
}

impl NamedError for Unfit {
    fn name(&self) -> ErrorName {
        ErrorName::InvalidInput
    }
}

impl Place {
    /// How long the value of a parameter may be, in bytes: what a standard parameter holds
    /// (docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, `Value`).
    pub const PARAMETER_BYTES: usize = 4_096;
    /// How long an object may be, in bytes. S3 takes more; an item of the ledger, which keeps it, takes 400 KB with its
    /// names (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
    pub const OBJECT_BYTES: usize = 65_536;

    /// Whether the place can hold `text`.
    ///
    /// # Errors
    /// When it can't, with why.
    pub fn admits(&self, text: &str) -> Result<(), Unfit> {
        let most = match self {
            Self::Parameter(_) if text.is_empty() => return Err(Unfit::Empty(self.clone())),
            Self::Parameter(_) => Self::PARAMETER_BYTES,
            Self::Object { .. } => Self::OBJECT_BYTES,
        };
        if text.len() > most {
            return Err(Unfit::TooLong {
                place: self.clone(),
                bytes: text.len(),
                most,
            });
        }
        Ok(())
    }

    /// The value by which the place holds `text`: with the content type and the cache control of what was there `before`,
    /// else of what its key's ending says.
    pub fn holding(&self, text: String, before: Option<&Value>) -> Value {
        match (self, before) {
            (Self::Object { .. }, Some(before)) => Value { text, ..before.clone() },
            (Self::Object { key, .. }, None) => Value {
                text,
                content_type: Some(content_type(key).to_owned()),
                cache_control: None,
            },
            (Self::Parameter(_), _) => Value {
                text,
                content_type: None,
                cache_control: None,
            },
        }
    }

    /// The place as the ledger's keys name it. A parameter's name begins with a slash, so that the two are never the same.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Parameter(name) => name.to_string(),
            Self::Object { .. } => self.to_string(),
        }
    }
}

pub(crate) fn content_type(key: &str) -> &'static str {
    if key.ends_with(".json") { "application/json" } else { "text/plain" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn parameter() -> Place {
        Place::Parameter("/relight/unishop/database".parse().unwrap())
    }

    fn object(key: &str) -> Place {
        Place::Object {
            bucket: "shop".parse().unwrap(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn a_place_is_written_as_people_write_it() {
        assert_eq!(parameter().to_string(), "parameter /relight/unishop/database");
        assert_eq!(object("a/config.json").to_string(), "s3://shop/a/config.json");
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_with_both_lengths() {
        for (place, most) in [(parameter(), 4_096), (object("config.json"), 65_536)] {
            assert_eq!(place.admits(&"x".repeat(most)), Ok(()));
            let unfit = place.admits(&"x".repeat(most + 1)).unwrap_err();
            assert_eq!(unfit.name(), ErrorName::InvalidInput);
            assert_eq!(
                unfit.to_string(),
                format!("{} bytes are too much for {place}: it may hold {most}", most + 1)
            );
        }
    }

    #[test]
    fn an_object_may_be_empty_and_a_parameter_may_not() {
        assert_eq!(object("flag").admits(""), Ok(()));
        assert_eq!(parameter().admits(""), Err(Unfit::Empty(parameter())));
    }

    #[test]
    fn an_object_keeps_its_type_and_cache_control_and_a_first_one_gets_its_keys() {
        let before = Value {
            text: "old".to_owned(),
            content_type: Some("application/json; charset=utf-8".to_owned()),
            cache_control: Some("no-cache".to_owned()),
        };
        let after = object("config.json").holding("new".to_owned(), Some(&before));
        assert_eq!(
            (after.text.as_str(), &after.content_type, &after.cache_control),
            ("new", &before.content_type, &before.cache_control)
        );
        for (key, content_type) in [("config.json", "application/json"), ("endpoint", "text/plain")] {
            let first = object(key).holding("new".to_owned(), None);
            assert_eq!((first.content_type.as_deref(), first.cache_control), (Some(content_type), None));
        }
        assert_eq!(parameter().holding("new".to_owned(), Some(&before)).content_type, None);
    }
}
