//! The machine images of a workload as EC2 describes them, and the names and tags by which Relight knows its own.
//!
//! Shared by every action on images, so that all of them mean the same by "available", "ours" and "proven". It only looks:
//! the calls that change something stay in the functions, each behind its permit.

mod image;
mod observe;
pub mod tags;

pub use image::{Image, State, name};
pub use observe::{ObserveError, by_id, by_name, of_workload};
