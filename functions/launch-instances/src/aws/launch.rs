//! The launch itself, and AWS's dry run of it.

use action::aws::{CALL_TIMEOUT, Failure, on_paper};
use action::ids::{InstanceId, LaunchTemplateId, RunId, SecurityGroupId, WorkloadName};
use action::{ErrorName, Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    CapacityReservationSpecification, CapacityReservationTarget, HttpTokensState, InstanceMetadataOptionsRequest, InstanceType,
    LaunchTemplateSpecification, ResourceType, Tag, TagSpecification,
};

use super::given;
use crate::decide::fleet::Block;
use crate::decide::pools::{Lack, Pool};
use crate::decide::token::client_token;
use crate::error::{Attempt, Error};

/// What every launch of the run has in common.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) workload: &'a WorkloadName,
    pub(crate) launch_template: &'a LaunchTemplateId,
    pub(crate) security_groups: &'a [SecurityGroupId],
    pub(crate) image: &'a str,
}

impl Template<'_> {
    fn failed(&self, pool: &Pool, failure: Failure) -> Error {
        let attempt = Attempt {
            pool: pool.clone(),
            image: self.image.to_owned(),
            template: self.launch_template.clone(),
        };
        Error::RunInstances(Box::new(attempt), failure)
    }
}

/// EC2's answer to a launch.
#[derive(Debug)]
pub(crate) enum Answer {
    Launched(Vec<InstanceId>),
    Lacks(Lack),
    /// Later: EC2 takes no more launches for the moment, or an earlier one is still under way.
    Later(String),
}

/// The codes by which EC2 puts a launch off. RunInstances has a rate and a resource limit of its own per Region
/// (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html), which a whole Region's failover reaches. With
/// IdempotentParameterMismatch these very instances were asked for before, while the template was another one.
const LATER: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "EC2ThrottledException",
    "IdempotentParameterMismatch",
];

/// Launches `block` in `pool`.
///
/// One attempt only: EC2 reports missing capacity with HTTP status 500, which the SDK would try three times over
/// (aws/aws-sdk-ruby#2786), and each attempt counts against RunInstances' low rate limit.
pub(crate) async fn run(ec2: &Client, template: &Template<'_>, block: &Block, pool: &Pool, _permit: &Permit) -> Result<Answer, Error> {
    let token = client_token(block, template.launch_template, template.image, pool);
    let once = aws_sdk_ec2::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build());
    match request(ec2, template, block.size, pool)
        .client_token(token)
        .customize()
        .config_override(once)
        .send()
        .await
    {
        Ok(answer) => {
            let ids = answer.instances().iter().map(|one| given("instanceId", one.instance_id()));
            Ok(Answer::Launched(ids.collect::<Result<_, _>>()?))
        }
        Err(error) => {
            let failure = Failure::from(error);
            if let Some(lack) = failure.code().and_then(|code| Lack::from_code(code, pool)) {
                Ok(Answer::Lacks(lack))
            } else if failure.is(LATER) {
                Ok(Answer::Later(failure.to_string()))
            } else {
                Err(template.failed(pool, failure))
            }
        }
    }
}

/// EC2's own check of the launch, which changes nothing: None when it would succeed.
///
/// It checks permissions and parameters, not capacity (RunInstancesRequest.DryRun).
pub(crate) async fn dry_run(ec2: &Client, template: &Template<'_>, size: usize, pool: &Pool) -> Result<Option<Failure>, Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = request(ec2, template, size, pool).dry_run(true);
    match rehearsal.call(call.customize().interceptor(rehearsal.clone()).send().await) {
        Ok(_) => Ok(None),
        Err(failure) if failure.name() == ErrorName::Transient => Err(template.failed(pool, failure)),
        Err(failure) => Ok(Some(failure)),
    }
}

/// The launch as plan mode lists it.
pub(crate) async fn planned(ec2: &Client, template: &Template<'_>, size: usize, pool: &Pool) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let paper = Client::new(&on_paper(ec2.config().region()));
    let call = request(&paper, template, size, pool);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(|failure| template.failed(pool, failure))
}

fn request(ec2: &Client, template: &Template<'_>, size: usize, pool: &Pool) -> RunInstancesFluentBuilder {
    // All of a block or none: then seeing one of it means that it was launched.
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    let tags = [
        ("relight:workload", template.workload.as_str()),
        ("relight:run", template.run.as_str()),
    ]
    .map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tagged = |resource| {
        TagSpecification::builder()
            .resource_type(resource)
            .set_tags(Some(tags.to_vec()))
            .build()
    };
    let groups: Vec<String> = template.security_groups.iter().map(ToString::to_string).collect();
    let request = ec2
        .run_instances()
        .launch_template(
            LaunchTemplateSpecification::builder()
                .launch_template_id(template.launch_template.as_str())
                .version("$Default")
                .build(),
        )
        .image_id(template.image)
        .instance_type(InstanceType::from(pool.instance_type.as_str()))
        .subnet_id(pool.subnet.as_str())
        .set_security_group_ids((!groups.is_empty()).then_some(groups))
        .min_count(size)
        .max_count(size)
        .metadata_options(
            InstanceMetadataOptionsRequest::builder()
                .http_tokens(HttpTokensState::Required)
                .build(),
        )
        .tag_specifications(tagged(ResourceType::Instance))
        .tag_specifications(tagged(ResourceType::Volume))
        .tag_specifications(tagged(ResourceType::NetworkInterface));
    match &pool.reservation {
        None => request,
        Some(reservation) => request.capacity_reservation_specification(
            CapacityReservationSpecification::builder()
                .capacity_reservation_target(
                    CapacityReservationTarget::builder()
                        .capacity_reservation_id(reservation.as_str())
                        .build(),
                )
                .build(),
        ),
    }
}
