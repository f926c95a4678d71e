//! An instance that an Auto Scaling group launches is `Pending` for a while, and then `InService`; or it stays unhealthy; or there is no
//! capacity for it, which the group's scaling activities tell (`activities`).
//!
//! AWS: a group's instance is `Pending` until it is fully configured and passes the EC2 health checks, and enters `InService` then
//! (docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html; model: LifecycleState). moto's are in service and
//! healthy at once, and it always has capacity. Which instances are new can be told by what was listed before the group was changed
//! through the gateway: those alone were there. One that finds no capacity isn't listed until the weather has changed; EC2 lists it, since
//! moto has it. Unhealthy ones stay, where AWS would replace them by others that are no better.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Response;
use hyper::body::Bytes;
use jiff::Timestamp;
use xmltree::Element;

use super::{later, token};
use crate::gateway::Times;
use crate::gateway::call::Call;
use crate::gateway::weather::Weather;
use crate::gateway::xml;

mod activities;

use activities::{Activities, Activity};

/// The groups that were changed through the gateway, and the instances that were listed.
#[derive(Debug)]
pub(super) struct Groups {
    /// How long an instance is pending.
    pending: Duration,
    weather: Weather,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// When a group was last changed, by Region and name.
    changed: BTreeMap<(String, String), Timestamp>,
    /// What has become of an instance, by its id.
    fates: BTreeMap<String, Fate>,
    activities: Activities,
}

/// What has become of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Launched with the last change before it was first listed; long ago if there was none.
    Launched { at: Timestamp, healthy: bool },
    /// There is no capacity for it.
    Denied,
}

impl Groups {
    pub(super) fn new(times: Times, weather: Weather) -> Self {
        Self {
            pending: times.pending.max(times.initializing),
            weather,
            known: Mutex::default(),
        }
    }

    /// Answers what moto can't: which scaling activities there were.
    pub(super) fn answer(&self, call: &Call, now: Timestamp) -> Option<(Response<Bytes>, String)> {
        if !call.is("autoscaling", "DescribeScalingActivities") {
            return None;
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let told = known.activities.told(call, now, self.pending);
        Some((token::success(told.into()), "told by the gateway".to_owned()))
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
        let mut notes = Vec::new();
        for group in xml::elements_mut(groups) {
            let name = xml::text(group, &["AutoScalingGroupName"]).unwrap_or_default();
            if let Some(instances) = group.get_mut_child("Instances") {
                self.settle(&mut known, call, &name, instances, now);
                xml::retain(instances, |instance| self.show(&known, instance, now, &mut notes));
            }
        }
        (!notes.is_empty()).then(|| notes.join(", "))
    }

    /// Settles what has become of the instances that are new, and of those for which there is capacity again.
    fn settle(&self, known: &mut Known, call: &Call, group: &str, instances: &Element, now: Timestamp) {
        let changed = known.changed.get(&(call.scope.region.clone(), group.to_owned())).copied();
        let mut launched = Vec::new();
        for instance in xml::elements(instances) {
            let told = |name| xml::text(instance, &[name]).unwrap_or_default();
            let (id, kind) = (told("InstanceId"), told("InstanceType"));
            let before = known.fates.get(&id).copied();
            let at = match (before, changed) {
                (Some(Fate::Launched { .. }), _) => continue,
                (Some(Fate::Denied), _) => now,
                (None, Some(changed)) => changed,
                (None, None) => {
                    let at = Timestamp::MIN;
                    known.fates.insert(id, Fate::Launched { at, healthy: true });
                    continue;
                }
            };
            let denied = self.weather.holds_launches(call, Some(&kind));
            if !denied {
                launched.push((id.clone(), at));
            } else if before.is_none() {
                known.fates.insert(id.clone(), Fate::Denied);
            } else {
                continue;
            }
            known.activities.add(Activity {
                region: call.scope.region.clone(),
                group: group.to_owned(),
                at,
                instance: id,
                denied: denied.then(|| (kind, told("AvailabilityZone"))),
            });
        }
        let healthy = launched.len() - self.weather.unhealthy(call, launched.len());
        for (number, (id, at)) in launched.into_iter().enumerate() {
            let healthy = number < healthy;
            known.fates.insert(id, Fate::Launched { at, healthy });
        }
    }

    /// Shows an instance as it is; false when it isn't there.
    fn show(&self, known: &Known, instance: &mut Element, now: Timestamp, notes: &mut Vec<String>) -> bool {
        let id = xml::text(instance, &["InstanceId"]).unwrap_or_default();
        match known.fates.get(&id) {
            Some(Fate::Denied) => {
                notes.push(format!("no capacity for {id}"));
                false
            }
            Some(Fate::Launched { at, healthy }) => {
                if now < later(*at, self.pending) {
                    xml::set(instance, &["LifecycleState"], "Pending");
                    notes.push(format!("{id} pending"));
                }
                if !healthy {
                    xml::set(instance, &["HealthStatus"], "Unhealthy");
                    notes.push(format!("{id} unhealthy"));
                }
                true
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
