//! The wire: what the action sends in EC2's query protocol, and answers worded as AWS words them (shapes: the API
//! references' sample responses and botocore's models).

use action::{ErrorName, NamedError, Outcome, chain};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_types::body::SdkBody;
use launch_instances::io::Reply;
use launch_instances::{Clients, handle};
use serde_json::{Value, json};

use super::world::{A, ADDRESS, B, GROUP, SINCE, request, set};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
const EC2: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
const ELB: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const POINTER: &str = r#"{"Parameter":{"Name":"/relight/unishop/image","Type":"String","Value":"ami-0123456789abcdef0","Version":7}}"#;

/// Recorded answers of the three services, and what they were asked.
struct Wire {
    ec2: StaticReplayClient,
    elb: StaticReplayClient,
    ssm: StaticReplayClient,
}

fn replay(answers: &[(u16, String)]) -> StaticReplayClient {
    let event = |(status, body): &(u16, String)| {
        let answer = http::Response::builder()
            .status(*status)
            .body(SdkBody::from(body.as_str()))
            .unwrap();
        ReplayEvent::new(http::Request::new(SdkBody::empty()), answer)
    };
    StaticReplayClient::new(answers.iter().map(event).collect())
}

impl Wire {
    fn new(ec2: &[(u16, String)], elb: &[(u16, String)], ssm: &[(u16, String)]) -> Self {
        let (ec2, elb, ssm) = (replay(ec2), replay(elb), replay(ssm));
        Self { ec2, elb, ssm }
    }

    async fn call(&self, request: Value) -> Result<Reply, (ErrorName, String)> {
        let ec2 = aws_sdk_ec2::Config::builder().with_test_defaults_v2().http_client(self.ec2.clone());
        let elb = aws_sdk_elasticloadbalancingv2::Config::builder()
            .with_test_defaults_v2()
            .http_client(self.elb.clone());
        let ssm = aws_sdk_ssm::Config::builder().with_test_defaults_v2().http_client(self.ssm.clone());
        let clients = Clients {
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()),
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
        };
        let now = jiff::Timestamp::from_second(SINCE).unwrap();
        handle(serde_json::from_value(request).unwrap(), &clients, now)
            .await
            .map_err(|error| (error.name(), chain(&error)))
    }

    /// The bodies sent to EC2, decoded to `name=value` lines.
    fn sent(&self) -> Vec<Vec<String>> {
        let decoded = |body: &str| body.replace("%3A", ":").replace("%24", "$").split('&').map(str::to_owned).collect();
        self.ec2
            .actual_requests()
            .map(|sent| decoded(std::str::from_utf8(sent.body().bytes().unwrap()).unwrap()))
            .collect()
    }
}

fn ec2_says(operation: &str, inner: &str) -> (u16, String) {
    let body = format!(
        r#"{HEAD}<{operation}Response xmlns="{EC2}"><requestId>8f7724cf-496f-496e-8fe3-example</requestId>{inner}</{operation}Response>"#
    );
    (200, body)
}

fn ec2_refuses(status: u16, code: &str, message: &str) -> (u16, String) {
    let body = format!(
        "{HEAD}\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>80586c44-65e6-4676-80f1-example</RequestID></Response>"
    );
    (status, body)
}

fn no_instances() -> (u16, String) {
    ec2_says("DescribeInstances", "<reservationSet/>")
}

fn an_instance(token: &str, state: &str, more: &str) -> String {
    format!(
        "<instancesSet><item><instanceId>i-1234567890abcdef0</instanceId><imageId>ami-0123456789abcdef0</imageId>\
         <instanceState><code>0</code><name>{state}</name></instanceState><clientToken>{token}</clientToken>\
         <instanceType>m7g.large</instanceType>{more}</item></instancesSet>"
    )
}

fn one_instance(token: &str, state: &str, more: &str) -> (u16, String) {
    let item = an_instance(token, state, more);
    ec2_says(
        "DescribeInstances",
        &format!("<reservationSet><item><reservationId>r-1</reservationId>{item}</item></reservationSet>"),
    )
}

const PLACED: &str = "<subnetId>subnet-0000000a</subnetId><privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>198.51.100.4</ipAddress>";

/// The token with which a first call launches the one instance.
async fn launch() -> (Wire, Reply, String) {
    let launched = ec2_says(
        "RunInstances",
        &format!("<reservationId>r-1</reservationId>{}", an_instance("", "pending", PLACED)),
    );
    let wire = Wire::new(&[no_instances(), launched], &[], &[(200, POINTER.to_owned())]);
    let reply = wire.call(request("execute", 1)).await.unwrap();
    let token = wire.sent()[1]
        .iter()
        .find_map(|field| field.strip_prefix("ClientToken=").map(str::to_owned));
    (wire, reply, token.unwrap())
}

#[tokio::test]
async fn run_instances_is_sent_as_ec2_takes_it() {
    let (wire, reply, _) = launch().await;
    assert_eq!(reply.instances[0].as_str(), "i-1234567890abcdef0");
    let sent = wire.sent();
    for field in [
        "Action=DescribeInstances",
        "Filter.1.Name=tag:relight:run",
        "Filter.1.Value.1=unishop-1",
        "Filter.2.Name=tag:relight:workload",
    ] {
        assert!(sent[0].contains(&field.to_owned()), "{field}: {:?}", sent[0]);
    }
    for field in [
        "Action=RunInstances",
        "ImageId=ami-0123456789abcdef0",
        "InstanceType=m7g.large",
        "SubnetId=subnet-0000000a",
        "MinCount=1",
        "MaxCount=1",
        "LaunchTemplate.LaunchTemplateId=lt-0123456789abcdef0",
        "LaunchTemplate.Version=$Default",
        "MetadataOptions.HttpTokens=required",
        "TagSpecification.1.ResourceType=instance",
        "TagSpecification.1.Tag.1.Key=relight:workload",
        "TagSpecification.1.Tag.2.Value=unishop-1",
        "TagSpecification.2.ResourceType=volume",
        "TagSpecification.3.ResourceType=network-interface",
    ] {
        assert!(sent[1].contains(&field.to_owned()), "{field}: {:?}", sent[1]);
    }
    assert!(!sent[1].iter().any(|field| field.starts_with("DryRun")));
}

#[tokio::test]
async fn missing_capacity_is_http_500_and_leads_elsewhere_without_a_second_try() {
    let message = "We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (us-west-1a).";
    let launched = ec2_says("RunInstances", &an_instance("", "pending", PLACED));
    let answers = [no_instances(), ec2_refuses(500, "InsufficientInstanceCapacity", message), launched];
    let wire = Wire::new(&answers, &[], &[(200, POINTER.to_owned())]);
    let reply = wire.call(request("execute", 1)).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Waiting);
    let sent = wire.sent();
    assert!(sent[1].contains(&format!("SubnetId={A}")) && sent[2].contains(&format!("SubnetId={B}")));
}

#[tokio::test]
async fn a_running_instance_with_both_checks_passed_is_done() {
    let (_, _, token) = launch().await;
    let ok = "<status>ok</status><details><item><name>reachability</name><status>passed</status></item></details>";
    let status = ec2_says(
        "DescribeInstanceStatus",
        &format!(
            "<instanceStatusSet><item><instanceId>i-1234567890abcdef0</instanceId><availabilityZone>us-west-1a</availabilityZone>\
             <instanceState><code>16</code><name>running</name></instanceState><systemStatus>{ok}</systemStatus>\
             <instanceStatus>{ok}</instanceStatus></item></instanceStatusSet>"
        ),
    );
    let wire = Wire::new(&[one_instance(&token, "running", PLACED), status], &[], &[]);
    let reply = wire.call(request("execute", 1)).await.unwrap();
    assert_eq!(
        (reply.outcome, reply.addresses),
        (Outcome::Unchanged, vec!["198.51.100.4".to_owned()])
    );
    assert!(wire.sent()[1].contains(&"InstanceId.1=i-1234567890abcdef0".to_owned()));
}

#[tokio::test]
async fn an_instance_whose_status_is_not_found_yet_is_waited_for() {
    let (_, _, token) = launch().await;
    for status in [
        ec2_refuses(
            400,
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-1234567890abcdef0' does not exist",
        ),
        ec2_says("DescribeInstanceStatus", "<instanceStatusSet/>"),
    ] {
        let wire = Wire::new(&[one_instance(&token, "running", PLACED), status], &[], &[]);
        let reply = wire.call(request("execute", 1)).await.unwrap();
        assert_eq!(
            (reply.outcome, reply.because.as_str()),
            (Outcome::Waiting, "i-1234567890abcdef0 has no status checks yet")
        );
    }
}

#[tokio::test]
async fn a_terminated_instance_has_a_reason_and_no_subnet() {
    let (_, _, token) = launch().await;
    let reason =
        "<stateReason><code>Server.InternalError</code><message>Server.InternalError: Internal error on launch</message></stateReason>";
    let wire = Wire::new(&[one_instance(&token, "terminated", reason)], &[], &[]);
    let (name, text) = wire.call(request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::Permanent);
    assert!(
        text.starts_with("i-1234567890abcdef0 is terminated: Server.InternalError: Internal error on launch;"),
        "{text}"
    );
}

#[tokio::test]
async fn a_target_that_the_load_balancer_does_not_take_yet_is_waited_for() {
    let (_, _, token) = launch().await;
    let health = format!(
        r#"<DescribeTargetHealthResponse xmlns="{ELB}"><DescribeTargetHealthResult><TargetHealthDescriptions><member><Target><Id>i-1234567890abcdef0</Id><Port>80</Port></Target><TargetHealth><State>unused</State><Reason>Target.NotRegistered</Reason><Description>Target is not registered to the target group</Description></TargetHealth></member></TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"#
    );
    let not_running = format!(
        r#"<ErrorResponse xmlns="{ELB}"><Error><Type>Sender</Type><Code>InvalidTarget</Code><Message>The following targets are not in a running state and cannot be registered: 'i-1234567890abcdef0'</Message></Error></ErrorResponse>"#
    );
    let wire = Wire::new(
        &[
            one_instance(&token, "running", PLACED),
            ec2_says("DescribeInstanceStatus", "<instanceStatusSet/>"),
        ],
        &[(200, health), (400, not_running)],
        &[],
    );
    let reply = wire.call(set(request("execute", 1), "targetGroups", json!([GROUP]))).await.unwrap();
    assert_eq!(
        reply.because,
        "i-1234567890abcdef0 has no status checks yet, i-1234567890abcdef0 is not yet in shop"
    );
}

#[tokio::test]
async fn an_elastic_ip_whose_holder_is_an_empty_element_is_free() {
    let (_, _, token) = launch().await;
    let ok = "<status>ok</status>";
    let status = format!(
        "<instanceStatusSet><item><instanceId>i-1234567890abcdef0</instanceId><systemStatus>{ok}</systemStatus>\
         <instanceStatus>{ok}</instanceStatus></item></instanceStatusSet>"
    );
    let address = "<addressesSet><item><publicIp>203.0.113.7</publicIp><allocationId>eipalloc-0123456789abcdef0</allocationId>\
                   <domain>vpc</domain><instanceId/><networkInterfaceId/></item></addressesSet>";
    let wire = Wire::new(
        &[
            one_instance(&token, "running", PLACED),
            ec2_says("DescribeInstanceStatus", &status),
            ec2_says("DescribeAddresses", address),
            ec2_says("AssociateAddress", "<return>true</return><associationId>eipassoc-1</associationId>"),
        ],
        &[],
        &[],
    );
    let reply = wire.call(set(request("execute", 1), "elasticIp", json!(ADDRESS))).await.unwrap();
    assert_eq!((reply.outcome, reply.addresses), (Outcome::Changed, vec!["203.0.113.7".to_owned()]));
    let sent = &wire.sent()[3];
    for field in [
        "InstanceId=i-1234567890abcdef0",
        "AllocationId=eipalloc-0123456789abcdef0",
        "AllowReassociation=false",
    ] {
        assert!(sent.contains(&field.to_owned()), "{field}: {sent:?}");
    }
}

#[tokio::test]
async fn a_missing_pointer_is_named_before_anything_is_launched() {
    let missing = r#"{"__type":"ParameterNotFound"}"#.to_owned();
    let wire = Wire::new(&[no_instances()], &[], &[(400, missing)]);
    let (name, text) = wire.call(request("execute", 1)).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(text.contains("/relight/unishop/image does not exist"), "{text}");
}
