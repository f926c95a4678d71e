//! An instance is `pending` for a while after its launch, and its status checks are `initializing` for a while longer.
//!
//! AWS: RunInstances returns instances in state `pending`; status checks run on running instances only and are
//! `initializing` at first (model: InstanceStateName, SummaryStatus, StatusType; DescribeInstanceStatus describes running
//! instances unless IncludeAllInstances). An address can't be associated with a pending instance: InvalidInstanceID
//! (hashicorp/terraform-provider-aws#3072). moto's instances are running and `ok` at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use xmltree::Element;

use super::{Step, later};
use crate::gateway::Times;
use crate::gateway::call::Call;
use crate::gateway::fault::Fault;
use crate::gateway::form::Filter;
use crate::gateway::xml;

/// The filters whose answer moto would give by its own, faster states. They are taken out of the request and applied here.
const FILTERS: [(&str, &[&str]); 4] = [
    ("instance-state-name", &["instanceState", "name"]),
    ("instance-state-code", &["instanceState", "code"]),
    ("instance-status.status", &["instanceStatus", "status"]),
    ("system-status.status", &["systemStatus", "status"]),
];

/// The instances that were launched through the gateway, and when. None is forgotten: a request whose filters were taken
/// out must find them applied to its answer.
#[derive(Debug)]
pub(super) struct Boots {
    times: Times,
    launched: Mutex<BTreeMap<String, Timestamp>>,
}

/// What an instance that was launched a short while ago shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Initializing,
    Ready,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Initializing => "initializing",
            Self::Ready => "running",
        }
    }
}

impl Boots {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            launched: Mutex::default(),
        }
    }

    /// Remembers the instances of a RunInstances answer.
    pub(super) fn launched(&self, root: &Element, now: Timestamp) -> Vec<String> {
        let ids: Vec<String> = root.get_child("instancesSet").map(instance_ids).unwrap_or_default();
        self.with(|launched| launched.extend(ids.iter().map(|id| (id.clone(), now))));
        ids
    }

    /// Shows the instances of a RunInstances answer, which may be an old one that is given again, as they are now.
    pub(super) fn show_launch(&self, root: &mut Element, now: Timestamp) {
        for instance in root.get_mut_child("instancesSet").into_iter().flat_map(xml::elements_mut) {
            let (code, name) = match self.phase(instance, now) {
                Phase::Pending => ("0", "pending"),
                Phase::Initializing | Phase::Ready => ("16", "running"),
            };
            xml::set(instance, &["instanceState", "code"], code);
            xml::set(instance, &["instanceState", "name"], name);
        }
    }

    /// Takes the filters on states out of a request, and refuses an address to a pending instance.
    pub(super) fn before(&self, call: &Call, now: Timestamp) -> Step {
        if call.is("ec2", "AssociateAddress") {
            return self.refuse_pending(call, now);
        }
        if !self.is_description(call) {
            return Step::Forward;
        }
        let filters = call.form.filters();
        let kept: Vec<Filter> = filters.iter().filter(|filter| path_of(&filter.name).is_none()).cloned().collect();
        if kept.len() == filters.len() {
            return Step::Forward;
        }
        Step::ForwardInstead(call.form.with_filters(&kept))
    }

    fn refuse_pending(&self, call: &Call, now: Timestamp) -> Step {
        let Some(id) = call.form.get("InstanceId") else {
            return Step::Forward;
        };
        if self.phase_of(id, now) != Phase::Pending {
            return Step::Forward;
        }
        let message = format!("The pending instance '{id}' is not in a valid state for this operation.");
        let fault = Fault::new(StatusCode::BAD_REQUEST, "InvalidInstanceID", message);
        Step::Answer(fault.answer(call.protocol), format!("{id} is pending"))
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        self.is_description(call)
    }

    fn is_description(&self, call: &Call) -> bool {
        (call.is("ec2", "DescribeInstances") || call.is("ec2", "DescribeInstanceStatus")) && self.with(|launched| !launched.is_empty())
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element, now: Timestamp) -> Option<String> {
        if call.is("ec2", "DescribeInstances") {
            let reservations = root.get_mut_child("reservationSet")?;
            let mut note = None;
            xml::retain(reservations, |reservation| {
                let Some(instances) = reservation.get_mut_child("instancesSet") else {
                    return true;
                };
                note = self.show(call, instances, now).or(note.take());
                xml::elements(instances).next().is_some()
            });
            note
        } else if call.is("ec2", "DescribeInstanceStatus") {
            self.show(call, root.get_mut_child("instanceStatusSet")?, now)
        } else {
            None
        }
    }

    /// Shows each instance or status as it is now, and keeps those that the request asks for.
    fn show(&self, call: &Call, list: &mut Element, now: Timestamp) -> Option<String> {
        let filters = call.form.filters();
        let only_running = call.is("ec2", "DescribeInstanceStatus") && !call.form.is_true("IncludeAllInstances");
        let mut note = None;
        xml::retain(list, |item| {
            let phase = self.phase(item, now);
            let state = xml::text(item, &["instanceState", "name"]).unwrap_or_default();
            // A stopped or terminated instance is what the emulator says, however young it is.
            if phase != Phase::Ready && (state == "running" || state == "pending") {
                let id = xml::text(item, &["instanceId"]).unwrap_or_default();
                note = Some(format!("{id} {}", phase.name()));
                show_phase(item, phase);
                if only_running && phase == Phase::Pending {
                    return false;
                }
            }
            filters.iter().all(|filter| asked_for(filter, item))
        });
        note
    }

    fn phase(&self, instance: &Element, now: Timestamp) -> Phase {
        self.phase_of(&xml::text(instance, &["instanceId"]).unwrap_or_default(), now)
    }

    fn phase_of(&self, id: &str, now: Timestamp) -> Phase {
        match self.with(|launched| launched.get(id).copied()) {
            Some(at) if now < later(at, self.times.pending) => Phase::Pending,
            Some(at) if now < later(at, self.times.initializing) => Phase::Initializing,
            _ => Phase::Ready,
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Timestamp>) -> T) -> T {
        use_it(&mut self.launched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn instance_ids(instances: &Element) -> Vec<String> {
    xml::elements(instances)
        .filter_map(|instance| xml::text(instance, &["instanceId"]))
        .collect()
}

/// Works on an item of DescribeInstances, which has no checks, and on one of DescribeInstanceStatus.
fn show_phase(item: &mut Element, phase: Phase) {
    if phase == Phase::Pending {
        xml::set(item, &["instanceState", "code"], "0");
        xml::set(item, &["instanceState", "name"], "pending");
    }
    for name in ["instanceStatus", "systemStatus"] {
        let Some(check) = item.get_mut_child(name) else {
            continue;
        };
        let pending = phase == Phase::Pending;
        xml::set(check, &["status"], if pending { "not-applicable" } else { "initializing" });
        if let Some(details) = check.get_mut_child("details") {
            xml::retain(details, |detail| {
                xml::set(detail, &["status"], "initializing");
                !pending
            });
        }
    }
}

fn path_of(filter: &str) -> Option<&'static [&'static str]> {
    FILTERS.iter().find(|(name, _)| *name == filter).map(|(_, path)| *path)
}

fn asked_for(filter: &Filter, item: &Element) -> bool {
    path_of(&filter.name).is_none_or(|path| filter.values.iter().any(|value| xml::says(item, path, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Boots with `i-1` launched at 100: pending until 104, initializing until 112.
    fn booting() -> Boots {
        let boots = Boots::new(Times::default());
        let answer = "<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></RunInstancesResponse>";
        assert_eq!(boots.launched(&xml::parse(answer.as_bytes()).unwrap(), at(100)), ["i-1"]);
        boots
    }

    fn described(boots: &Boots, parameters: &str, state: &str, now: Timestamp) -> Vec<String> {
        let body = format!(
            "<R><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>{state}</name></instanceState></item></instancesSet></item></reservationSet></R>"
        );
        let mut root = xml::parse(body.as_bytes()).unwrap();
        boots.after(&form_call("ec2", &format!("Action=DescribeInstances{parameters}")), &mut root, now);
        let reservations = xml::elements(root.get_child("reservationSet").unwrap());
        reservations
            .filter_map(|reservation| xml::text(reservation, &["instancesSet", "item", "instanceState", "name"]))
            .collect()
    }

    fn checked(boots: &Boots, parameters: &str, now: Timestamp) -> Vec<(String, String)> {
        let check = "<status>ok</status><details><item><name>reachability</name><status>passed</status></item></details>";
        let body = format!(
            "<R><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState><instanceStatus>{check}</instanceStatus><systemStatus>{check}</systemStatus></item></instanceStatusSet></R>"
        );
        let mut root = xml::parse(body.as_bytes()).unwrap();
        boots.after(
            &form_call("ec2", &format!("Action=DescribeInstanceStatus{parameters}")),
            &mut root,
            now,
        );
        xml::elements(root.get_child("instanceStatusSet").unwrap())
            .map(|item| {
                let told = |path: &[&str]| xml::text(item, path).unwrap_or_default();
                assert_eq!(told(&["instanceStatus", "status"]), told(&["systemStatus", "status"]));
                (told(&["instanceState", "name"]), told(&["systemStatus", "status"]))
            })
            .collect()
    }

    #[test]
    fn an_instance_that_was_not_launched_here_is_shown_as_it_is() {
        let boots = Boots::new(Times::default());
        assert!(!boots.completes(&form_call("ec2", "Action=DescribeInstances")));
        assert_eq!(described(&boots, "", "running", at(100)), ["running"]);
    }

    #[test]
    fn an_instance_is_pending_then_running() {
        for (second, state) in [(100, "pending"), (103, "pending"), (104, "running"), (200, "running")] {
            assert_eq!(described(&booting(), "", "running", at(second)), [state], "at {second}");
        }
        assert_eq!(described(&booting(), "", "terminated", at(101)), ["terminated"]);
    }

    #[test]
    fn status_checks_begin_when_it_runs_and_initialize_before_they_pass() {
        let shown = |second, parameters| checked(&booting(), parameters, at(second));
        let pair = |state: &str, check: &str| vec![(state.to_owned(), check.to_owned())];
        assert_eq!(shown(101, ""), []);
        assert_eq!(shown(101, "&IncludeAllInstances=true"), pair("pending", "not-applicable"));
        assert_eq!(shown(104, ""), pair("running", "initializing"));
        assert_eq!(shown(112, ""), pair("running", "ok"));
    }

    #[test]
    fn filters_on_states_see_the_states_that_are_shown() {
        let running = "&Filter.1.Name=instance-state-name&Filter.1.Value.1=running";
        let pending = "&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending";
        assert!(described(&booting(), running, "running", at(101)).is_empty());
        assert_eq!(described(&booting(), pending, "running", at(101)), ["pending"]);
        let ok = "&Filter.1.Name=instance-status.status&Filter.1.Value.1=ok";
        assert!(checked(&booting(), ok, at(105)).is_empty());
        assert_eq!(checked(&booting(), ok, at(112)).len(), 1);
    }

    #[test]
    fn only_filters_on_states_are_kept_from_the_emulator() {
        let call = form_call(
            "ec2",
            "Action=DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending&Filter.2.Name=tag%3Ak&Filter.2.Value.1=v",
        );
        let Step::ForwardInstead(form) = booting().before(&call, at(101)) else {
            panic!("the filter on states was sent on");
        };
        assert_eq!(form, "Action=DescribeInstances&Filter.1.Name=tag%3Ak&Filter.1.Value.1=v");
        let call = form_call("ec2", "Action=DescribeInstances&InstanceId.1=i-1");
        assert!(matches!(booting().before(&call, at(101)), Step::Forward));
    }

    #[test]
    fn a_pending_instance_gets_no_address() {
        let call = form_call("ec2", "Action=AssociateAddress&AllocationId=eipalloc-1&InstanceId=i-1");
        assert!(matches!(booting().before(&call, at(104)), Step::Forward));
        let Step::Answer(answer, _) = booting().before(&call, at(103)) else {
            panic!("a pending instance got an address");
        };
        let code = crate::gateway::fault::code(answer.headers(), answer.body());
        assert_eq!(code.as_deref(), Some("InvalidInstanceID"));
    }
}
