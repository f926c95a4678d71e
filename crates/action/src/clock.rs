//! The one place that reads the clock and that may wait.

use std::time::Duration;

use jiff::Timestamp;

/// The time now, to be handed to a decision as a value.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits until `when`; returns at once if that has passed.
///
/// For the probe only, which looks several times within one invocation. An action never waits for AWS: it replies
/// `waiting` and the machine waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the probe's pace within its minute is the one wait inside a function"
)]
pub async fn sleep_until(when: Timestamp) {
    if let Ok(left) = Duration::try_from(when.duration_since(now())) {
        tokio::time::sleep(left).await;
    }
}
