//! The action against mocked AWS: what is read from its answers, and what an answer that doesn't come is.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use aws_sdk_acm::operation::describe_certificate::DescribeCertificateOutput;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus};
use aws_sdk_cloudfront::operation::get_distribution::GetDistributionOutput;
use aws_sdk_cloudfront::types as cloudfront;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types as alarms;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use aws_sdk_ec2::operation::describe_launch_template_versions::DescribeLaunchTemplateVersionsOutput;
use aws_sdk_ec2::types::{LaunchTemplateIamInstanceProfileSpecification, LaunchTemplateVersion, ResponseLaunchTemplateData};
use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::DescribeListenersOutput;
use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsOutput;
use aws_sdk_elasticloadbalancingv2::types::{Certificate, Listener, TargetGroup};
use aws_sdk_iam::operation::get_instance_profile::GetInstanceProfileError;
use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_lambda::operation::list_functions::ListFunctionsOutput;
use aws_sdk_lambda::types::FunctionConfiguration;
use aws_sdk_route53::operation::list_health_checks::ListHealthChecksOutput;
use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchAlarmConfiguration, CloudWatchRegion, ComparisonOperator, Dimension, HealthCheck, HealthCheckConfig,
    HealthCheckType, InsufficientDataHealthStatus, Statistic,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use check_dependencies::io::Reply;
use check_dependencies::{Clients, Lazy, handle, lazy};
use readiness::{Question, Verdict};
use serde_json::json;

const ALARM: &str = "relight-unishop-recovery-serves";
const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";
const BALANCER: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:loadbalancer/app/shop/0123456789abcdef";
const CERTIFICATE: &str = "arn:aws:acm:us-west-1:123456789012:certificate/1";
/// 2026-11-21T03:16:40Z.
const NOW: i64 = 1_795_231_000;

/// What of AWS a test changes.
struct Aws {
    profile: Rule,
    role: Rule,
    health_checks: Vec<HealthCheck>,
}

fn trusting(service: &'static str) -> Rule {
    mock!(aws_sdk_iam::Client::get_role)
        .match_requests(|input| input.role_name() == Some("relight-OpenRunRole-1"))
        .then_output(move || {
            // As IAM writes it (model: Role).
            let document = format!(
                "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22{service}%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
            );
            let role = aws_sdk_iam::types::Role::builder()
                .path("/")
                .role_name("relight-OpenRunRole-1")
                .role_id("AROA")
                .arn("arn:aws:iam::123456789012:role/relight-OpenRunRole-1")
                .create_date(DateTime::from_secs(NOW))
                .assume_role_policy_document(document);
            GetRoleOutput::builder().role(role.build().unwrap()).build()
        })
}

fn profile() -> Rule {
    mock!(aws_sdk_iam::Client::get_instance_profile)
        .match_requests(|input| input.instance_profile_name() == Some("web"))
        .then_output(|| {
            let role = aws_sdk_iam::types::Role::builder()
                .path("/")
                .role_name("web-role")
                .role_id("AROA")
                .arn("arn:aws:iam::123456789012:role/web-role")
                .create_date(DateTime::from_secs(NOW));
            let profile = aws_sdk_iam::types::InstanceProfile::builder()
                .path("/")
                .instance_profile_name("web")
                .instance_profile_id("AIPA")
                .arn("arn:aws:iam::123456789012:instance-profile/team/web")
                .create_date(DateTime::from_secs(NOW))
                .roles(role.build().unwrap());
            aws_sdk_iam::operation::get_instance_profile::GetInstanceProfileOutput::builder()
                .instance_profile(profile.build().unwrap())
                .build()
        })
}

/// One that was last changed when the alarm judged a period.
fn health_check(id: &str, region: &str, alarm: &str, inverted: bool) -> HealthCheck {
    judging(id, region, alarm, inverted, 1)
}

fn judging(id: &str, region: &str, alarm: &str, inverted: bool, periods: i32) -> HealthCheck {
    let followed = AlarmIdentifier::builder().region(CloudWatchRegion::from(region)).name(alarm);
    let config = HealthCheckConfig::builder()
        .r#type(HealthCheckType::CloudwatchMetric)
        .alarm_identifier(followed.build().unwrap())
        .insufficient_data_health_status(InsufficientDataHealthStatus::LastKnownStatus)
        .inverted(inverted);
    let judged = CloudWatchAlarmConfiguration::builder()
        .namespace("Relight")
        .metric_name("RecoveryServes")
        .dimensions(Dimension::builder().name("Workload").value("unishop").build().unwrap())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(periods)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .threshold(1.0);
    let check = HealthCheck::builder()
        .id(id)
        .caller_reference(id)
        .health_check_version(1)
        .cloud_watch_alarm_configuration(judged.build().unwrap());
    check.health_check_config(config.build().unwrap()).build().unwrap()
}

fn origin(id: &str, host: &str) -> cloudfront::Origin {
    let custom = cloudfront::CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(cloudfront::OriginProtocolPolicy::HttpsOnly);
    let origin = cloudfront::Origin::builder().id(id).domain_name(host);
    origin.custom_origin_config(custom.build().unwrap()).build().unwrap()
}

/// Reads lead to a group of both sites, orders to the public name.
fn distribution() -> cloudfront::Distribution {
    let origins = cloudfront::Origins::builder()
        .quantity(3)
        .items(origin("primary", "shop.us-east-1.example.com"))
        .items(origin("recovery", "shop.us-west-1.example.com"))
        .items(origin("public", "shop.example.com"));
    let member = |id: &str| cloudfront::OriginGroupMember::builder().origin_id(id).build().unwrap();
    let members = cloudfront::OriginGroupMembers::builder()
        .quantity(2)
        .items(member("primary"))
        .items(member("recovery"));
    let codes = cloudfront::StatusCodes::builder()
        .quantity(4)
        .set_items(Some(vec![500, 502, 503, 504]));
    let criteria = cloudfront::OriginGroupFailoverCriteria::builder().status_codes(codes.build().unwrap());
    let group = cloudfront::OriginGroup::builder()
        .id("either")
        .members(members.build().unwrap())
        .failover_criteria(criteria.build());
    let groups = cloudfront::OriginGroups::builder().quantity(1).items(group.build().unwrap());
    let methods = cloudfront::AllowedMethods::builder()
        .quantity(2)
        .items(cloudfront::Method::Get)
        .items(cloudfront::Method::Post);
    let orders = cloudfront::CacheBehavior::builder()
        .path_pattern("/orders")
        .target_origin_id("public")
        .viewer_protocol_policy(cloudfront::ViewerProtocolPolicy::HttpsOnly)
        .allowed_methods(methods.build().unwrap());
    let default = cloudfront::DefaultCacheBehavior::builder()
        .target_origin_id("either")
        .viewer_protocol_policy(cloudfront::ViewerProtocolPolicy::HttpsOnly);
    let config = cloudfront::DistributionConfig::builder()
        .caller_reference("shop")
        .comment("")
        .enabled(true)
        .origins(origins.build().unwrap())
        .origin_groups(groups.build().unwrap())
        .default_cache_behavior(default.build().unwrap())
        .cache_behaviors(
            cloudfront::CacheBehaviors::builder()
                .quantity(1)
                .items(orders.build().unwrap())
                .build()
                .unwrap(),
        );
    cloudfront::Distribution::builder()
        .id("E1A2B3C4D5E6F7")
        .arn("arn:aws:cloudfront::123456789012:distribution/E1A2B3C4D5E6F7")
        .status("Deployed")
        .last_modified_time(DateTime::from_secs(NOW))
        .in_progress_invalidation_batches(0)
        .domain_name("d1.cloudfront.net")
        .distribution_config(config.build().unwrap())
        .build()
        .unwrap()
}

fn whole() -> Aws {
    Aws {
        profile: profile(),
        role: trusting("lambda.amazonaws.com"),
        // One of the same alarm's name in another Region, and one of another alarm: neither is looked at.
        health_checks: vec![
            health_check("elsewhere", "us-east-1", ALARM, true),
            health_check("other", "us-west-1", "another", true),
            health_check("ours", "us-west-1", ALARM, false),
        ],
    }
}

fn have<Client: Send + 'static>(client: Client) -> Lazy<Client> {
    lazy(move || client)
}

async fn check(aws: Aws) -> Reply {
    let template = mock!(aws_sdk_ec2::Client::describe_launch_template_versions)
        .match_requests(|input| input.versions() == ["$Default"])
        .then_output(|| {
            let named = LaunchTemplateIamInstanceProfileSpecification::builder().arn("arn:aws:iam::123456789012:instance-profile/team/web");
            let data = ResponseLaunchTemplateData::builder().iam_instance_profile(named.build()).build();
            let version = LaunchTemplateVersion::builder().launch_template_data(data).build();
            DescribeLaunchTemplateVersionsOutput::builder()
                .launch_template_versions(version)
                .build()
        });
    let functions = mock!(aws_sdk_lambda::Client::list_functions).then_output(|| {
        let function = |name: &str, role: &str| {
            let role = format!("arn:aws:iam::123456789012:role/{role}");
            FunctionConfiguration::builder().function_name(name).role(role).build()
        };
        ListFunctionsOutput::builder()
            .functions(function("relight-open-run", "relight-OpenRunRole-1"))
            .functions(function("somebody-elses", "gone"))
            .build()
    });
    let alarms = mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .match_requests(|input| input.alarm_name_prefix() == Some("relight-unishop-"))
        .then_output(|| {
            let on = |name: &str, metric: &str, workload: &str| {
                MetricAlarm::builder()
                    .alarm_name(name)
                    .namespace("Relight")
                    .metric_name(metric)
                    .dimensions(alarms::Dimension::builder().name("Workload").value(workload).build())
                    .statistic(alarms::Statistic::Maximum)
                    .period(60)
                    .evaluation_periods(1)
                    .comparison_operator(alarms::ComparisonOperator::GreaterThanOrEqualToThreshold)
                    .threshold(1.0)
                    .state_value(StateValue::Ok)
                    .build()
            };
            DescribeAlarmsOutput::builder()
                .metric_alarms(on("relight-unishop-probe-silent", "ProbeFailed", "unishop"))
                // Another workload's, whose name begins like this one's.
                .metric_alarms(on("relight-unishop-eu-traffic", "RecoveryServes", "unishop-eu"))
                .metric_alarms(on(ALARM, "RecoveryServes", "unishop"))
                .build()
        });
    let checks = aws.health_checks;
    let health_checks = mock!(aws_sdk_route53::Client::list_health_checks).then_output(move || {
        let listed = ListHealthChecksOutput::builder()
            .set_health_checks(Some(checks.clone()))
            .marker("")
            .max_items(100);
        listed.is_truncated(false).build().unwrap()
    });
    let groups = mock!(aws_sdk_elasticloadbalancingv2::Client::describe_target_groups).then_output(|| {
        DescribeTargetGroupsOutput::builder()
            .target_groups(TargetGroup::builder().load_balancer_arns(BALANCER).build())
            .build()
    });
    let listeners = mock!(aws_sdk_elasticloadbalancingv2::Client::describe_listeners)
        .match_requests(|input| input.load_balancer_arn() == Some(BALANCER))
        .then_output(|| {
            let served = Certificate::builder().certificate_arn(CERTIFICATE).build();
            DescribeListenersOutput::builder()
                .listeners(Listener::builder().certificates(served).build())
                .build()
        });
    let certificate = mock!(aws_sdk_acm::Client::describe_certificate).then_output(|| {
        let issued = CertificateDetail::builder()
            .status(CertificateStatus::Issued)
            .not_after(DateTime::from_secs(NOW + 20 * 86_400));
        DescribeCertificateOutput::builder().certificate(issued.build()).build()
    });
    let distribution = mock!(aws_sdk_cloudfront::Client::get_distribution)
        .match_requests(|input| input.id() == Some("E1A2B3C4D5E6F7"))
        .then_output(|| GetDistributionOutput::builder().distribution(distribution()).build());
    let clients = Clients {
        acm: have(mock_client!(aws_sdk_acm, RuleMode::MatchAny, [&certificate])),
        cloudfront: have(mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&distribution])),
        cloudwatch: have(mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&alarms])),
        ec2: have(mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&template])),
        elb: have(mock_client!(
            aws_sdk_elasticloadbalancingv2,
            RuleMode::MatchAny,
            [&groups, &listeners]
        )),
        iam: have(mock_client!(aws_sdk_iam, RuleMode::MatchAny, [&aws.profile, &aws.role])),
        lambda: have(mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&functions])),
        route53: have(mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&health_checks])),
        region: "us-west-1".parse().unwrap(),
    };
    let request = json!({
        "run": "check-1",
        "workload": "unishop",
        "launchTemplate": "lt-0123456789abcdef0",
        "targetGroups": [GROUP],
        "traffic": {"namespace": "Relight", "metric": "RecoveryServes"},
        "distribution": {
            "id": "E1A2B3C4D5E6F7",
            "primary": "https://shop.us-east-1.example.com",
            "recovery": "https://shop.us-west-1.example.com",
            "public": "https://shop.example.com",
        },
        "certificateDays": 14,
    });
    let request = serde_json::from_value(request).unwrap();
    handle(request, &clients, jiff::Timestamp::from_second(NOW).unwrap()).await.unwrap()
}

fn told(reply: &Reply) -> Vec<(Question, Verdict, &str)> {
    let told = reply.answers.iter().filter(|answer| answer.verdict > Verdict::Pass);
    told.map(|answer| (answer.question, answer.verdict, answer.seen.as_str())).collect()
}

#[tokio::test]
async fn what_is_whole_passes_and_each_answer_says_what_was_looked_at() {
    let reply = check(whole()).await;
    assert_eq!(told(&reply), []);
    let seen: Vec<&str> = reply.answers.iter().map(|answer| answer.seen.as_str()).collect();
    assert_eq!(
        seen,
        [
            "web with web-role",
            "1 roles",
            "ours follows relight-unishop-recovery-serves",
            "d1.cloudfront.net: /orders leads to shop.example.com; reads of * lead to shop.us-east-1.example.com, then to shop.us-west-1.example.com",
            "arn:aws:acm:us-west-1:123456789012:certificate/1 is valid for 20 days, until 2026-12-11T03:16:40Z",
        ]
    );
}

#[tokio::test]
async fn what_is_gone_or_wired_the_wrong_way_fails() {
    let gone = mock!(aws_sdk_iam::Client::get_instance_profile)
        .then_error(|| GetInstanceProfileError::generic(ErrorMetadata::builder().code("NoSuchEntity").build()));
    let reply = check(Aws {
        profile: gone,
        role: trusting("ec2.amazonaws.com"),
        health_checks: vec![health_check("ours", "us-west-1", ALARM, true)],
    })
    .await;
    let questions: Vec<Question> = told(&reply).iter().map(|(question, _, _)| *question).collect();
    assert_eq!(
        questions,
        [Question::InstanceProfile, Question::Roles, Question::TrafficHealthCheck],
        "{:?}",
        reply.answers
    );
}

#[tokio::test]
async fn a_health_check_that_judges_by_what_the_alarm_was_fails() {
    let reply = check(Aws {
        health_checks: vec![judging("ours", "us-west-1", ALARM, false, 3)],
        ..whole()
    })
    .await;
    let told = told(&reply);
    assert_eq!(
        (told.len(), told[0].0, told[0].1),
        (1, Question::TrafficHealthCheck, Verdict::Fail),
        "{told:?}"
    );
    assert!(told[0].2.contains("judges by what EvaluationPeriods of the alarm was"), "{told:?}");
}

#[tokio::test]
async fn a_role_that_can_not_be_read_fails_if_it_is_denied_and_warns_if_iam_is_away() {
    for (code, verdict) in [("AccessDenied", Verdict::Fail), ("Throttling", Verdict::Warn)] {
        let refused =
            mock!(aws_sdk_iam::Client::get_role).then_error(move || GetRoleError::generic(ErrorMetadata::builder().code(code).build()));
        let reply = check(Aws { role: refused, ..whole() }).await;
        let told = told(&reply);
        assert_eq!((told.len(), told[0].0, told[0].1), (1, Question::Roles, verdict), "{told:?}");
        assert!(told[0].2.contains("could not be asked: get role relight-OpenRunRole-1"), "{told:?}");
    }
}
