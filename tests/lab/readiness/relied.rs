//! What a recovery relies on and never calls, broken and made whole again.

use aws_sdk_cloudfront::types as cloudfront;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_ec2::types as ec2;
use aws_sdk_elasticloadbalancingv2 as elb;
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, Certificate, ProtocolEnum, TargetTypeEnum};
use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchRegion, HealthCheckConfig, HealthCheckType, InsufficientDataHealthStatus as WithoutData,
};
use lab::world::{RECOVERY, WORKLOAD};
use url::Url;

use super::broken::{by_metric, of_launch};
use crate::stage::Stage;

/// What is broken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Relied {
    NoProfile,
    OtherTrust,
    InvertedHealthCheck,
    NoFailover,
    PendingCertificate,
}

const FUNCTION: &str = "relight-detach-global-cluster";
const ALARM: &str = "relight-unishop-recovery-serves";

impl Relied {
    /// Breaks it; what the undoing needs.
    pub(super) async fn make(self, stage: &Stage) -> String {
        match self {
            Self::NoProfile => template_with_profile(stage, "nobody").await,
            Self::OtherTrust => {
                let role = role_of(stage, FUNCTION).await;
                trust(stage, &role, "ec2.amazonaws.com").await;
                role
            }
            Self::InvertedHealthCheck => inverted_health_check(stage).await,
            Self::NoFailover => distribution_without_failover(stage).await,
            Self::PendingCertificate => pending_certificate(stage).await,
        }
    }

    pub(super) async fn undo(self, stage: &Stage, before: &str) {
        let config = stage.reach.config().expect("a configuration");
        match self {
            Self::NoProfile => {
                let client = aws_sdk_ec2::Client::new(&config);
                let change = client.modify_launch_template().launch_template_id(&stage.lab.world.launch_template);
                change.default_version(before).send().await.expect("the version");
            }
            Self::OtherTrust => trust(stage, before, "lambda.amazonaws.com").await,
            Self::InvertedHealthCheck => {
                stage.upload_plan(&stage.lab.plan).await;
                let client = aws_sdk_route53::Client::new(&config);
                client.delete_health_check().health_check_id(before).send().await.expect("no check");
                let client = aws_sdk_cloudwatch::Client::new(&config);
                client.delete_alarms().alarm_names(ALARM).send().await.expect("no alarm");
            }
            // CloudFront's distributions are the account's, and no plan names this one any more.
            Self::NoFailover => stage.upload_plan(&stage.lab.plan).await,
            Self::PendingCertificate => {
                stage.upload_plan(&stage.lab.plan).await;
                let client = elb::Client::new(&config);
                client
                    .delete_load_balancer()
                    .load_balancer_arn(before)
                    .send()
                    .await
                    .expect("no balancer");
            }
        }
    }
}

/// Makes a default version of the lab's template that names `profile`; the version before.
async fn template_with_profile(stage: &Stage, profile: &str) -> String {
    let client = aws_sdk_ec2::Client::new(&stage.reach.config().expect("a configuration"));
    let template = &stage.lab.world.launch_template;
    let before = client.describe_launch_templates().launch_template_ids(template).send().await;
    let before = before.expect("the template").launch_templates()[0]
        .default_version_number()
        .expect("a version");
    let named = ec2::LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(profile);
    let made = client
        .create_launch_template_version()
        .launch_template_id(template)
        .source_version(before.to_string())
        .launch_template_data(
            ec2::RequestLaunchTemplateData::builder()
                .iam_instance_profile(named.build())
                .build(),
        );
    let made = made.send().await.expect("a version");
    let version = made
        .launch_template_version()
        .and_then(|version| version.version_number())
        .expect("a number");
    let change = client.modify_launch_template().launch_template_id(template);
    change.default_version(version.to_string()).send().await.expect("a default version");
    before.to_string()
}

async fn role_of(stage: &Stage, function: &str) -> String {
    let client = aws_sdk_lambda::Client::new(&stage.reach.config().expect("a configuration"));
    let found = client
        .get_function_configuration()
        .function_name(function)
        .send()
        .await
        .expect("the function");
    let role = found.role().expect("a role");
    role.rsplit('/').next().unwrap_or(role).to_owned()
}

async fn trust(stage: &Stage, role: &str, service: &str) {
    let client = aws_sdk_iam::Client::new(&stage.reach.config().expect("a configuration"));
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    });
    let change = client
        .update_assume_role_policy()
        .role_name(role)
        .policy_document(document.to_string());
    change.send().await.expect("another trust");
}

/// The alarm that moves users as it should be, and a health check on it that is inverted; the check's id.
async fn inverted_health_check(stage: &Stage) -> String {
    let mut plan: toml::Table = stage.lab.plan.parse().expect("the plan");
    by_metric(&mut plan);
    stage.upload_plan(&toml::to_string(&plan).expect("a plan")).await;
    let config = stage.reach.config().expect("a configuration");
    let alarm = aws_sdk_cloudwatch::Client::new(&config).put_metric_alarm().alarm_name(ALARM);
    alarm
        .namespace("Relight")
        .metric_name("RecoveryServes")
        .dimensions(Dimension::builder().name("Workload").value(WORKLOAD).build())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .treat_missing_data("ignore")
        .send()
        .await
        .expect("the alarm");
    let followed = AlarmIdentifier::builder().region(CloudWatchRegion::from(RECOVERY)).name(ALARM);
    let check = HealthCheckConfig::builder()
        .r#type(HealthCheckType::CloudwatchMetric)
        .alarm_identifier(followed.build().expect("an alarm"))
        .insufficient_data_health_status(WithoutData::LastKnownStatus)
        .inverted(true);
    let client = aws_sdk_route53::Client::new(&config);
    let made = client
        .create_health_check()
        .caller_reference("readiness")
        .health_check_config(check.build().expect("a check"));
    let made = made.send().await.expect("a health check");
    made.health_check().expect("a health check").id().to_owned()
}

/// A distribution of both sites that stays with the primary when its load balancer says 503, and a plan that names it.
async fn distribution_without_failover(stage: &Stage) -> String {
    let mut plan: toml::Table = stage.lab.plan.parse().expect("the plan");
    let origin = |id: &str| {
        let site: Url = plan["site"][id].as_str().expect("a site").parse().expect("an address");
        let custom = cloudfront::CustomOriginConfig::builder()
            .http_port(site.port().map_or(80, i32::from))
            .https_port(443)
            .origin_protocol_policy(cloudfront::OriginProtocolPolicy::HttpOnly);
        let origin = cloudfront::Origin::builder()
            .id(id)
            .domain_name(site.host_str().expect("a host"))
            .custom_origin_config(custom.build().expect("an origin's settings"));
        origin.build().expect("an origin")
    };
    let origins = cloudfront::Origins::builder()
        .quantity(2)
        .items(origin("primary"))
        .items(origin("recovery"));
    let member = |id: &str| cloudfront::OriginGroupMember::builder().origin_id(id).build().expect("a member");
    let members = cloudfront::OriginGroupMembers::builder()
        .quantity(2)
        .items(member("primary"))
        .items(member("recovery"));
    let codes = cloudfront::StatusCodes::builder().quantity(3).set_items(Some(vec![500, 502, 504]));
    let criteria = cloudfront::OriginGroupFailoverCriteria::builder().status_codes(codes.build().expect("codes"));
    let group = cloudfront::OriginGroup::builder()
        .id("either")
        .members(members.build().expect("members"))
        .failover_criteria(criteria.build());
    let groups = cloudfront::OriginGroups::builder()
        .quantity(1)
        .items(group.build().expect("a group"));
    let behavior = cloudfront::DefaultCacheBehavior::builder()
        .target_origin_id("either")
        .viewer_protocol_policy(cloudfront::ViewerProtocolPolicy::AllowAll);
    let config = cloudfront::DistributionConfig::builder()
        .caller_reference("readiness")
        .comment("unishop")
        .enabled(true)
        .origins(origins.build().expect("origins"))
        .origin_groups(groups.build().expect("groups"))
        .default_cache_behavior(behavior.build().expect("a behavior"));
    let client = aws_sdk_cloudfront::Client::new(&stage.reach.config().expect("a configuration"));
    let made = client
        .create_distribution()
        .distribution_config(config.build().expect("a configuration"));
    let made = made.send().await.expect("a distribution");
    let id = made.distribution().expect("a distribution").id().to_owned();
    plan["site"]
        .as_table_mut()
        .expect("the site")
        .insert("distribution".to_owned(), id.as_str().into());
    stage.upload_plan(&toml::to_string(&plan).expect("a plan")).await;
    id
}

/// A load balancer whose certificate waits for its validation, and a plan whose site is served through it; the balancer's ARN.
async fn pending_certificate(stage: &Stage) -> String {
    let config = stage.reach.config().expect("a configuration");
    let subnets = &stage.lab.world.subnets;
    let found = aws_sdk_ec2::Client::new(&config)
        .describe_subnets()
        .subnet_ids(&subnets[0])
        .send()
        .await;
    let network = found.expect("a subnet").subnets()[0].vpc_id().expect("a network").to_owned();
    let client = elb::Client::new(&config);
    let group = client.create_target_group().name("shop").protocol(ProtocolEnum::Http).port(80);
    let group = group
        .vpc_id(network)
        .target_type(TargetTypeEnum::Instance)
        .send()
        .await
        .expect("a target group");
    let group = group.target_groups()[0].target_group_arn().expect("an ARN").to_owned();
    let balancer = client.create_load_balancer().name("shop").set_subnets(Some(subnets.clone()));
    let balancer = balancer.send().await.expect("a load balancer");
    let balancer = balancer.load_balancers()[0].load_balancer_arn().expect("an ARN").to_owned();
    let certificate = aws_sdk_acm::Client::new(&config)
        .request_certificate()
        .domain_name("shop.example.com");
    let certificate = certificate.send().await.expect("a certificate").certificate_arn.expect("an ARN");
    let forward = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&group).build();
    let listener = client
        .create_listener()
        .load_balancer_arn(&balancer)
        .protocol(ProtocolEnum::Https)
        .port(443);
    listener
        .certificates(Certificate::builder().certificate_arn(certificate).build())
        .default_actions(forward)
        .send()
        .await
        .expect("a listener");
    let mut plan: toml::Table = stage.lab.plan.parse().expect("the plan");
    of_launch(&mut plan, "targetGroups", vec![group].into());
    stage.upload_plan(&toml::to_string(&plan).expect("a plan")).await;
    balancer
}
