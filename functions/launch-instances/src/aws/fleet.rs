//! The run's instances as EC2 describes them.

use std::collections::BTreeMap;

use action::aws::Failure;
use action::ids::{InstanceId, RunId, WorkloadName};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Instance as Described, InstanceStateName, InstanceStatusSummary};

use super::{filled, given};
use crate::decide::fleet::{Instance, State};
use crate::decide::serve::Checks;
use crate::error::Error;

/// All instances with the run's tags, whatever their state. Terminated ones stay listed for up to an hour
/// (DescribeInstances), which is how a launch that failed is seen.
pub(crate) async fn instances(ec2: &Client, run: &RunId, workload: &WorkloadName) -> Result<Vec<Instance>, Error> {
    let tagged = |key: &str, value: &str| Filter::builder().name(format!("tag:{key}")).values(value).build();
    let mut pages = ec2
        .describe_instances()
        .filters(tagged("relight:run", run.as_str()))
        .filters(tagged("relight:workload", workload.as_str()))
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::DescribeInstances(run.clone(), error.into()))?;
        for described in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
            found.push(instance(described)?);
        }
    }
    Ok(found)
}

fn instance(described: &Described) -> Result<Instance, Error> {
    Ok(Instance {
        id: given("instanceId", described.instance_id())?,
        client_token: described.client_token().unwrap_or_default().to_owned(),
        state: state(described),
        instance_type: given("instanceType", described.instance_type().map(|name| name.as_str()))?,
        subnet: filled(described.subnet_id()).map(|id| given("subnetId", Some(&id))).transpose()?,
        image: given("imageId", described.image_id())?,
        address: filled(described.public_ip_address()).or_else(|| filled(described.private_ip_address())),
    })
}

fn state(described: &Described) -> State {
    match described.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Running) => State::Running,
        Some(
            gone @ (InstanceStateName::ShuttingDown
            | InstanceStateName::Terminated
            | InstanceStateName::Stopping
            | InstanceStateName::Stopped),
        ) => State::Gone {
            state: gone.as_str().to_owned(),
            reason: reason(described),
        },
        _ => State::Pending,
    }
}

/// EC2's reason for the state. The message begins with the code as a rule, so the code stands in only where it is
/// missing.
fn reason(described: &Described) -> String {
    let reason = described.state_reason();
    reason
        .and_then(|reason| filled(reason.message()).or_else(|| filled(reason.code())))
        .or_else(|| filled(described.state_transition_reason()))
        .unwrap_or_else(|| "EC2 gives no reason".to_owned())
}

/// Both status checks of each instance that has any. An instance that EC2 doesn't find yet has none.
pub(crate) async fn checks(ec2: &Client, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Checks>, Error> {
    let ids = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let answer = match ec2.describe_instance_status().set_instance_ids(Some(ids)).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::from(error);
            return if failure.is(&["InvalidInstanceID.NotFound"]) {
                Ok(BTreeMap::new())
            } else {
                Err(Error::DescribeInstanceStatus(failure))
            };
        }
    };
    let word = |summary: Option<&InstanceStatusSummary>| {
        let status = summary.and_then(|summary| summary.status());
        status.map_or("not reported", |status| status.as_str()).to_owned()
    };
    answer
        .instance_statuses()
        .iter()
        .map(|status| {
            let checks = Checks {
                instance: word(status.instance_status()),
                system: word(status.system_status()),
            };
            Ok((given("instanceId", status.instance_id())?, checks))
        })
        .collect()
}
