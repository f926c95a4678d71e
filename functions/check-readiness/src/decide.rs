//! What is left to answer, and what all answers come to. Pure.

mod watch;

use std::collections::{BTreeMap, BTreeSet};

use action::ids::TableName;
use readiness::{Answer, Asker, Heard, Question, Verdict, unasked, words};
use signals::AlarmSettings;

use crate::io::{Move, Rehearsal, Request};

/// What was seen here.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The workload's alarms, or why they can't be read.
    pub alarms: Result<Vec<Alarm>, String>,
    /// The workload's tables; none if there is no such table in this Region.
    pub tables: BTreeMap<TableName, Result<Option<Table>, String>>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Whether its actions are enabled.
    pub acts: bool,
    /// The ARNs of what it tells when it goes off.
    pub actions: Vec<String>,
    /// What it watches; none for a composite alarm.
    pub metric: Option<Metric>,
}

/// What an alarm watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// What it takes missing data for.
    pub missing: String,
    /// By what it goes off.
    pub settings: AlarmSettings,
}

/// A table as the recovery Region has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its status.
    pub status: String,
    /// The status of its replicas by Region.
    pub replicas: BTreeMap<String, String>,
}

/// What all answers come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The worst.
    pub verdict: Verdict,
    /// The ids of the questions that fail.
    pub failing: BTreeSet<String>,
    /// What people haven't heard yet.
    pub news: Option<News>,
}

/// What people haven't heard yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Questions fail that didn't before.
    Failing {
        /// Their answers.
        new: Vec<Answer>,
        /// The ids of those that failed before, and still do.
        still: Vec<String>,
    },
    /// Nothing fails any more.
    Ready,
}

/// One answer to each question there is, in their order.
pub fn answers(request: &Request, seen: &Seen, alarm_topic: &str) -> Vec<Answer> {
    let mut answers = match &request.plan {
        Some(heard) => heard.clone().complete(Asker::Plan),
        None => all(Asker::Plan, "open-run found it so when it opened this run"),
    };
    if request.facts.is_some() {
        answers.extend(heard(request.database.as_ref(), Asker::Database));
        answers.extend(heard(request.compute.as_ref(), Asker::Compute));
        answers.push(rehearsed(request.launch.as_ref()));
        answers.extend(dependencies(request));
    } else {
        let others = [Asker::Database, Asker::Compute, Asker::Launch, Asker::Dependencies];
        answers.extend(others.into_iter().flat_map(|asker| {
            let nothing = Heard {
                answers: vec![],
                error: Some("there is no plan to ask by".to_owned()),
            };
            nothing.complete(asker)
        }));
    }
    answers.extend(watch::answers(request, seen, alarm_topic));
    answers
}

/// What the plan doesn't have can't fail.
fn heard(heard: Option<&Heard>, asker: Asker) -> Vec<Answer> {
    if let Some(heard) = heard {
        return heard.clone().complete(asker);
    }
    all(asker, "the plan has nothing of it")
}

/// A recovery calls nothing of it, and asks no control plane that may be away with the primary.
fn dependencies(request: &Request) -> Vec<Answer> {
    if request.about_to_move.is_some() {
        return all(Asker::Dependencies, "the schedule alone asks it");
    }
    let heard = request.dependencies.clone().unwrap_or_default();
    heard.complete(Asker::Dependencies)
}

/// Every question of `asker` passes, for the same reason.
fn all(asker: Asker, seen: &str) -> Vec<Answer> {
    Question::ALL
        .iter()
        .filter(|question| question.asker() == asker)
        .map(|&question| Answer::nothing(question, seen))
        .collect()
}

fn rehearsed(rehearsal: Option<&Rehearsal>) -> Answer {
    let question = Question::LaunchRehearsal;
    let limit = "a dry run that succeeds";
    match rehearsal {
        None => Answer::nothing(question, "the plan launches nothing"),
        Some(Rehearsal { error: Some(error), .. }) => Answer::fail(
            question,
            words(error),
            limit,
            "mend what it names; for a denied call see the parameters InstanceRoleArns and ImageKeyArns of infra/engine.yaml",
        ),
        Some(Rehearsal {
            because: Some(because), ..
        }) => Answer::pass(question, because, limit),
        Some(Rehearsal { .. }) => unasked(question, "launch-instances said nothing"),
    }
}

/// Why the move must not begin. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recovery would break off halfway: {}; mend it, or start a run with \"recoverDespiteFailing\": [{}]", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "), .0.iter().map(|answer| format!("\"{}\"", answer.question)).collect::<Vec<_>>().join(", "))]
pub struct NotReady(pub Vec<Answer>);

/// Whether the move that is about to begin may begin, with the reason for people.
///
/// # Errors
/// With the answers by which the recovery would break off halfway, and that nobody consented to.
pub fn may_begin(answers: &[Answer], about: &Move) -> Result<&'static str, NotReady> {
    let stopping = || answers.iter().filter(|answer| answer.stops_a_move());
    let unexcused: Vec<Answer> = stopping()
        .filter(|answer| !about.despite_failing.contains(&answer.question))
        .cloned()
        .collect();
    if stopping().next().is_none() {
        Ok("nothing stops the move")
    } else if about.continues {
        Ok("the move goes on from where an earlier run left it, whatever fails")
    } else if unexcused.is_empty() {
        Ok("what would stop the move is consented to")
    } else {
        Err(NotReady(unexcused))
    }
}

/// What the answers come to, given what failed before.
pub fn judge(answers: &[Answer], failing_before: &BTreeSet<String>) -> Judged {
    let fails = || answers.iter().filter(|answer| answer.verdict == Verdict::Fail);
    let failing: BTreeSet<String> = fails().map(|answer| answer.question.to_string()).collect();
    let new: Vec<Answer> = fails()
        .filter(|answer| !failing_before.contains(answer.question.id()))
        .cloned()
        .collect();
    let news = if !new.is_empty() {
        let still = failing.intersection(failing_before).cloned().collect();
        Some(News::Failing { new, still })
    } else if failing.is_empty() && !failing_before.is_empty() {
        Some(News::Ready)
    } else {
        None
    };
    Judged {
        verdict: answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::Fail),
        failing,
        news,
    }
}

#[cfg(test)]
mod tests;
