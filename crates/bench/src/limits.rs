//! What the packaged functions may cost at most.

use std::time::Duration;

use serde::Serialize;

/// The zip that is deployed, in bytes. It isn't reached yet: see [`HELD_ZIP_BYTES`].
pub const ZIP_BYTES: u64 = 3_000_000;
/// What the guard holds the zip to until the limit is reached, so that it grows no further (docs/speed.md).
pub const HELD_ZIP_BYTES: u64 = 5_900_000;
/// From the start of the process to its first request for work.
pub const READY: Duration = Duration::from_millis(4);
/// From the start of the process to its first answer, with one AWS call over TLS in it.
pub const FIRST_ANSWER: Duration = Duration::from_millis(6);
/// The most memory that a process has resident, in bytes.
pub const RESIDENT_BYTES: u64 = 10_000_000;
/// Instructions of a cold start, from the start of the process to its end after the first answer. All but one action
/// reach it: see [`HELD_INSTRUCTIONS`].
pub const INSTRUCTIONS: u64 = 8_000_000;
/// What the guard holds the instructions to until start-recovery reaches the limit too.
pub const HELD_INSTRUCTIONS: u64 = 8_300_000;

/// The limits as the report states them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// See [`ZIP_BYTES`].
    pub zip_bytes: u64,
    /// See [`READY`].
    pub ready_millis: f64,
    /// See [`FIRST_ANSWER`].
    pub first_answer_millis: f64,
    /// See [`RESIDENT_BYTES`].
    pub resident_bytes: u64,
    /// See [`INSTRUCTIONS`].
    pub instructions: u64,
}

impl Limits {
    /// Those of the functions.
    pub fn of_functions() -> Self {
        Self {
            zip_bytes: ZIP_BYTES,
            ready_millis: READY.as_secs_f64() * 1e3,
            first_answer_millis: FIRST_ANSWER.as_secs_f64() * 1e3,
            resident_bytes: RESIDENT_BYTES,
            instructions: INSTRUCTIONS,
        }
    }
}
