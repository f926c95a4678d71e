//! What sent users where they were before a recovery moved them: what the way home restores.

use std::collections::BTreeMap;

use action::ids::{RunId, WorkloadName};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::attributes::{Item, MalformedItem, Reader, text};
use crate::items::key;

/// The keys of what sends the users of `workload`.
pub fn kept_traffic_key(workload: &WorkloadName) -> Item {
    key(workload, "traffic")
}

/// The state of what sends users, as a recovery found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTraffic {
    /// The first run of the chain that moved them: a later one of that chain finds them moved already, and keeps this.
    pub work: RunId,
    /// The states, by the alarm's name or the routing control's ARN.
    pub states: BTreeMap<String, String>,
    /// When they were seen.
    pub seen_at: Timestamp,
}

impl KeptTraffic {
    /// The item.
    pub fn to_item(&self, workload: &WorkloadName) -> Item {
        let states = self.states.iter().map(|(of, state)| (of.clone(), text(state))).collect();
        let mut item = kept_traffic_key(workload);
        item.extend([
            ("work".to_owned(), text(&self.work)),
            ("states".to_owned(), AttributeValue::M(states)),
            ("seenAt".to_owned(), text(self.seen_at)),
        ]);
        item
    }

    /// The states in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        let states = item.get("states").and_then(|states| states.as_m().ok()).and_then(|states| {
            let states = states.iter().map(|(of, state)| Some((of.clone(), state.as_s().ok()?.clone())));
            states.collect()
        });
        Ok(Self {
            work: reader.parsed("work", "a run id")?,
            states: states.ok_or_else(|| reader.malformed("states", "a map of texts"))?,
            seen_at: reader.time("seenAt")?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_were_written_and_a_malformed_one_is_named() {
        let kept = KeptTraffic {
            work: "unishop-1".parse().unwrap(),
            states: [("relight-unishop-traffic".to_owned(), "OK".to_owned())].into(),
            seen_at: "2026-11-21T03:15:02Z".parse().unwrap(),
        };
        let mut item = kept.to_item(&"unishop".parse().unwrap());
        assert_eq!(KeptTraffic::from_item(&item), Ok(kept));
        item.insert("states".to_owned(), text("OK"));
        assert_eq!(
            KeptTraffic::from_item(&item).unwrap_err().to_string(),
            "ledger item \"workload#unishop\" \"traffic\": attribute states is \"OK\", not a map of texts"
        );
    }
}
