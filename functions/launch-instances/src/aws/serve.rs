//! What leads users to the instances: target groups and the elastic IP address.

use std::collections::BTreeMap;

use action::aws::{Failure, on_paper};
use action::ids::{AllocationId, InstanceId, TargetGroupArn};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::operation::associate_address::builders::AssociateAddressFluentBuilder;
use aws_sdk_ec2::types::{Filter, Instance as Described};
use aws_sdk_elasticloadbalancingv2::operation::register_targets::builders::RegisterTargetsFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealth, TargetHealthReasonEnum, TargetHealthStateEnum};

use super::{Clients, filled, given, text};
use crate::decide::serve::{Address, Group, Holder, Lead, Target};
use crate::error::Error;

/// What `group` says about each of the instances.
pub(crate) async fn health(elb: &aws_sdk_elasticloadbalancingv2::Client, arn: &TargetGroupArn, ids: &[InstanceId]) -> Result<Group, Error> {
    let answer = elb
        .describe_target_health()
        .target_group_arn(arn.as_str())
        .set_targets(Some(targets(ids)))
        .send()
        .await;
    let mut targets = BTreeMap::new();
    match answer {
        Ok(answer) => {
            for description in answer.target_health_descriptions() {
                let id = given("Target.Id", description.target().and_then(|target| target.id()))?;
                targets.insert(id, target(description.target_health()));
            }
        }
        Err(error) => {
            let failure = Failure::from(error);
            // An instance that Elastic Load Balancing doesn't know yet is in no group.
            if !failure.is(&["InvalidTarget"]) {
                return Err(Error::DescribeTargetHealth(arn.clone(), failure));
            }
        }
    }
    Ok(Group { arn: arn.clone(), targets })
}

fn target(health: Option<&TargetHealth>) -> Target {
    let reason = health.and_then(TargetHealth::reason);
    match (health.and_then(TargetHealth::state), reason) {
        (Some(TargetHealthStateEnum::Healthy), _) => Target::Healthy,
        (_, Some(TargetHealthReasonEnum::NotRegistered)) => Target::NotRegistered,
        (state, reason) => {
            let state = state.map_or("of unknown health", TargetHealthStateEnum::as_str);
            Target::Other(reason.map_or_else(|| state.to_owned(), |reason| format!("{state} ({})", reason.as_str())))
        }
    }
}

/// Registers the instances with the group. An instance must run for it (RegisterTargets); where Elastic Load Balancing
/// doesn't see it running yet, the next look finds it still missing and registers it again.
pub(crate) async fn register(
    elb: &aws_sdk_elasticloadbalancingv2::Client,
    arn: &TargetGroupArn,
    ids: &[InstanceId],
    _permit: &Permit,
) -> Result<(), Error> {
    let answer = registering(elb, arn, targets(ids)).send().await;
    match answer.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is(&["InvalidTarget"]) => Ok(()),
        Err(failure) => Err(Error::RegisterTargets(arn.clone(), failure)),
    }
}

fn registering(
    elb: &aws_sdk_elasticloadbalancingv2::Client,
    arn: &TargetGroupArn,
    targets: Vec<TargetDescription>,
) -> RegisterTargetsFluentBuilder {
    elb.register_targets().target_group_arn(arn.as_str()).set_targets(Some(targets))
}

fn targets(ids: &[InstanceId]) -> Vec<TargetDescription> {
    ids.iter().map(|id| TargetDescription::builder().id(id.as_str()).build()).collect()
}

/// The elastic IP address and what it leads to; None when it doesn't exist. `ours` is known, so its tags aren't read.
pub(crate) async fn address(ec2: &aws_sdk_ec2::Client, id: &AllocationId, ours: Option<&InstanceId>) -> Result<Option<Address>, Error> {
    let answer = ec2
        .describe_addresses()
        .filters(Filter::builder().name("allocation-id").values(id.as_str()).build())
        .send()
        .await
        .map_err(|error| Error::DescribeAddresses(id.clone(), error.into()))?;
    let Some(found) = answer.addresses().first() else {
        return Ok(None);
    };
    let holder = match (filled(found.instance_id()), filled(found.network_interface_id())) {
        (Some(holder), _) => {
            let holder: InstanceId = given("instanceId", Some(&holder))?;
            let workload = if Some(&holder) == ours {
                None
            } else {
                workload_of(ec2, &holder).await?
            };
            Holder::Instance(holder, workload)
        }
        (None, Some(interface)) => Holder::Interface(interface),
        (None, None) => Holder::Nobody,
    };
    Ok(Some(Address {
        id: id.clone(),
        public_ip: text("publicIp", found.public_ip())?,
        holder,
    }))
}

async fn workload_of(ec2: &aws_sdk_ec2::Client, id: &InstanceId) -> Result<Option<String>, Error> {
    let answer = ec2
        .describe_instances()
        .instance_ids(id.as_str())
        .send()
        .await
        .map_err(|error| Error::DescribeInstance(id.clone(), error.into()))?;
    let mut tags = answer
        .reservations()
        .iter()
        .flat_map(|reservation| reservation.instances())
        .flat_map(Described::tags);
    Ok(tags
        .find(|tag| tag.key() == Some("relight:workload"))
        .and_then(|tag| filled(tag.value())))
}

/// Leads the elastic IP address to the instance.
pub(crate) async fn associate(
    ec2: &aws_sdk_ec2::Client,
    id: &AllocationId,
    instance: &InstanceId,
    lead: &Lead,
    _permit: &Permit,
) -> Result<(), Error> {
    associating(ec2, id, instance.as_str(), matches!(lead, Lead::Away(_)))
        .send()
        .await
        .map_err(|error| Error::AssociateAddress(id.clone(), instance.clone(), error.into()))?;
    Ok(())
}

fn associating(ec2: &aws_sdk_ec2::Client, id: &AllocationId, instance: &str, away: bool) -> AssociateAddressFluentBuilder {
    ec2.associate_address()
        .allocation_id(id.as_str())
        .instance_id(instance)
        .allow_reassociation(away)
}

/// What leads users to instances that a plan run doesn't launch; neither call has a dry run that would say more.
pub(crate) async fn planned_lead(
    clients: &Clients,
    groups: &[TargetGroupArn],
    address: Option<&Address>,
) -> Result<Vec<PlannedCall>, Error> {
    const UNLAUNCHED: &str = "(the instances that are launched)";
    let mut calls = Vec::new();
    for arn in groups {
        let rehearsal = Rehearsal::unsent();
        let paper = aws_sdk_elasticloadbalancingv2::Client::new(&on_paper(clients.elb.config().region()));
        let call = registering(&paper, arn, vec![TargetDescription::builder().id(UNLAUNCHED).build()]);
        let answer = call.customize().interceptor(rehearsal.clone()).send().await;
        calls.push(rehearsal.call(answer).map_err(Error::Rehearse)?);
    }
    if let Some(address) = address {
        let rehearsal = Rehearsal::unsent();
        let away = matches!(address.holder, Holder::Instance(..));
        let paper = aws_sdk_ec2::Client::new(&on_paper(clients.ec2.config().region()));
        let call = associating(&paper, &address.id, UNLAUNCHED, away);
        let answer = call.customize().interceptor(rehearsal.clone()).send().await;
        calls.push(rehearsal.call(answer).map_err(Error::Rehearse)?);
    }
    Ok(calls)
}
