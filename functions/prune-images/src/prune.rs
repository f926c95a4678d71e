//! What is done with the verdicts: some of the images are deregistered, or all are named and tried dry.

use action::{Outcome, Permit};
use jiff::Timestamp;

use crate::BATCH;
use crate::aws::{self, Both, Gone};
use crate::decide::Verdict;
use crate::error::Error;
use crate::io::{Reply, Request};
use crate::report::{Done, reply};

/// Deregisters the first of those that go, at most [`BATCH`].
pub(crate) async fn execute(request: &Request, both: &Both, verdicts: &[Verdict], now: Timestamp, permit: &Permit) -> Result<Reply, Error> {
    let going: Vec<&Verdict> = verdicts.iter().filter(|one| one.goes()).collect();
    let mut done = Done::default();
    if !going.is_empty() {
        let too_late = |source| Error::TooLate { left: going.len(), source };
        request.pace().next(now).map_err(too_late)?;
    }
    for verdict in going.iter().take(BATCH) {
        let ec2 = &both.in_region(&verdict.region).ec2;
        done.add(verdict, aws::deregister(ec2, &verdict.region, &verdict.image, permit).await?);
    }
    let left = going.len().saturating_sub(BATCH);
    // A call by which nothing goes is the last: what EC2 keeps would otherwise be asked for without end.
    let outcome = match (done.gone.is_empty(), left) {
        (true, _) => Outcome::Unchanged,
        (false, 0) => Outcome::Changed,
        (false, _) => Outcome::Waiting,
    };
    Ok(reply(outcome, verdicts, &done, left))
}

/// Tries the first [`Reply::MOST`] of those that go dry; the others need nothing that those don't.
pub(crate) async fn plan(both: &Both, verdicts: &[Verdict]) -> Result<Reply, Error> {
    let going: Vec<&Verdict> = verdicts.iter().filter(|one| one.goes()).collect();
    let (mut done, mut calls) = (Done::default(), Vec::new());
    for verdict in going.iter().take(Reply::MOST) {
        let ec2 = &both.in_region(&verdict.region).ec2;
        let (gone, call) = aws::dry_run(ec2, &verdict.region, &verdict.image).await?;
        done.add(verdict, gone);
        calls.extend(call);
    }
    Ok(Reply {
        calls,
        ..reply(Outcome::Planned, verdicts, &done, going.len().saturating_sub(Reply::MOST))
    })
}

impl<'a> Done<'a> {
    fn add(&mut self, verdict: &'a Verdict, gone: Gone) {
        match gone {
            Gone::Yes(left) => {
                self.gone.push(verdict);
                self.snapshots
                    .extend(left.into_iter().map(|(snapshot, why)| (verdict, snapshot, why)));
            }
            Gone::Kept(why) => self.kept.push((verdict, why)),
        }
    }
}
