//! Launches as the EC2 client sees them.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{Filter, InstanceStateName, LaunchTemplateSpecification, SummaryStatus};
use http::Response;
use hyper::body::Bytes;
use serde_json::json;

use crate::gateway::testing::{Fake, Received, gateway, sdk, xml};
use crate::gateway::{Gateway, Times};

const AMI: &str = "ami-0123456789abcdef0";
/// Deregistered, which moto answers with nothing, not with an error.
const GONE: &str = "ami-0fedcba9876543210";
const TEMPLATE: &str = "lt-0123456789abcdef0";

/// What moto answers: an instance per launch, running and checked at once; one template, one image.
fn moto() -> impl Fn(&Received) -> Response<Bytes> + Send + Sync + 'static {
    let launches = AtomicU32::new(0);
    move |received| {
        let call = received.call();
        let id = |number: u32| format!("i-{number:017x}");
        let last = launches.load(Ordering::SeqCst);
        let running = "<instanceState><code>16</code><name>running</name></instanceState>";
        let result = match call.operation.as_str() {
            "RunInstances" if call.form.is_true("DryRun") => return error(412, "DryRunOperation"),
            "RunInstances" => {
                let number = launches.fetch_add(1, Ordering::SeqCst) + 1;
                let state = "<instanceState><code>0</code><name>pending</name></instanceState>";
                format!(
                    "<reservationId>r-{number}</reservationId><instancesSet><item><instanceId>{}</instanceId>{state}</item></instancesSet>",
                    id(number)
                )
            }
            "DescribeInstances" => format!(
                "<reservationSet><item><reservationId>r</reservationId><instancesSet><item><instanceId>{}</instanceId>{running}</item></instancesSet></item></reservationSet>",
                id(last)
            ),
            "DescribeInstanceStatus" => {
                let ok = "<details><item><name>reachability</name><status>passed</status></item></details><status>ok</status>";
                format!(
                    "<instanceStatusSet><item><instanceId>{}</instanceId>{running}<instanceStatus>{ok}</instanceStatus><systemStatus>{ok}</systemStatus></item></instanceStatusSet>",
                    id(last)
                )
            }
            "DescribeImages" if call.form.get("ImageId.1") == Some(AMI) => {
                format!("<imagesSet><item><imageId>{AMI}</imageId><imageState>available</imageState></item></imagesSet>")
            }
            "DescribeImages" if call.form.get("ImageId.1") == Some(GONE) => "<imagesSet/>".to_owned(),
            "DescribeImages" => return error(400, "InvalidAMIID.NotFound"),
            "DescribeLaunchTemplateVersions" if call.target.as_deref() == Some(TEMPLATE) => format!(
                "<launchTemplateVersionSet><item><launchTemplateId>{TEMPLATE}</launchTemplateId><launchTemplateData><imageId>{AMI}</imageId></launchTemplateData></item></launchTemplateVersionSet>"
            ),
            "DescribeLaunchTemplateVersions" => return error(400, "InvalidLaunchTemplateId.NotFound"),
            _ => String::new(),
        };
        let operation = call.operation;
        xml(format!(
            r#"<?xml version="1.0" encoding="utf-8"?><{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15">{result}</{operation}Response>"#
        ))
    }
}

fn error(status: u16, code: &str) -> Response<Bytes> {
    let body = format!("<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>");
    Response::builder().status(status).body(body.into()).unwrap()
}

struct World {
    moto: Fake,
    gateway: Gateway,
    ec2: Client,
    _ministack: Fake,
}

async fn world(times: Times) -> World {
    let (ministack, moto) = (Fake::idle().await, Fake::start(moto()).await);
    let gateway = gateway(&ministack, &moto, times).await;
    let ec2 = Client::new(&sdk(&gateway, "launch-instances", "test", "us-west-1"));
    World {
        moto,
        gateway,
        ec2,
        _ministack: ministack,
    }
}

impl World {
    fn launch(&self, token: &str) -> RunInstancesFluentBuilder {
        let template = LaunchTemplateSpecification::builder().launch_template_id(TEMPLATE).build();
        self.ec2
            .run_instances()
            .launch_template(template)
            .instance_type("m7g.large".into())
            .subnet_id("subnet-0a")
            .min_count(1)
            .max_count(1)
            .client_token(token)
    }

    /// The launches that moto made.
    fn made(&self) -> usize {
        self.moto
            .operations()
            .iter()
            .filter(|operation| *operation == "RunInstances")
            .count()
    }

    fn weather_of_last(&self) -> Option<String> {
        self.gateway.log().snapshot().last().and_then(|entry| entry.weather.clone())
    }
}

#[tokio::test]
async fn the_same_token_twice_is_one_launch() {
    let world = world(Times::default()).await;
    let first = world.launch("t").send().await.unwrap();
    let again = world.launch("t").send().await.unwrap();
    assert_eq!(first.reservation_id(), again.reservation_id());
    assert_eq!(first.instances()[0].instance_id(), again.instances()[0].instance_id());
    assert_eq!(world.made(), 1);
    assert_eq!(world.weather_of_last().as_deref(), Some("same client token, same reservation"));
    let other = world.launch("u").send().await.unwrap();
    assert_ne!(first.reservation_id(), other.reservation_id());
}

#[tokio::test]
async fn the_same_token_at_once_is_one_launch() {
    let world = world(Times::default()).await;
    let (one, other) = tokio::join!(world.launch("t").send(), world.launch("t").send());
    assert_eq!(one.unwrap().reservation_id(), other.unwrap().reservation_id());
    assert_eq!(world.made(), 1);
}

#[tokio::test]
async fn a_token_of_other_parameters_is_a_mismatch() {
    let world = world(Times::default()).await;
    world.launch("t").send().await.unwrap();
    let error = world.launch("t").subnet_id("subnet-0b").send().await.unwrap_err();
    assert_eq!(error.code(), Some("IdempotentParameterMismatch"));
    assert_eq!(world.made(), 1);
}

#[tokio::test]
async fn a_repeated_launch_shows_its_instances_as_they_are_now() {
    let world = world(Times::NONE).await;
    world.launch("t").send().await.unwrap();
    let again = world.launch("t").send().await.unwrap();
    let state = again.instances()[0].state().unwrap().name().unwrap().clone();
    assert_eq!(state, InstanceStateName::Running);
}

#[tokio::test]
async fn a_dry_run_uses_up_no_token() {
    let world = world(Times::default()).await;
    let error = world.launch("t").dry_run(true).send().await.unwrap_err();
    assert_eq!(error.code(), Some("DryRunOperation"));
    world.launch("t").send().await.unwrap();
    assert_eq!(world.made(), 2);
}

#[tokio::test]
async fn an_unknown_image_or_template_launches_nothing() {
    let world = world(Times::default()).await;
    for (dry, image) in [(true, "ami-0f"), (false, "ami-0f"), (false, GONE)] {
        let error = world.launch("t").image_id(image).dry_run(dry).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidAMIID.NotFound"));
        assert!(error.message().unwrap_or_default().contains(image));
    }
    let template = LaunchTemplateSpecification::builder().launch_template_id("lt-0f").build();
    let error = world.launch("t").launch_template(template).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidLaunchTemplateId.NotFound"));
    assert_eq!(world.made(), 0);
}

#[tokio::test]
async fn capacity_is_missing_where_the_weather_says_so_and_the_token_stays_free() {
    let world = world(Times::default()).await;
    let rule = json!({"match": {"instanceType": "m7g.large", "subnet": "subnet-0a"}, "effect": {"kind": "capacity"}, "times": 1});
    world.gateway.weather().add(serde_json::from_value(rule).unwrap());
    let dry = world.launch("t").dry_run(true).send().await.unwrap_err();
    assert_eq!(dry.code(), Some("DryRunOperation"), "a dry run knows nothing of capacity");
    let error = world.launch("t").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InsufficientInstanceCapacity"));
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(500));
    assert_eq!(world.weather_of_last().as_deref(), Some("no capacity"));
    world.launch("t").send().await.unwrap();
}

#[tokio::test]
async fn a_young_instance_is_pending_and_has_no_checks_yet() {
    let world = world(Times::default()).await;
    let launched = world.launch("t").send().await.unwrap();
    let id = launched.instances()[0].instance_id().unwrap().to_owned();
    let described = world.ec2.describe_instances().instance_ids(&id).send().await.unwrap();
    let state = described.reservations()[0].instances()[0].state().unwrap().clone();
    assert_eq!((state.code(), state.name()), (Some(0), Some(&InstanceStateName::Pending)));
    assert_eq!(world.weather_of_last(), Some(format!("{id} pending")));
    let checks = world.ec2.describe_instance_status().instance_ids(&id);
    assert!(checks.clone().send().await.unwrap().instance_statuses().is_empty());
    let all = checks.include_all_instances(true).send().await.unwrap();
    let shown = &all.instance_statuses()[0];
    assert_eq!(shown.instance_state().unwrap().name(), Some(&InstanceStateName::Pending));
    assert_eq!(shown.system_status().unwrap().status(), Some(&SummaryStatus::NotApplicable));
    let address = world.ec2.associate_address().allocation_id("eipalloc-0a").instance_id(&id);
    assert_eq!(address.send().await.unwrap_err().code(), Some("InvalidInstanceID"));
}

#[tokio::test]
async fn running_instances_initialize_their_checks_before_they_pass() {
    let times = Times {
        initializing: Times::default().initializing * 100,
        ..Times::NONE
    };
    let world = world(times).await;
    world.launch("t").send().await.unwrap();
    let checks = world.ec2.describe_instance_status().send().await.unwrap();
    let shown = &checks.instance_statuses()[0];
    assert_eq!(shown.instance_state().unwrap().name(), Some(&InstanceStateName::Running));
    assert_eq!(shown.instance_status().unwrap().status(), Some(&SummaryStatus::Initializing));
    let details = shown.system_status().unwrap().details();
    assert_eq!(details[0].status().unwrap().as_str(), "initializing");
    let ok = Filter::builder().name("instance-status.status").values("ok").build();
    let passed = world.ec2.describe_instance_status().filters(ok).send().await.unwrap();
    assert!(passed.instance_statuses().is_empty());
}

#[tokio::test]
async fn without_waiting_times_the_sdks_own_waiter_is_content_at_once() {
    let world = world(Times::NONE).await;
    let launched = world.launch("t").send().await.unwrap();
    let id = launched.instances()[0].instance_id().unwrap();
    let waited = world.ec2.wait_until_instance_status_ok().instance_ids(id);
    waited.wait(std::time::Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn an_instance_that_fails_to_boot_is_launched_and_never_ok() {
    let world = world(Times::NONE).await;
    let rule = json!({"match": {"subnet": "subnet-0a"}, "effect": {"kind": "failBoot"}, "times": 1});
    world.gateway.weather().add(serde_json::from_value(rule).unwrap());
    let dry = world.launch("t").dry_run(true).send().await.unwrap_err();
    assert_eq!(dry.code(), Some("DryRunOperation"));
    world.launch("t").send().await.unwrap();
    assert!(world.weather_of_last().unwrap().ends_with("will fail its status check"));
    let checks = world.ec2.describe_instance_status().send().await.unwrap();
    let shown = &checks.instance_statuses()[0];
    assert_eq!(shown.instance_status().unwrap().status(), Some(&SummaryStatus::Impaired));
    assert_eq!(shown.system_status().unwrap().status(), Some(&SummaryStatus::Ok));
    world.launch("u").send().await.unwrap();
    let checks = world.ec2.describe_instance_status().send().await.unwrap();
    assert_eq!(
        checks.instance_statuses()[0].instance_status().unwrap().status(),
        Some(&SummaryStatus::Ok)
    );
}
