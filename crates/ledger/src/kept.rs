//! What a place that others read held before a run wrote it: what the way home writes back.

use action::ids::{RunId, WorkloadName};
use jiff::Timestamp;

use crate::attributes::{Item, MalformedItem, Reader, text};
use crate::items::key;

/// What stands before the place in the sort key.
const PREFIX: &str = "place#";

/// The keys of what `place` held for `workload`.
pub fn kept_value_key(workload: &WorkloadName, place: &str) -> Item {
    key(workload, &format!("{PREFIX}{place}"))
}

/// A value as a run found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptValue {
    /// The place, in the one way that it is written in the ledger.
    pub place: String,
    /// The first run of the chain that wrote there: a later one of that chain finds it written already, and keeps this.
    pub work: RunId,
    /// What was there; none where there was nothing.
    pub was: Option<Value>,
    /// When it was seen.
    pub seen_at: Timestamp,
}

/// A text that others read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text.
    pub text: String,
    /// What it is, to a browser; none where the place tells nobody, as a parameter does not.
    pub content_type: Option<String>,
    /// How long it may be kept by caches; none where the place doesn't say.
    pub cache_control: Option<String>,
}

impl KeptValue {
    /// The item. That there was nothing is said in so many words, so that a lost attribute is never taken for it.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let mut item = kept_value_key(workload, &self.place);
        item.extend([
            ("work".to_owned(), text(&self.work)),
            ("was".to_owned(), text(if self.was.is_some() { "present" } else { "absent" })),
            ("seenAt".to_owned(), text(self.seen_at)),
        ]);
        if let Some(was) = &self.was {
            item.insert("text".to_owned(), text(&was.text));
            let others = [("contentType", &was.content_type), ("cacheControl", &was.cache_control)];
            item.extend(
                others
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), text(value.as_ref()?)))),
            );
        }
        item
    }

    /// The value in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        let place = reader.text("sk")?.strip_prefix(PREFIX);
        let was = match reader.text("was")? {
            "absent" => None,
            "present" => Some(Value {
                text: reader.text("text")?.to_owned(),
                content_type: reader.text_if_any("contentType").map(str::to_owned),
                cache_control: reader.text_if_any("cacheControl").map(str::to_owned),
            }),
            _ => return Err(reader.malformed("was", "present or absent")),
        };
        Ok(Self {
            place: place.ok_or_else(|| reader.malformed("sk", "place# and a place"))?.to_owned(),
            work: reader.parsed("work", "a run id")?,
            was,
            seen_at: reader.time("seenAt")?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn kept(was: Option<Value>) -> KeptValue {
        KeptValue {
            place: "s3://shop/config.json".to_owned(),
            work: "unishop-1".parse().unwrap(),
            was,
            seen_at: "2026-11-21T03:15:02Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_value_is_read_as_it_was_written_and_so_is_that_there_was_none() {
        let value = |content_type: Option<&str>, cache_control: Option<&str>, text: &str| {
            Some(Value {
                text: text.to_owned(),
                content_type: content_type.map(str::to_owned),
                cache_control: cache_control.map(str::to_owned),
            })
        };
        for was in [value(Some("application/json"), Some("no-cache"), "{}"), value(None, None, ""), None] {
            let kept = kept(was);
            assert_eq!(KeptValue::from_item(&kept.to_item(&"unishop".parse().unwrap())), Ok(kept));
        }
    }

    #[test]
    fn a_lost_text_is_not_taken_for_nothing() {
        let was = Value {
            text: "{}".to_owned(),
            content_type: None,
            cache_control: None,
        };
        let mut item = kept(Some(was)).to_item(&"unishop".parse().unwrap());
        item.remove("text");
        assert_eq!(
            KeptValue::from_item(&item).unwrap_err().to_string(),
            "ledger item \"workload#unishop\" \"place#s3://shop/config.json\": attribute text is missing, not a text"
        );
        item.remove("was");
        assert!(KeptValue::from_item(&item).is_err());
    }
}
