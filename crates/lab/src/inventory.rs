//! What the account has of machine images and of what hangs on them, as moto holds it: what a test compares with.
//!
//! Without what the gateway adds: an image that the gateway shows as pending is available here already.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_ec2::types::Tag;

use crate::clients;

/// A Region's images, snapshots and instances, each in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The account's own images.
    pub images: Vec<Image>,
    /// The account's own snapshots.
    pub snapshots: Vec<Snapshot>,
    /// The instances, also those that are terminated.
    pub instances: Vec<Instance>,
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state, by EC2's word.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ids of its snapshots.
    pub snapshots: Vec<String>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its state, by EC2's word.
    pub state: String,
    /// The image that it was launched from.
    pub image: String,
    /// Its subnet.
    pub subnet: String,
    /// Its private IP address.
    pub address: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Inventory {
    /// Asks `moto`.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub(crate) async fn take(moto: &str, region: &str) -> Result<Self> {
        let ec2 = aws_sdk_ec2::Client::new(&clients::config(moto, region, clients::LAB)?);
        let found = ec2.describe_images().owners("self").send().await.context("look at the images")?;
        let mut images: Vec<Image> = found.images().iter().map(image).collect();
        let found = ec2
            .describe_snapshots()
            .owner_ids("self")
            .send()
            .await
            .context("look at the snapshots")?;
        // moto gives those of its own images too, whoever is asked for.
        let own = found
            .snapshots()
            .iter()
            .filter(|snapshot| snapshot.owner_id() == Some(clients::ACCOUNT));
        let mut snapshots: Vec<Snapshot> = own
            .map(|snapshot| Snapshot {
                id: text(snapshot.snapshot_id()),
                tags: tags(snapshot.tags()),
            })
            .collect();
        let found = ec2.describe_instances().send().await.context("look at the instances")?;
        let mut instances: Vec<Instance> = found.reservations().iter().flat_map(|r| r.instances()).map(instance).collect();
        images.sort();
        snapshots.sort();
        instances.sort();
        Ok(Self {
            images,
            snapshots,
            instances,
        })
    }
}

fn image(image: &aws_sdk_ec2::types::Image) -> Image {
    let mappings = image.block_device_mappings().iter();
    Image {
        id: text(image.image_id()),
        name: text(image.name()),
        state: text(image.state().map(|state| state.as_str())),
        tags: tags(image.tags()),
        snapshots: mappings
            .filter_map(|mapping| mapping.ebs()?.snapshot_id())
            .map(str::to_owned)
            .collect(),
    }
}

fn instance(instance: &aws_sdk_ec2::types::Instance) -> Instance {
    let state = instance.state().and_then(|state| state.name());
    Instance {
        id: text(instance.instance_id()),
        state: text(state.map(|name| name.as_str())),
        image: text(instance.image_id()),
        subnet: text(instance.subnet_id()),
        address: text(instance.private_ip_address()),
        tags: tags(instance.tags()),
    }
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}
