//! What refers to images in one Region. Whatever can't be read is an error: what isn't known to refer to an image may.

use std::collections::{BTreeMap, BTreeSet};

use action::aws::Failure;
use action::ids::{AmiId, ParameterName, Region};
use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateSpecification};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceStateName};
use tokio::task::JoinSet;

use super::Clients;
use crate::decide::references::{Configuration, Group, References, Use, Version};
use crate::error::Error;

/// How many launch templates are asked about at a time: each needs a call of its own, and there may be hundreds.
const AT_A_TIME: usize = 8;
/// How many values one filter may have
/// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html).
const FILTER_VALUES: usize = 200;

/// Why a Region's referrers aren't all known.
type Unread = (String, Failure);

fn unread<E>(what: &str) -> impl FnOnce(E) -> Unread
where
    Failure: From<E>,
{
    move |error| (what.to_owned(), error.into())
}

/// All that refers to an image in the Region. Instances are looked for by `images` alone.
pub(crate) async fn references(
    clients: &Clients,
    region: &Region,
    images: &[AmiId],
    pointer: Option<&ParameterName>,
) -> Result<References, Error> {
    let failed = |(what, source): Unread| Error::Unread {
        region: region.clone(),
        what: what.into(),
        source,
    };
    let (versions, configurations, groups, instances) = tokio::join!(
        versions(&clients.ec2),
        configurations(&clients.autoscaling),
        groups(&clients.autoscaling),
        instances(&clients.ec2, images),
    );
    let absent = |field| Error::Absent(region.clone(), field);
    let mut references = References {
        versions: versions.map_err(failed)?,
        configurations: configurations
            .map_err(failed)?
            .ok_or_else(|| absent("a launch configuration's name or image"))?,
        groups: groups.map_err(failed)?.ok_or_else(|| absent("an Auto Scaling group's name"))?,
        instances: instances.map_err(failed)?.ok_or_else(|| absent("an instance's id or image"))?,
        parameters: BTreeMap::new(),
        pointer: pointer.map(ToString::to_string),
    };
    let mut names = references.aliases();
    names.extend(references.pointer.clone());
    for name in names {
        if let Some(value) = parameter(&clients.ssm, &name).await.map_err(failed)? {
            references.parameters.insert(name, value);
        }
    }
    Ok(references)
}

/// Every version of every launch template. The versions of all templates at once can be had of the latest and the default ones
/// only (API_DescribeLaunchTemplateVersions, `LaunchTemplateVersion.N`), and a group may launch by any.
async fn versions(ec2: &Client) -> Result<Vec<Version>, Unread> {
    let ids = templates(ec2).await?;
    let mut found = Vec::new();
    for some in ids.chunks(AT_A_TIME) {
        let mut asked = JoinSet::new();
        for id in some {
            asked.spawn(versions_of(ec2.clone(), id.clone()));
        }
        for answer in asked.join_all().await {
            found.extend(answer?);
        }
    }
    Ok(found)
}

async fn templates(ec2: &Client) -> Result<Vec<String>, Unread> {
    let mut pages = ec2.describe_launch_templates().into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(unread("describe launch templates"))?;
        let each = page.launch_templates().iter();
        ids.extend(each.filter_map(|template| template.launch_template_id().map(str::to_owned)));
    }
    Ok(ids)
}

async fn versions_of(ec2: Client, template: String) -> Result<Vec<Version>, Unread> {
    let mut pages = ec2
        .describe_launch_template_versions()
        .launch_template_id(&template)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page.map_err(Failure::from) {
            Ok(page) => page,
            // It was deleted since it was listed. Both spellings are in use.
            Err(failure) if failure.is(&["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException"]) => {
                return Ok(vec![]);
            }
            Err(failure) => return Err((format!("describe the versions of launch template {template}"), failure)),
        };
        for version in page.launch_template_versions() {
            found.push(Version {
                template: template.clone(),
                name: version.launch_template_name().unwrap_or_default().to_owned(),
                number: version.version_number().unwrap_or_default(),
                image: version
                    .launch_template_data()
                    .and_then(|data| data.image_id())
                    .filter(|image| !image.is_empty())
                    .map(str::to_owned),
            });
        }
    }
    Ok(found)
}

async fn configurations(autoscaling: &aws_sdk_autoscaling::Client) -> Result<Option<Vec<Configuration>>, Unread> {
    let mut pages = autoscaling.describe_launch_configurations().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(unread("describe launch configurations"))?;
        for one in page.launch_configurations() {
            let (Some(name), Some(image)) = (one.launch_configuration_name(), one.image_id()) else {
                return Ok(None);
            };
            found.push(Configuration {
                name: name.to_owned(),
                image: image.to_owned(),
            });
        }
    }
    Ok(Some(found))
}

async fn groups(autoscaling: &aws_sdk_autoscaling::Client) -> Result<Option<Vec<Group>>, Unread> {
    let mut pages = autoscaling.describe_auto_scaling_groups().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(unread("describe Auto Scaling groups"))?;
        for group in page.auto_scaling_groups() {
            let Some(name) = group.auto_scaling_group_name() else {
                return Ok(None);
            };
            found.push(Group {
                name: name.to_owned(),
                uses: uses(group),
            });
        }
    }
    Ok(Some(found))
}

/// What a group launches by: its launch configuration, its launch template, or a mixed instances policy with templates and
/// images of its own for single types.
fn uses(group: &AutoScalingGroup) -> BTreeSet<Use> {
    let template = |template: Option<&LaunchTemplateSpecification>| {
        let template = template?;
        let name = template.launch_template_id().or(template.launch_template_name())?;
        Some(Use::Template(name.to_owned()))
    };
    let mut uses = BTreeSet::new();
    uses.extend(group.launch_configuration_name().map(|name| Use::Configuration(name.to_owned())));
    uses.extend(template(group.launch_template()));
    if let Some(mixed) = group.mixed_instances_policy().and_then(|policy| policy.launch_template()) {
        uses.extend(template(mixed.launch_template_specification()));
        for one in mixed.overrides() {
            uses.extend(template(one.launch_template_specification()));
            uses.extend(one.image_id().map(|image| Use::Image(image.to_owned())));
        }
    }
    uses
}

/// The instances that were launched from one of the images and aren't terminated.
async fn instances(ec2: &Client, images: &[AmiId]) -> Result<Option<Vec<(String, String)>>, Unread> {
    let mut found = Vec::new();
    for some in images.chunks(FILTER_VALUES) {
        let values = some.iter().map(|image| image.as_str().to_owned()).collect();
        let mut pages = ec2
            .describe_instances()
            .filters(Filter::builder().name("image-id").set_values(Some(values)).build())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(unread("describe instances"))?;
            for instance in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
                let state = instance.state().and_then(|state| state.name());
                if state == Some(&InstanceStateName::Terminated) {
                    continue;
                }
                let (Some(id), Some(image)) = (instance.instance_id(), instance.image_id()) else {
                    return Ok(None);
                };
                found.push((id.to_owned(), image.to_owned()));
            }
        }
    }
    Ok(Some(found))
}

/// What a parameter holds; none if there is no such parameter, version or label.
async fn parameter(ssm: &aws_sdk_ssm::Client, name: &str) -> Result<Option<String>, Unread> {
    match ssm.get_parameter().name(name).send().await {
        Ok(answer) => Ok(answer.parameter().and_then(|parameter| parameter.value()).map(str::to_owned)),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.is(&["ParameterNotFound", "ParameterVersionNotFound"]) {
                Ok(None)
            } else {
                Err((format!("read parameter {name}, which names an image"), failure))
            }
        }
    }
}
