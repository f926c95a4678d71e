//! What the packaged functions may cost at most.

use std::time::Duration;

use serde::Serialize;

/// The zip of a bundle, in bytes.
pub const ZIP_BYTES: u64 = 3_000_000;
/// From the start of the process to its first request for work.
pub const READY: Duration = Duration::from_millis(4);
/// From the start of the process to its first answer, with one AWS call over TLS in it.
pub const FIRST_ANSWER: Duration = Duration::from_millis(6);
/// The most memory that a process has resident, in bytes.
pub const RESIDENT_BYTES: u64 = 10_000_000;
/// Instructions of a cold start, from the start of the process to its end after the first answer.
pub const INSTRUCTIONS: u64 = 8_000_000;

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
