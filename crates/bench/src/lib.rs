//! What the packaged functions cost: bytes, instructions, the time to the first answer, memory.
//!
//! Each action runs as Lambda runs it, against a Runtime API and an AWS of our own on loopback. Times are a benchmark and are
//! only shown; counts (bytes, instructions) hold on any machine, and [`guard`] keeps them. Nothing here is compiled into what
//! ships.
#![allow(
    clippy::disallowed_methods,
    reason = "a program on this machine, not a function: it reads the clock and waits"
)]

pub mod actions;
pub mod artifact;
pub mod authority;
pub mod aws;
pub mod callgrind;
pub mod figures;
pub mod guard;
pub mod invoke;
pub mod limits;
pub mod machine;
pub mod measure;
pub mod protocol;
pub mod report;
pub mod runtime;
pub mod table;
pub mod variant;
