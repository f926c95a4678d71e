//! Every SDK call of this action beside those of launch-instances; returns our types.

mod quota;

use std::collections::BTreeSet;

use action::aws::Failure;
use action::ids::GroupName;
use aws_sdk_ec2::types::Filter;
use launch_instances::io::Launch;

use crate::Clients;
use crate::decide::{Around, Seen};
use crate::error::Error;
use crate::io::Request;

/// The group and the template first, then what a launch needs side by side.
pub(crate) async fn observe(clients: &Clients, request: &Request) -> Result<Seen, Error> {
    let group_maximum = match &request.group {
        Some(group) => maximum(&clients.autoscaling, &group.name).await?,
        None => None,
    };
    let around = match &request.launch {
        Some(launch) => Some(around(clients, request, launch).await?),
        None => None,
    };
    Ok(Seen { around, group_maximum })
}

async fn around(clients: &Clients, request: &Request, launch: &Launch) -> Result<Around, Error> {
    let ec2 = &clients.launch.ec2;
    let named = template_groups(ec2, launch).await?;
    let (surroundings, missing_groups, images, quota) = tokio::join!(
        launch_instances::surroundings(&clients.launch, launch),
        missing_groups(ec2, &named),
        images::of_workload(ec2, &request.workload),
        quota::quota(ec2, &clients.quotas, launch),
    );
    Ok(Around {
        surroundings: surroundings.map_err(|error| action::chain(&error)),
        security_groups: missing_groups.map(|missing| (named, missing)),
        images: images.map_err(|error| action::chain(&error)),
        quota,
    })
}

/// The security groups that the default version of the template names; none for a template that isn't there, which is
/// another question's answer.
async fn template_groups(ec2: &aws_sdk_ec2::Client, launch: &Launch) -> Result<BTreeSet<String>, Error> {
    let id = &launch.launch_template;
    let answer = ec2
        .describe_launch_template_versions()
        .launch_template_id(id.as_str())
        .versions("$Default")
        .send()
        .await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound"]) => {
            return Ok(BTreeSet::new());
        }
        Err(failure) => return Err(Error::DescribeLaunchTemplate(id.clone(), failure)),
    };
    let version = answer.launch_template_versions().first();
    let Some(data) = version.and_then(|version| version.launch_template_data()) else {
        return Ok(BTreeSet::new());
    };
    let interfaces = data.network_interfaces().iter().flat_map(|interface| interface.groups());
    Ok(data.security_group_ids().iter().chain(interfaces).cloned().collect())
}

/// Those of `named` that aren't there.
async fn missing_groups(ec2: &aws_sdk_ec2::Client, named: &BTreeSet<String>) -> Result<BTreeSet<String>, String> {
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    // A filter, since an unknown id is an error of the call and a filter that matches nothing is not.
    let filter = Filter::builder()
        .name("group-id")
        .set_values(Some(named.iter().cloned().collect()))
        .build();
    let answer = ec2
        .describe_security_groups()
        .filters(filter)
        .send()
        .await
        .map_err(|error| format!("describe the security groups: {}", Failure::from(error)))?;
    let found: BTreeSet<&str> = answer.security_groups().iter().filter_map(|group| group.group_id()).collect();
    Ok(named.iter().filter(|id| !found.contains(id.as_str())).cloned().collect())
}

/// How far the group may grow; none if it isn't there.
async fn maximum(autoscaling: &aws_sdk_autoscaling::Client, name: &GroupName) -> Result<Option<u32>, Error> {
    let answer = autoscaling
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(name.as_str())
        .send()
        .await
        .map_err(|error| Error::DescribeGroup(name.clone(), error.into()))?;
    let group = answer.auto_scaling_groups().first();
    Ok(group.map(|group| u32::try_from(group.max_size().unwrap_or_default()).unwrap_or_default()))
}
