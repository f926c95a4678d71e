//! The local AWS: real third-party emulators behind a gateway of our own, the workload in two Regions, and Relight
//! deployed into it from the same templates, machines and binaries as into an account.
//!
//! The gateway adds the time that AWS takes and the ways in which it fails; nothing here is compiled into what ships.
#![allow(
    clippy::disallowed_methods,
    reason = "a program on this machine, not a function: it waits, reads the clock and the environment"
)]

pub mod clients;
pub mod demo;
pub mod deploy;
pub mod emulators;
pub mod gateway;
pub mod inventory;
mod lag;
mod proof_site;
mod public;
pub mod reach;
pub mod run;
mod setup;
pub mod show;
pub mod site;
pub mod world;

pub use setup::{Lab, Settings};
