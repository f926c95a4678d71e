//! What a function may do in moto, by the policies of its role in MiniStack.

use std::sync::{Arc, Mutex};

use aws_sdk_ec2::error::ProvideErrorMetadata;
use http::Response;
use hyper::body::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::routing::ask;
use crate::gateway::routing::{PRIMARY_CONTROL, RECOVERY_CONTROL, SAFETY_RULE};
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

/// moto, where `i-0a` and `ami-0a`, in any Region, carry the tag of the workload.
async fn moto() -> Fake {
    Fake::start(|received| {
        let call = received.call();
        if call.operation == "DescribeImages" {
            let mapping = "<blockDeviceMapping><item><ebs><snapshotId>snap-0a</snapshotId></ebs></item></blockDeviceMapping>";
            return xml(format!(
                "<R><imagesSet><item><imageId>ami-0a</imageId>{mapping}</item></imagesSet></R>"
            ));
        }
        if call.operation != "DescribeTags" {
            return empty(received);
        }
        let tag = match call.form.get("Filter.1.Value.1") {
            Some("i-0a" | "ami-0a") => "<item><key>relight:workload</key><value>unishop</value></item>",
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

#[tokio::test]
async fn making_an_image_needs_the_instance_the_image_and_the_snapshots() {
    let tagged = json!({"StringEquals": {"aws:ResourceTag/relight:workload": "unishop"}});
    let of = json!({"Effect": "Allow", "Action": "ec2:CreateImage", "Resource": "arn:aws:ec2:us-west-1:*:instance/*", "Condition": tagged});
    let made = json!({"Effect": "Allow", "Action": "ec2:CreateImage", "Resource": ["arn:aws:ec2:us-west-1::image/*", "arn:aws:ec2:us-west-1::snapshot/*"]});
    for (statements, instance, code) in [
        (json!([of]), "i-0a", Some("UnauthorizedOperation")),
        (json!([made]), "i-0a", Some("UnauthorizedOperation")),
        (json!([of, made]), "i-0b", Some("UnauthorizedOperation")),
        (json!([of, made]), "i-0a", Some("DryRunOperation")),
    ] {
        let world = world(statements.clone()).await;
        let answer = world
            .ec2()
            .create_image()
            .instance_id(instance)
            .name("n")
            .dry_run(true)
            .send()
            .await;
        // This moto knows no dry run: what it answers is an image.
        let seen = answer.as_ref().err().and_then(|error| error.code()).unwrap_or("DryRunOperation");
        assert_eq!(Some(seen), code, "{statements} on {instance}");
    }
}

#[tokio::test]
async fn copying_an_image_needs_its_source_by_the_tags_that_it_has_in_its_own_region() {
    let tagged = json!({"StringEquals": {"aws:ResourceTag/relight:workload": "unishop"}});
    let world = world(json!([
        {"Effect": "Allow", "Action": "ec2:CopyImage", "Resource": "arn:aws:ec2:us-east-1::image/*", "Condition": tagged},
        {"Effect": "Allow", "Action": "ec2:CopyImage", "Resource": ["arn:aws:ec2:us-west-1::image/*", "arn:aws:ec2:us-west-1::snapshot/*"]},
    ]))
    .await;
    let copy = |source: &str| {
        let copy = world.ec2().copy_image().source_region("us-east-1").source_image_id(source);
        copy.name("n").dry_run(true)
    };
    copy("ami-0a").send().await.unwrap();
    assert_eq!(copy("ami-0b").send().await.unwrap_err().code(), Some("UnauthorizedOperation"));
    let with_tags = copy("ami-0a").copy_image_tags(true).send().await.unwrap_err();
    assert!(with_tags.message().unwrap_or_default().contains("ec2:CreateTags"));
    let asked = world
        .moto
        .received()
        .into_iter()
        .find(|received| received.call().operation == "DescribeTags");
    assert_eq!(asked.unwrap().call().scope.region, "us-east-1");
}

#[tokio::test]
async fn who_may_not_delete_snapshots_deregisters_without_them() {
    let deregister = json!({"Effect": "Allow", "Action": "ec2:DeregisterImage", "Resource": "arn:aws:ec2:us-west-1::image/*"});
    let delete = json!({"Effect": "Allow", "Action": "ec2:DeleteSnapshot", "Resource": "arn:aws:ec2:us-west-1::snapshot/*"});
    for (statements, code) in [
        (json!([deregister]), "missing-permissions"),
        (json!([deregister, delete]), "success"),
    ] {
        let world = world(statements).await;
        let call = world.ec2().deregister_image().image_id("ami-0a").delete_associated_snapshots(true);
        let answer = call.send().await.unwrap();
        let seen = answer.delete_snapshot_results()[0].return_code().map(|code| code.as_str());
        assert_eq!(seen, Some(code));
        assert_eq!(world.moto.operations().contains(&"DeleteSnapshot".to_owned()), code == "success");
    }
}

#[tokio::test]
async fn routing_controls_are_turned_only_as_the_role_allows() {
    let condition = json!({"Bool": {"route53-recovery-cluster:AllowSafetyRulesOverrides": "false"}});
    let world = world(json!([{
        "Effect": "Allow", "Action": "route53-recovery-cluster:UpdateRoutingControlState*", "Resource": RECOVERY_CONTROL,
        "Condition": condition,
    }]))
    .await;
    let update = async |body: Value| {
        let caller = ("ASIA1", "launch-instances");
        let (_, answer) = ask(&world.gateway, caller, "us-west-2", "UpdateRoutingControlState", &body)
            .await
            .unwrap();
        answer
    };
    let on = |control: &str| json!({"RoutingControlArn": control, "RoutingControlState": "On"});
    assert_eq!(update(on(RECOVERY_CONTROL)).await, json!({}));
    let denied = update(on(PRIMARY_CONTROL)).await;
    assert_eq!(denied["__type"], "AccessDeniedException");
    let told = format!("not authorized to perform: route53-recovery-cluster:UpdateRoutingControlState on resource: {PRIMARY_CONTROL}");
    assert!(denied["message"].as_str().unwrap().contains(&told), "{denied}");
    let mut overriding = on(RECOVERY_CONTROL);
    overriding["SafetyRulesToOverride"] = json!([SAFETY_RULE]);
    assert_eq!(update(overriding).await["__type"], "AccessDeniedException");
}
