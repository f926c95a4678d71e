//! What an asked approval needs next. Pure.

use std::time::Duration;

use jiff::Timestamp;
use ledger::{Answer, Approval};

/// What to do once the token is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An earlier asking was answered, and its token had ended: the answer goes with the new one.
    Deliver(Answer),
    /// People know already.
    Wait {
        /// Since when.
        told_at: Timestamp,
    },
    /// Nobody knows yet, or nobody knows whether anybody does.
    Tell,
}

/// What the approval needs.
pub fn next(approval: &Approval) -> Step {
    match (&approval.answer, approval.told_at) {
        (Some(answer), _) => Step::Deliver(answer.clone()),
        (None, Some(told_at)) => Step::Wait { told_at },
        (None, None) => Step::Tell,
    }
}

/// When an approval that is asked for at `now` ends, in whole seconds: what people can read, and no later than the state.
pub fn expiry(now: Timestamp, timeout_seconds: u64) -> Timestamp {
    let begun = Timestamp::from_second(now.as_second()).unwrap_or(now);
    begun.checked_add(Duration::from_secs(timeout_seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use ledger::{Token, Verb};

    use super::*;

    #[test]
    fn an_answer_is_delivered_and_people_are_told_once() {
        let at: Timestamp = "2026-11-21T03:15:05Z".parse().unwrap();
        let mut approval = Approval {
            token: Token::new("AQCE"),
            execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1"
                .parse()
                .unwrap(),
            asked_at: at,
            expires_at: at,
            told_at: None,
            answer: None,
        };
        assert_eq!(next(&approval), Step::Tell);
        approval.told_at = Some(at);
        assert_eq!(next(&approval), Step::Wait { told_at: at });
        let answer = Answer {
            verb: Verb::Yes,
            who: "Ada".to_owned(),
            at,
            comment: None,
        };
        approval.answer = Some(answer.clone());
        assert_eq!(next(&approval), Step::Deliver(answer));
    }

    #[test]
    fn an_approval_ends_no_later_than_the_state_that_waits_for_it() {
        let now = "2026-11-21T03:15:05.9Z".parse().unwrap();
        assert_eq!(expiry(now, 900).to_string(), "2026-11-21T03:30:05Z");
        assert_eq!(expiry(Timestamp::MAX, 900), Timestamp::MAX);
    }
}
