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
    /// For [`Effect::Capacity`] and [`Effect::FailBoot`]: the subnet in which it can't be had, or doesn't boot.
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
    /// The call is made later. Later rules still apply.
    Delay {
        /// By how much.
        millis: u64,
    },
    /// RunInstances is answered with InsufficientInstanceCapacity. Its status is 500, so an SDK tries again by itself, and
    /// each attempt counts.
    Capacity,
    /// The copy that a CopyImage makes gets no tags, neither those of its source nor those of the request.
    LoseTags,
    /// The instances that a RunInstances launches never pass their instance status check: it becomes `impaired`.
    FailBoot,
}

impl Effect {
    /// Whether it changes what a call comes to, where AWS is at work on it, and not what is answered in AWS's place.
    fn is_at_work(&self) -> bool {
        matches!(self, Self::Capacity | Self::LoseTags | Self::FailBoot)
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
    /// Throttle or Error.
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
mod tests {
    use super::super::call::tests::form_call;
    use super::*;

    fn rule(json: serde_json::Value) -> Rule {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_clear_sky_does_nothing_to_a_call() {
        let weather = Weather::default();
        let call = form_call("rds", "Action=DescribeDBClusters");
        assert_eq!(weather.forecast(&call), Forecast::default());
        assert_eq!(weather.outage("us-west-1"), None);
        assert!(!weather.lacks_capacity(&call, None, None));
    }

    #[test]
    fn a_rule_applies_as_often_as_it_says_and_no_more() {
        let weather = Weather::default();
        weather.add(rule(
            serde_json::json!({"match": {"operation": "DescribeDBClusters"}, "effect": {"kind": "throttle"}, "times": 2}),
        ));
        let call = form_call("rds", "Action=DescribeDBClusters");
        let answers: Vec<bool> = (0..4).map(|_| weather.forecast(&call).answer.is_some()).collect();
        assert_eq!(answers, [true, true, false, false]);
        assert!(weather.standing().is_empty());
    }

    #[test]
    fn a_rule_concerns_only_the_calls_that_agree_with_all_its_fields() {
        let call = form_call("rds", "Action=DescribeDBClusters&DBClusterIdentifier=unishop-recovery");
        for (matching, applies) in [
            (serde_json::json!({}), true),
            (
                serde_json::json!({"service": "rds", "region": "us-west-1", "target": "unishop"}),
                true,
            ),
            (serde_json::json!({"service": "rds", "region": "us-east-1"}), false),
            (serde_json::json!({"caller": "open-run"}), false),
            (serde_json::json!({"target": "other"}), false),
        ] {
            let weather = Weather::default();
            weather.add(rule(serde_json::json!({"match": matching, "effect": {"kind": "throttle"}})));
            assert_eq!(weather.forecast(&call).answer.is_some(), applies, "{matching}");
        }
    }

    #[test]
    fn delays_add_up_and_the_first_error_wins() {
        let weather = Weather::default();
        weather.add(rule(serde_json::json!({"effect": {"kind": "delay", "millis": 5}})));
        weather.add(rule(serde_json::json!({"effect": {"kind": "delay", "millis": 7}})));
        weather.add(rule(serde_json::json!({"effect": {"kind": "error", "status": 500, "code": "A"}})));
        weather.add(rule(serde_json::json!({"effect": {"kind": "throttle"}, "times": 1})));
        let forecast = weather.forecast(&form_call("rds", "Action=X"));
        assert_eq!(forecast.delay_millis, 12);
        assert!(matches!(forecast.answer, Some(Effect::Error { status: 500, .. })));
        assert_eq!(weather.standing().len(), 4, "a rule that did not apply is not used up");
    }

    #[test]
    fn capacity_is_missing_for_one_type_in_one_subnet() {
        let weather = Weather::default();
        weather.add(rule(
            serde_json::json!({"match": {"instanceType": "m7g.large", "subnet": "subnet-a"}, "effect": {"kind": "capacity"}}),
        ));
        let call = form_call("ec2", "Action=RunInstances");
        assert!(weather.lacks_capacity(&call, Some("m7g.large"), Some("subnet-a")));
        assert!(!weather.lacks_capacity(&call, Some("m7g.large"), Some("subnet-b")));
        assert!(!weather.lacks_capacity(&call, Some("m6g.large"), Some("subnet-a")));
        assert_eq!(weather.forecast(&call), Forecast::default(), "capacity is no answer to other calls");
    }

    #[test]
    fn what_befalls_a_call_at_work_is_no_answer_to_it_and_is_used_up_by_its_own_kind() {
        let weather = Weather::default();
        weather.add(rule(serde_json::json!({"effect": {"kind": "loseTags"}, "times": 1})));
        weather.add(rule(
            serde_json::json!({"match": {"subnet": "subnet-a"}, "effect": {"kind": "failBoot"}, "times": 1}),
        ));
        let (copy, launch) = (form_call("ec2", "Action=CopyImage"), form_call("ec2", "Action=RunInstances"));
        assert_eq!(weather.forecast(&copy), Forecast::default());
        assert!(!weather.lacks_capacity(&launch, None, Some("subnet-a")));
        assert!(!weather.fails_boot(&launch, None, Some("subnet-b")));
        assert_eq!(weather.standing().len(), 2);
        assert!(weather.loses_tags(&copy) && weather.fails_boot(&launch, None, Some("subnet-a")));
        assert!(!weather.loses_tags(&copy) && !weather.fails_boot(&launch, None, Some("subnet-a")));
    }

    #[test]
    fn a_rule_lets_calls_of_its_callers_pass_before_it_begins() {
        let weather = Weather::default();
        weather.add(rule(
            serde_json::json!({"match": {"callers": ["open-run", "lab"]}, "after": 2, "effect": {"kind": "throttle"}, "times": 1}),
        ));
        let mut call = form_call("rds", "Action=X");
        call.caller = "site".to_owned();
        assert_eq!(weather.forecast(&call), Forecast::default());
        call.caller = "lab".to_owned();
        let answers: Vec<bool> = (0..4).map(|_| weather.forecast(&call).answer.is_some()).collect();
        assert_eq!(answers, [false, false, true, false]);
    }

    #[test]
    fn a_misspelt_rule_is_no_rule() {
        for json in [
            serde_json::json!({"effect": {"kind": "throttle"}, "time": 1}),
            serde_json::json!({"match": {"op": "X"}, "effect": {"kind": "throttle"}}),
            serde_json::json!({"effect": {"kind": "delay"}}),
            serde_json::json!({"effect": {"kind": "throttle"}, "times": 0}),
        ] {
            assert!(serde_json::from_value::<Rule>(json.clone()).is_err(), "{json}");
        }
    }
}
