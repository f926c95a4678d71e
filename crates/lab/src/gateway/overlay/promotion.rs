//! A cluster that has been removed from its global cluster is `promoting` for a while.
//!
//! AWS: RemoveFromGlobalCluster returns at once; the removed secondary then shows status `promoting` until it is a
//! standalone writer (hashicorp/terraform-provider-aws#40333 waits for exactly that). MiniStack shows `available` at once.
//! Removing the last member, the writer, promotes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use xmltree::Element;

use super::later;
use crate::gateway::call::Call;
use crate::gateway::xml;

/// The clusters that are being promoted, by ARN, and until when.
#[derive(Debug)]
pub(super) struct Promotions {
    takes: Duration,
    until: Mutex<BTreeMap<String, Timestamp>>,
}

impl Promotions {
    pub(super) fn new(takes: Duration) -> Self {
        Self {
            takes,
            until: Mutex::default(),
        }
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        call.is("rds", "RemoveFromGlobalCluster") || (call.is("rds", "DescribeDBClusters") && self.with(|until| !until.is_empty()))
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element, now: Timestamp) -> Option<String> {
        match call.operation.as_str() {
            "RemoveFromGlobalCluster" => self.begin(call, root, now),
            "DescribeDBClusters" => self.show(root, now),
            _ => None,
        }
    }

    fn begin(&self, call: &Call, root: &Element, now: Timestamp) -> Option<String> {
        let removed = call.form.get("DbClusterIdentifier")?;
        let members = xml::descend(root, &["RemoveFromGlobalClusterResult", "GlobalCluster", "GlobalClusterMembers"])?;
        // The writer can only be removed last, so whoever leaves a writer behind was a secondary.
        if !xml::elements(members).any(|member| xml::says(member, &["IsWriter"], "true")) {
            return None;
        }
        let until = later(now, self.takes);
        self.with(|promoting| promoting.insert(removed.to_owned(), until));
        Some(format!("promoting until {until}"))
    }

    fn show(&self, root: &mut Element, now: Timestamp) -> Option<String> {
        let clusters = xml::descend_mut(root, &["DescribeDBClustersResult", "DBClusters"])?;
        let mut note = None;
        self.with(|promoting| {
            promoting.retain(|_, until| now < *until);
            for cluster in xml::elements_mut(clusters) {
                let arn = xml::text(cluster, &["DBClusterArn"]).unwrap_or_default();
                if let Some(until) = promoting.get(&arn) {
                    xml::set(cluster, &["Status"], "promoting");
                    note = Some(format!("promoting until {until}"));
                }
            }
        });
        note
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Timestamp>) -> T) -> T {
        use_it(&mut self.until.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::failover::tests::{FROM, TO, global_cluster};
    use super::*;
    use crate::gateway::call::tests::form_call;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn clusters() -> Element {
        let body = format!(
            "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><DBClusterArn>{TO}</DBClusterArn><Status>available</Status></DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"
        );
        xml::parse(body.as_bytes()).unwrap()
    }

    fn status(promotions: &Promotions, now: Timestamp) -> (Option<String>, Option<String>) {
        let mut root = clusters();
        let note = promotions.after(&form_call("rds", "Action=DescribeDBClusters"), &mut root, now);
        let status = xml::text(&root, &["DescribeDBClustersResult", "DBClusters", "DBCluster", "Status"]);
        (status, note)
    }

    fn remove(promotions: &Promotions, arn: &str, left: &[(&str, bool)]) -> Option<String> {
        let call = form_call(
            "rds",
            &format!("Action=RemoveFromGlobalCluster&GlobalClusterIdentifier=g&DbClusterIdentifier={arn}"),
        );
        let mut root = global_cluster("RemoveFromGlobalCluster", left);
        promotions.after(&call, &mut root, at(100))
    }

    #[test]
    fn a_cluster_that_was_not_removed_shows_its_own_status() {
        let promotions = Promotions::new(Duration::from_secs(20));
        assert!(!promotions.completes(&form_call("rds", "Action=DescribeDBClusters")));
        assert_eq!(status(&promotions, at(100)), (Some("available".to_owned()), None));
    }

    #[test]
    fn a_removed_secondary_is_promoting_until_its_time_is_over() {
        let promotions = Promotions::new(Duration::from_secs(20));
        assert!(remove(&promotions, TO, &[(FROM, true)]).is_some());
        assert!(promotions.completes(&form_call("rds", "Action=DescribeDBClusters")));
        for (second, shown) in [(100, "promoting"), (119, "promoting"), (120, "available"), (119, "available")] {
            assert_eq!(status(&promotions, at(second)).0.as_deref(), Some(shown), "at {second}");
        }
    }

    #[test]
    fn removing_the_last_member_promotes_nothing() {
        let promotions = Promotions::new(Duration::from_secs(20));
        assert_eq!(remove(&promotions, FROM, &[]), None);
        assert_eq!(status(&promotions, at(100)).0.as_deref(), Some("available"));
    }
}
