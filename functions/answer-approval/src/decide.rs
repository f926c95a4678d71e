//! What becomes of an answer. Pure.

use action::ids::RunId;
use jiff::Timestamp;
use ledger::{Answer, Approval};

use crate::io::Request;

/// How a run's execution is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It has ended.
    Ended {
        /// How, in Step Functions' word.
        status: String,
        /// When, if Step Functions said so.
        at: Option<Timestamp>,
    },
}

/// What to do with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the first: record it, then hand it to the run.
    Record {
        /// The answer.
        answer: Answer,
        /// What it is an answer to.
        approval: Approval,
    },
    /// The same answer is recorded: hand that one to the run, in case it never arrived.
    Deliver {
        /// The recorded answer.
        answer: Answer,
        /// What it is an answer to.
        approval: Approval,
    },
}

/// Why an answer counts for nothing. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody was first.
    #[error("answered already: {0}")]
    Answered(String),
    /// The run is over.
    #[error("run {run} has ended {status}{}, so there is nothing to answer any more", at.map(|at| format!(" at {at}")).unwrap_or_default())]
    Ended {
        /// The run.
        run: RunId,
        /// How it ended.
        status: String,
        /// When.
        at: Option<Timestamp>,
    },
    /// The run never asked.
    #[error("run {0} has not asked for an approval")]
    NotAsked(RunId),
    /// The time is over.
    #[error("run {run} waited until {until}, and no answer means no")]
    Expired {
        /// The run.
        run: RunId,
        /// Until when it waited.
        until: Timestamp,
    },
    /// The wait ended between the look and the answer.
    #[error("run {0} no longer waits for an answer; its report says why")]
    NoLongerWaits(RunId),
    /// The run asked anew between the look and the answer.
    #[error("run {0} asked again at the same moment; answer again")]
    AskedAgain(RunId),
}

/// What to do with the answer in `request`.
///
/// # Errors
/// With the refusal.
pub fn decide(request: &Request, approval: Option<&Approval>, state: &State, now: Timestamp) -> Result<Decision, Refusal> {
    let run = || request.run.clone();
    let before = approval.and_then(|approval| approval.answer.as_ref());
    match (approval, before, state) {
        (_, Some(before), State::Ended { .. }) if before.verb != request.answer.into() => Err(Refusal::Answered(before.told())),
        (_, _, State::Ended { status, at }) => Err(Refusal::Ended {
            run: run(),
            status: status.clone(),
            at: *at,
        }),
        (None, _, State::Running) => Err(Refusal::NotAsked(run())),
        (Some(approval), Some(before), State::Running) if before.verb == request.answer.into() => Ok(Decision::Deliver {
            answer: before.clone(),
            approval: approval.clone(),
        }),
        (Some(_), Some(before), State::Running) => Err(Refusal::Answered(before.told())),
        (Some(approval), None, State::Running) if now >= approval.expires_at => Err(Refusal::Expired {
            run: run(),
            until: approval.expires_at,
        }),
        (Some(approval), None, State::Running) => Ok(Decision::Record {
            answer: Answer {
                verb: request.answer.into(),
                who: request.who.clone(),
                at: millis(now),
                comment: request.comment.clone(),
            },
            approval: approval.clone(),
        }),
    }
}

/// Why the answer lost, where something else was written between the look and the answer.
pub fn lost(request: &Request, now_there: &Approval) -> Refusal {
    match &now_there.answer {
        Some(answer) => Refusal::Answered(answer.told()),
        None => Refusal::AskedAgain(request.run.clone()),
    }
}

/// Whole milliseconds: what people can read.
fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use ledger::{Token, Verb};

    use super::*;
    use crate::io::YesOrNo;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn request(answer: YesOrNo) -> Request {
        Request {
            run: "unishop-1".parse().unwrap(),
            answer,
            who: "Ada".to_owned(),
            comment: None,
        }
    }

    fn asked(answer: Option<Verb>) -> Approval {
        Approval {
            token: Token::new("AQCE"),
            execution: "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1"
                .parse()
                .unwrap(),
            asked_at: at("03:15:05"),
            expires_at: at("03:30:05"),
            told_at: Some(at("03:15:06")),
            answer: answer.map(|verb| Answer {
                verb,
                who: "Bob".to_owned(),
                at: at("03:16:00"),
                comment: Some("seen it".to_owned()),
            }),
        }
    }

    fn ended() -> State {
        State::Ended {
            status: "FAILED".to_owned(),
            at: Some(at("03:31:00")),
        }
    }

    #[test]
    fn the_first_answer_in_time_is_recorded() {
        let approval = asked(None);
        for (answer, verb) in [(YesOrNo::Yes, Verb::Yes), (YesOrNo::No, Verb::No)] {
            let decided = decide(&request(answer), Some(&approval), &State::Running, at("03:30:04.9"));
            let Ok(Decision::Record { answer, .. }) = decided else {
                unreachable!("{decided:?}")
            };
            assert_eq!((answer.verb, answer.who.as_str()), (verb, "Ada"));
        }
    }

    #[test]
    fn an_answer_that_is_too_late_or_to_no_question_is_refused() {
        let (open, yes) = (asked(None), request(YesOrNo::Yes));
        for (approval, state, now, said) in [
            (
                Some(&open),
                State::Running,
                "03:30:05",
                "run unishop-1 waited until 2026-11-21T03:30:05Z, and no answer means no",
            ),
            (None, State::Running, "03:16:00", "run unishop-1 has not asked for an approval"),
            (
                Some(&open),
                ended(),
                "03:16:00",
                "run unishop-1 has ended FAILED at 2026-11-21T03:31:00Z, so there is nothing to answer any more",
            ),
        ] {
            assert_eq!(decide(&yes, approval, &state, at(now)).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn a_second_answer_is_told_who_was_first_and_the_same_one_is_delivered() {
        let yes = request(YesOrNo::Yes);
        for before in [Verb::No, Verb::Stop] {
            for state in [State::Running, ended()] {
                let refused = decide(&yes, Some(&asked(Some(before))), &state, at("03:17:00"))
                    .unwrap_err()
                    .to_string();
                assert!(refused.starts_with("answered already: Bob s"), "{refused}");
            }
        }
        let decided = decide(&yes, Some(&asked(Some(Verb::Yes))), &State::Running, at("03:40:00"));
        assert!(
            matches!(&decided, Ok(Decision::Deliver { answer, .. }) if answer.who == "Bob"),
            "{decided:?}"
        );
        let decided = decide(&yes, Some(&asked(Some(Verb::Yes))), &ended(), at("03:40:00"));
        assert!(matches!(decided, Err(Refusal::Ended { .. })), "{decided:?}");
    }

    #[test]
    fn a_lost_race_says_to_whom() {
        let yes = request(YesOrNo::Yes);
        assert!(matches!(lost(&yes, &asked(Some(Verb::No))), Refusal::Answered(_)));
        assert!(matches!(lost(&yes, &asked(None)), Refusal::AskedAgain(_)));
    }
}
