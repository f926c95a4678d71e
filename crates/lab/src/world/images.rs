//! The workload's first image in both Regions, as a refresh of an hour ago would have left it, and where copies are proven.
//!
//! Made by way of moto itself, where nothing needs time. moto's own images belong to Amazon and never count as the account's.

use std::time::Duration;

use action::clock;
use action::ids::RunId;
use anyhow::{Context as _, Result};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types as ec2;
use images::tags;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{PRIMARY, WORKLOAD, tagged};

/// How long ago the first image was made.
const AGE: Duration = Duration::from_secs(3_600);
/// How long the refresh took that made it.
const TOOK: Duration = Duration::from_secs(600);
/// The network of proofs, apart from the default one that production is in.
const NETWORK: &str = "10.99.0.0/24";

/// Whether an instance of this address is in the network of proofs, where nobody is served.
pub(crate) fn is_apart(address: &str) -> bool {
    address.starts_with("10.99.0.")
}

/// The first image.
#[derive(Clone, Debug)]
pub struct FirstImage {
    /// The run that is said to have made it.
    pub run: RunId,
    /// Its name in both Regions.
    pub name: String,
    /// Its id in the primary Region.
    pub primary: String,
    /// The id of its copy in the recovery Region, which is proven.
    pub recovery: String,
}

/// Where copies are booted to prove them, in the recovery Region.
#[derive(Clone, Debug)]
pub struct ProofNetwork {
    /// A subnet from which no way leads out.
    pub subnet: String,
    /// A security group that lets nothing out.
    pub security_group: String,
}

impl FirstImage {
    /// Makes an image of `instance` and its copy.
    pub(super) async fn make(home: &Client, away: &Client, instance: &str) -> Result<Self> {
        let now = clock::now();
        let made = now.checked_sub(AGE).context("go back in time")?;
        let run: RunId = format!("{WORKLOAD}-{}", made.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ")).parse()?;
        let name = images::name(&WORKLOAD.parse()?, &run);
        let mut tags = vec![
            tag(tags::WORKLOAD, WORKLOAD),
            tag(tags::RUN, run.as_str()),
            tag(tags::SOURCE, instance),
            tag(tags::MADE, &seconds(made)),
        ];
        let image = home
            .create_image()
            .instance_id(instance)
            .name(&name)
            .no_reboot(true)
            .send()
            .await
            .context("make an image of the primary's instance")?;
        let primary = image.image_id().context("no image was made")?.to_owned();
        label(home, &primary, &tags).await?;
        let copied = away
            .copy_image()
            .name(&name)
            .source_region(PRIMARY)
            .source_image_id(&primary)
            .send()
            .await
            .context("copy the image")?;
        let recovery = copied.image_id().context("no image was copied")?.to_owned();
        let proven = made.checked_add(TOOK).context("go on in time")?;
        tags.push(tag(tags::PROVEN, &seconds(proven)));
        label(away, &recovery, &tags).await?;
        Ok(Self {
            run,
            name,
            primary,
            recovery,
        })
    }
}

/// Tags an image, and its snapshots with the workload and the run: moto takes no tags for snapshots while it makes them.
async fn label(client: &Client, image: &str, tags: &[ec2::Tag]) -> Result<()> {
    let found = client
        .describe_images()
        .image_ids(image)
        .send()
        .await
        .context("look at the image")?;
    let mappings = found.images().iter().flat_map(|image| image.block_device_mappings());
    let snapshots: Vec<String> = mappings
        .filter_map(|mapping| mapping.ebs()?.snapshot_id())
        .map(str::to_owned)
        .collect();
    let of_snapshots = tags.iter().take(2).cloned().collect();
    for (resources, tags) in [(vec![image.to_owned()], tags.to_vec()), (snapshots, of_snapshots)] {
        client
            .create_tags()
            .set_resources(Some(resources))
            .set_tags(Some(tags))
            .send()
            .await
            .with_context(|| format!("tag image {image}"))?;
    }
    Ok(())
}

fn tag(key: &str, value: &str) -> ec2::Tag {
    ec2::Tag::builder().key(key).value(value).build()
}

/// RFC 3339 in whole seconds, as the tags have it.
fn seconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl ProofNetwork {
    /// Makes a network of its own, without a gateway.
    pub(super) async fn make(client: &Client) -> Result<Self> {
        let network = client
            .create_vpc()
            .cidr_block(NETWORK)
            .tag_specifications(tagged(ec2::ResourceType::Vpc))
            .send()
            .await
            .context("create the network of proofs")?;
        let network = network
            .vpc()
            .and_then(|vpc| vpc.vpc_id())
            .context("no network was created")?
            .to_owned();
        let subnet = client
            .create_subnet()
            .vpc_id(&network)
            .cidr_block(NETWORK)
            .tag_specifications(tagged(ec2::ResourceType::Subnet))
            .send()
            .await
            .context("create the subnet of proofs")?;
        let group = client
            .create_security_group()
            .group_name(format!("{WORKLOAD}-proof"))
            .description("Lets nothing out")
            .vpc_id(&network)
            .tag_specifications(tagged(ec2::ResourceType::SecurityGroup))
            .send()
            .await
            .context("create the security group of proofs")?;
        let group = group.group_id().context("no security group was created")?.to_owned();
        // A new group lets everything out (API_CreateSecurityGroup).
        let everything = ec2::IpPermission::builder()
            .ip_protocol("-1")
            .ip_ranges(ec2::IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build();
        client
            .revoke_security_group_egress()
            .group_id(&group)
            .ip_permissions(everything)
            .send()
            .await
            .context("close the security group of proofs")?;
        Ok(Self {
            subnet: subnet
                .subnet()
                .and_then(|subnet| subnet.subnet_id())
                .context("no subnet was created")?
                .to_owned(),
            security_group: group,
        })
    }
}
