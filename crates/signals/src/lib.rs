//! What signals a recovery: whether people inhibit it, what the probe has seen, how its alarm is by now, and which alarm moves users.
//!
//! Shared by the action that starts a run and by the one that lets it change something, so that both read the same switch
//! and the same metric. It only looks; what is made of it is decided in the functions.

mod alarm;
mod inhibit;
mod probes;
mod settings;
mod traffic;

pub use alarm::{AlarmState, alarm};
pub use inhibit::{Inhibit, PARAMETER, inhibit};
pub use probes::{Looks, Probe, probes};
pub use settings::AlarmSettings;
pub use traffic::{TrafficAlarm, traffic_alarm};
