//! The weather: what stands between a caller and AWS. Regions that are away, throttling, errors, slowness, no capacity.
//!
//! It changes while the gateway runs, through a [`Weather`] handle or over the control API (`control`).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::call::Call;

/// How a Region is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outage {
    /// Requests are taken and never answered, until the outage ends (then the connection is closed) or the client gives
    /// up. A call that arrives meanwhile is never made.
    Hang,
    /// Connections are closed at once.
    Refuse,
}

impl Outage {
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Hang => "outage: hang",
            Self::Refuse => "outage: refuse",
        }
    }
}

/// Which calls a rule is about: those that agree with every field that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// The service by its signing name, e.g. `rds`.
    pub service: Option<String>,
    /// The operation, e.g. `DescribeDBClusters`.
    pub operation: Option<String>,
    /// The Region that the call is signed for.
    pub region: Option<String>,
    /// The caller as the log names it, e.g. `launch-instances`.
    pub caller: Option<String>,
    /// Callers as the log names them, any of which will do.
    pub callers: Option<Vec<String>>,
    /// A part of the target as the log names it.
    pub target: Option<String>,
    /// For [`Effect::Capacity`] and [`Effect::FailBoot`]: the instance type that can't be had, or doesn't boot.
    pub instance_type: Option<String>,
    /// For [`Effect::Capacity`] of a launch and [`Effect::FailBoot`]: the subnet in which it can't be had, or doesn't boot.
    pub subnet: Option<String>,
}

impl Match {
    fn agrees(&self, call: &Call) -> bool {
        let same = |wanted: &Option<String>, seen: &str| wanted.as_deref().is_none_or(|wanted| wanted == seen);
        same(&self.service, &call.scope.service)
            && same(&self.operation, &call.operation)
            && same(&self.region, &call.scope.region)
            && same(&self.caller, &call.caller)
            && self.callers.as_ref().is_none_or(|callers| callers.contains(&call.caller))
            && self
                .target
                .as_deref()
                .is_none_or(|part| call.target.as_deref().is_some_and(|target| target.contains(part)))
    }
}

/// What a rule does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields, tag = "kind")]
pub enum Effect {
    /// The service's own answer to too many calls.
    Throttle,
    /// An error answer; the call isn't made.
    Error {
        /// Its status.
        status: u16,
        /// Its code, e.g. `InternalFailure`.
        code: String,
    },
    /// The call gets no answer and is never made, as if its Region were away, until the caller gives up. So one service of a Region
    /// can be away, or one endpoint.
    Away {
        /// How it is away.
        mode: Outage,
    },
    /// DescribeTable tells this of the replica in one Region: its `TableStatus` there, its `ReplicaStatus` elsewhere.
    Replica {
        /// The replica's Region.
        region: String,
        /// Its status, e.g. `REGION_DISABLED`.
        status: String,
    },
    /// Of the instances that an Auto Scaling group launches, this share stays `Unhealthy` for good. For calls to `autoscaling`.
    Unhealthy {
        /// In percent, rounded up to whole instances.
        percent: u8,
    },
    /// The call is made later. Later rules still apply.
    Delay {
        /// By how much.
        millis: u64,
    },
    /// RunInstances is answered with InsufficientInstanceCapacity. Its status is 500, so an SDK tries again by itself, and
    /// each attempt counts. An Auto Scaling group launches nothing more while such a rule stands that is about DescribeAutoScalingGroups
    /// too, and tells so among its scaling activities; that counts nothing.
    Capacity,
    /// The copy that a CopyImage makes gets no tags, neither those of its source nor those of the request.
    LoseTags,
    /// The instances that a RunInstances launches never pass their instance status check: it becomes `impaired`.
    FailBoot,
}

impl Effect {
    /// Whether it changes what a call comes to, where AWS is at work on it, and not what is answered in AWS's place.
    fn is_at_work(&self) -> bool {
        matches!(
            self,
            Self::Capacity | Self::LoseTags | Self::FailBoot | Self::Replica { .. } | Self::Unhealthy { .. }
        )
    }
}

/// A rule of the weather.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Which calls it is about.
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// What it does to them.
    pub effect: Effect,
    /// How many calls that it is about still pass before it begins.
    #[serde(default)]
    pub after: u32,
    /// How many calls it still does that to; always, when not given.
    #[serde(default)]
    pub times: Option<NonZeroU32>,
}

/// Names a rule, to end it.
pub type RuleId = u64;

/// A rule with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StandingRule {
    /// Its name.
    pub id: RuleId,
    /// The rule, with the times that are left.
    pub rule: Rule,
}

/// What the rules make of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    pub(crate) delay_millis: u64,
    /// Throttle, Error or Away.
    pub(crate) answer: Option<Effect>,
}

/// The weather over one gateway's Regions. Cheap to clone; all clones are the same sky.
#[derive(Clone, Debug, Default)]
pub struct Weather(Arc<Sky>);

#[derive(Debug, Default)]
struct Sky {
    outages: watch::Sender<BTreeMap<String, Outage>>,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    last: RuleId,
    standing: Vec<StandingRule>,
}

impl Weather {
    /// Takes `region` away. A call that AWS is at work on gets no answer any more, though it may have been done.
    pub fn begin_outage(&self, region: &str, outage: Outage) {
        self.0.outages.send_modify(|outages| {
            outages.insert(region.to_owned(), outage);
        });
    }

    /// Brings `region` back.
    pub fn end_outage(&self, region: &str) {
        self.0.outages.send_modify(|outages| {
            outages.remove(region);
        });
    }

    /// The Regions that are away, and how.
    pub fn outages(&self) -> BTreeMap<String, Outage> {
        self.0.outages.borrow().clone()
    }

    /// Adds a rule, after those that stand.
    pub fn add(&self, rule: Rule) -> RuleId {
        self.rules(|rules| {
            rules.last += 1;
            let id = rules.last;
            rules.standing.push(StandingRule { id, rule });
            id
        })
    }

    /// Ends a rule; false when it had ended already.
    pub fn remove(&self, id: RuleId) -> bool {
        self.rules(|rules| {
            let before = rules.standing.len();
            rules.standing.retain(|standing| standing.id != id);
            rules.standing.len() < before
        })
    }

    /// The rules that stand, in the order in which they apply.
    pub fn standing(&self) -> Vec<StandingRule> {
        self.rules(|rules| rules.standing.clone())
    }

    /// Ends every outage and every rule.
    pub fn clear(&self) {
        self.rules(|rules| rules.standing.clear());
        self.0.outages.send_modify(BTreeMap::clear);
    }

    /// How `region` is away, if it is.
    pub(crate) fn outage(&self, region: &str) -> Option<Outage> {
        self.0.outages.borrow().get(region).copied()
    }

    /// Waits until `region` is no longer away by hanging.
    pub(crate) async fn hang(&self, region: &str) {
        let mut outages = self.0.outages.subscribe();
        // The sender lives as long as this handle, so there is always an end to wait for.
        let _ = outages.wait_for(|outages| outages.get(region) != Some(&Outage::Hang)).await;
    }

    /// What the rules make of `call`: every delay, and the first error. Counts the rules that apply.
    pub(crate) fn forecast(&self, call: &Call) -> Forecast {
        self.rules(|rules| {
            let mut forecast = Forecast::default();
            rules.apply(
                &mut forecast,
                |forecast, rule| forecast.answer.is_none() && !rule.effect.is_at_work() && rule.matching.agrees(call),
                |forecast, rule| match &rule.effect {
                    Effect::Delay { millis } => forecast.delay_millis += millis,
                    effect => forecast.answer = Some(effect.clone()),
                },
            );
            forecast
        })
    }

    /// Whether `call`, a RunInstances, finds no capacity for this type in this subnet. Counts the rule that applies.
    pub(crate) fn lacks_capacity(&self, call: &Call, instance_type: Option<&str>, subnet: Option<&str>) -> bool {
        self.befalls(&Effect::Capacity, call, instance_type, subnet)
    }

    /// Whether what `call`, a RunInstances, has launched doesn't boot. Counts the rule that applies.
    pub(crate) fn fails_boot(&self, call: &Call, instance_type: Option<&str>, subnet: Option<&str>) -> bool {
        self.befalls(&Effect::FailBoot, call, instance_type, subnet)
    }

    /// Whether the copy that `call`, a CopyImage, has made gets no tags. Counts the rule that applies.
    pub(crate) fn loses_tags(&self, call: &Call) -> bool {
        self.befalls(&Effect::LoseTags, call, None, None)
    }

    /// Whether a group finds no capacity for this type, by the rules about `call`, a question for groups. Counts nothing.
    pub(crate) fn holds_launches(&self, call: &Call, instance_type: Option<&str>) -> bool {
        self.standing().iter().any(|StandingRule { rule, .. }| {
            let wanted = rule.matching.instance_type.as_deref();
            rule.effect == Effect::Capacity
                && rule.matching.agrees(call)
                && rule.matching.subnet.is_none()
                && (wanted.is_none() || wanted == instance_type)
        })
    }

    /// How many of the `launched` instances of a group stay unhealthy, by the rules about `call`, a question for groups. Counts nothing.
    pub(crate) fn unhealthy(&self, call: &Call, launched: usize) -> usize {
        let rules = self.standing();
        let shares = rules.iter().filter(|standing| standing.rule.matching.agrees(call));
        let share = shares.filter_map(|standing| match standing.rule.effect {
            Effect::Unhealthy { percent } => Some(usize::from(percent.min(100))),
            _ => None,
        });
        (share.max().unwrap_or(0) * launched).div_ceil(100)
    }

    /// What is told of a table's replicas, by Region, by the rules about `call`, a DescribeTable. Counts nothing.
    pub(crate) fn replicas(&self, call: &Call) -> BTreeMap<String, String> {
        let about = |standing: StandingRule| match standing.rule.effect {
            Effect::Replica { region, status } if standing.rule.matching.agrees(call) => Some((region, status)),
            _ => None,
        };
        self.standing().into_iter().filter_map(about).collect()
    }

    fn befalls(&self, effect: &Effect, call: &Call, instance_type: Option<&str>, subnet: Option<&str>) -> bool {
        let same = |wanted: &Option<String>, seen: Option<&str>| wanted.is_none() || wanted.as_deref() == seen;
        self.rules(|rules| {
            let mut befallen = false;
            rules.apply(
                &mut befallen,
                |befallen, rule| {
                    !*befallen
                        && rule.effect == *effect
                        && rule.matching.agrees(call)
                        && same(&rule.matching.instance_type, instance_type)
                        && same(&rule.matching.subnet, subnet)
                },
                |befallen, _| *befallen = true,
            );
            befallen
        })
    }

    fn rules<T>(&self, use_them: impl FnOnce(&mut Rules) -> T) -> T {
        use_them(&mut self.0.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rules {
    /// Asks in order of each rule whether it is `about` the call; of those that are and have begun, `does` what they do to `so_far`
    /// and takes one of their times.
    fn apply<T>(&mut self, so_far: &mut T, about: impl Fn(&T, &Rule) -> bool, does: impl Fn(&mut T, &Rule)) {
        self.standing.retain_mut(|standing| {
            if !about(so_far, &standing.rule) {
                return true;
            }
            if standing.rule.after > 0 {
                standing.rule.after -= 1;
                return true;
            }
            does(so_far, &standing.rule);
            match standing.rule.times {
                None => true,
                Some(times) => {
                    standing.rule.times = NonZeroU32::new(times.get() - 1);
                    standing.rule.times.is_some()
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
