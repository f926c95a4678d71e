//! An instance is `pending` for a while after its launch, its status checks are `initializing` for a while longer, and it is
//! `shutting-down` for a while after it was terminated.
//!
//! AWS: RunInstances returns instances in state `pending`; status checks run on running instances only and are
//! `initializing` at first (model: InstanceStateName, SummaryStatus, StatusType; DescribeInstanceStatus describes running
//! instances unless IncludeAllInstances). An address can't be associated with a pending instance: InvalidInstanceID
//! (hashicorp/terraform-provider-aws#3072). An image that doesn't boot shows in the instance status check alone: `impaired`, its
//! reachability `failed` (EC2 User Guide, "Status checks for Amazon EC2 instances"; model: SummaryStatus). TerminateInstances is
//! idempotent; the instance is `shutting-down`, then `terminated`. moto's instances are running and `ok`, or terminated, at once.

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

const SHUTTING_DOWN: (&str, &str) = ("32", "shutting-down");
const TERMINATED: (&str, &str) = ("48", "terminated");

/// The filters whose answer moto would give by its own, faster states. They are taken out of the request and applied here.
const FILTERS: [(&str, &[&str]); 4] = [
    ("instance-state-name", &["instanceState", "name"]),
    ("instance-state-code", &["instanceState", "code"]),
    ("instance-status.status", &["instanceStatus", "status"]),
    ("system-status.status", &["systemStatus", "status"]),
];

/// The instances that were launched or terminated through the gateway, and when. None is forgotten: a request whose filters were taken
/// out must find them applied to its answer.
#[derive(Debug)]
pub(super) struct Boots {
    times: Times,
    lives: Mutex<Lives>,
}

#[derive(Debug, Default)]
struct Lives {
    launched: BTreeMap<String, Launched>,
    /// The instances that were terminated through the gateway, and when first.
    ended: BTreeMap<String, Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Launched {
    at: Timestamp,
    /// Whether it never passes its instance status check.
    impaired: bool,
}

/// What an instance that was launched a short while ago shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Initializing,
    Impaired,
    Ready,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Initializing => "initializing",
            Self::Impaired => "impaired",
            Self::Ready => "running",
        }
    }
}

impl Boots {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            lives: Mutex::default(),
        }
    }

    /// Remembers the instances of a RunInstances answer, which may be such as never pass their instance status check.
    pub(super) fn launched(&self, root: &Element, now: Timestamp, impaired: bool) -> Vec<String> {
        let ids: Vec<String> = root.get_child("instancesSet").map(instance_ids).unwrap_or_default();
        let launched = Launched { at: now, impaired };
        self.with(|lives| lives.launched.extend(ids.iter().map(|id| (id.clone(), launched))));
        ids
    }

    /// Shows the instances of a RunInstances answer, which may be an old one that is given again, as they are now.
    pub(super) fn show_launch(&self, root: &mut Element, now: Timestamp) {
        for instance in root.get_mut_child("instancesSet").into_iter().flat_map(xml::elements_mut) {
            let (code, name) = match self.phase(instance, now) {
                Phase::Pending => ("0", "pending"),
                Phase::Initializing | Phase::Impaired | Phase::Ready => ("16", "running"),
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
        self.is_description(call) || call.is("ec2", "TerminateInstances")
    }

    fn is_description(&self, call: &Call) -> bool {
        (call.is("ec2", "DescribeInstances") || call.is("ec2", "DescribeInstanceStatus"))
            && self.with(|lives| !lives.launched.is_empty() || !lives.ended.is_empty())
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
        } else if call.is("ec2", "TerminateInstances") {
            self.end(root.get_mut_child("instancesSet")?, now)
        } else {
            None
        }
    }

    /// Remembers the instances of a TerminateInstances answer. Those that had been terminated before are shown as they are.
    fn end(&self, instances: &mut Element, now: Timestamp) -> Option<String> {
        let mut begun = Vec::new();
        for instance in xml::elements_mut(instances) {
            let id = xml::text(instance, &["instanceId"])?;
            if self.with(|lives| lives.ended.contains_key(&id)) {
                let (code, name) = if self.is_stopping(&id, now) { SHUTTING_DOWN } else { TERMINATED };
                for state in ["currentState", "previousState"] {
                    xml::set(instance, &[state, "code"], code);
                    xml::set(instance, &[state, "name"], name);
                }
            } else if !xml::says(instance, &["previousState", "name"], TERMINATED.1) {
                self.with(|lives| lives.ended.insert(id.clone(), now));
                begun.push(id);
            }
        }
        (!begun.is_empty()).then(|| format!("{} {}", begun.join(", "), SHUTTING_DOWN.1))
    }

    fn is_stopping(&self, id: &str, now: Timestamp) -> bool {
        self.with(|lives| lives.ended.get(id).copied())
            .is_some_and(|at| now < later(at, self.times.stopping))
    }

    /// Shows each instance or status as it is now, and keeps those that the request asks for.
    fn show(&self, call: &Call, list: &mut Element, now: Timestamp) -> Option<String> {
        let filters = call.form.filters();
        let only_running = call.is("ec2", "DescribeInstanceStatus") && !call.form.is_true("IncludeAllInstances");
        let mut note = None;
        xml::retain(list, |item| {
            let phase = self.phase(item, now);
            let state = xml::text(item, &["instanceState", "name"]).unwrap_or_default();
            let id = xml::text(item, &["instanceId"]).unwrap_or_default();
            if state == TERMINATED.1 && self.is_stopping(&id, now) {
                note = Some(format!("{id} {}", SHUTTING_DOWN.1));
                xml::set(item, &["instanceState", "code"], SHUTTING_DOWN.0);
                xml::set(item, &["instanceState", "name"], SHUTTING_DOWN.1);
            }
            // A stopped or terminated instance is what the emulator says, however young it is.
            if phase != Phase::Ready && (state == "running" || state == "pending") {
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
        match self.with(|lives| lives.launched.get(id).copied()) {
            Some(launched) if now < later(launched.at, self.times.pending) => Phase::Pending,
            Some(launched) if now < later(launched.at, self.times.initializing) => Phase::Initializing,
            Some(Launched { impaired: true, .. }) => Phase::Impaired,
            _ => Phase::Ready,
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Lives) -> T) -> T {
        use_it(&mut self.lives.lock().unwrap_or_else(PoisonError::into_inner))
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
        let (status, detailed) = match phase {
            Phase::Pending => ("not-applicable", None),
            Phase::Initializing => ("initializing", Some("initializing")),
            // The machine below it is sound.
            Phase::Impaired if name == "instanceStatus" => ("impaired", Some("failed")),
            Phase::Impaired | Phase::Ready => continue,
        };
        xml::set(check, &["status"], status);
        if let Some(details) = check.get_mut_child("details") {
            xml::retain(details, |detail| {
                xml::set(detail, &["status"], detailed.unwrap_or_default());
                detailed.is_some()
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
mod tests;
