//! The workload that the lab protects: unishop, made by API in both Regions as its own templates would make it.
//!
//! Relight's stacks never own the workload (its clusters leave their global cluster in a failover, and a stack that
//! owned them would see drift), so the lab makes it beside them.

use std::path::Path;

use anyhow::{Context as _, Result};
use aws_sdk_autoscaling::types::{self as autoscaling, LaunchTemplateSpecification};
use aws_sdk_ec2::types as ec2;
use aws_sdk_rds::types as rds;
use aws_types::sdk_config::SdkConfig;
use plan::Strategy;
use toml::{Table, Value};

use crate::clients;

mod images;

pub(crate) use images::is_apart;
pub use images::{FirstImage, ProofNetwork};

/// Where unishop lives.
pub const PRIMARY: &str = "us-east-1";
/// Where unishop goes.
pub const RECOVERY: &str = "us-west-1";
/// The workload's name.
pub const WORKLOAD: &str = "unishop";
/// The global cluster.
pub const GLOBAL_CLUSTER: &str = "unishop";
/// The cluster in the primary Region.
pub const PRIMARY_CLUSTER: &str = "unishop-primary";
/// The cluster in the recovery Region.
pub const RECOVERY_CLUSTER: &str = "unishop-recovery";
/// The tag by which resources opt in.
pub const WORKLOAD_TAG: &str = "relight:workload";
/// The parameter in which a recovery publishes the database's endpoint.
pub const DATABASE_PARAMETER: &str = "/relight/unishop/database";

/// How many looks of how many must fail, in the lab's plan and in its alarm.
pub(crate) const FAILURES: u16 = 2;
/// Of how many.
pub(crate) const LOOKS: u16 = 3;

const ENGINE: &str = "aurora-postgresql";
const ENGINE_VERSION: &str = "17.7";
const DATABASE_CLASS: &str = "db.r8g.large";

/// What was made, by the ids that the emulators gave.
#[derive(Clone, Debug)]
pub struct World {
    /// The instance that serves the primary site.
    pub primary_instance: String,
    /// The first image, in both Regions.
    pub image: FirstImage,
    /// Where copies are proven.
    pub proof: ProofNetwork,
    /// The launch template in the recovery Region.
    pub launch_template: String,
    /// The subnets in the recovery Region, one a zone.
    pub subnets: Vec<String>,
    /// The elastic IP address in the recovery Region.
    pub elastic_ip: String,
    /// The Auto Scaling group that serves in the recovery Region; none in a pilot light.
    pub group: Option<String>,
}

impl World {
    /// Makes unishop in both Regions, as its `strategy` has it, by way of `endpoint`, the gateway; its primary instance and its first image by way of `moto`
    /// itself, where nothing needs time: both have been there for long.
    ///
    /// # Errors
    /// When an emulator refuses a call.
    pub async fn make(endpoint: &str, moto: &str, strategy: Strategy) -> Result<Self> {
        let primary = clients::config(endpoint, PRIMARY, clients::LAB)?;
        let recovery = clients::config(endpoint, RECOVERY, clients::LAB)?;
        make_database(&primary, &recovery).await.context("make the database")?;
        let [home, away] =
            [PRIMARY, RECOVERY].map(|region| clients::config(moto, region, clients::LAB).map(|config| aws_sdk_ec2::Client::new(&config)));
        let (primary_instance, image) = make_primary_compute(&home?, &away?).await.context("make the primary's compute")?;
        let mut world = make_recovery_compute(&recovery, primary_instance, image)
            .await
            .context("make the recovery Region's compute")?;
        if strategy == Strategy::WarmStandby {
            // Past the gateway too: it has been there for long.
            let there = clients::config(moto, RECOVERY, clients::LAB)?;
            world.group = Some(make_group(&there, &world).await.context("make the standby's group")?);
        }
        publish(&recovery, &world).await?;
        Ok(world)
    }

    /// What a pilot light launches, and the images that it boots from.
    fn pilot_light(&self, sites: &Sites) -> Vec<(&'static [&'static str], Value)> {
        vec![
            (&["compute", "launch", "launchTemplate"], self.launch_template.as_str().into()),
            (&["compute", "launch", "subnets"], self.subnets.clone().into()),
            (&["compute", "launch", "elasticIp"], self.elastic_ip.as_str().into()),
            (&["compute", "launch", "instanceTypes"], vec!["m7g.large", "m6g.large"].into()),
            (
                &["image", "source"],
                Value::Table(Table::from_iter([("instance".to_owned(), self.primary_instance.as_str().into())])),
            ),
            (&["image", "keep"], 2.into()),
            // So that pruning can be seen without waiting for a day.
            (&["image", "minimumAge"], "0s".into()),
            (&["image", "proof", "subnets"], vec![self.proof.subnet.as_str()].into()),
            (
                &["image", "proof", "securityGroups"],
                vec![self.proof.security_group.as_str()].into(),
            ),
            (&["image", "proof", "site"], sites.proof.as_str().into()),
            (&["image", "proof", "checks"], vec!["home"].into()),
            (&["image", "proof", "within"], "40s".into()),
        ]
    }

    /// The example plan with this world's ids and addresses in it.
    ///
    /// # Errors
    /// When the example can't be read or isn't what it was.
    pub fn plan(&self, example: &Path, sites: &Sites) -> Result<String> {
        let text = std::fs::read_to_string(example).with_context(|| format!("read {}", example.display()))?;
        let mut plan: Table = text.parse().with_context(|| format!("parse {}", example.display()))?;
        let cluster = |region: &str, name: &str| format!("arn:aws:rds:{region}:{}:cluster:{name}", clients::ACCOUNT);
        let compute: &[(&[&str], Value)] = match &self.group {
            Some(group) => &[(&["compute", "group", "name"], group.as_str().into())],
            None => &self.pilot_light(sites),
        };
        for (path, value) in [
            (["regions", "primary"].as_slice(), Value::from(PRIMARY)),
            (&["regions", "recovery"], RECOVERY.into()),
            (&["database", "globalCluster"], GLOBAL_CLUSTER.into()),
            (&["database", "primaryCluster"], cluster(PRIMARY, PRIMARY_CLUSTER).into()),
            (&["database", "recoveryCluster"], cluster(RECOVERY, RECOVERY_CLUSTER).into()),
            (&["site", "primary"], sites.primary.as_str().into()),
            (&["site", "recovery"], sites.recovery.as_str().into()),
            (&["probe", "period"], "10s".into()),
            // An outage in seconds in place of minutes; the alarm is deployed with the same.
            (&["probe", "failures"], i64::from(FAILURES).into()),
            (&["probe", "looks"], i64::from(LOOKS).into()),
        ]
        .into_iter()
        .chain(compute.iter().cloned())
        {
            set(&mut plan, path, value)?;
        }
        remove(&mut plan, &["image", "kmsKey"]);
        // The lab's functions run on this machine and reach every address of it.
        remove(&mut plan, &["image", "proof", "function"]);
        remove(&mut plan, &["compute", "launch", "targetGroups"]);
        remove(&mut plan, &["compute", "launch", "capacityReservation"]);
        remove(&mut plan, &["notifications"]);
        // The lab's sites speak plain HTTP.
        for check in plan
            .get_mut("site")
            .and_then(|site| site.get_mut("checks"))
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(expect) = check.get_mut("expect").and_then(Value::as_table_mut) {
                expect.remove("certificateDays");
            }
        }
        toml::to_string(&plan).context("write the plan")
    }
}

/// The addresses of the sites.
#[derive(Clone, Debug)]
pub struct Sites {
    /// In the primary Region.
    pub primary: String,
    /// In the recovery Region.
    pub recovery: String,
    /// Of booted copies, with `{address}` in the place of an instance's private IP address.
    pub proof: String,
}

fn set(table: &mut Table, path: &[&str], value: Value) -> Result<()> {
    match path {
        [key] => {
            table.insert((*key).to_owned(), value);
            Ok(())
        }
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            set(
                inner
                    .as_table_mut()
                    .with_context(|| format!("{key} is no table in the example plan"))?,
                rest,
                value,
            )
        }
        [] => Ok(()),
    }
}

fn remove(table: &mut Table, path: &[&str]) {
    match path {
        [key] => drop(table.remove(*key)),
        [key, rest @ ..] => {
            if let Some(inner) = table.get_mut(*key).and_then(Value::as_table_mut) {
                remove(inner, rest);
            }
        }
        [] => {}
    }
}

async fn make_database(primary: &SdkConfig, recovery: &SdkConfig) -> Result<()> {
    let tag = rds::Tag::builder().key(WORKLOAD_TAG).value(WORKLOAD).build();
    let [home, away] = [primary, recovery].map(aws_sdk_rds::Client::new);
    let keys = [make_key(primary).await?, make_key(recovery).await?];
    home.create_global_cluster()
        .deletion_protection(true)
        .global_cluster_identifier(GLOBAL_CLUSTER)
        .engine(ENGINE)
        .engine_version(ENGINE_VERSION)
        .tags(tag.clone())
        .send()
        .await
        .context("create the global cluster")?;
    for ((client, cluster, is_primary), key) in [(&home, PRIMARY_CLUSTER, true), (&away, RECOVERY_CLUSTER, false)]
        .into_iter()
        .zip(keys)
    {
        client
            .create_db_cluster()
            .storage_encrypted(true)
            .kms_key_id(key)
            .deletion_protection(true)
            .db_cluster_identifier(cluster)
            .global_cluster_identifier(GLOBAL_CLUSTER)
            .engine(ENGINE)
            .engine_version(ENGINE_VERSION)
            .set_master_username(is_primary.then(|| "unishop".to_owned()))
            .set_master_user_password(is_primary.then(|| "only-in-the-lab".to_owned()))
            .tags(tag.clone())
            .send()
            .await
            .with_context(|| format!("create cluster {cluster}"))?;
        client
            .create_db_instance()
            .db_instance_identifier(format!("{cluster}-1"))
            .db_cluster_identifier(cluster)
            .db_instance_class(DATABASE_CLASS)
            .engine(ENGINE)
            .send()
            .await
            .with_context(|| format!("create an instance of cluster {cluster}"))?;
    }
    Ok(())
}

/// A key of the account's own, so that it can be disabled.
async fn make_key(config: &SdkConfig) -> Result<String> {
    let made = aws_sdk_kms::Client::new(config)
        .create_key()
        .description("unishop's database")
        .send()
        .await
        .context("create the database's key")?;
    let key = made.key_metadata().and_then(|key| key.arn()).context("no key was created")?;
    Ok(key.to_owned())
}

fn tagged(kind: ec2::ResourceType) -> ec2::TagSpecification {
    ec2::TagSpecification::builder()
        .resource_type(kind)
        .tags(ec2::Tag::builder().key(WORKLOAD_TAG).value(WORKLOAD).build())
        .build()
}

async fn make_primary_compute(home: &aws_sdk_ec2::Client, away: &aws_sdk_ec2::Client) -> Result<(String, FirstImage)> {
    let images = home.describe_images().owners("amazon").send().await.context("look for an image")?;
    let base = images
        .images()
        .iter()
        .find_map(|image| image.image_id())
        .context("the emulator has no image to begin with")?;
    let launched = home
        .run_instances()
        .image_id(base)
        .instance_type(ec2::InstanceType::M7gLarge)
        .min_count(1)
        .max_count(1)
        .tag_specifications(tagged(ec2::ResourceType::Instance))
        .send()
        .await
        .context("launch the primary's instance")?;
    let instance = launched
        .instances()
        .first()
        .and_then(|instance| instance.instance_id())
        .context("no instance was launched")?;
    let image = FirstImage::make(home, away, instance).await?;
    Ok((instance.to_owned(), image))
}

async fn make_recovery_compute(recovery: &SdkConfig, primary_instance: String, image: FirstImage) -> Result<World> {
    let client = aws_sdk_ec2::Client::new(recovery);
    let subnets = client.describe_subnets().send().await.context("look for subnets")?;
    let subnets: Vec<String> = subnets
        .subnets()
        .iter()
        .filter_map(|subnet| subnet.subnet_id())
        .map(str::to_owned)
        .collect();
    let template = client
        .create_launch_template()
        .launch_template_name(WORKLOAD)
        .launch_template_data(
            ec2::RequestLaunchTemplateData::builder()
                .metadata_options(
                    ec2::LaunchTemplateInstanceMetadataOptionsRequest::builder()
                        .http_tokens(ec2::LaunchTemplateHttpTokensState::Required)
                        .build(),
                )
                .build(),
        )
        .tag_specifications(tagged(ec2::ResourceType::LaunchTemplate))
        .send()
        .await
        .context("create the launch template")?;
    let launch_template = template
        .launch_template()
        .and_then(|template| template.launch_template_id())
        .context("no template was created")?;
    let address = client
        .allocate_address()
        .domain(ec2::DomainType::Vpc)
        .tag_specifications(tagged(ec2::ResourceType::ElasticIp))
        .send()
        .await
        .context("allocate an elastic IP")?;
    // After the look for subnets: production stays out of it.
    let proof = ProofNetwork::make(&client).await?;
    Ok(World {
        primary_instance,
        image,
        proof,
        launch_template: launch_template.to_owned(),
        subnets,
        elastic_ip: address.allocation_id().context("no address was allocated")?.to_owned(),
        group: None,
    })
}

/// A group of one instance, which is all that it may have: a recovery raises all three sizes.
async fn make_group(there: &SdkConfig, world: &World) -> Result<String> {
    let data = ec2::RequestLaunchTemplateData::builder()
        .image_id(&world.image.recovery)
        .instance_type(ec2::InstanceType::M7gLarge);
    let template = aws_sdk_ec2::Client::new(there)
        .create_launch_template()
        .launch_template_name("unishop-standby")
        .launch_template_data(data.build())
        .tag_specifications(tagged(ec2::ResourceType::LaunchTemplate))
        .send()
        .await
        .context("create the group's launch template")?;
    let template = template.launch_template().and_then(|template| template.launch_template_id());
    let template = LaunchTemplateSpecification::builder().launch_template_id(template.context("no template was created")?);
    let tag = autoscaling::Tag::builder()
        .key(WORKLOAD_TAG)
        .value(WORKLOAD)
        .propagate_at_launch(true);
    aws_sdk_autoscaling::Client::new(there)
        .create_auto_scaling_group()
        .auto_scaling_group_name(WORKLOAD)
        .launch_template(template.version("$Latest").build())
        .min_size(1)
        .desired_capacity(1)
        .max_size(1)
        .vpc_zone_identifier(world.subnets.join(","))
        .tags(tag.build())
        .send()
        .await
        .context("create the group")?;
    Ok(WORKLOAD.to_owned())
}

async fn publish(recovery: &SdkConfig, world: &World) -> Result<()> {
    aws_sdk_ssm::Client::new(recovery)
        .put_parameter()
        .name(format!("/relight/{WORKLOAD}/image"))
        .value(&world.image.recovery)
        .r#type(aws_sdk_ssm::types::ParameterType::String)
        .send()
        .await
        .context("publish the image pointer")?;
    Ok(())
}
