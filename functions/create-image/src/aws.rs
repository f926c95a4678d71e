//! Every AWS call of the action but the look at the image, which `images` makes.

use action::aws::{CALL_TIMEOUT, Failure};
use action::ids::{AmiId, GroupName, InstanceId};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_autoscaling::Client as AutoScaling;
use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::operation::create_image::builders::CreateImageFluentBuilder;
use aws_sdk_ec2::types::{Filter, Instance as Described, ResourceType, Tag, TagSpecification};
use jiff::Timestamp;
use plan::{Consistency, ImageSource};

use crate::decide::{Instance, Member, NewImage, Seen, healthy};
use crate::error::Error;
use crate::io::Request;

/// The most values of one filter (AWSEC2/latest/UserGuide/Using_Filtering.html).
const FILTER_VALUES: usize = 200;

/// Looks at the instances that come into question as the source.
pub(crate) async fn look(request: &Request, ec2: &Ec2, autoscaling: &AutoScaling) -> Result<Seen, Error> {
    let region = &request.region;
    match &request.source {
        ImageSource::Instance(id) => {
            // A filter, since an unknown instance id is an error of the call and a filter that matches nothing is not.
            let filters = vec![filter("instance-id", [id.as_str()])];
            let instances = instances(ec2, &format!("instance {id} in {region}"), filters).await?;
            Ok(Seen { group: None, instances })
        }
        ImageSource::Tag { key, value } => {
            let filters = vec![
                filter(&format!("tag:{key}"), [value.as_str()]),
                filter("instance-state-name", ["running"]),
            ];
            let instances = instances(ec2, &format!("the instances with the tag {key}={value} in {region}"), filters).await?;
            Ok(Seen { group: None, instances })
        }
        ImageSource::Group(name) => {
            let Some(members) = members(request, autoscaling, name).await? else {
                return Ok(Seen::default());
            };
            let mut found = Vec::new();
            for ids in healthy(&members).chunks(FILTER_VALUES) {
                let filters = vec![filter("instance-id", ids.iter().map(|id| id.as_str()))];
                found.extend(instances(ec2, &format!("the instances of Auto Scaling group {name} in {region}"), filters).await?);
            }
            Ok(Seen {
                group: Some(members),
                instances: found,
            })
        }
    }
}

fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

async fn instances(ec2: &Ec2, what: &str, filters: Vec<Filter>) -> Result<Vec<Instance>, Error> {
    let mut pages = ec2.describe_instances().set_filters(Some(filters)).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::DescribeInstances(what.to_owned(), error.into()))?;
        for described in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
            found.push(instance(what, described)?);
        }
    }
    Ok(found)
}

fn instance(what: &str, described: &Described) -> Result<Instance, Error> {
    let lacks = |field| Error::Malformed(what.to_owned(), field);
    let tags = described
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
    Ok(Instance {
        id: id(described.instance_id()).ok_or_else(|| lacks("instanceId"))?,
        state: described
            .state()
            .and_then(|state| state.name())
            .map_or("in no state", |name| name.as_str())
            .to_owned(),
        launched: described
            .launch_time()
            .and_then(|time| Timestamp::from_second(time.secs()).ok())
            .ok_or_else(|| lacks("launchTime"))?,
        tags: tags.collect(),
    })
}

fn id(text: Option<&str>) -> Option<InstanceId> {
    text?.parse().ok()
}

/// The members of the group; none if it doesn't exist.
async fn members(request: &Request, autoscaling: &AutoScaling, name: &GroupName) -> Result<Option<Vec<Member>>, Error> {
    let what = format!("Auto Scaling group {name} in {}", request.region);
    let answer = autoscaling
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(name.as_str())
        .send()
        .await
        .map_err(|error| Error::DescribeAutoScalingGroups(what.clone(), error.into()))?;
    let mut groups = answer.auto_scaling_groups().iter();
    let Some(group) = groups.find(|group| group.auto_scaling_group_name() == Some(name.as_str())) else {
        return Ok(None);
    };
    let members = group.instances().iter().map(|member| {
        Ok(Member {
            id: id(member.instance_id()).ok_or_else(|| Error::Malformed(what.clone(), "InstanceId"))?,
            lifecycle: member.lifecycle_state().map_or("", |state| state.as_str()).to_owned(),
            health: member.health_status().unwrap_or_default().to_owned(),
        })
    });
    members.collect::<Result<_, _>>().map(Some)
}

/// EC2's answer to the call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The image is being made.
    Making(AmiId),
    /// There is an image of that name already.
    NameTaken,
    /// Not now: others are being made of the same instance or volume.
    Later(String),
}

/// The codes by which EC2 puts an image off until others are through (AWSEC2/latest/APIReference/errors-overview.html).
const LATER: &[&str] = &[
    "ConcurrentCreateImageNoRebootLimitExceeded",
    "ConcurrentSnapshotLimitExceeded",
    "SnapshotCreationPerVolumeRateExceeded",
];

/// Makes the image. AWS answers before it can be used.
///
/// One attempt only: the call has no client token (API_CreateImage), so that the next invocation, which looks first, tells
/// better than a second attempt whether the first was taken.
pub(crate) async fn create(ec2: &Ec2, new: &NewImage, _permit: &Permit) -> Result<Answer, Error> {
    let once = aws_sdk_ec2::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build());
    match request(ec2, new)
        .customize()
        .config_override(once)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => answer
            .image_id()
            .and_then(|id| id.parse().ok())
            .map(Answer::Making)
            .ok_or_else(|| Error::Malformed(format!("image {}", new.name), "imageId")),
        Err(failure) if failure.is(&["InvalidAMIName.Duplicate"]) => Ok(Answer::NameTaken),
        Err(failure) if failure.is(LATER) => Ok(Answer::Later(failure.to_string())),
        Err(failure) => Err(Error::CreateImage(Box::new(new.clone()), failure)),
    }
}

/// The call, after EC2's own check of it, which changes nothing: whether the role may make it (API_CreateImage: DryRun).
pub(crate) async fn rehearse(ec2: &Ec2, new: &NewImage) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = request(ec2, new).dry_run(true);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal
        .call(answer)
        .map_err(|failure| Error::Rehearse(Box::new(new.clone()), failure))
}

/// `NoReboot` is false by default, which restarts the source; true makes a crash-consistent image, in which what the
/// instance had not yet written to its volumes is missing (API_CreateImage: NoReboot).
fn request(ec2: &Ec2, new: &NewImage) -> CreateImageFluentBuilder {
    let tagged = |resource| {
        let tags = new.tags().map(|(key, value)| Tag::builder().key(key).value(value).build());
        TagSpecification::builder()
            .resource_type(resource)
            .set_tags(Some(tags.to_vec()))
            .build()
    };
    ec2.create_image()
        .instance_id(new.instance.as_str())
        .name(&new.name)
        .description(format!("{} of {}, made by Relight in run {}", new.workload, new.instance, new.run))
        .no_reboot(new.consistency == Consistency::Crash)
        .tag_specifications(tagged(ResourceType::Image))
        .tag_specifications(tagged(ResourceType::Snapshot))
}
