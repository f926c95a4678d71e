//! How long to wait before looking again, and when to stop looking.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The instant after which a run waits for nothing any more. RFC 3339 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Deadline(#[schemars(with = "String", extend("format" = "date-time"))] pub Timestamp);

/// When an action was first asked for what it waits for, and until when it may.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// When the machine first asked.
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

/// The run's deadline has passed while something was still under way.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline of the run, {0}, has passed")]
pub struct DeadlinePassed(pub Timestamp);

impl Pace {
    const LEAST: Duration = Duration::from_secs(1);
    const MOST: Duration = Duration::from_secs(15);

    /// Whole seconds until the next look: a tenth of the time already spent, at least 1 s, at most 15 s, so that the
    /// end of a step is noticed within a tenth of its own duration.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub fn next(&self, now: Timestamp) -> Result<u64, DeadlinePassed> {
        if now > self.deadline.0 {
            return Err(DeadlinePassed(self.deadline.0));
        }
        let spent = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
        Ok((spent / 10).clamp(Self::LEAST, Self::MOST).as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn pace() -> Pace {
        Pace {
            since: at(1_000),
            deadline: Deadline(at(2_000)),
        }
    }

    #[test]
    fn waits_a_tenth_of_the_time_spent_between_one_and_fifteen_seconds() {
        for (spent, wait) in [(0, 1), (9, 1), (30, 3), (99, 9), (150, 15), (900, 15)] {
            assert_eq!(pace().next(at(1_000 + spent)), Ok(wait), "after {spent} s");
        }
    }

    #[test]
    fn a_clock_behind_the_machine_waits_the_least() {
        assert_eq!(pace().next(at(990)), Ok(1));
    }

    #[test]
    fn nothing_is_waited_for_after_the_deadline() {
        assert_eq!(pace().next(at(2_000)), Ok(15));
        assert_eq!(pace().next(at(2_001)), Err(DeadlinePassed(at(2_000))));
    }
}
