//! The action against a recovery Region that keeps state: calls made, calls not made, errors named, twice is once.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod chain;
mod ec2;
mod execute;
mod plan;
mod wire;
mod world;
