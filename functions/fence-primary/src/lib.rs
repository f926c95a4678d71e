//! Stops the old primary from taking writes, as far as it can be reached, and never keeps a recovery waiting for it.
//!
//! In the primary Region it sets the workload's Auto Scaling groups to zero and stops its instances that belong to no group: those
//! that carry the tag `relight:workload`. Or it calls the plan's own fence, a function in the recovery Region. A primary that
//! is away can't be fenced from outside: then the reply says so, and what a person has to do. Every end is a reply, since the
//! recovery goes on with or without a fence.
//!
//! The whole takes [`WITHIN`] at most, however the Region behaves: both lists are asked for at once, then both kinds are stopped at
//! once, each call only for what is left of that time. A stop that got no answer may have been made; the reply is `changed` then, since
//! a run that may have stopped something is no longer untouched.
//!
//! Deliberately absent: the database. A managed failover fences Aurora's old writer itself, as far as it can (Aurora user guide, "Using
//! switchover or failover in Amazon Aurora Global Database"), and a detached cluster has nobody who reaches it but its own
//! Region's application. And anything in the recovery Region: the role denies it (infra/engine.yaml).

mod aws;
pub mod decide;
pub mod error;
pub mod io;
mod words;

use std::time::Duration;

use action::aws::FAR_CALL_TIMEOUT;
use action::clock::Bound;
use action::ids::{FunctionArn, InstanceId, Region};
use action::{Call, Outcome, Permit, PlannedCall};

use aws::NotDone;
use decide::{Decision, Seen, decide, is_away};
use error::Error;
use io::{FenceCall, Fenced, How, NotFenced, Reply, Request};

/// The action's name.
pub const NAME: &str = "fence-primary";

/// How long the whole takes at most: a look and a stop. The function's time-out is above it, its state's above that one, and that is
/// what a recovery may wait for a fence: 15 s. A Region that hangs is given up after the look.
pub const WITHIN: Duration = FAR_CALL_TIMEOUT.saturating_mul(2);

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("autoscaling:DescribeAutoScalingGroups"),
    Call::read("ec2:DescribeInstances"),
    Call::change("autoscaling:UpdateAutoScalingGroup"),
    Call::change("ec2:StopInstances"),
    Call::change("lambda:InvokeFunction"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Of the primary Region.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Of the primary Region.
    pub ec2: aws_sdk_ec2::Client,
    /// Of the recovery Region.
    pub lambda: aws_sdk_lambda::Client,
}

/// Fences the primary; `clients` are those of a primary Region.
///
/// # Errors
/// When both Regions are the same. Whatever else goes wrong is in the reply.
pub async fn handle(request: Request, clients: impl FnOnce(&Region) -> Clients, bound: &Bound) -> Result<Reply, Error> {
    request.check()?;
    let clients = clients(&request.primary_region);
    Ok(match &request.fence {
        How::Skip => Reply::new(Outcome::Unchanged, "the plan says that nothing is fenced", Vec::new(), Vec::new()),
        How::Function(function) => called(&request, function, &clients, bound).await,
        How::Try => tried(&request, &clients, bound).await,
    })
}

/// Relight's own fence.
async fn tried(request: &Request, clients: &Clients, bound: &Bound) -> Reply {
    let (groups, instances) = tokio::join!(
        aws::groups(&clients.autoscaling, &request.workload, bound),
        aws::instances(&clients.ec2, &request.workload, bound),
    );
    let seen = Seen { groups, instances };
    let decision = decide(&request.workload, &request.primary_region, &seen);
    if let Some(why) = is_away(&seen) {
        let because = words::away(request, why);
        return Reply::new(Outcome::Unchanged, &because, Vec::new(), decision.cannot);
    }
    if decision.is_empty() && decision.cannot.is_empty() {
        return Reply::new(Outcome::Unchanged, &words::nothing(request), Vec::new(), Vec::new());
    }
    let Some(permit) = request.mode.permit() else {
        return plan(request, clients, decision, bound).await;
    };
    let mut done = stop(clients, &decision, bound, &permit).await;
    done.not_fenced.extend(decision.cannot);
    done.reply(request)
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    fenced: Vec<Fenced>,
    not_fenced: Vec<NotFenced>,
    /// Something that isn't known to be stopped may have been.
    maybe: bool,
}

impl Done {
    fn take(&mut self, fenced: Fenced, what: impl Into<String>, stopped: Result<(), NotDone>) {
        match stopped {
            Ok(()) => self.fenced.push(fenced),
            Err(NotDone { why, maybe, .. }) => {
                self.maybe |= maybe;
                self.not_fenced.push(NotFenced::new(what, why));
            }
        }
    }

    fn planned(self, request: &Request, calls: Vec<PlannedCall>) -> Reply {
        let because = words::told(request, true, &self.fenced, &self.not_fenced);
        let reply = Reply::new(Outcome::Planned, &because, self.fenced, self.not_fenced);
        Reply { calls, ..reply }
    }

    fn reply(self, request: &Request) -> Reply {
        let outcome = if self.fenced.is_empty() && !self.maybe {
            Outcome::Unchanged
        } else {
            Outcome::Changed
        };
        let because = words::told(request, false, &self.fenced, &self.not_fenced);
        Reply::new(outcome, &because, self.fenced, self.not_fenced)
    }
}

/// Stops groups and instances side by side.
async fn stop(clients: &Clients, decision: &Decision, bound: &Bound, permit: &Permit) -> Done {
    let groups = async {
        let mut done = Done::default();
        for group in &decision.groups {
            let emptied = aws::empty(&clients.autoscaling, &group.sized.name, bound, permit).await;
            done.take(Fenced::Group(group.sized.clone()), format!("group {}", group.sized.name), emptied);
        }
        done
    };
    let (mut done, instances) = tokio::join!(groups, stop_instances(&clients.ec2, &decision.instances, bound, permit));
    done.fenced.extend(instances.fenced);
    done.not_fenced.extend(instances.not_fenced);
    done.maybe |= instances.maybe;
    done
}

/// Stops all at once; where EC2 says no to that, each by itself: one that can't be stopped (a one-time Spot Instance, one that is
/// protected from it) keeps none of the others running.
async fn stop_instances(ec2: &aws_sdk_ec2::Client, ids: &[InstanceId], bound: &Bound, permit: &Permit) -> Done {
    let mut done = Done::default();
    if ids.is_empty() {
        return done;
    }
    match aws::stop(ec2, ids, bound, permit).await {
        Err(refused) if !refused.maybe && ids.len() > 1 => {
            for id in ids {
                let stopped = aws::stop(ec2, std::slice::from_ref(id), bound, permit).await;
                done.take(Fenced::Instance(id.clone()), id.as_str(), stopped);
            }
        }
        stopped => {
            for id in ids {
                done.take(Fenced::Instance(id.clone()), id.as_str(), stopped.clone());
            }
        }
    }
    done
}

/// Plan mode: what execute would stop, by EC2's own dry run. Auto Scaling has none.
async fn plan(request: &Request, clients: &Clients, decision: Decision, bound: &Bound) -> Reply {
    let (mut done, mut calls) = (Done::default(), Vec::new());
    for group in decision.groups {
        let planned = aws::planned_empty(&clients.autoscaling, &group.sized.name).await;
        let what = format!("group {}", group.sized.name);
        done.take(Fenced::Group(group.sized), what, planned.map(|call| calls.push(call)));
    }
    if !decision.instances.is_empty() {
        let tried = aws::dry_run(&clients.ec2, &decision.instances, bound).await;
        let tried = tried.map(|call| calls.push(call));
        for id in decision.instances {
            done.take(Fenced::Instance(id.clone()), id.as_str(), tried.clone());
        }
    }
    done.not_fenced.extend(decision.cannot);
    done.planned(request, calls)
}

/// The plan's own fence.
async fn called(request: &Request, function: &FunctionArn, clients: &Clients, bound: &Bound) -> Reply {
    let call = FenceCall {
        workload: request.workload.clone(),
        run: request.run.clone(),
        mode: request.mode,
        primary_region: request.primary_region.clone(),
        recovery_region: request.recovery_region.clone(),
    };
    let mut done = Done::default();
    let Some(permit) = request.mode.permit() else {
        let tried = aws::dry_call(&clients.lambda, function, &call, bound).await;
        let mut calls = Vec::new();
        let tried = tried.map(|call| calls.push(call));
        done.take(Fenced::Function(function.clone()), function.as_str(), tried);
        return done.planned(request, calls);
    };
    let answered = aws::call(&clients.lambda, function, &call, bound, &permit).await;
    done.take(Fenced::Function(function.clone()), function.as_str(), answered);
    done.reply(request)
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks what the clients need, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let lambda = aws_sdk_lambda::Client::new(&action::aws::once(&config, WITHIN));
    let clients = |region: &Region| {
        let far = action::aws::far(&config, region);
        Clients {
            autoscaling: aws_sdk_autoscaling::Client::new(&far),
            ec2: aws_sdk_ec2::Client::new(&far),
            lambda: lambda.clone(),
        }
    };
    action::run(NAME, |request| {
        let bound = Bound::within(WITHIN);
        let clients = &clients;
        async move { handle(request, clients, &bound).await }
    })
    .await
}
