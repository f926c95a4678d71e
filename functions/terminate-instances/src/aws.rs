//! The run's instances as EC2 lists them, and the call that removes them.

use action::aws::{Failure, on_paper};
use action::ids::{InstanceId, RunId, WorkloadName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::terminate_instances::builders::TerminateInstancesFluentBuilder;
use aws_sdk_ec2::types::{Filter, Instance as Described, InstanceStateName};
use images::tags;

use crate::decide::{Instance, State};
use crate::error::Error;

/// All instances with both tags of the run, whatever their state.
pub(crate) async fn instances(ec2: &Client, run: &RunId, workload: &WorkloadName) -> Result<Vec<Instance>, Error> {
    let tagged = |key: &str, value: &str| Filter::builder().name(format!("tag:{key}")).values(value).build();
    let mut pages = ec2
        .describe_instances()
        .filters(tagged(tags::RUN, run.as_str()))
        .filters(tagged(tags::WORKLOAD, workload.as_str()))
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
    let tags = described.tags().iter();
    Ok(Instance {
        id: described
            .instance_id()
            .and_then(|id| id.parse().ok())
            .ok_or(Error::Malformed("instanceId"))?,
        state: match described.state().and_then(|state| state.name()) {
            Some(InstanceStateName::Terminated) => State::Terminated,
            Some(InstanceStateName::ShuttingDown) => State::ShuttingDown,
            _ => State::Alive,
        },
        tags: tags
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
            .collect(),
    })
}

/// EC2's answer to the call.
#[derive(Debug)]
pub(crate) enum Asked {
    /// They are shutting down.
    Taken,
    /// One of them is gone since it was listed, and none of them was terminated (API_TerminateInstances): only another look
    /// can tell which.
    NotFound(Failure),
}

/// Terminates the instances.
///
/// Where one is protected, those that share its Availability Zone live on and the others are terminated all the same
/// (API_TerminateInstances).
pub(crate) async fn terminate(ec2: &Client, ids: &[InstanceId], _permit: &Permit) -> Result<Asked, Error> {
    match request(ec2, ids.iter().map(InstanceId::as_str)).send().await {
        Ok(_) => Ok(Asked::Taken),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.is(&["InvalidInstanceID.NotFound"]) {
                Ok(Asked::NotFound(failure))
            } else {
                Err(refused(ids, failure))
            }
        }
    }
}

/// The call, after EC2's own check of it, which changes nothing; an error if it would not succeed.
pub(crate) async fn dry_run(ec2: &Client, ids: &[InstanceId]) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = request(ec2, ids.iter().map(InstanceId::as_str)).dry_run(true);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(|failure| refused(ids, failure))
}

/// The call on instances that a plan run doesn't launch.
pub(crate) async fn unlaunched(ec2: &Client) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let paper = Client::new(&on_paper(ec2.config().region()));
    let call = request(&paper, ["(the instances that the run launches)"]);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(|failure| refused(&[], failure))
}

fn request<'a>(ec2: &Client, ids: impl IntoIterator<Item = &'a str>) -> TerminateInstancesFluentBuilder {
    ec2.terminate_instances()
        .set_instance_ids(Some(ids.into_iter().map(str::to_owned).collect()))
}

/// EC2 answers with this code where an instance's attribute `disableApiTermination` is set
/// (docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html), and its message names the instance.
fn refused(ids: &[InstanceId], failure: Failure) -> Error {
    if failure.is(&["OperationNotPermitted"]) {
        Error::Protected(ids.to_vec(), failure)
    } else {
        Error::TerminateInstances(ids.to_vec(), failure)
    }
}
