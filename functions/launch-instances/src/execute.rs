//! Execute mode: launches what is missing, and leads users to what runs.

use action::ids::InstanceId;
use action::{Outcome, Permit};
use jiff::{SignedDuration, Timestamp};

use crate::aws::{self, Answer, Clients, Template};
use crate::decide::check::Problems;
use crate::decide::fleet::{Block, Instance};
use crate::decide::pools::{ATTEMPTS, Lack, Pool, Reserved, may_pass, next, pools};
use crate::decide::serve::{Lead, lead, short, unfinished, unregistered};
use crate::decide::{counted, listed};
use crate::error::Error;
use crate::io::{Reply, Request};

/// What one invocation launched, and how it ended.
struct Launched {
    instances: Vec<(InstanceId, Pool)>,
    lacks: Vec<Lack>,
    end: End,
}

enum End {
    /// Nothing is missing any more.
    Complete,
    /// No pool is left that might have room.
    Full,
    /// Others are left; they are for the next invocation.
    TurnOver,
    /// EC2 takes no more launches for the moment.
    Later(String),
}

/// Launches the missing blocks, each in the first pool that has room for it.
pub(crate) async fn launch(
    request: &Request,
    clients: &Clients,
    missing: &[Block],
    ours: &[&Instance],
    now: Timestamp,
    permit: &Permit,
) -> Result<Reply, Error> {
    let wanted = usize::from(request.launch.count);
    let retry = retry_after(request, now, || {
        let short = missing.iter().map(|block| block.size).sum::<usize>();
        format!("{short} of {} not launched yet", counted(wanted, "instance"))
    })?;
    // Instances that are there decide the image: a pointer that moves in the middle of a run doesn't split its fleet.
    let image = match ours.first() {
        Some(instance) => instance.image.clone(),
        None => aws::image_chosen(&clients.ssm, &request.launch.image)
            .await?
            .map_err(|problem| Error::Problems(Problems(vec![problem])))?,
    };
    let reserved = aws::reserved(&clients.ec2, &request.launch).await?;
    let template = Template {
        run: &request.run,
        workload: &request.workload,
        launch_template: &request.launch.launch_template,
        security_groups: &request.launch.security_groups,
        image: image.as_str(),
    };
    let spent = u64::try_from(now.duration_since(request.since).as_secs()).unwrap_or_default();
    let launched = in_turn(request, clients, &template, missing, reserved.as_ref(), spent, permit).await?;

    let there = ours.len() + launched.instances.len();
    let next_look = now.saturating_add(SignedDuration::from_secs(i64::try_from(retry).unwrap_or(i64::MAX)));
    let hopeless = !may_pass(&launched.lacks) || next_look.is_ok_and(|next| next > request.deadline.0);
    if matches!(launched.end, End::Full) && hopeless {
        return Err(Error::NoCapacity {
            there,
            wanted,
            lacks: launched.lacks,
        });
    }
    let because = said(there, wanted, &launched);
    let mut reply = Reply::about(Outcome::Waiting, Some(image.clone()), ours, because);
    reply.retry_after_seconds = Some(retry);
    let room = Reply::MOST.saturating_sub(reply.instances.len());
    reply
        .instances
        .extend(launched.instances.iter().take(room).map(|(id, _)| id.clone()));
    if let (None, Some((_, pool))) = (&reply.instance_type, launched.instances.first()) {
        reply.instance_type = Some(pool.instance_type.clone());
        reply.subnet = Some(pool.subnet.clone());
    }
    Ok(reply)
}

async fn in_turn(
    request: &Request,
    clients: &Clients,
    template: &Template<'_>,
    missing: &[Block],
    reserved: Option<&Reserved>,
    spent: u64,
    permit: &Permit,
) -> Result<Launched, Error> {
    let mut launched = Launched {
        instances: vec![],
        lacks: vec![],
        end: End::Complete,
    };
    let mut attempts = 0..ATTEMPTS;
    for block in missing {
        let pools = pools(&request.launch, reserved, block.index, spent);
        loop {
            let Some(pool) = next(&pools, &launched.lacks) else {
                launched.end = End::Full;
                return Ok(launched);
            };
            if attempts.next().is_none() {
                launched.end = End::TurnOver;
                return Ok(launched);
            }
            match aws::run(&clients.ec2, template, block, pool, permit).await? {
                Answer::Lacks(lack) => launched.lacks.push(lack),
                Answer::Later(why) => {
                    launched.end = End::Later(why);
                    return Ok(launched);
                }
                Answer::Launched(ids) => {
                    launched.instances.extend(ids.into_iter().map(|id| (id, pool.clone())));
                    break;
                }
            }
        }
    }
    Ok(launched)
}

fn said(there: usize, wanted: usize, launched: &Launched) -> String {
    let names = listed(launched.instances.iter().map(|(id, pool)| format!("{id} ({pool})")));
    let now = if names.is_empty() {
        "none just now".to_owned()
    } else {
        format!("just now {names}")
    };
    let lacks = listed(&launched.lacks);
    let then = match &launched.end {
        End::Complete if lacks.is_empty() => "waiting for them to run".to_owned(),
        End::Complete => format!("waiting for them to run; elsewhere {lacks}"),
        End::Full => format!("there is no room for more yet: {lacks}"),
        End::TurnOver => format!("other pools come next, after {lacks}"),
        End::Later(why) => format!("EC2 puts more off: {why}"),
    };
    format!("{there} of {} launched, {now}; {then}", counted(wanted, "instance"))
}

/// Leads users to running instances as far as their checks allow.
///
/// Targets are registered at once, so that the load balancer's health checks run beside EC2's status checks. The
/// elastic IP comes after both status checks, since leading it here takes it from what an earlier run left serving.
pub(crate) async fn lead_users(
    request: &Request,
    clients: &Clients,
    instances: &[&Instance],
    now: Timestamp,
    permit: &Permit,
) -> Result<Reply, Error> {
    let first = instances.first().ok_or(Error::Absent("instance"))?;
    let ids: Vec<InstanceId> = instances.iter().map(|one| one.id.clone()).collect();
    let mut groups = Vec::new();
    for arn in &request.launch.target_groups {
        let group = aws::health(&clients.elb, arn, &ids).await?;
        let absent: Vec<InstanceId> = unregistered(&group, instances).into_iter().cloned().collect();
        if !absent.is_empty() {
            aws::register(&clients.elb, arn, &absent, permit).await?;
        }
        groups.push(group);
    }
    let checks = aws::checks(&clients.ec2, &ids).await?;
    if let Some(why) = unfinished(instances, &checks, &groups) {
        return waiting(request, why, instances, now);
    }

    let mut facts = vec![format!(
        "{} passed both status checks: {}",
        counted(ids.len(), "instance"),
        listed(&ids)
    )];
    if let Some(more) = ids.len().checked_sub(usize::from(request.launch.count)).filter(|more| *more > 0) {
        facts.push(format!("{more} more than planned"));
    }
    if !groups.is_empty() {
        facts.push(format!("healthy in {}", listed(groups.iter().map(|group| short(&group.arn)))));
    }
    let mut reply = Reply::about(Outcome::Unchanged, Some(first.image.clone()), instances, String::new());
    if let Some(id) = &request.launch.elastic_ip {
        let address = aws::address(&clients.ec2, id, Some(&first.id)).await?;
        let address = address.ok_or_else(|| Error::NoAddress(id.clone()))?;
        let lead = lead(&address, &request.workload, Some(&first.id)).map_err(Error::Taken)?;
        if lead != Lead::Already {
            aws::associate(&clients.ec2, id, &first.id, &lead, permit).await?;
            reply.outcome = Outcome::Changed;
        }
        facts.push(match lead {
            Lead::Already | Lead::Free => format!("elastic IP {} leads to {}", address.public_ip, first.id),
            Lead::Away(from) => format!("elastic IP {} leads to {} and no longer to {from}", address.public_ip, first.id),
        });
        reply.addresses = vec![address.public_ip];
    }
    reply.because = facts.join("; ");
    Ok(reply)
}

/// The reply of a call that found nothing to do but to wait for `why`.
pub(crate) fn waiting(request: &Request, why: String, instances: &[&Instance], now: Timestamp) -> Result<Reply, Error> {
    let first = instances.first().ok_or(Error::Absent("instance"))?;
    let retry = retry_after(request, now, || why.clone())?;
    let mut reply = Reply::about(Outcome::Waiting, Some(first.image.clone()), instances, why);
    reply.retry_after_seconds = Some(retry);
    Ok(reply)
}

fn retry_after(request: &Request, now: Timestamp, last: impl FnOnce() -> String) -> Result<u64, Error> {
    request.pace().next(now).map_err(|source| Error::Late { last: last(), source })
}
