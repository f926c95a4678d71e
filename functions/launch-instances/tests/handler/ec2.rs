//! EC2 of the Region in miniature.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::operation::{
    associate_address::AssociateAddressOutput, describe_addresses::DescribeAddressesOutput,
    describe_capacity_reservations::DescribeCapacityReservationsOutput, describe_images::DescribeImagesOutput,
    describe_instance_status::DescribeInstanceStatusOutput, describe_instance_type_offerings::DescribeInstanceTypeOfferingsOutput,
    describe_instances::DescribeInstancesOutput, describe_launch_template_versions::DescribeLaunchTemplateVersionsOutput,
    describe_subnets::DescribeSubnetsOutput, run_instances::RunInstancesOutput,
};
use aws_sdk_ec2::types::*;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;

use super::world::{World, address, instance};

fn refusal<O, E>(status: u16, code: &str) -> MockResponse<O, E> {
    let body = format!("<Response><Errors><Error><Code>{code}</Code><Message>said AWS</Message></Error></Errors></Response>");
    MockResponse::Http(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
}

fn values<'a>(filters: &'a [Filter], name: &str) -> &'a [String] {
    filters
        .iter()
        .find(|filter| filter.name() == Some(name))
        .map_or(&[], Filter::values)
}

impl World {
    pub(crate) fn ec2(&self) -> aws_sdk_ec2::Client {
        let world = self.clone();
        let run = mock!(Client::run_instances).then_compute_response(move |input| {
            let place = format!("{} {}", input.instance_type().unwrap().as_str(), input.subnet_id().unwrap());
            let dry = input.dry_run() == Some(true);
            world.see(&format!("{} {place}", if dry { "DryRun" } else { "RunInstances" }), |state| {
                state.runs.push(input.clone());
                let refused = state
                    .refusals
                    .iter()
                    .find(|(key, _)| place.contains(*key))
                    .map(|(_, refusal)| *refusal);
                if let Some((status, code)) = refused {
                    return refusal(status, code);
                }
                if dry {
                    return refusal(412, "DryRunOperation");
                }
                let token = input.client_token().unwrap();
                if !state.instances.iter().any(|one| one.client_token() == Some(token)) {
                    for _ in 0..input.min_count().unwrap() {
                        let id = format!("i-{:08x}", state.instances.len() + 1);
                        let mut born = instance(&id, "unishop", token, state.born.clone());
                        born.instance_type = input.instance_type().cloned();
                        born.subnet_id = input.subnet_id().map(str::to_owned);
                        born.image_id = input.image_id().map(str::to_owned);
                        state.instances.push(born);
                    }
                }
                let asked = state.instances.iter().filter(|one| one.client_token() == Some(token)).cloned();
                MockResponse::Output(RunInstancesOutput::builder().set_instances(Some(asked.collect())).build())
            })
        });
        let world = self.clone();
        let instances = mock!(Client::describe_instances).then_compute_output(move |input| {
            world.see("DescribeInstances", |state| {
                let by_tag = !input.filters().is_empty();
                assert!(!by_tag || values(input.filters(), "tag:relight:run") == ["unishop-1"]);
                assert!(!by_tag || values(input.filters(), "tag:relight:workload") == ["unishop"]);
                let listed = state.instances.len() - state.unlisted.min(state.instances.len());
                let shown = state.instances.iter().take(listed).filter(|one| {
                    let id = one.instance_id().unwrap_or_default();
                    // What isn't of this run has no client token in this world.
                    if by_tag {
                        one.client_token().is_some_and(|token| !token.is_empty())
                    } else {
                        input.instance_ids().iter().any(|wanted| wanted == id)
                    }
                });
                let reservation = Reservation::builder().set_instances(Some(shown.cloned().collect())).build();
                DescribeInstancesOutput::builder().reservations(reservation).build()
            })
        });
        let world = self.clone();
        let status = mock!(Client::describe_instance_status).then_compute_output(move |input| {
            world.see("DescribeInstanceStatus", |state| {
                let summary = |word: &str| InstanceStatusSummary::builder().status(word.into()).build();
                let all = input.instance_ids().iter().map(|id| {
                    InstanceStatus::builder()
                        .instance_id(id)
                        .instance_status(summary(state.checks.0))
                        .system_status(summary(state.checks.1))
                        .build()
                });
                DescribeInstanceStatusOutput::builder()
                    .set_instance_statuses(Some(all.collect()))
                    .build()
            })
        });
        let world = self.clone();
        let associate = mock!(Client::associate_address).then_compute_output(move |input| {
            let call = format!(
                "AssociateAddress {} reassociation {}",
                input.instance_id().unwrap(),
                input.allow_reassociation().unwrap()
            );
            world.see(&call, |state| {
                state.address = Some(address(input.instance_id().unwrap(), ""));
                AssociateAddressOutput::builder().build()
            })
        });
        let [images, templates, subnets, offerings, addresses, reservations] = self.inquiries();
        mock_client!(
            aws_sdk_ec2,
            RuleMode::MatchAny,
            &[
                &run,
                &instances,
                &status,
                &associate,
                &images,
                &templates,
                &subnets,
                &offerings,
                &addresses,
                &reservations
            ]
        )
    }

    fn inquiries(&self) -> [Rule; 6] {
        let world = self.clone();
        let images = mock!(Client::describe_images).then_compute_output(move |input| {
            world.see("DescribeImages", |state| {
                let id = values(input.filters(), "image-id").first().cloned();
                let found = state
                    .image_state
                    .clone()
                    .map(|word| Image::builder().set_image_id(id).state(word).build());
                DescribeImagesOutput::builder()
                    .set_images(Some(found.into_iter().collect()))
                    .build()
            })
        });
        let world = self.clone();
        let templates = mock!(Client::describe_launch_template_versions).then_compute_response(move |input| {
            assert_eq!(input.versions(), ["$Default"]);
            world.see("DescribeLaunchTemplateVersions", |state| match state.template {
                Err(code) => refusal(400, code),
                Ok(interfaces) => {
                    let mut data = ResponseLaunchTemplateData::builder();
                    if interfaces {
                        data = data.network_interfaces(LaunchTemplateInstanceNetworkInterfaceSpecification::builder().build());
                    }
                    let version = LaunchTemplateVersion::builder().launch_template_data(data.build()).build();
                    MockResponse::Output(
                        DescribeLaunchTemplateVersionsOutput::builder()
                            .launch_template_versions(version)
                            .build(),
                    )
                }
            })
        });
        let world = self.clone();
        let subnets = mock!(Client::describe_subnets).then_compute_output(move |input| {
            world.see("DescribeSubnets", |state| {
                let wanted = values(input.filters(), "subnet-id");
                let found = state
                    .subnets
                    .iter()
                    .filter(|(id, _)| wanted.iter().any(|one| one == id))
                    .map(|(id, zone)| {
                        Subnet::builder()
                            .subnet_id(*id)
                            .availability_zone(*zone)
                            .vpc_id("vpc-1")
                            .state(SubnetState::Available)
                            .available_ip_address_count(100)
                            .build()
                    });
                DescribeSubnetsOutput::builder().set_subnets(Some(found.collect())).build()
            })
        });
        let world = self.clone();
        let offerings = mock!(Client::describe_instance_type_offerings).then_compute_output(move |_| {
            world.see("DescribeInstanceTypeOfferings", |state| {
                let all = state.offered.iter().map(|(name, zone)| {
                    InstanceTypeOffering::builder()
                        .instance_type((*name).into())
                        .location(*zone)
                        .build()
                });
                DescribeInstanceTypeOfferingsOutput::builder()
                    .set_instance_type_offerings(Some(all.collect()))
                    .build()
            })
        });
        let world = self.clone();
        let addresses = mock!(Client::describe_addresses).then_compute_output(move |_| {
            world.see("DescribeAddresses", |state| {
                DescribeAddressesOutput::builder()
                    .set_addresses(Some(state.address.iter().cloned().collect()))
                    .build()
            })
        });
        let world = self.clone();
        let reservations = mock!(Client::describe_capacity_reservations).then_compute_response(move |_| {
            world.see("DescribeCapacityReservations", |state| match &state.reservation {
                None => refusal(400, "InvalidCapacityReservationId.NotFound"),
                Some(found) => MockResponse::Output(
                    DescribeCapacityReservationsOutput::builder()
                        .capacity_reservations(found.clone())
                        .build(),
                ),
            })
        });
        [images, templates, subnets, offerings, addresses, reservations]
    }
}
