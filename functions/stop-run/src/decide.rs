//! Which execution is to stop, and whether a wait of its is to be ended. Pure.

use action::ids::{ExecutionArn, RunId, WorkloadName};
use jiff::Timestamp;
use ledger::{Answer, Approval, StopRequest, Token, Verb};

/// An execution of the run's name, of one of the machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The execution.
    pub arn: ExecutionArn,
    /// The workload that its input names.
    pub workload: WorkloadName,
    /// How and when it ended; none while it runs.
    pub ended: Option<(String, Option<Timestamp>)>,
}

/// Why there is nothing to stop. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No machine knows it.
    #[error("there is no run {0} of Relight's machines in this Region")]
    NoRun(RunId),
    /// It is over.
    #[error("run {run} doesn't run: it ended {status}{}", at.map(|at| format!(" at {at}")).unwrap_or_default())]
    Ended {
        /// The run.
        run: RunId,
        /// How it ended, in Step Functions' word.
        status: String,
        /// When.
        at: Option<Timestamp>,
    },
}

/// The one among `seen` that runs.
///
/// # Errors
/// When none does.
pub fn at_work(run: &RunId, seen: Vec<Seen>) -> Result<Seen, Refusal> {
    let mut refusal = Refusal::NoRun(run.clone());
    for execution in seen {
        match &execution.ended {
            None => return Ok(execution),
            Some((status, at)) => {
                refusal = Refusal::Ended {
                    run: run.clone(),
                    status: status.clone(),
                    at: *at,
                };
            }
        }
    }
    Err(refusal)
}

/// What to do about an approval that the run may wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: it asked for none, or people answered it.
    None,
    /// End the wait.
    Answer {
        /// By this token.
        token: Token,
        /// With this.
        answer: Answer,
        /// Whether that is in the ledger already.
        recorded: bool,
    },
}

/// What to do about the run's approval.
pub fn wait(approval: Option<&Approval>, stop: &StopRequest) -> Wait {
    let Some(approval) = approval else {
        return Wait::None;
    };
    let answered = |answer: Answer, recorded| Wait::Answer {
        token: approval.token.clone(),
        answer,
        recorded,
    };
    match &approval.answer {
        None => answered(
            Answer {
                verb: Verb::Stop,
                who: stop.who.clone(),
                at: stop.at,
                comment: stop.why.clone(),
            },
            false,
        ),
        Some(answer) if answer.verb == Verb::Stop => answered(answer.clone(), true),
        Some(_) => Wait::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn seen(machine: &str, ended: Option<&str>) -> Seen {
        Seen {
            arn: format!("arn:aws:states:us-west-1:123456789012:execution:relight-{machine}:unishop-1")
                .parse()
                .unwrap(),
            workload: "unishop".parse().unwrap(),
            ended: ended.map(|status| (status.to_owned(), Some(at("03:16:00")))),
        }
    }

    #[test]
    fn the_execution_that_runs_is_stopped_whichever_machine_it_is_of() {
        let run: RunId = "unishop-1".parse().unwrap();
        let found = at_work(&run, vec![seen("failover", Some("FAILED")), seen("refresh-image", None)]).unwrap();
        assert!(found.arn.as_str().contains("refresh-image"));
        assert_eq!(
            at_work(&run, vec![seen("failover", Some("SUCCEEDED"))]).unwrap_err().to_string(),
            "run unishop-1 doesn't run: it ended SUCCEEDED at 2026-11-21T03:16:00Z"
        );
        assert_eq!(at_work(&run, Vec::new()), Err(Refusal::NoRun(run)));
    }

    #[test]
    fn only_a_wait_that_nobody_answered_is_ended() {
        let stop = StopRequest {
            who: "Ada".to_owned(),
            why: None,
            at: at("03:16:00"),
        };
        assert_eq!(wait(None, &stop), Wait::None);
        let mut approval = Approval {
            token: Token::new("AQCE"),
            execution: seen("failover", None).arn,
            asked_at: at("03:15:05"),
            expires_at: at("03:30:05"),
            told_at: None,
            answer: None,
        };
        for (before, ends) in [
            (None, Some(false)),
            (Some(Verb::Stop), Some(true)),
            (Some(Verb::Yes), None),
            (Some(Verb::No), None),
        ] {
            approval.answer = before.map(|verb| Answer {
                verb,
                who: "Bob".to_owned(),
                at: at("03:15:30"),
                comment: None,
            });
            let recorded = match wait(Some(&approval), &stop) {
                Wait::None => None,
                Wait::Answer { answer, recorded, .. } => {
                    assert_eq!(answer.verb, Verb::Stop);
                    Some(recorded)
                }
            };
            assert_eq!(recorded, ends, "{before:?}");
        }
    }
}
