//! Images as the EC2 client sees them, before a moto that drops what the real one drops.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::copy_image::builders::CopyImageFluentBuilder;
use aws_sdk_ec2::operation::create_image::builders::CreateImageFluentBuilder;
use aws_sdk_ec2::types::{Filter, Image, ImageState, ResourceType, SnapshotReturnCodes, Tag, TagSpecification};
use http::Response;
use hyper::body::Bytes;
use serde_json::json;

use crate::gateway::call::Call;
use crate::gateway::testing::{Fake, Received, gateway, sdk, xml};
use crate::gateway::{Gateway, Times};

const KEY: &str = "arn:aws:kms:us-west-1:000000000000:key/good";

/// A moto's images by id, and tags by resource; an image's snapshot has its id with another prefix.
#[derive(Default)]
struct Held {
    images: Vec<(String, String)>,
    gone: Vec<String>,
    tags: BTreeMap<String, Vec<(String, String)>>,
}

fn moto(received: &Received, held: &Mutex<Held>) -> Response<Bytes> {
    let (call, mut held) = (received.call(), held.lock().unwrap());
    let get = |name: &str| call.form.get(name).unwrap_or_default().to_owned();
    if call.form.is_true("DryRun") {
        return error(412, "DryRunOperation");
    }
    let result = match call.operation.as_str() {
        "CreateImage" | "CopyImage" => {
            let id = format!("ami-{:017x}", held.images.len() + held.gone.len() + 1);
            if call.operation == "CreateImage" {
                let kinds: Vec<String> = (1..=2)
                    .map(|number| get(&format!("TagSpecification.{number}.ResourceType")))
                    .collect();
                assert!(!kinds.contains(&"snapshot".to_owned()), "the real one answers 500");
                let tags = (1..=2).map(|number| tag(&call, &format!("TagSpecification.1.Tag.{number}")));
                held.tags.insert(id.clone(), tags.flatten().collect());
            }
            held.images.push((id.clone(), get("Name")));
            format!("<imageId>{id}</imageId>")
        }
        "CreateTags" => {
            let tags: Vec<(String, String)> = (1..).map_while(|number| tag(&call, &format!("Tag.{number}"))).collect();
            for resource in call.form.list("ResourceId") {
                held.tags.entry(resource.to_owned()).or_default().extend(tags.clone());
            }
            "<return>true</return>".to_owned()
        }
        "DescribeImages" => format!("<imagesSet>{}</imagesSet>", described(&call, &held)),
        "DeregisterImage" => {
            held.images.retain(|(id, _)| *id != get("ImageId"));
            held.gone.push(get("ImageId"));
            "<return>true</return>".to_owned()
        }
        _ => "<return>true</return>".to_owned(),
    };
    let operation = call.operation;
    xml(format!("<{operation}Response>{result}</{operation}Response>"))
}

fn described(call: &Call, held: &Held) -> String {
    let filters = call.form.filters();
    let named = filters
        .iter()
        .find(|filter| filter.name == "name")
        .and_then(|filter| filter.values.first());
    let wanted = call.form.get("ImageId.1");
    let found = held
        .images
        .iter()
        .filter(|(id, name)| wanted.is_none_or(|wanted| wanted == id) && named.is_none_or(|named| named == name));
    found
        .map(|(id, name)| {
            let tags = held.tags.get(id).into_iter().flatten();
            let tags: String = tags
                .map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"))
                .collect();
            let mapping = format!(
                "<blockDeviceMapping><item><ebs><snapshotId>{}</snapshotId></ebs></item></blockDeviceMapping>",
                snapshot(id)
            );
            format!(
                "<item><imageId>{id}</imageId><name>{name}</name><imageState>available</imageState>{mapping}<tagSet>{tags}</tagSet></item>"
            )
        })
        .collect()
}

fn tag(call: &Call, prefix: &str) -> Option<(String, String)> {
    let get = |part: &str| call.form.get(&format!("{prefix}.{part}")).map(str::to_owned);
    Some((get("Key")?, get("Value")?))
}

fn snapshot(image: &str) -> String {
    image.replace("ami-", "snap-")
}

fn error(status: u16, code: &str) -> Response<Bytes> {
    let body = format!("<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>");
    Response::builder().status(status).body(body.into()).unwrap()
}

/// MiniStack's KMS, with one key that is well and one that is disabled.
fn ministack(received: &Received) -> Response<Bytes> {
    let asked: serde_json::Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let state = match asked["KeyId"].as_str().and_then(|key| key.rsplit('/').next()) {
        Some("good") => "Enabled",
        Some("disabled") => "Disabled",
        _ => return Response::builder().status(400).body(Bytes::new()).unwrap(),
    };
    let key = json!({"KeyMetadata": {"KeyState": state, "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}});
    Response::new(key.to_string().into())
}

struct World {
    gateway: Gateway,
    held: Arc<Mutex<Held>>,
    moto: Fake,
    _ministack: Fake,
}

async fn world(times: Times) -> World {
    let held: Arc<Mutex<Held>> = Arc::default();
    let shared = Arc::clone(&held);
    let (ministack, moto) = (
        Fake::start(ministack).await,
        Fake::start(move |received| moto(received, &shared)).await,
    );
    let gateway = gateway(&ministack, &moto, times).await;
    World {
        gateway,
        held,
        moto,
        _ministack: ministack,
    }
}

fn tagged(kind: ResourceType, key: &str, value: &str) -> TagSpecification {
    let tag = Tag::builder().key(key).value(value).build();
    TagSpecification::builder().resource_type(kind).tags(tag).build()
}

impl World {
    fn ec2(&self, region: &str) -> Client {
        Client::new(&sdk(&self.gateway, "create-image", "test", region))
    }

    fn create(&self, name: &str) -> CreateImageFluentBuilder {
        self.ec2("us-east-1")
            .create_image()
            .instance_id("i-0a")
            .name(name)
            .no_reboot(true)
            .tag_specifications(tagged(ResourceType::Snapshot, "of", "snapshot"))
            .tag_specifications(tagged(ResourceType::Image, "of", "image"))
    }

    fn copy(&self, of: &str, token: &str) -> CopyImageFluentBuilder {
        self.ec2("us-west-1")
            .copy_image()
            .source_region("us-east-1")
            .source_image_id(of)
            .name("copy")
            .copy_image_tags(true)
            .client_token(token)
            .tag_specifications(tagged(ResourceType::Snapshot, "of", "copied snapshot"))
    }

    async fn created(&self, name: &str) -> String {
        self.create(name).send().await.unwrap().image_id().unwrap().to_owned()
    }

    async fn described(&self, id: &str) -> Image {
        let found = self.ec2("us-west-1").describe_images().image_ids(id).send().await.unwrap();
        found.images()[0].clone()
    }

    /// The tags that the moto has.
    fn tags(&self, resource: &str) -> Vec<(String, String)> {
        self.held.lock().unwrap().tags.get(resource).cloned().unwrap_or_default()
    }

    fn made(&self) -> usize {
        self.held.lock().unwrap().images.len()
    }

    fn weather_of_last(&self) -> String {
        let log = self.gateway.log().snapshot();
        log.last().and_then(|entry| entry.weather.clone()).unwrap_or_default()
    }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[tokio::test]
async fn a_dry_run_is_motos_own_and_makes_nothing() {
    let world = world(Times::default()).await;
    let error = world.create("one").dry_run(true).send().await.unwrap_err();
    assert_eq!(error.code(), Some("DryRunOperation"));
    let error = world.copy("ami-0a", "t").dry_run(true).send().await.unwrap_err();
    assert_eq!(error.code(), Some("DryRunOperation"));
    assert_eq!(world.made(), 0);
    assert!(world.gateway.log().snapshot().iter().all(|entry| entry.dry_run));
}

#[tokio::test]
async fn a_new_image_is_pending_tagged_with_its_snapshots_and_has_its_name_to_itself() {
    let world = world(Times::default()).await;
    let id = world.created("one").await;
    assert!(world.weather_of_last().starts_with(&format!("{id} pending until")));
    let image = world.described(&id).await;
    assert_eq!(
        (image.state(), image.block_device_mappings().len()),
        (Some(&ImageState::Pending), 0)
    );
    assert_eq!(world.tags(&id), [pair("of", "image")]);
    assert_eq!(world.tags(&snapshot(&id)), [pair("of", "snapshot")]);
    let error = world.create("one").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAMIName.Duplicate"));
    assert!(error.message().unwrap_or_default().contains(&id));
    let (one, other) = (world.create("two"), world.create("two"));
    let (one, other) = tokio::join!(one.send(), other.send());
    assert_ne!(one.is_ok(), other.is_ok(), "two at once make one image");
    let available = Filter::builder().name("state").values("available").build();
    let found = world.ec2("us-east-1").describe_images().filters(available).send().await.unwrap();
    assert!(found.images().is_empty());
}

#[tokio::test]
async fn an_image_that_is_pending_is_neither_copied_nor_launched() {
    let world = world(Times::default()).await;
    let id = world.created("one").await;
    let error = world.copy(&id, "t").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidRequest"));
    let launch = world.ec2("us-east-1").run_instances().image_id(&id).min_count(1).max_count(1);
    let error = launch.send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAMIID.Unavailable"));
    assert!(error.message().unwrap_or_default().contains("is pending"));
    assert!(!world.moto.operations().contains(&"RunInstances".to_owned()));
    let error = world.copy("ami-0f", "t").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAMIID.NotFound"));
}

#[tokio::test]
async fn the_same_token_copies_once_and_other_inputs_are_a_mismatch() {
    let world = world(Times::NONE).await;
    let source = world.created("one").await;
    let (one, other) = (world.copy(&source, "t"), world.copy(&source, "t"));
    let (one, other) = tokio::join!(one.send(), other.send());
    assert_eq!(one.unwrap().image_id(), other.unwrap().image_id());
    assert_eq!(world.made(), 2);
    let error = world.copy(&source, "t").name("other").send().await.unwrap_err();
    assert_eq!(error.code(), Some("IdempotentParameterMismatch"));
    // The name of a copy may be in use.
    world.copy(&source, "u").send().await.unwrap();
    assert_eq!(world.made(), 3);
}

#[tokio::test]
async fn a_copy_has_its_sources_tags_where_asked_unless_the_weather_loses_them() {
    let world = world(Times::NONE).await;
    let source = world.created("one").await;
    let copied = world.copy(&source, "a").send().await.unwrap();
    let id = copied.image_id().unwrap();
    assert_eq!(world.tags(id), [pair("of", "image")]);
    assert_eq!(world.tags(&snapshot(id)), [pair("of", "copied snapshot")]);
    let copied = world.copy(&source, "b").copy_image_tags(false).send().await.unwrap();
    assert!(world.tags(copied.image_id().unwrap()).is_empty());
    let own = tagged(ResourceType::Image, "of", "the copy");
    let copied = world.copy(&source, "c").tag_specifications(own).send().await.unwrap();
    assert_eq!(world.tags(copied.image_id().unwrap()), [pair("of", "the copy")]);
    let rule = json!({"match": {"region": "us-west-1"}, "effect": {"kind": "loseTags"}, "times": 1});
    world.gateway.weather().add(serde_json::from_value(rule).unwrap());
    let copied = world.copy(&source, "d").send().await.unwrap();
    let id = copied.image_id().unwrap();
    assert!(world.tags(id).is_empty() && world.tags(&snapshot(id)).is_empty());
    assert!(world.weather_of_last().ends_with("without its tags"));
}

#[tokio::test]
async fn a_key_that_is_not_usable_fails_the_copy_later_and_a_good_one_shows() {
    let world = world(Times::NONE).await;
    let source = world.created("one").await;
    let error = world.copy(&source, "a").kms_key_id(KEY).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterDependency"));
    let copied = world.copy(&source, "b").encrypted(true).kms_key_id(KEY).send().await.unwrap();
    let image = world.described(copied.image_id().unwrap()).await;
    assert_eq!(image.state(), Some(&ImageState::Available));
    assert_eq!(image.block_device_mappings()[0].ebs().unwrap().encrypted(), Some(true));
    for key in [
        KEY.replace("good", "disabled"),
        KEY.replace("good", "unknown"),
        KEY.replace("us-west-1", "us-east-1"),
    ] {
        let copied = world.copy(&source, &key).encrypted(true).kms_key_id(&key).send().await.unwrap();
        let image = world.described(copied.image_id().unwrap()).await;
        assert_eq!(image.state(), Some(&ImageState::Failed), "{key}");
        let reason = image.state_reason().and_then(|reason| reason.message()).unwrap_or_default();
        assert!(reason.contains("key ID is not accessible"), "{reason}");
    }
}

#[tokio::test]
async fn deregistering_takes_the_snapshots_along_where_asked() {
    let world = world(Times::NONE).await;
    let deregister = |id: String| world.ec2("us-east-1").deregister_image().image_id(id);
    let kept = world.created("one").await;
    let answer = deregister(kept).send().await.unwrap();
    assert_eq!((answer.r#return(), answer.delete_snapshot_results().len()), (Some(true), 0));
    assert!(!world.moto.operations().contains(&"DeleteSnapshot".to_owned()));
    let id = world.created("two").await;
    let answer = deregister(id.clone()).delete_associated_snapshots(true).send().await.unwrap();
    let result = &answer.delete_snapshot_results()[0];
    assert_eq!(result.snapshot_id(), Some(snapshot(&id).as_str()));
    assert_eq!(result.return_code(), Some(&SnapshotReturnCodes::Success));
    let deleted: Vec<Option<String>> = world
        .moto
        .received()
        .iter()
        .map(Received::call)
        .filter(|call| call.operation == "DeleteSnapshot")
        .map(|call| call.target)
        .collect();
    assert_eq!(deleted, [Some(snapshot(&id))]);
    world.create("two").send().await.unwrap();
}
