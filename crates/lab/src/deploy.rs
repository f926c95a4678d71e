//! Deploys Relight into the lab as into an account: the artifact to a bucket, then both stacks by CloudFormation.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_cloudformation::types::{Capability, Parameter};
use aws_types::sdk_config::SdkConfig;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::clients;
use crate::world::traffic::TrafficMethod;
use crate::world::{FAILURES, LOOKS, RECOVERY, WORKLOAD};

/// The stack that holds the engine.
pub const ENGINE_STACK: &str = "relight";

const ARTIFACTS: &str = "relight-artifacts";
const STACK_TIMEOUT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is deployed, from the repository and the build.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The repository's root.
    pub repository: std::path::PathBuf,
    /// The folder with the bundles' zips.
    pub artifact: std::path::PathBuf,
}

/// The deployed engine: its outputs by name.
#[derive(Clone, Debug)]
pub struct Engine {
    outputs: BTreeMap<String, String>,
}

impl Engine {
    /// An output of the engine's stack.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("stack {ENGINE_STACK} has no output {name}"))
    }

    /// The bucket of plans and reports.
    ///
    /// # Errors
    /// When the stack doesn't say.
    pub fn bucket(&self) -> Result<&str> {
        self.output("BucketName")
    }
}

/// Deploys the engine's stack.
///
/// # Errors
/// When the artifact can't be read or the stack isn't created; the message has CloudFormation's own reasons.
pub async fn engine(endpoint: &str, sources: &Sources) -> Result<Engine> {
    let config = clients::config(endpoint, RECOVERY, clients::LAB)?;
    let prefix = upload(&config, sources).await.context("upload the artifact")?;
    let parameters = [
        ("ArtifactBucket", ARTIFACTS),
        ("ArtifactPrefix", &prefix),
        ("Architecture", architecture()),
    ];
    let outputs = create(&config, ENGINE_STACK, &sources.repository.join("infra/engine.yaml"), &parameters).await?;
    Ok(Engine { outputs })
}

/// Uploads `plan` and deploys the workload's stack.
///
/// # Errors
/// When the stack isn't created; the message has CloudFormation's own reasons.
pub async fn workload(endpoint: &str, sources: &Sources, engine: &Engine, plan: &str, traffic: TrafficMethod) -> Result<()> {
    let config = clients::config(endpoint, RECOVERY, clients::LAB)?;
    put(
        &config,
        engine.bucket()?,
        &format!("plans/{WORKLOAD}.toml"),
        plan.as_bytes().to_vec(),
    )
    .await?;
    let parameters = [
        ("Workload", WORKLOAD),
        ("EngineStack", ENGINE_STACK),
        ("ProbePeriodSeconds", "10"),
        ("FailuresToAlarm", &FAILURES.to_string()),
        ("PeriodsEvaluated", &LOOKS.to_string()),
        // Never within a lab's life: what refreshes here is started by a test or by a demo.
        ("RefreshSchedule", "cron(0 3 1 1 ? 2099)"),
        (
            "MovesUsers",
            if traffic == TrafficMethod::HealthCheckMetric {
                "by-metric"
            } else {
                "no"
            },
        ),
    ];
    create(
        &config,
        &format!("{ENGINE_STACK}-{WORKLOAD}"),
        &sources.repository.join("infra/workload.yaml"),
        &parameters,
    )
    .await?;
    Ok(())
}

/// Writes one object.
///
/// # Errors
/// When the bucket refuses it.
pub async fn put(config: &SdkConfig, bucket: &str, key: &str, body: Vec<u8>) -> Result<()> {
    clients::s3(config)
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(body.into())
        .send()
        .await
        .with_context(|| format!("write s3://{bucket}/{key}"))?;
    Ok(())
}

async fn upload(config: &SdkConfig, sources: &Sources) -> Result<String> {
    let mut objects = read(&sources.artifact, ".zip")?;
    objects.extend(read(&sources.repository.join("statemachine"), ".asl.json")?);
    let digest = objects
        .values()
        .fold(Sha256::new(), |digest, object| digest.chain_update(object))
        .finalize();
    let prefix = format!(
        "relight/{}",
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    let constraint = aws_sdk_s3::types::BucketLocationConstraint::from(RECOVERY);
    clients::s3(config)
        .create_bucket()
        .bucket(ARTIFACTS)
        .create_bucket_configuration(
            aws_sdk_s3::types::CreateBucketConfiguration::builder()
                .location_constraint(constraint)
                .build(),
        )
        .send()
        .await
        .with_context(|| format!("create bucket {ARTIFACTS}"))?;
    for (name, object) in objects {
        put(config, ARTIFACTS, &format!("{prefix}/{name}"), object).await?;
    }
    Ok(prefix)
}

/// The files in `folder` whose names end in `ending`, by name.
fn read(folder: &Path, ending: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry.with_context(|| format!("read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            files.insert(name, std::fs::read(&path).with_context(|| format!("read {}", path.display()))?);
        }
    }
    if files.is_empty() {
        bail!("{} holds no {ending}: nothing was built", folder.display());
    }
    Ok(files)
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

async fn create(config: &SdkConfig, stack: &str, template: &Path, parameters: &[(&str, &str)]) -> Result<BTreeMap<String, String>> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let name = template.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let body = std::fs::read(template).with_context(|| format!("read {}", template.display()))?;
    put(config, ARTIFACTS, &name, body).await?;
    client
        .create_stack()
        .stack_name(stack)
        // By way of the bucket: a template in the request may have 51,200 bytes at most (model: TemplateBody).
        .template_url(format!("https://s3.{RECOVERY}.amazonaws.com/{ARTIFACTS}/{name}"))
        .set_parameters(Some(
            parameters
                .iter()
                .map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build())
                .collect(),
        ))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .with_context(|| format!("create stack {stack}"))?;
    let begun = Instant::now();
    loop {
        let described = client
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .with_context(|| format!("describe stack {stack}"))?;
        let found = described.stacks().first().with_context(|| format!("stack {stack} is gone"))?;
        let status = found.stack_status().map_or("unknown", |status| status.as_str());
        if status == "CREATE_COMPLETE" {
            let outputs = found
                .outputs()
                .iter()
                .filter_map(|o| Some((o.output_key()?.to_owned(), o.output_value()?.to_owned())));
            return Ok(outputs.collect());
        }
        if status != "CREATE_IN_PROGRESS" || begun.elapsed() > STACK_TIMEOUT {
            bail!(
                "stack {stack} is {status} after {:?}: {}",
                begun.elapsed(),
                reasons(&client, stack).await
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn reasons(client: &aws_sdk_cloudformation::Client, stack: &str) -> String {
    let Ok(events) = client.describe_stack_events().stack_name(stack).send().await else {
        return "no events can be read".to_owned();
    };
    let failed = events
        .stack_events()
        .iter()
        .filter(|event| event.resource_status().is_some_and(|s| s.as_str().ends_with("FAILED")));
    failed
        .map(|event| {
            format!(
                "{}: {}",
                event.logical_resource_id().unwrap_or("?"),
                event.resource_status_reason().unwrap_or("no reason")
            )
        })
        .collect::<Vec<_>>()
        .join("; ")
}
