//! The action against a miniature of AWS in two Regions: which calls are made, which are not, how errors are named, and that
//! twice is once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod execute;
mod plan;
mod refuse;
mod world;
