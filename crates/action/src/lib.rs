//! What every action shares: its contract with the machine, its identifiers, its clock, and its way to AWS.
//!
//! An action observes, decides in a pure function, makes at most the calls that the decision names, and reports.
//! This crate holds what that needs and nothing of what any single action does. It is the only crate that may read
//! the clock and the environment, so that decisions elsewhere get both as values.

pub mod aws;
mod clipped;
pub mod clock;
pub mod environment;
mod error;
mod http;
pub mod ids;
mod metrics;
mod mode;
mod outcome;
mod pace;
mod region_switch;
mod rehearsal;
mod runner;

pub use clipped::clipped;
pub use error::{ErrorName, NamedError, chain};
pub use metrics::{Metrics, Unit};
pub use mode::{Mode, Permit};
pub use outcome::{Call, Effect, Outcome};
pub use pace::{Deadline, DeadlinePassed, Pace};
pub use rehearsal::{PlannedCall, Rehearsal};
pub use runner::{NoRequest, run};
