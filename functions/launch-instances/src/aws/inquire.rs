//! What a launch needs, asked of AWS before anything is touched.

use std::collections::{BTreeMap, BTreeSet};

use action::aws::Failure;
use action::ids::{AmiId, CapacityReservationId, InstanceType, LaunchTemplateId, ParameterName, SubnetId, TargetGroupArn};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{CapacityReservationState, Filter, ImageState, LocationType, SubnetState};

use super::{Clients, given, serve, text};
use crate::decide::check::{self, Problem, Reservation, Subnet, Surroundings, TargetGroup, Template};
use crate::decide::pools::Reserved;
use crate::error::Error;
use crate::io::{ImageChoice, Launch};

/// Looks at everything that the launch needs, side by side: this stands between the alarm and the point of no return.
///
/// # Errors
/// When AWS doesn't answer. What is missing is no error.
pub async fn surroundings(clients: &Clients, launch: &Launch) -> Result<Surroundings, Error> {
    let Clients { ec2, elb, ssm } = clients;
    let address = async {
        match &launch.elastic_ip {
            Some(id) => serve::address(ec2, id, None).await,
            None => Ok(None),
        }
    };
    let reservation = async {
        match &launch.capacity_reservation {
            Some(id) => reservation(ec2, id).await,
            None => Ok(None),
        }
    };
    let (image, template, places, address, target_groups, reservation) = tokio::join!(
        image(ec2, ssm, &launch.image),
        template(ec2, &launch.launch_template),
        places(ec2, launch),
        address,
        target_groups(elb, &launch.target_groups),
        reservation,
    );
    let (subnets, offered) = places?;
    Ok(Surroundings {
        image: image?,
        template: template?,
        subnets,
        offered,
        address: address?,
        target_groups: target_groups?,
        reservation: reservation?,
    })
}

/// The image that is chosen. One that isn't made can't be launched; the request was refused before.
pub(crate) async fn image_chosen(ssm: &aws_sdk_ssm::Client, choice: &ImageChoice) -> Result<Result<AmiId, Problem>, Error> {
    match choice {
        ImageChoice::Pointer(pointer) => image_named(ssm, pointer).await,
        ImageChoice::Id(image) => Ok(Ok(image.clone())),
        ImageChoice::Unmade => Ok(Err(Problem::Unmade)),
    }
}

/// The image that the pointer names.
async fn image_named(ssm: &aws_sdk_ssm::Client, pointer: &ParameterName) -> Result<Result<AmiId, Problem>, Error> {
    let answer = match ssm.get_parameter().name(pointer.as_str()).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::from(error);
            return if failure.is(&["ParameterNotFound"]) {
                Ok(Err(Problem::NoPointer(pointer.clone())))
            } else {
                Err(Error::GetParameter(pointer.clone(), failure))
            };
        }
    };
    let value = text("Parameter.Value", answer.parameter().and_then(|parameter| parameter.value()))?;
    Ok(AmiId::try_from(value).map_err(|malformed| Problem::NoImageId {
        pointer: pointer.clone(),
        value: malformed.value,
    }))
}

async fn image(ec2: &Client, ssm: &aws_sdk_ssm::Client, choice: &ImageChoice) -> Result<Result<Option<AmiId>, Problem>, Error> {
    if *choice == ImageChoice::Unmade {
        return Ok(Ok(None));
    }
    let image = match image_chosen(ssm, choice).await? {
        Ok(image) => image,
        Err(problem) => return Ok(Err(problem)),
    };
    let pointer = match choice {
        ImageChoice::Pointer(pointer) => Some(pointer.clone()),
        ImageChoice::Id(_) | ImageChoice::Unmade => None,
    };
    // A filter, since an unknown image id is an error of the call and a filter that matches nothing is not.
    let answer = ec2
        .describe_images()
        .filters(Filter::builder().name("image-id").values(image.as_str()).build())
        .send()
        .await
        .map_err(|error| Error::DescribeImages(image.clone(), error.into()))?;
    let Some(found) = answer.images().first() else {
        return Ok(Err(Problem::NoImage { image, pointer }));
    };
    Ok(match found.state() {
        Some(ImageState::Available) => Ok(Some(image)),
        state => Err(Problem::ImageState {
            image,
            pointer,
            state: state.map_or("in no state", ImageState::as_str).to_owned(),
        }),
    })
}

async fn template(ec2: &Client, id: &LaunchTemplateId) -> Result<Result<Template, Problem>, Error> {
    let answer = ec2
        .describe_launch_template_versions()
        .launch_template_id(id.as_str())
        .versions("$Default")
        .send()
        .await;
    match answer.map_err(Failure::from) {
        Ok(answer) => {
            let version = answer.launch_template_versions().first();
            let Some(data) = version.and_then(|version| version.launch_template_data()) else {
                return Ok(Err(Problem::NoTemplateVersion(id.clone())));
            };
            Ok(Ok(Template {
                has_interfaces: !data.network_interfaces().is_empty(),
            }))
        }
        Err(failure) if failure.is(&["InvalidLaunchTemplateId.NotFound"]) => Ok(Err(Problem::NoTemplate(id.clone()))),
        Err(failure) if failure.is(&["InvalidLaunchTemplateId.VersionNotFound"]) => Ok(Err(Problem::NoTemplateVersion(id.clone()))),
        Err(failure) => Err(Error::DescribeLaunchTemplate(id.clone(), failure)),
    }
}

type Places = (BTreeMap<SubnetId, Subnet>, BTreeSet<(InstanceType, String)>);

async fn places(ec2: &Client, launch: &Launch) -> Result<Places, Error> {
    let subnets = subnets(ec2, &launch.subnets).await?;
    let zones: BTreeSet<&String> = subnets.values().map(|subnet| &subnet.zone).collect();
    if zones.is_empty() {
        return Ok((subnets, BTreeSet::new()));
    }
    let mut pages = ec2
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(filter("instance-type", launch.instance_types.iter().map(InstanceType::as_str)))
        .filters(filter("location", zones.iter().map(|zone| zone.as_str())))
        .into_paginator()
        .send();
    let mut offered = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::DescribeInstanceTypeOfferings(error.into()))?;
        for offering in page.instance_type_offerings() {
            let name = given("instanceType", offering.instance_type().map(|name| name.as_str()))?;
            offered.insert((name, text("location", offering.location())?));
        }
    }
    Ok((subnets, offered))
}

async fn subnets(ec2: &Client, ids: &[SubnetId]) -> Result<BTreeMap<SubnetId, Subnet>, Error> {
    let answer = ec2
        .describe_subnets()
        .filters(filter("subnet-id", ids.iter().map(SubnetId::as_str)))
        .send()
        .await
        .map_err(|error| Error::DescribeSubnets(error.into()))?;
    answer
        .subnets()
        .iter()
        .map(|subnet| {
            let free = usize::try_from(subnet.available_ip_address_count().unwrap_or_default());
            let seen = Subnet {
                zone: text("availabilityZone", subnet.availability_zone())?,
                vpc: text("vpcId", subnet.vpc_id())?,
                available: subnet.state() == Some(&SubnetState::Available),
                free: free.unwrap_or_default(),
            };
            Ok((given("subnetId", subnet.subnet_id())?, seen))
        })
        .collect()
}

fn filter<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.map(str::to_owned).collect()))
        .build()
}

async fn target_groups(
    elb: &aws_sdk_elasticloadbalancingv2::Client,
    arns: &[TargetGroupArn],
) -> Result<BTreeMap<TargetGroupArn, TargetGroup>, Error> {
    let mut found = BTreeMap::new();
    // One by one: the error for a missing one doesn't say which it was.
    for arn in arns {
        let answer = elb.describe_target_groups().target_group_arns(arn.as_str()).send().await;
        match answer.map_err(Failure::from) {
            Ok(answer) => {
                if let Some(group) = answer.target_groups().first() {
                    let seen = TargetGroup {
                        kind: group.target_type().map_or("unknown", |kind| kind.as_str()).to_owned(),
                        vpc: group.vpc_id().unwrap_or("no VPC").to_owned(),
                        used: !group.load_balancer_arns().is_empty(),
                    };
                    found.insert(arn.clone(), seen);
                }
            }
            Err(failure) if failure.is(&["TargetGroupNotFound"]) => {}
            Err(failure) => return Err(Error::DescribeTargetGroup(arn.clone(), failure)),
        }
    }
    Ok(found)
}

async fn reservation(ec2: &Client, id: &CapacityReservationId) -> Result<Option<Reservation>, Error> {
    let answer = ec2
        .describe_capacity_reservations()
        .capacity_reservation_ids(id.as_str())
        .send()
        .await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        // The model names no error; EC2's list of codes has the second spelling, and others of its kind the first.
        Err(failure)
            if failure.is(&[
                "InvalidCapacityReservationId.NotFound",
                "InvalidCapacityReservationIdNotFoundException",
            ]) =>
        {
            return Ok(None);
        }
        Err(failure) => return Err(Error::DescribeCapacityReservation(id.clone(), failure)),
    };
    let Some(found) = answer.capacity_reservations().first() else {
        return Ok(None);
    };
    Ok(Some(Reservation {
        instance_type: given("instanceType", found.instance_type())?,
        zone: text("availabilityZone", found.availability_zone())?,
        state: found.state().map_or("in no state", CapacityReservationState::as_str).to_owned(),
        free: usize::try_from(found.available_instance_count().unwrap_or_default()).unwrap_or_default(),
    }))
}

/// The plan's capacity reservation, if it has one that can be used. One that is gone stops no recovery: there are the
/// other pools.
pub(crate) async fn reserved(ec2: &Client, launch: &Launch) -> Result<Option<Reserved>, Error> {
    let Some(id) = &launch.capacity_reservation else {
        return Ok(None);
    };
    let (reservation, subnets) = tokio::join!(reservation(ec2, id), subnets(ec2, &launch.subnets));
    let subnets = subnets?;
    Ok(reservation?
        .filter(|reservation| reservation.state == check::ACTIVE)
        .map(|reservation| check::reserved_in(id, &reservation, &subnets)))
}
