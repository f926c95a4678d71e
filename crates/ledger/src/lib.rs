//! What a run is remembered by: the ledger's items, what started a run, and the stored plan that it follows.
//!
//! The ledger is one DynamoDB table. All that concerns a workload has the partition key `workload#<name>`; its lock, its
//! last run, its last readiness check, the sizes of a group before it was raised, what a place held before it was written,
//! each of its runs, and what people said to a run are items of their own. Types and their mapping to attributes live here;
//! each function makes its own calls, so that its role and its list of calls stay its own, but for the one by which three
//! of them keep what was there before.

mod attributes;
mod first;
mod groups;
mod items;
mod kept;
mod people;
mod plan_object;
mod readiness;
mod traffic;
mod trigger;

pub use attributes::{Item, MalformedItem};
pub use first::{keep_first, planned_keep_first};
pub use groups::{GroupSizes, group_sizes_key};
pub use items::{Chain, Closed, LastRun, Lock, RunRecord, key, last_run_key, lock_key, run_key};
pub use kept::{KeptValue, Value, kept_value_key};
pub use people::{Answer, Approval, StopRequest, Token, Verb, approval_key, stop_key};
pub use plan_object::{ReadPlanError, StoredPlan, plan_key, read_plan, report_key};
pub use readiness::{Readiness, readiness_key};
pub use traffic::{KeptTraffic, kept_traffic_key};
pub use trigger::{Machine, Trigger, Verdict};
