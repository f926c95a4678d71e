//! Every SDK call of this action; returns our types.

use action::aws::{Failure, on_paper};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupFluentBuilder;
use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState, ScalingActivityStatusCode};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use jiff::Timestamp;
use ledger::{GroupSizes, Item};
use plan::Group;
use tracing::warn;

use crate::Clients;
use crate::decide::{Raise, Seen, SeenGroup, Sizes};
use crate::error::Error;
use crate::io::Request;

/// The group, then what its target groups say.
pub(crate) async fn observe(clients: &Clients, group: &Group) -> Result<Seen, Error> {
    let mut seen = Seen {
        group: described(&clients.autoscaling, group).await?,
        ..Seen::default()
    };
    if seen.group.is_none() {
        return Ok(seen);
    }
    for arn in &group.target_groups {
        let answer = clients.elb.describe_target_health().target_group_arn(arn.as_str()).send().await;
        let answer = answer.map_err(|error| Error::DescribeTargetHealth(arn.clone(), error.into()))?;
        let healthy = answer.target_health_descriptions().iter().filter_map(|described| {
            let state = described.target_health().and_then(|health| health.state());
            (state == Some(&TargetHealthStateEnum::Healthy)).then(|| described.target()?.id().map(str::to_owned))?
        });
        seen.targets.insert(arn.clone(), healthy.collect());
    }
    Ok(seen)
}

async fn described(autoscaling: &aws_sdk_autoscaling::Client, group: &Group) -> Result<Option<SeenGroup>, Error> {
    let answer = autoscaling
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(group.name.as_str())
        .send()
        .await
        .map_err(|error| Error::DescribeGroup(group.name.clone(), error.into()))?;
    answer.auto_scaling_groups().first().map(|found| read(group, found)).transpose()
}

fn read(group: &Group, found: &AutoScalingGroup) -> Result<SeenGroup, Error> {
    let size = |what, size: Option<i32>| {
        let size = size.and_then(|size| u32::try_from(size).ok());
        size.ok_or_else(|| Error::Absent(group.name.clone(), what))
    };
    let in_service = found.instances().iter().filter(|instance| {
        instance.lifecycle_state() == Some(&LifecycleState::InService)
            && instance
                .health_status()
                .is_some_and(|health| health.eq_ignore_ascii_case("healthy"))
    });
    let suspended = found.suspended_processes().iter();
    Ok(SeenGroup {
        sizes: Sizes {
            minimum: size("MinSize", found.min_size())?,
            desired: size("DesiredCapacity", found.desired_capacity())?,
            maximum: size("MaxSize", found.max_size())?,
        },
        in_service: in_service
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect(),
        suspended: suspended.filter_map(|process| process.process_name().map(str::to_owned)).collect(),
    })
}

/// Why the newest scaling activity since `since` failed, such as for want of capacity; none if none did, or Auto Scaling
/// doesn't tell: it is worth knowing, and no reason to stop waiting.
pub(crate) async fn failing(autoscaling: &aws_sdk_autoscaling::Client, group: &Group, since: Timestamp) -> Option<String> {
    let answer = autoscaling
        .describe_scaling_activities()
        .auto_scaling_group_name(group.name.as_str())
        .max_records(10)
        .send()
        .await
        .map_err(Failure::from);
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            warn!(group = %group.name, because = action::chain(&failure), "why the group doesn't grow is unknown");
            return None;
        }
    };
    // The newest first (model: DescribeScalingActivities).
    let newest = answer
        .activities()
        .iter()
        .find(|activity| activity.start_time().is_some_and(|at| at.secs() >= since.as_second()))?;
    let failed = matches!(
        newest.status_code(),
        Some(ScalingActivityStatusCode::Failed | ScalingActivityStatusCode::Cancelled)
    );
    newest.status_message().filter(|_| failed).map(str::to_owned)
}

/// Keeps the sizes that the group had before this chain of runs raised it.
pub(crate) async fn remember(clients: &Clients, request: &Request, raise: &Raise, now: Timestamp, permit: &Permit) -> Result<(), Error> {
    let kept = ledger::keep_first(&clients.dynamodb, &clients.ledger, item(request, raise, now), permit).await;
    kept.map_err(|failure| Error::Remember(request.group.name.clone(), failure))
}

/// Raises the group.
pub(crate) async fn raise(autoscaling: &aws_sdk_autoscaling::Client, group: &Group, raise: &Raise, _permit: &Permit) -> Result<(), Error> {
    let answer = raising(autoscaling, group, raise).send().await;
    answer
        .map(drop)
        .map_err(|error| Error::UpdateGroup(group.name.clone(), error.into()))
}

/// Both as plan mode lists them: neither has a dry run.
pub(crate) async fn planned(clients: &Clients, request: &Request, raise: &Raise, now: Timestamp) -> Result<Vec<PlannedCall>, Error> {
    let kept = ledger::planned_keep_first(&clients.dynamodb, &clients.ledger, item(request, raise, now)).await;
    let kept = kept.map_err(|failure| Error::Remember(request.group.name.clone(), failure))?;
    let paper = on_paper(clients.autoscaling.config().region());
    let rehearsal = Rehearsal::unsent();
    let update = raising(&aws_sdk_autoscaling::Client::new(&paper), &request.group, raise).customize();
    let raised = rehearsal.call(update.interceptor(rehearsal.clone()).send().await);
    let raised = raised.map_err(|failure| Error::UpdateGroup(request.group.name.clone(), failure))?;
    Ok(vec![kept, raised])
}

fn item(request: &Request, raise: &Raise, now: Timestamp) -> Item {
    let sizes = GroupSizes {
        group: request.group.name.clone(),
        work: request.run.clone(),
        minimum: raise.from.minimum,
        desired: raise.from.desired,
        maximum: raise.from.maximum,
        seen_at: now,
    };
    sizes.to_item(&request.workload)
}

fn raising(autoscaling: &aws_sdk_autoscaling::Client, group: &Group, raise: &Raise) -> UpdateAutoScalingGroupFluentBuilder {
    let size = |size: u32| Some(i32::try_from(size).unwrap_or(i32::MAX));
    autoscaling
        .update_auto_scaling_group()
        .auto_scaling_group_name(group.name.as_str())
        .set_min_size(size(raise.to.minimum))
        .set_desired_capacity(size(raise.to.desired))
        .set_max_size(size(raise.to.maximum))
}
