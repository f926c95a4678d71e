//! Every call of this action: two looks, two stops, and the call of a plan's own fence. No call is waited for longer than the bound.

use action::aws::{Failure, on_paper};
use action::clock::Bound;
use action::ids::{FunctionArn, InstanceId, WorkloadName};
use action::{ErrorName, Permit, PlannedCall, Rehearsal, chain};
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupFluentBuilder;
use aws_sdk_autoscaling::types::Filter as GroupFilter;
use aws_sdk_ec2::operation::stop_instances::builders::StopInstancesFluentBuilder;
use aws_sdk_ec2::types::{Filter, Instance as Described, InstanceStateName};
use aws_sdk_lambda::operation::invoke::builders::InvokeFluentBuilder;
use aws_sdk_lambda::types::InvocationType;
use aws_smithy_types::Blob;
use images::tags;

use crate::WITHIN;
use crate::decide::{Group, Instance, Unseen};
use crate::io::{FenceCall, Sized};

/// A call that didn't do what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotDone {
    /// What AWS said, or how the call ended.
    pub(crate) why: String,
    /// Whether AWS answered at all.
    pub(crate) answered: bool,
    /// Whether it may have been done all the same: nobody heard of its end, or the service broke down over it.
    pub(crate) maybe: bool,
}

impl NotDone {
    fn unheard() -> Self {
        Self {
            why: format!("no answer within {} s", WITHIN.as_secs()),
            answered: false,
            maybe: true,
        }
    }

    fn failed(failure: &Failure) -> Self {
        Self {
            why: chain(failure),
            answered: failure.answered(),
            maybe: failure.name() == ErrorName::Transient,
        }
    }
}

impl From<NotDone> for Unseen {
    fn from(failed: NotDone) -> Self {
        Self {
            answered: failed.answered,
            why: failed.why,
        }
    }
}

/// What a call comes to within `bound`.
async fn held<T>(bound: &Bound, call: impl Future<Output = Result<T, Failure>>) -> Result<T, NotDone> {
    match bound.hold(call).await {
        Some(answered) => answered.map_err(|failure| NotDone::failed(&failure)),
        None => Err(NotDone::unheard()),
    }
}

/// The groups that carry the workload's tag.
pub(crate) async fn groups(
    autoscaling: &aws_sdk_autoscaling::Client,
    workload: &WorkloadName,
    bound: &Bound,
) -> Result<Vec<Group>, Unseen> {
    let filter = GroupFilter::builder()
        .name(format!("tag:{}", tags::WORKLOAD))
        .values(workload.as_str())
        .build();
    let look = async {
        let mut pages = autoscaling.describe_auto_scaling_groups().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page?.auto_scaling_groups().iter().filter_map(group));
        }
        Ok(found)
    };
    held(bound, look).await.map_err(Unseen::from)
}

fn group(described: &aws_sdk_autoscaling::types::AutoScalingGroup) -> Option<Group> {
    let protected = described.instances().iter();
    let tags = described.tags().iter();
    Some(Group {
        sized: Sized {
            name: described.auto_scaling_group_name()?.to_owned(),
            min_size: described.min_size()?,
            max_size: described.max_size()?,
            desired_capacity: described.desired_capacity()?,
        },
        protected: protected
            .filter(|instance| instance.protected_from_scale_in() == Some(true))
            .count(),
        tags: tags
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
            .collect(),
    })
}

/// The instances that carry the workload's tag.
pub(crate) async fn instances(ec2: &aws_sdk_ec2::Client, workload: &WorkloadName, bound: &Bound) -> Result<Vec<Instance>, Unseen> {
    let filter = Filter::builder()
        .name(format!("tag:{}", tags::WORKLOAD))
        .values(workload.as_str())
        .build();
    let look = async {
        let mut pages = ec2.describe_instances().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            let listed = page.reservations().iter().flat_map(|reservation| reservation.instances());
            found.extend(listed.filter_map(instance));
        }
        Ok(found)
    };
    held(bound, look).await.map_err(Unseen::from)
}

fn instance(described: &Described) -> Option<Instance> {
    let tags = described.tags().iter();
    Some(Instance {
        id: described.instance_id()?.parse().ok()?,
        runs: !matches!(
            described.state().and_then(|state| state.name()),
            Some(
                InstanceStateName::Stopping | InstanceStateName::Stopped | InstanceStateName::ShuttingDown | InstanceStateName::Terminated
            )
        ),
        tags: tags
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
            .collect(),
    })
}

/// Sets a group to zero, so that it ends its instances and starts no other.
pub(crate) async fn empty(autoscaling: &aws_sdk_autoscaling::Client, group: &str, bound: &Bound, _permit: &Permit) -> Result<(), NotDone> {
    held(bound, async { Ok(emptying(autoscaling, group).send().await.map(drop)?) }).await
}

/// The same as plan mode lists it; Auto Scaling has no dry run.
pub(crate) async fn planned_empty(autoscaling: &aws_sdk_autoscaling::Client, group: &str) -> Result<PlannedCall, NotDone> {
    let paper = aws_sdk_autoscaling::Client::new(&on_paper(autoscaling.config().region()));
    let rehearsal = Rehearsal::unsent();
    let call = emptying(&paper, group).customize();
    let answer = call.interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(|failure| NotDone::failed(&failure))
}

fn emptying(autoscaling: &aws_sdk_autoscaling::Client, group: &str) -> UpdateAutoScalingGroupFluentBuilder {
    // Together: a desired size above the largest is refused.
    autoscaling
        .update_auto_scaling_group()
        .auto_scaling_group_name(group)
        .min_size(0)
        .max_size(0)
        .desired_capacity(0)
}

/// Stops instances, all or none of them.
pub(crate) async fn stop(ec2: &aws_sdk_ec2::Client, ids: &[InstanceId], bound: &Bound, _permit: &Permit) -> Result<(), NotDone> {
    held(bound, async { Ok(stopping(ec2, ids).send().await.map(drop)?) }).await
}

/// The stop, after EC2's own check of it, which changes nothing.
pub(crate) async fn dry_run(ec2: &aws_sdk_ec2::Client, ids: &[InstanceId], bound: &Bound) -> Result<PlannedCall, NotDone> {
    let rehearsal = Rehearsal::dry_run();
    let call = stopping(ec2, ids).dry_run(true).customize();
    let answer = call.interceptor(rehearsal.clone()).send();
    held(bound, async { rehearsal.call(answer.await) }).await
}

fn stopping(ec2: &aws_sdk_ec2::Client, ids: &[InstanceId]) -> StopInstancesFluentBuilder {
    ec2.stop_instances()
        .set_instance_ids(Some(ids.iter().map(|id| id.as_str().to_owned()).collect()))
}

/// Calls the plan's own fence and waits for its end.
pub(crate) async fn call(
    lambda: &aws_sdk_lambda::Client,
    function: &FunctionArn,
    call: &FenceCall,
    bound: &Bound,
    _permit: &Permit,
) -> Result<(), NotDone> {
    let invoke = invocation(lambda, function, call).invocation_type(InvocationType::RequestResponse);
    let answer = held(bound, async { Ok(invoke.send().await?) }).await?;
    match answer.function_error() {
        None => Ok(()),
        // It ran, and nobody knows how far it came.
        Some(error) => Err(NotDone {
            why: format!("{error}: {}", said(answer.payload())),
            answered: true,
            maybe: true,
        }),
    }
}

/// Lambda's own check of the call, by which nothing runs. IAM's name of the action isn't the operation's
/// (lambda/latest/api/API_Invoke.html).
pub(crate) async fn dry_call(
    lambda: &aws_sdk_lambda::Client,
    function: &FunctionArn,
    call: &FenceCall,
    bound: &Bound,
) -> Result<PlannedCall, NotDone> {
    let invoke = invocation(lambda, function, call).invocation_type(InvocationType::DryRun);
    held(bound, async { Ok(invoke.send().await.map(drop)?) }).await?;
    let arguments = [
        ("FunctionName", function.as_str().into()),
        ("Payload", serde_json::to_value(call).unwrap_or_default()),
    ];
    Ok(PlannedCall {
        iam_action: "lambda:InvokeFunction".to_owned(),
        region: lambda.config().region().map(ToString::to_string).unwrap_or_default(),
        arguments: arguments.map(|(name, value)| (name.to_owned(), value)).into(),
    })
}

fn invocation(lambda: &aws_sdk_lambda::Client, function: &FunctionArn, call: &FenceCall) -> InvokeFluentBuilder {
    // A struct of texts is always JSON; an empty payload would be refused by the function, and that be told.
    let payload = serde_json::to_vec(call).unwrap_or_default();
    lambda.invoke().function_name(function.as_str()).payload(Blob::new(payload))
}

fn said(payload: Option<&Blob>) -> String {
    let text = payload
        .map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned())
        .unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|error| Some(error.get("errorMessage")?.as_str()?.to_owned()))
        .unwrap_or(text)
}
