//! The routing controls of one cluster of ARC, and its safety rule. No emulator has any, so this is the one piece of AWS's state
//! that the gateway keeps itself.
//!
//! AWS: a cluster has five Regional endpoints that share its state; any of them serves reads and updates, and a caller tries the
//! next when one doesn't answer (docs.aws.amazon.com/r53recovery/latest/dg/introduction-components-routing.html and
//! route53-arc-best-practices.regional.html). An assertion rule holds after every update, or the update is refused
//! (routing-control.safety-rules.html).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The Regions of a cluster's five endpoints.
pub const ENDPOINTS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];
/// The cluster's ARN.
pub const CLUSTER: &str = "arn:aws:route53-recovery-control::000000000000:cluster/8a6f3b1e-2f4c-4d7a-9a51-6c1d0f2e7b90";
/// The ARN of the control panel that both controls are on.
pub const CONTROL_PANEL: &str = "arn:aws:route53-recovery-control::000000000000:controlpanel/0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// The ARN of the control that sends users to the primary.
pub const PRIMARY_CONTROL: &str =
    "arn:aws:route53-recovery-control::000000000000:controlpanel/0a1b2c3d4e5f60718293a4b5c6d7e8f9/routingcontrol/1111222233334444";
/// The ARN of the control that sends users to the recovery Region.
pub const RECOVERY_CONTROL: &str =
    "arn:aws:route53-recovery-control::000000000000:controlpanel/0a1b2c3d4e5f60718293a4b5c6d7e8f9/routingcontrol/5555666677778888";
/// The ARN of the rule that at least one of both is on.
pub const SAFETY_RULE: &str =
    "arn:aws:route53-recovery-control::000000000000:controlpanel/0a1b2c3d4e5f60718293a4b5c6d7e8f9/safetyrule/9999aaaabbbbcccc";

/// The state of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turned {
    /// Users flow.
    On,
    /// They don't.
    Off,
}

/// Both controls, and whether the rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Routing {
    /// The control that sends users to the primary.
    pub primary: Turned,
    /// The control that sends users to the recovery Region.
    pub recovery: Turned,
    /// Whether an assertion rule says that at least one of both is on.
    pub at_least_one: bool,
}

/// As a workload has it in peace, without a rule.
impl Default for Routing {
    fn default() -> Self {
        Self {
            primary: Turned::On,
            recovery: Turned::Off,
            at_least_one: false,
        }
    }
}

/// Why an update is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such control.
    NoControl(String),
    /// There is no such rule to override.
    NoRule(String),
    /// The rule wouldn't hold any more.
    Unsafe,
}

impl Routing {
    /// The control of this ARN, with its name.
    pub(crate) fn control(&self, arn: &str) -> Option<(&'static str, Turned)> {
        match arn {
            PRIMARY_CONTROL => Some(("unishop-primary", self.primary)),
            RECOVERY_CONTROL => Some(("unishop-recovery", self.recovery)),
            _ => None,
        }
    }

    /// What all of `entries` together come to; the rules in `overridden` don't count.
    pub(crate) fn updated(&self, entries: &[(String, Turned)], overridden: &[String]) -> Result<Self, Refusal> {
        let mut after = *self;
        for (arn, turned) in entries {
            match arn.as_str() {
                PRIMARY_CONTROL => after.primary = *turned,
                RECOVERY_CONTROL => after.recovery = *turned,
                _ => return Err(Refusal::NoControl(arn.clone())),
            }
        }
        if let Some(unknown) = overridden.iter().find(|rule| !self.at_least_one || *rule != SAFETY_RULE) {
            return Err(Refusal::NoRule(unknown.clone()));
        }
        let none = [after.primary, after.recovery].iter().all(|turned| *turned == Turned::Off);
        if self.at_least_one && none && overridden.is_empty() {
            return Err(Refusal::Unsafe);
        }
        Ok(after)
    }
}

/// The controls of one gateway. Cheap to clone; all clones are the same cluster.
#[derive(Clone, Debug, Default)]
pub struct RoutingControls(Arc<watch::Sender<Routing>>);

impl RoutingControls {
    /// How they are.
    pub fn now(&self) -> Routing {
        *self.0.borrow()
    }

    /// Puts them as they are to be, whatever the rule says: it is how a lab begins.
    pub fn set(&self, routing: Routing) {
        self.0.send_replace(routing);
    }

    /// Updates them all or none.
    pub(crate) fn update(&self, entries: &[(String, Turned)], overridden: &[String]) -> Result<(), Refusal> {
        let mut answer = Ok(());
        self.0.send_if_modified(|routing| {
            answer = routing.updated(entries, overridden).map(|after| *routing = after);
            answer.is_ok()
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(control: &str, turned: Turned) -> (String, Turned) {
        (control.to_owned(), turned)
    }

    #[test]
    fn nothing_updated_changes_nothing() {
        assert_eq!(Routing::default().updated(&[], &[]), Ok(Routing::default()));
    }

    #[test]
    fn an_update_counts_as_a_whole_and_the_rule_looks_at_what_it_comes_to() {
        let ruled = Routing {
            at_least_one: true,
            ..Routing::default()
        };
        let swap = [turn(PRIMARY_CONTROL, Turned::Off), turn(RECOVERY_CONTROL, Turned::On)];
        let after = ruled.updated(&swap, &[]).unwrap();
        assert_eq!((after.primary, after.recovery), (Turned::Off, Turned::On));
        let off = [turn(PRIMARY_CONTROL, Turned::Off)];
        assert_eq!(ruled.updated(&off, &[]), Err(Refusal::Unsafe));
        assert!(ruled.updated(&off, &[SAFETY_RULE.to_owned()]).is_ok());
        assert!(Routing::default().updated(&off, &[]).is_ok(), "without a rule");
    }

    #[test]
    fn what_is_not_there_is_refused_and_nothing_is_done() {
        let controls = RoutingControls::default();
        let entries = [turn(PRIMARY_CONTROL, Turned::Off), turn("arn:other", Turned::On)];
        assert_eq!(controls.update(&entries, &[]), Err(Refusal::NoControl("arn:other".to_owned())));
        let overridden = [SAFETY_RULE.to_owned()];
        let refused = controls.update(&[turn(RECOVERY_CONTROL, Turned::On)], &overridden);
        assert_eq!(refused, Err(Refusal::NoRule(SAFETY_RULE.to_owned())));
        assert_eq!(controls.now(), Routing::default());
    }
}
