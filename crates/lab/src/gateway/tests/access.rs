//! What a function may do in moto, by the policies of its role in MiniStack.

use std::sync::{Arc, Mutex};

use aws_sdk_ec2::error::ProvideErrorMetadata;
use http::Response;
use hyper::body::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::gateway::testing::{Fake, Received, empty, gateway, sdk, xml};
use crate::gateway::{Gateway, Times};

type Policy = Arc<Mutex<Value>>;

/// MiniStack with one function, its role, one inline policy, and one instance profile.
async fn ministack(policy: &Policy) -> Fake {
    let policy = Arc::clone(policy);
    Fake::start(move |received| answer(received, &policy.lock().unwrap())).await
}

fn answer(received: &Received, policy: &Value) -> Response<Bytes> {
    if received.head.uri.path() == "/2015-03-31/functions/relight-launch-instances/configuration" {
        let configuration = json!({"Role": "arn:aws:iam::000000000000:role/engine/LaunchRole"});
        return Response::new(configuration.to_string().into());
    }
    let call = received.call();
    let result = match call.operation.as_str() {
        "ListRolePolicies" => "<PolicyNames><member>p</member></PolicyNames>".to_owned(),
        "GetRolePolicy" => {
            let document: String = form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
            format!("<PolicyDocument>{}</PolicyDocument>", document.replace('+', "%20"))
        }
        "ListAttachedRolePolicies" => "<AttachedPolicies/>".to_owned(),
        "GetInstanceProfile" if call.form.get("InstanceProfileName") == Some("web") => {
            "<InstanceProfile><Roles><member><Arn>arn:aws:iam::000000000000:role/web</Arn></member></Roles></InstanceProfile>".to_owned()
        }
        _ => return Response::builder().status(404).body(Bytes::new()).unwrap(),
    };
    let operation = call.operation;
    xml(format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    ))
}

/// moto, where `i-0a` carries the tag of the workload.
async fn moto() -> Fake {
    Fake::start(|received| {
        let call = received.call();
        if call.operation != "DescribeTags" {
            return empty(received);
        }
        let tag = match call.form.get("Filter.1.Value.1") {
            Some("i-0a") => "<item><key>relight:workload</key><value>unishop</value></item>",
            _ => "",
        };
        xml(format!("<DescribeTagsResponse><tagSet>{tag}</tagSet></DescribeTagsResponse>"))
    })
    .await
}

struct World {
    ministack: Fake,
    moto: Fake,
    gateway: Gateway,
    policy: Policy,
}

async fn world(statements: Value) -> World {
    let policy = Arc::new(Mutex::new(json!({"Statement": statements})));
    let (ministack, moto) = (ministack(&policy).await, moto().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    World {
        ministack,
        moto,
        gateway,
        policy,
    }
}

impl World {
    fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&sdk(&self.gateway, "launch-instances", "ASIA1", "us-west-1"))
    }
}

#[tokio::test]
async fn what_the_role_allows_is_done() {
    let world = world(json!([{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}])).await;
    world.ec2().describe_vpcs().send().await.unwrap();
    assert_eq!(world.moto.operations(), ["DescribeVpcs"]);
}

#[tokio::test]
async fn what_the_role_doesnt_allow_never_reaches_moto() {
    let world = world(json!([{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}])).await;
    let error = world.ec2().describe_subnets().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnauthorizedOperation"));
    let message = error.message().unwrap_or_default();
    let told = "User: arn:aws:sts::000000000000:assumed-role/LaunchRole/relight-launch-instances is not authorized to perform: ec2:DescribeSubnets";
    assert!(message.contains(told), "{message}");
    let balancing = aws_sdk_elasticloadbalancingv2::Client::new(&sdk(&world.gateway, "launch-instances", "ASIA1", "us-west-1"));
    let error = balancing.describe_target_groups().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    assert!(world.moto.received().is_empty());
    let entry = &world.gateway.log().snapshot()[0];
    assert_eq!(
        (entry.status, entry.error_code.as_deref()),
        (Some(403), Some("UnauthorizedOperation"))
    );
}

#[tokio::test]
async fn a_role_is_looked_up_once_and_again_when_policies_may_have_changed() {
    let world = world(json!([{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}])).await;
    let lookups = || world.ministack.operations().iter().filter(|name| *name == "GetRolePolicy").count();
    for _ in 0..3 {
        world.ec2().describe_vpcs().send().await.unwrap();
    }
    assert_eq!(lookups(), 1);
    *world.policy.lock().unwrap() = json!({"Statement": []});
    let iam = aws_sdk_iam::Client::new(&sdk(&world.gateway, "lab", "test", "us-west-1"));
    // The fake knows no such operation; that it was tried is what counts.
    let _ = iam.delete_role_policy().role_name("LaunchRole").policy_name("p").send().await;
    assert_eq!(
        world.ec2().describe_vpcs().send().await.unwrap_err().code(),
        Some("UnauthorizedOperation")
    );
    assert_eq!(lookups(), 2);
}

#[tokio::test]
async fn tags_of_the_resource_decide_where_the_policy_says_so() {
    let condition = json!({"StringEquals": {"aws:ResourceTag/relight:workload": "unishop"}});
    let world = world(json!([{
        "Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "arn:aws:ec2:*:*:instance/*", "Condition": condition,
    }]))
    .await;
    world.ec2().terminate_instances().instance_ids("i-0a").send().await.unwrap();
    let error = world.ec2().terminate_instances().instance_ids("i-0b").send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnauthorizedOperation"));
    let both = world.ec2().terminate_instances().instance_ids("i-0a").instance_ids("i-0b");
    assert_eq!(both.send().await.unwrap_err().code(), Some("UnauthorizedOperation"));
}

#[tokio::test]
async fn a_launch_needs_the_tags_and_the_profile_that_it_carries() {
    use aws_sdk_ec2::types::{IamInstanceProfileSpecification, ResourceType, Tag, TagSpecification};
    let run = json!({"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"});
    let tag = json!({
        "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:instance/*",
        "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances", "aws:RequestTag/relight:run": "r"}},
    });
    let pass = json!({
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::000000000000:role/web",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    });
    let cases = [
        (json!([run]), "web", Some("UnauthorizedOperation")),
        (json!([run, tag]), "web", Some("UnauthorizedOperation")),
        (json!([run, pass]), "web", Some("UnauthorizedOperation")),
        (json!([tag, pass]), "web", Some("UnauthorizedOperation")),
        (json!([run, tag, pass]), "web", None),
        (json!([run, tag, pass]), "gone", Some("InvalidParameterValue")),
    ];
    for (statements, profile, code) in cases {
        let world = world(statements.clone()).await;
        let run_tag = Tag::builder().key("relight:run").value("r").build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .tags(run_tag)
            .build();
        let profile = IamInstanceProfileSpecification::builder().name(profile).build();
        let launch = world.ec2().run_instances().min_count(1).max_count(1).subnet_id("subnet-0a");
        let answer = launch.tag_specifications(tags).iam_instance_profile(profile).send().await;
        let seen = answer.as_ref().err().and_then(|error| error.code());
        assert_eq!(seen, code, "{statements}");
        assert_eq!(world.moto.operations().contains(&"RunInstances".to_owned()), code.is_none());
    }
}

#[tokio::test]
async fn the_root_key_is_never_asked_for_a_policy_and_a_stranger_is_denied() {
    let world = world(json!([])).await;
    let root = aws_sdk_ec2::Client::new(&sdk(&world.gateway, "lab", "test", "us-west-1"));
    root.describe_vpcs().send().await.unwrap();
    assert!(world.ministack.received().is_empty());
    let stranger = aws_sdk_ec2::Client::new(&sdk(&world.gateway, "nobody", "AKIA1", "us-west-1"));
    let error = stranger.describe_vpcs().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnauthorizedOperation"));
    assert!(error.message().unwrap_or_default().contains("relight-nobody"));
}
