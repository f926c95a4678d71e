//! An instance that an Auto Scaling group launches is `Pending` for a while, and then `InService`.
//!
//! AWS: a group's instance is `Pending` until it is fully configured and passes the EC2 health checks, and enters `InService` then
//! (docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html; model: LifecycleState). moto's are in service at
//! once. Which instances are new can be told by what was listed before the group was changed through the gateway: those
//! alone were there.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use xmltree::Element;

use super::later;
use crate::gateway::Times;
use crate::gateway::call::Call;
use crate::gateway::xml;

/// The groups that were changed through the gateway, and the instances that were listed.
#[derive(Debug)]
pub(super) struct Groups {
    times: Times,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// When a group was last changed, by Region and name.
    changed: BTreeMap<(String, String), Timestamp>,
    /// When an instance was launched: with the last change before it was first listed; long ago if there was none.
    launched: BTreeMap<String, Timestamp>,
}

impl Groups {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            known: Mutex::default(),
        }
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        call.is("autoscaling", "DescribeAutoScalingGroups") || call.is("autoscaling", "UpdateAutoScalingGroup")
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element, now: Timestamp) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if call.is("autoscaling", "UpdateAutoScalingGroup") {
            let name = call.form.get("AutoScalingGroupName")?.to_owned();
            known.changed.insert((call.scope.region.clone(), name), now);
            return None;
        }
        if !call.is("autoscaling", "DescribeAutoScalingGroups") {
            return None;
        }
        let groups = xml::descend_mut(root, &["DescribeAutoScalingGroupsResult", "AutoScalingGroups"])?;
        let mut pending = Vec::new();
        for group in xml::elements_mut(groups) {
            let name = xml::text(group, &["AutoScalingGroupName"]).unwrap_or_default();
            let changed = known.changed.get(&(call.scope.region.clone(), name)).copied();
            let Some(instances) = group.get_mut_child("Instances") else {
                continue;
            };
            for instance in xml::elements_mut(instances) {
                let id = xml::text(instance, &["InstanceId"]).unwrap_or_default();
                let launched = *known
                    .launched
                    .entry(id.clone())
                    .or_insert_with(|| changed.unwrap_or(Timestamp::MIN));
                if now < later(launched, self.times.pending.max(self.times.initializing)) {
                    xml::set(instance, &["LifecycleState"], "Pending");
                    pending.push(id);
                }
            }
        }
        (!pending.is_empty()).then(|| format!("{} pending", pending.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gateway::call::tests::form_call;

    const LOOK: &str = "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=shop";

    fn listed(ids: &[&str]) -> Element {
        let instances: String = ids
            .iter()
            .map(|id| format!("<member><InstanceId>{id}</InstanceId><LifecycleState>InService</LifecycleState></member>"))
            .collect();
        let text = format!(
            "<R><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>shop</AutoScalingGroupName><Instances>{instances}</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></R>"
        );
        xml::parse(text.as_bytes()).unwrap()
    }

    fn states(groups: &Groups, ids: &[&str], now: i64) -> Vec<String> {
        let mut root = listed(ids);
        groups.after(&form_call("autoscaling", LOOK), &mut root, Timestamp::from_second(now).unwrap());
        let path = ["DescribeAutoScalingGroupsResult", "AutoScalingGroups", "member", "Instances"];
        let instances = xml::descend(&root, &path).unwrap();
        xml::elements(instances)
            .filter_map(|instance| xml::text(instance, &["LifecycleState"]))
            .collect()
    }

    #[test]
    fn what_a_change_launches_is_pending_for_a_while_and_what_was_there_is_not() {
        let groups = Groups::new(Times {
            pending: Duration::from_secs(4),
            initializing: Duration::from_secs(12),
            ..Times::NONE
        });
        assert_eq!(states(&groups, &["i-1"], 0), ["InService"]);
        let raise = form_call(
            "autoscaling",
            "Action=UpdateAutoScalingGroup&AutoScalingGroupName=shop&DesiredCapacity=2",
        );
        groups.after(&raise, &mut listed(&[]), Timestamp::from_second(10).unwrap());
        assert_eq!(states(&groups, &["i-1", "i-2"], 11), ["InService", "Pending"]);
        assert_eq!(states(&groups, &["i-1", "i-2"], 21), ["InService", "Pending"]);
        assert_eq!(states(&groups, &["i-1", "i-2"], 22), ["InService", "InService"]);
    }
}
