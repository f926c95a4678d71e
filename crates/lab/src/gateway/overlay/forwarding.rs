//! A secondary that was made to forward the writes that it gets says so.
//!
//! AWS: `GlobalWriteForwardingStatus` of a member follows `EnableGlobalWriteForwarding` of CreateDBCluster (model: GlobalClusterMember,
//! CreateDBClusterMessage). MiniStack says `disabled`, whatever was asked.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use xmltree::Element;

use crate::gateway::call::Call;
use crate::gateway::xml;

/// The ARNs of the clusters that were made to forward writes.
#[derive(Debug, Default)]
pub(super) struct Forwarding(Mutex<BTreeSet<String>>);

impl Forwarding {
    pub(super) fn completes(&self, call: &Call) -> bool {
        asks_for_it(call) || (call.is("rds", "DescribeGlobalClusters") && self.with(|forwarding| !forwarding.is_empty()))
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element) -> Option<String> {
        if asks_for_it(call) {
            let arn = xml::text(root, &["CreateDBClusterResult", "DBCluster", "DBClusterArn"])?;
            self.with(|forwarding| forwarding.insert(arn));
            return Some("forwards writes".to_owned());
        }
        if !call.is("rds", "DescribeGlobalClusters") {
            return None;
        }
        let clusters = xml::descend_mut(root, &["DescribeGlobalClustersResult", "GlobalClusters"])?;
        for cluster in xml::elements_mut(clusters) {
            let Some(members) = xml::descend_mut(cluster, &["GlobalClusterMembers"]) else {
                continue;
            };
            for member in xml::elements_mut(members) {
                let arn = xml::text(member, &["DBClusterArn"]).unwrap_or_default();
                if self.with(|forwarding| forwarding.contains(&arn)) {
                    xml::set(member, &["GlobalWriteForwardingStatus"], "enabled");
                }
            }
        }
        None
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn asks_for_it(call: &Call) -> bool {
    call.is("rds", "CreateDBCluster") && call.form.is_true("EnableGlobalWriteForwarding")
}

#[cfg(test)]
mod tests {
    use super::super::failover::tests::{FROM, TO, global_cluster};
    use super::*;
    use crate::gateway::call::tests::form_call;

    fn made(form: &str) -> Forwarding {
        let forwarding = Forwarding::default();
        let body =
            format!("<R><CreateDBClusterResult><DBCluster><DBClusterArn>{TO}</DBClusterArn></DBCluster></CreateDBClusterResult></R>");
        let call = form_call("rds", &format!("Action=CreateDBCluster{form}"));
        if forwarding.completes(&call) {
            forwarding.after(&call, &mut xml::parse(body.as_bytes()).unwrap());
        }
        forwarding
    }

    /// What each member says.
    fn told(forwarding: &Forwarding) -> Vec<Option<String>> {
        let call = form_call("rds", "Action=DescribeGlobalClusters");
        let mut root = global_cluster("DescribeGlobalClusters", &[(FROM, true), (TO, false)]);
        if forwarding.completes(&call) {
            forwarding.after(&call, &mut root);
        }
        let path = [
            "DescribeGlobalClustersResult",
            "GlobalClusters",
            "GlobalClusterMember",
            "GlobalClusterMembers",
        ];
        let members = xml::descend(&root, &path).unwrap();
        xml::elements(members)
            .map(|member| xml::text(member, &["GlobalWriteForwardingStatus"]))
            .collect()
    }

    #[test]
    fn the_member_that_was_made_to_forward_writes_says_so_and_no_other() {
        assert_eq!(told(&made("&EnableGlobalWriteForwarding=true")), [None, Some("enabled".to_owned())]);
        assert_eq!(told(&made("&EnableGlobalWriteForwarding=false")), [None, None]);
        assert_eq!(told(&made("")), [None, None]);
    }
}
