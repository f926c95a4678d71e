//! End to end: the same templates, machines and artifact as in an account, in the lab.
//!
//! Each test has a lab of its own and takes a minute; `cargo xtask test` runs them, with the tools that they need.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]
#![allow(clippy::disallowed_methods, reason = "tests of programs: they wait and read the environment")]

mod approval;
mod failover;
mod fence;
mod guards;
mod hot;
mod input;
mod labs;
mod lost_writes;
mod plan;
mod readiness;
mod refresh;
mod stage;
mod standby;
mod starts;
mod stop;
mod traffic;
