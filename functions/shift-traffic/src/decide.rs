//! Whether what moves users has to be changed, and into what. Pure.

use std::collections::BTreeMap;

use action::ids::RoutingControlArn;
use places::{Place, Value};
use plan::Traffic;
use signals::AlarmState;

use crate::io::Side;

/// What to do about something that should be in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<State> {
    /// It is.
    There,
    /// It is to be brought there.
    Shift(State),
}

/// The state of what moves users, as the ledger keeps it: by what it is of.
pub type States = BTreeMap<String, String>;

/// What the metric must be, so that the alarm goes where users are to go: 1 sends them to the recovery Region.
///
/// Sent back, they stay where they were if the alarm had gone off already before the run that moved them. The alarm's state
/// before its first datapoint, INSUFFICIENT_DATA, sends them to the primary, and can't be brought back; OK does the same.
pub fn metric(to: Side, seen: &AlarmState, kept: Option<&AlarmState>) -> Decision<u8> {
    let away = match to {
        Side::Recovery => true,
        Side::Primary => kept == Some(&AlarmState::Alarm),
    };
    match (away, seen) {
        (true, AlarmState::Alarm) | (false, AlarmState::Ok | AlarmState::InsufficientData) => Decision::There,
        (true, _) => Decision::Shift(1),
        (false, _) => Decision::Shift(0),
    }
}

/// The state of a routing control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Users go there.
    On,
    /// They don't.
    Off,
}

impl Control {
    /// As ARC writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "On",
            Self::Off => "Off",
        }
    }

    /// Read as ARC writes it.
    pub fn read(text: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|state| state.as_str() == text)
    }
}

/// The two controls of a plan, each with its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controls {
    /// The one that sends users to the primary.
    pub primary: Control,
    /// The one that sends users to the recovery Region.
    pub recovery: Control,
}

impl Controls {
    /// As people read them.
    pub fn words(self) -> String {
        format!("primary {}, recovery {}", self.primary.as_str(), self.recovery.as_str())
    }
}

/// What the controls must be: both in one update, so that there is no moment with none or both.
pub fn controls(to: Side, seen: Controls, kept: Option<Controls>) -> Decision<Controls> {
    let wanted = match to {
        Side::Recovery => Controls {
            primary: Control::Off,
            recovery: Control::On,
        },
        Side::Primary => kept.unwrap_or(Controls {
            primary: Control::On,
            recovery: Control::Off,
        }),
    };
    if seen == wanted { Decision::There } else { Decision::Shift(wanted) }
}

/// The controls in the ledger's words; none where they name other controls than the plan.
pub fn controls_of(states: &States, primary: &RoutingControlArn, recovery: &RoutingControlArn) -> Option<Controls> {
    let state = |control: &RoutingControlArn| Control::read(states.get(control.as_str())?);
    Some(Controls {
        primary: state(primary)?,
        recovery: state(recovery)?,
    })
}

/// The place that the users' way in reads, and its text while `to` serves; none for the other methods.
pub fn place(traffic: &Traffic, to: Side) -> Option<(Place, &str)> {
    let (place, primary, recovery) = match traffic {
        Traffic::Parameter {
            name,
            primary_value,
            recovery_value,
            ..
        } => (Place::Parameter(name.clone()), primary_value, recovery_value),
        Traffic::Object {
            bucket,
            key,
            primary_body,
            recovery_body,
            ..
        } => {
            let (bucket, key) = (bucket.clone(), key.clone());
            (Place::Object { bucket, key }, primary_body, recovery_body)
        }
        Traffic::None { .. } | Traffic::HealthCheckMetric { .. } | Traffic::RoutingControl { .. } => return None,
    };
    Some((
        place,
        match to {
            Side::Primary => primary,
            Side::Recovery => recovery,
        },
    ))
}

/// What the place must hold. What was kept is put back as it was; where nothing was, or nothing was kept, the plan's text for
/// the primary is: nothing is deleted.
pub fn value(to: Side, place: &Place, text: &str, seen: Option<&Value>, kept: Option<&Value>) -> Decision<Value> {
    let wanted = match (to, kept) {
        (Side::Primary, Some(kept)) => kept.clone(),
        _ => place.holding(text.to_owned(), seen),
    };
    if seen == Some(&wanted) {
        Decision::There
    } else {
        Decision::Shift(wanted)
    }
}

#[cfg(test)]
mod tests;
