//! The item of a workload's last readiness check: what the next one is compared with, and where people read its answers.

use std::collections::BTreeSet;

use action::ids::{RunId, WorkloadName};
use jiff::Timestamp;

use crate::attributes::{Item, MalformedItem, Reader, text};
use crate::items::key;

/// The keys of the last readiness check of `workload`.
pub fn readiness_key(workload: &WorkloadName) -> Item {
    key(workload, "readiness")
}

/// A readiness check, as it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The check: the name of its execution.
    pub run: RunId,
    /// When it was judged.
    pub judged_at: Timestamp,
    /// The ids of the questions that failed.
    pub failing: BTreeSet<String>,
    /// The ids of those that failed in the check before, so that a repeated judgement says the same again.
    pub failing_before: BTreeSet<String>,
    /// Every answer, as JSON.
    pub answers: String,
}

impl Readiness {
    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let mut item = readiness_key(workload);
        item.extend([
            ("run".to_owned(), text(&self.run)),
            ("judgedAt".to_owned(), text(self.judged_at)),
            ("failing".to_owned(), text(joined(&self.failing))),
            ("failingBefore".to_owned(), text(joined(&self.failing_before))),
            ("answers".to_owned(), text(&self.answers)),
        ]);
        item
    }

    /// The check in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        let ids = |attribute| Ok::<_, MalformedItem>(reader.text(attribute)?.split_whitespace().map(str::to_owned).collect());
        Ok(Self {
            run: reader.parsed("run", "a run id")?,
            judged_at: reader.time("judgedAt")?,
            failing: ids("failing")?,
            failing_before: ids("failingBefore")?,
            answers: reader.text("answers")?.to_owned(),
        })
    }
}

/// Ids have no spaces in them.
fn joined(ids: &BTreeSet<String>) -> String {
    ids.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_read_as_it_was_written() {
        let check = Readiness {
            run: "check-1".parse().unwrap(),
            judged_at: "2026-11-21T03:00:00Z".parse().unwrap(),
            failing: ["image-age", "vcpu-quota"].map(str::to_owned).into(),
            failing_before: BTreeSet::new(),
            answers: "[]".to_owned(),
        };
        assert_eq!(Readiness::from_item(&check.to_item(&"unishop".parse().unwrap())).unwrap(), check);
    }
}
