//! An answer, and what becomes of a question that could not be asked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asker, BeforeMove, Question};

/// How a question was answered; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds, or the plan has nothing that it could be asked of.
    Pass,
    /// A failover would go ahead, and people should know.
    Warn,
    /// It would stop a failover, or make it lose more than the plan allows.
    Fail,
}

/// As it stands on the wire.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// How it is answered.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What it was held against; null where nothing was to be held against anything.
    pub limit: Option<String>,
    /// What to do; null unless something is to be done.
    pub remedy: Option<String>,
}

impl Answer {
    /// It holds.
    pub fn pass(question: Question, seen: impl Into<String>, limit: impl Into<String>) -> Self {
        Self {
            question,
            verdict: Verdict::Pass,
            seen: seen.into(),
            limit: Some(limit.into()),
            remedy: None,
        }
    }

    /// The plan has nothing that it could be asked of.
    pub fn nothing(question: Question, seen: impl Into<String>) -> Self {
        Self {
            limit: None,
            ..Self::pass(question, seen, "")
        }
    }

    /// A failover would go ahead, and people should know.
    pub fn warn(question: Question, seen: impl Into<String>, limit: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            ..Self::fail(question, seen, limit, remedy)
        }
    }

    /// Whether it stops a move that is about to begin. What could not be asked doesn't: an API that throttles in the middle of
    /// an outage must not be what keeps a workload down.
    pub fn stops_a_move(&self) -> bool {
        self.verdict == Verdict::Fail && self.limit.is_some() && self.question.before_move() == BeforeMove::Stops
    }

    /// It would stop a failover.
    pub fn fail(question: Question, seen: impl Into<String>, limit: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            question,
            verdict: Verdict::Fail,
            seen: seen.into(),
            limit: Some(limit.into()),
            remedy: Some(remedy.into()),
        }
    }
}

/// `replication-lag: 75 s, must be at most 60 s; look at ...`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.question, self.seen)?;
        if let Some(limit) = &self.limit {
            write!(f, ", must be {limit}")?;
        }
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// The answer to a question that could not be asked: what nobody knows counts as failing. It alone fails without a limit.
pub fn unasked(question: Question, error: impl fmt::Display) -> Answer {
    Answer {
        limit: None,
        ..Answer::fail(
            question,
            format!("could not be asked: {error}"),
            "",
            format!("mend what kept {} from asking", question.asker().function()),
        )
    }
}

/// What came of an asker, as the machine hands it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Heard {
    /// Its answers.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// The error's name and cause, where the asker failed as a whole.
    pub error: Option<String>,
}

impl Heard {
    /// One answer to each question of `asker`, whatever was heard: none is left out in silence.
    pub fn complete(self, asker: Asker) -> Vec<Answer> {
        let Self { answers, error } = self;
        let why = error.map_or_else(|| format!("{} left it out", asker.function()), |error| words(&error));
        Question::ALL
            .iter()
            .filter(|question| question.asker() == asker)
            .map(|&question| {
                let answer = answers.iter().find(|answer| answer.question == question);
                answer.cloned().unwrap_or_else(|| unasked(question, &why))
            })
            .collect()
    }
}

/// What a machine caught of a function, in words: `name: cause`, where Lambda's cause is JSON with the message in it
/// (docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html).
pub fn words(caught: &str) -> String {
    let message = |cause: &str| {
        let cause: serde_json::Value = serde_json::from_str(cause).ok()?;
        Some(cause.get("errorMessage")?.as_str()?.to_owned())
    };
    let named = caught.split_once(": ");
    named
        .and_then(|(name, cause)| Some(format!("{name}: {}", message(cause)?)))
        .unwrap_or_else(|| caught.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_as_value_limit_and_remedy() {
        let answer = Answer::fail(Question::ReplicationLag, "75 s", "at most 60 s", "look at the writes");
        assert_eq!(
            answer.to_string(),
            "replication-lag: 75 s, must be at most 60 s; look at the writes"
        );
        assert_eq!(Answer::nothing(Question::Tables, "no tables").to_string(), "tables: no tables");
    }

    #[test]
    fn a_move_is_stopped_by_what_is_known_to_break_it_alone() {
        for (answer, stops) in [
            (Answer::fail(Question::VcpuQuota, "2 left", "at least 4", "ask for more"), true),
            (Answer::warn(Question::VcpuQuota, "another family", "at least 4", "look"), false),
            (unasked(Question::VcpuQuota, "throttled"), false),
            (Answer::fail(Question::ImageAge, "9 days", "at most 7 days", "refresh"), false),
        ] {
            assert_eq!(answer.stops_a_move(), stops, "{answer}");
        }
    }

    #[test]
    fn an_asker_that_failed_fails_each_of_its_questions_and_says_why() {
        let heard = Heard {
            answers: vec![],
            error: Some("Relight.Permanent: AccessDenied".to_owned()),
        };
        let answers = heard.complete(Asker::Database);
        assert_eq!(answers.len(), 9);
        for answer in answers {
            assert_eq!((answer.question.asker(), answer.verdict), (Asker::Database, Verdict::Fail));
            assert!(
                answer.seen.contains("could not be asked: Relight.Permanent: AccessDenied"),
                "{answer}"
            );
        }
    }

    #[test]
    fn the_cause_of_a_caught_error_is_its_message() {
        let caught = r#"Relight.Refused: {"errorType":"Relight.Refused","errorMessage":"the lag is unknown","trace":[]}"#;
        assert_eq!(words(caught), "Relight.Refused: the lag is unknown");
        assert_eq!(words("States.Timeout: "), "States.Timeout: ");
        assert_eq!(words("a: b: c"), "a: b: c");
    }

    #[test]
    fn a_question_that_an_asker_left_out_fails() {
        let heard = Heard {
            answers: vec![Answer::pass(Question::Plan, "valid", "valid")],
            error: None,
        };
        let answers = heard.complete(Asker::Plan);
        let verdicts: Vec<_> = answers.iter().map(|answer| (answer.question, answer.verdict)).collect();
        assert_eq!(verdicts, [(Question::Plan, Verdict::Pass), (Question::OtherRun, Verdict::Fail)]);
        assert!(answers[1].seen.contains("check-plan left it out"), "{}", answers[1]);
    }
}
