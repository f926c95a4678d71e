//! What people have to say of a run: the approval that it waits for, and the request to stop it.

use std::fmt;

use action::ids::{ExecutionArn, RunId, WorkloadName};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, MalformedItem, Reader, text};
use crate::items::key;

/// The keys of the approval that `run` waits for.
pub fn approval_key(workload: &WorkloadName, run: &RunId) -> Item {
    key(workload, &format!("approval#{run}"))
}

/// The keys of the request to stop `run`. The machines read it by the same keys.
pub fn stop_key(workload: &WorkloadName, run: &RunId) -> Item {
    key(workload, &format!("stop#{run}"))
}

/// What Step Functions waits for. Whoever has it can answer in anybody's name, so it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The token that Step Functions gave.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself: for the calls that need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// An answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Go on.
    Yes,
    /// Don't.
    No,
    /// The run was stopped while it waited.
    Stop,
}

impl Verb {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Stop => "stop",
        }
    }

    /// The answer of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Yes, Self::No, Self::Stop].into_iter().find(|verb| verb.as_str() == text)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An answer to an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub verb: Verb,
    /// Who.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub comment: Option<String>,
}

impl Answer {
    /// Who answered what and when, for people.
    pub fn told(&self) -> String {
        let comment = self.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
        match self.verb {
            Verb::Stop => format!("{} stopped the run at {}{comment}", self.who, self.at),
            verb => format!("{} said {verb} at {}{comment}", self.who, self.at),
        }
    }

    /// What the machine gets as the result of the state that waits. `outcome` and `because` are for the report's step.
    pub fn result(&self) -> serde_json::Value {
        serde_json::json!({
            "outcome": "unchanged",
            "because": self.told(),
            "answer": self.verb,
            "who": self.who,
            "at": self.at,
            "comment": self.comment,
        })
    }
}

/// An approval that a run waits for, or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What the answer is sent with.
    pub token: Token,
    /// The execution that waits.
    pub execution: ExecutionArn,
    /// When the run first asked.
    pub asked_at: Timestamp,
    /// When no answer means no.
    pub expires_at: Timestamp,
    /// When people were told; none if nobody knows that they were.
    pub told_at: Option<Timestamp>,
    /// The first answer.
    pub answer: Option<Answer>,
}

impl Approval {
    /// The approval in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        let verb = |text| Verb::parse(text).ok_or_else(|| reader.malformed("answer", "yes, no or stop"));
        let answer = match reader.text_if_any("answer") {
            None => None,
            Some(text) => Some(Answer {
                verb: verb(text)?,
                who: reader.text("who")?.to_owned(),
                at: reader.time("answeredAt")?,
                comment: reader.text_if_any("comment").map(str::to_owned),
            }),
        };
        let told = reader.text_if_any("toldAt");
        Ok(Self {
            token: Token::new(reader.text("token")?),
            execution: reader.parsed("execution", "the ARN of an execution")?,
            asked_at: reader.time("askedAt")?,
            expires_at: reader.time("expiresAt")?,
            told_at: told.map(|_| reader.time("toldAt")).transpose()?,
            answer,
        })
    }
}

/// A request to stop a run at its next safe point. The first one stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// Who.
    pub who: String,
    /// Why.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl StopRequest {
    /// The item. `because` is what the machine puts into the report: it can't word a sentence itself.
    pub fn to_item(&self, workload: &WorkloadName, run: &RunId) -> Item {
        let mut item = stop_key(workload, run);
        item.extend([
            ("who".to_owned(), text(&self.who)),
            ("at".to_owned(), text(self.at)),
            ("because".to_owned(), text(self.told())),
        ]);
        if let Some(why) = &self.why {
            item.insert("why".to_owned(), text(why));
        }
        item
    }

    /// The request in `item`.
    ///
    /// # Errors
    /// When an attribute is missing or isn't what it should be.
    pub fn from_item(item: &Item) -> Result<Self, MalformedItem> {
        let reader = Reader(item);
        Ok(Self {
            who: reader.text("who")?.to_owned(),
            why: reader.text_if_any("why").map(str::to_owned),
            at: reader.time("at")?,
        })
    }

    /// Who stopped the run, when and why, for people.
    pub fn told(&self) -> String {
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{} stopped the run at {}{why}", self.who, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(fields: &[(&str, &str)]) -> Item {
        fields.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
    }

    const ASKED: [(&str, &str); 4] = [
        ("token", "AQCE"),
        (
            "execution",
            "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-1",
        ),
        ("askedAt", "2026-11-21T03:15:05Z"),
        ("expiresAt", "2026-11-21T03:30:05Z"),
    ];

    #[test]
    fn an_approval_is_open_until_the_first_answer() {
        let mut asked = item(&ASKED);
        let open = Approval::from_item(&asked).unwrap();
        assert_eq!((open.token.reveal(), open.told_at, open.answer), ("AQCE", None, None));
        asked.extend(item(&[
            ("answer", "no"),
            ("who", "Ada"),
            ("answeredAt", "2026-11-21T03:16:00Z"),
            ("comment", "a drill"),
        ]));
        let answer = Approval::from_item(&asked).unwrap().answer.unwrap();
        assert_eq!(answer.told(), "Ada said no at 2026-11-21T03:16:00Z: a drill");
        asked.insert("answer".to_owned(), text("perhaps"));
        let error = Approval::from_item(&asked).unwrap_err();
        assert_eq!((error.attribute, error.seen.as_str()), ("answer", "\"perhaps\""));
    }

    #[test]
    fn a_token_is_never_printed() {
        let approval = Approval::from_item(&item(&ASKED)).unwrap();
        assert!(!format!("{approval:?}").contains("AQCE"));
    }

    #[test]
    fn a_request_to_stop_reads_back_and_carries_its_sentence() {
        let (workload, run) = ("unishop".parse().unwrap(), "unishop-1".parse().unwrap());
        for why in [None, Some("wrong Region".to_owned())] {
            let request = StopRequest {
                who: "Ada".to_owned(),
                why,
                at: "2026-11-21T03:16:00Z".parse().unwrap(),
            };
            let item = request.to_item(&workload, &run);
            assert_eq!(item["sk"], text("stop#unishop-1"));
            assert_eq!(item["because"], text(request.told()));
            assert_eq!(StopRequest::from_item(&item).unwrap(), request);
        }
    }
}
