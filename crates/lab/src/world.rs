//! The workload that the lab protects: unishop, made by API in both Regions as its own templates would make it.
//!
//! Relight's stacks never own the workload (its clusters leave their global cluster in a failover, and a stack that
//! owned them would see drift), so the lab makes it beside them.

use anyhow::{Context as _, Result};
use aws_sdk_autoscaling::types::{self as autoscaling, LaunchTemplateSpecification};
use aws_sdk_ec2::types as ec2;
use aws_sdk_rds::types as rds;
use aws_types::sdk_config::SdkConfig;
use plan::Strategy;

use crate::clients;

mod document;
mod hot;
mod images;
pub mod traffic;

pub use document::Sites;
pub(crate) use images::is_apart;
pub use images::{FirstImage, ProofNetwork};
use traffic::TrafficMethod;

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
/// The table of a hot standby, in both Regions.
pub const TABLE: &str = "unishop-orders";
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
    /// How much of unishop stands ready in the recovery Region.
    pub strategy: Strategy,
    /// How users are moved.
    pub traffic: TrafficMethod,
    /// The global table, in both Regions; only a hot standby has one.
    pub table: Option<String>,
}

impl World {
    /// Makes unishop in both Regions, as its `strategy` has it, by way of `endpoint`, the gateway; its primary instance and its first image by way of `moto`
    /// itself, where nothing needs time: both have been there for long.
    ///
    /// # Errors
    /// When an emulator refuses a call.
    pub async fn make(endpoint: &str, moto: &str, strategy: Strategy, traffic: TrafficMethod) -> Result<Self> {
        let primary = clients::config(endpoint, PRIMARY, clients::LAB)?;
        let recovery = clients::config(endpoint, RECOVERY, clients::LAB)?;
        make_database(&primary, &recovery, strategy).await.context("make the database")?;
        let [home, away] =
            [PRIMARY, RECOVERY].map(|region| clients::config(moto, region, clients::LAB).map(|config| aws_sdk_ec2::Client::new(&config)));
        let (primary_instance, image) = make_primary_compute(&home?, &away?).await.context("make the primary's compute")?;
        let made = make_recovery_compute(&recovery, primary_instance, image)
            .await
            .context("make the recovery Region's compute")?;
        let mut world = Self { strategy, traffic, ..made };
        if strategy == Strategy::WarmStandby {
            // Past the gateway too: it has been there for long.
            let there = clients::config(moto, RECOVERY, clients::LAB)?;
            world.group = Some(make_group(&there, &world).await.context("make the standby's group")?);
        }
        if strategy == Strategy::HotStandby {
            let table = hot::make(&primary, &recovery).await.context("make what a hot standby has")?;
            world.table = Some(table);
        }
        traffic.make(&recovery).await.context("make what moves users")?;
        publish_parameter(&recovery, &format!("/relight/{WORKLOAD}/image"), &world.image.recovery).await?;
        Ok(world)
    }
}

/// A standby that serves in peace forwards the writes that it gets, as the example's does.
async fn make_database(primary: &SdkConfig, recovery: &SdkConfig, strategy: Strategy) -> Result<()> {
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
            .set_enable_global_write_forwarding((!is_primary && strategy != Strategy::PilotLight).then_some(true))
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
        strategy: Strategy::PilotLight,
        traffic: TrafficMethod::default(),
        table: None,
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

async fn publish_parameter(recovery: &SdkConfig, name: &str, value: &str) -> Result<()> {
    aws_sdk_ssm::Client::new(recovery)
        .put_parameter()
        .name(name)
        .value(value)
        .r#type(aws_sdk_ssm::types::ParameterType::String)
        .send()
        .await
        .with_context(|| format!("publish parameter {name}"))?;
    Ok(())
}

/// A bucket in the recovery Region.
async fn make_bucket(recovery: &SdkConfig, bucket: &str) -> Result<()> {
    let constraint = aws_sdk_s3::types::BucketLocationConstraint::from(RECOVERY);
    let there = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(constraint);
    clients::s3(recovery)
        .create_bucket()
        .bucket(bucket)
        .create_bucket_configuration(there.build())
        .send()
        .await
        .with_context(|| format!("create bucket {bucket}"))?;
    Ok(())
}
