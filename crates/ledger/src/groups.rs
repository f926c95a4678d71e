//! The sizes that an Auto Scaling group had before a recovery raised it: what the way home goes back to.

use action::ids::{GroupName, RunId, WorkloadName};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::attributes::{Item, MalformedItem, Reader, text};
use crate::items::key;

/// The keys of the sizes of `group` of `workload`.
pub fn group_sizes_key(workload: &WorkloadName, group: &GroupName) -> Item {
    key(workload, &format!("group#{group}"))
}

/// The sizes of a group as a recovery found them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSizes {
    /// The group.
    pub group: GroupName,
    /// The first run of the chain that raised it: a later one of that chain finds it raised already, and keeps these.
    pub work: RunId,
    /// Its smallest size.
    pub minimum: u32,
    /// The size that was asked for.
    pub desired: u32,
    /// Its largest size.
    pub maximum: u32,
    /// When they were seen.
    pub seen_at: Timestamp,
}

impl GroupSizes {
    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let number = |size: u32| AttributeValue::N(size.to_string());
        let mut item = group_sizes_key(workload, &self.group);
        item.extend([
            ("group".to_owned(), text(&self.group)),
            ("work".to_owned(), text(&self.work)),
            ("minimum".to_owned(), number(self.minimum)),
            ("desired".to_owned(), number(self.desired)),
            ("maximum".to_owned(), number(self.maximum)),
            ("seenAt".to_owned(), text(self.seen_at)),
        ]);
        item
    }

    /// The sizes in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        Ok(Self {
            group: reader.parsed("group", "the name of an Auto Scaling group")?,
            work: reader.parsed("work", "a run id")?,
            minimum: reader.size("minimum")?,
            desired: reader.size("desired")?,
            maximum: reader.size("maximum")?,
            seen_at: reader.time("seenAt")?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_were_written_and_a_malformed_one_is_named() {
        let sizes = GroupSizes {
            group: "shop".parse().unwrap(),
            work: "unishop-1".parse().unwrap(),
            minimum: 1,
            desired: 2,
            maximum: 8,
            seen_at: "2026-11-21T03:15:02Z".parse().unwrap(),
        };
        let mut item = sizes.to_item(&"unishop".parse().unwrap());
        assert_eq!(GroupSizes::from_item(&item), Ok(sizes));
        item.insert("desired".to_owned(), text("two"));
        assert_eq!(
            GroupSizes::from_item(&item).unwrap_err().to_string(),
            "ledger item \"workload#unishop\" \"group#shop\": attribute desired is \"two\", not a size"
        );
    }
}
