//! The action against mocked AWS: what is read beside what launch-instances reads, and what an answer that doesn't come is.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use action::{ErrorName, NamedError as _};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::{DescribeAutoScalingGroupsError, DescribeAutoScalingGroupsOutput};
use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ec2::operation::describe_instance_type_offerings::DescribeInstanceTypeOfferingsOutput;
use aws_sdk_ec2::operation::describe_instance_types::DescribeInstanceTypesOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::operation::describe_launch_template_versions::{
    DescribeLaunchTemplateVersionsError, DescribeLaunchTemplateVersionsOutput,
};
use aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput;
use aws_sdk_ec2::operation::describe_subnets::DescribeSubnetsOutput;
use aws_sdk_ec2::types::{
    Image, ImageState, Instance, InstanceLifecycleType, InstanceType, InstanceTypeInfo, InstanceTypeOffering, LaunchTemplateVersion,
    Reservation, ResponseLaunchTemplateData, SecurityGroup, Subnet, SubnetState, VCpuInfo,
};
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaOutput;
use aws_sdk_servicequotas::types::ServiceQuota;
use aws_sdk_ssm::operation::get_parameter::GetParameterOutput;
use aws_sdk_ssm::types::Parameter;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use check_compute::error::Error;
use check_compute::io::Reply;
use check_compute::{Clients, handle};
use readiness::{Question, Verdict};
use serde_json::{Value, json};

fn template() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_launch_template_versions).then_output(|| {
        let data = ResponseLaunchTemplateData::builder()
            .security_group_ids("sg-1")
            .security_group_ids("sg-2")
            .build();
        let version = LaunchTemplateVersion::builder().launch_template_data(data).build();
        DescribeLaunchTemplateVersionsOutput::builder()
            .launch_template_versions(version)
            .build()
    })
}

/// Only sg-1 is there.
fn security_groups() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_security_groups)
        .match_requests(|input| input.filters()[0].values() == ["sg-1", "sg-2"])
        .then_output(|| {
            let group = SecurityGroup::builder().group_id("sg-1").build();
            DescribeSecurityGroupsOutput::builder().security_groups(group).build()
        })
}

fn images() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_images).then_output(|| {
        let image = Image::builder().image_id("ami-00000001").name("first").state(ImageState::Available);
        DescribeImagesOutput::builder()
            .images(image.creation_date("2026-11-21T03:00:00.000Z").build())
            .build()
    })
}

fn subnets() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_subnets).then_output(|| {
        let subnet = Subnet::builder()
            .subnet_id("subnet-00000001")
            .availability_zone("us-west-1a")
            .vpc_id("vpc-1");
        let subnet = subnet.state(SubnetState::Available).available_ip_address_count(10).build();
        DescribeSubnetsOutput::builder().subnets(subnet).build()
    })
}

fn offerings() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_instance_type_offerings).then_output(|| {
        let offered = InstanceTypeOffering::builder()
            .instance_type(InstanceType::M7gLarge)
            .location("us-west-1a")
            .build();
        DescribeInstanceTypeOfferingsOutput::builder()
            .instance_type_offerings(offered)
            .build()
    })
}

/// One on demand, one on the spot market, and one of a family with a quota of its own.
fn instances() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_instances).then_output(|| {
        let instance = |kind| Instance::builder().instance_type(kind);
        let reservation = Reservation::builder()
            .instances(instance(InstanceType::M7gLarge).build())
            .instances(
                instance(InstanceType::M7gLarge)
                    .instance_lifecycle(InstanceLifecycleType::Spot)
                    .build(),
            )
            .instances(instance(InstanceType::P548xlarge).build());
        DescribeInstancesOutput::builder().reservations(reservation.build()).build()
    })
}

fn sizes() -> Rule {
    mock!(aws_sdk_ec2::Client::describe_instance_types)
        .match_requests(|input| input.filters()[0].values() == ["m7g.large"])
        .then_output(|| {
            let info = InstanceTypeInfo::builder().instance_type(InstanceType::M7gLarge);
            let info = info.v_cpu_info(VCpuInfo::builder().default_v_cpus(2).build()).build();
            DescribeInstanceTypesOutput::builder().instance_types(info).build()
        })
}

fn quota(value: f64) -> Rule {
    mock!(aws_sdk_servicequotas::Client::get_service_quota)
        .match_requests(|input| (input.service_code(), input.quota_code()) == (Some("ec2"), Some("L-1216C47A")))
        .then_output(move || {
            GetServiceQuotaOutput::builder()
                .quota(ServiceQuota::builder().value(value).build())
                .build()
        })
}

fn group(maximum: i32) -> Rule {
    mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .match_requests(|input| input.auto_scaling_group_names() == ["shop"])
        .then_output(move || {
            let group = AutoScalingGroup::builder()
                .auto_scaling_group_name("shop")
                .max_size(maximum)
                .build();
            DescribeAutoScalingGroupsOutput::builder().auto_scaling_groups(group).build()
        })
}

async fn check(change: Value, ec2: &[&Rule], group: &Rule, quota: &Rule) -> Result<Reply, Error> {
    let pointer = mock!(aws_sdk_ssm::Client::get_parameter).then_output(|| {
        GetParameterOutput::builder()
            .parameter(Parameter::builder().value("ami-00000001").build())
            .build()
    });
    let clients = Clients {
        launch: launch_instances::Clients {
            ec2: mock_client!(aws_sdk_ec2, RuleMode::MatchAny, ec2.iter().copied()),
            elb: mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, &[]),
            ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&pointer]),
        },
        autoscaling: mock_client!(aws_sdk_autoscaling, RuleMode::MatchAny, [group]),
        quotas: mock_client!(aws_sdk_servicequotas, RuleMode::MatchAny, [quota]),
    };
    let mut request = json!({
        "run": "check-1",
        "workload": "unishop",
        "launch": {
            "launchTemplate": "lt-0123456789abcdef0", "instanceTypes": ["m7g.large"], "subnets": ["subnet-00000001"],
            "securityGroups": [], "count": 1, "elasticIp": null, "targetGroups": [], "capacityReservation": null,
            "image": {"pointer": "/relight/unishop/image"},
        },
        "group": null,
        "imageMaximumAgeSeconds": null,
    });
    request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    handle(
        serde_json::from_value(request).unwrap(),
        &clients,
        "2026-11-21T04:00:00Z".parse().unwrap(),
    )
    .await
}

fn told(reply: &Reply) -> Vec<(Question, Verdict, &str)> {
    let told = reply.answers.iter().filter(|answer| answer.verdict > Verdict::Pass);
    told.map(|answer| (answer.question, answer.verdict, answer.seen.as_str())).collect()
}

#[tokio::test]
async fn a_launch_is_looked_at_and_only_on_demand_instances_of_the_family_count_against_the_quota() {
    let (template, groups, images, subnets) = (template(), security_groups(), images(), subnets());
    let (offerings, instances, sizes) = (offerings(), instances(), sizes());
    let ec2 = [&template, &groups, &images, &subnets, &offerings, &instances, &sizes];
    let reply = check(json!({}), &ec2, &group(1), &quota(4.0)).await.unwrap();
    assert_eq!(told(&reply), [(Question::SecurityGroups, Verdict::Fail, "sg-2 not there")]);
    let reply = check(json!({}), &ec2, &group(1), &quota(3.0)).await.unwrap();
    assert_eq!(
        told(&reply)[1],
        (Question::VcpuQuota, Verdict::Fail, "2 vCPUs for 1 m7g.large, 2 in use")
    );
}

#[tokio::test]
async fn a_group_alone_is_looked_at_by_one_call() {
    let reply = check(
        json!({"launch": null, "group": {"name": "shop", "fullSize": 4}}),
        &[],
        &group(3),
        &quota(0.0),
    )
    .await
    .unwrap();
    assert_eq!(told(&reply), [(Question::GroupSize, Verdict::Warn, "shop may grow to 3")]);
}

#[tokio::test]
async fn a_template_or_a_group_that_can_not_be_read_is_an_error() {
    let denied = || {
        aws_smithy_types::error::ErrorMetadata::builder()
            .code("UnauthorizedOperation")
            .build()
    };
    let no_template = mock!(aws_sdk_ec2::Client::describe_launch_template_versions)
        .then_error(move || DescribeLaunchTemplateVersionsError::generic(denied()));
    let error = check(json!({}), &[&no_template], &group(1), &quota(0.0)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    let no_group = mock!(aws_sdk_autoscaling::Client::describe_auto_scaling_groups)
        .then_error(move || DescribeAutoScalingGroupsError::generic(denied()));
    let change = json!({"launch": null, "group": {"name": "shop", "fullSize": 4}});
    let error = check(change, &[], &no_group, &quota(0.0)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
}
