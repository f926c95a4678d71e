//! The one place that reads the clock and that may wait.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

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

/// A moment by which an action has given up on something that may not answer.
///
/// Everything that is held within it ends by then, be it one call or ten.
#[derive(Clone, Copy, Debug)]
pub struct Bound(Instant);

impl Bound {
    /// The moment that is `length` from now.
    pub fn within(length: Duration) -> Self {
        Self(Instant::now() + length)
    }

    /// What `work` comes to; nothing if the moment comes first. `work` is dropped then: a call may have been made or not.
    pub async fn hold<Work: Future>(&self, work: Work) -> Option<Work::Output> {
        tokio::time::timeout_at(self.0, work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_ends_is_given_up_and_what_ends_is_kept() {
        let bound = Bound::within(Duration::from_millis(5));
        assert_eq!(bound.hold(std::future::ready(7)).await, Some(7));
        assert_eq!(bound.hold(std::future::pending::<u8>()).await, None);
        // The moment has passed, for whatever comes after it too.
        assert_eq!(bound.hold(std::future::pending::<u8>()).await, None);
    }
}
