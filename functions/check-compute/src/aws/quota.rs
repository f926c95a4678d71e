//! The On-Demand quota of the Region, and what of it is in use.

use std::collections::{BTreeMap, BTreeSet};

use action::aws::Failure;
use action::ids::InstanceType;
use aws_sdk_ec2::types::{Filter, InstanceLifecycleType, InstanceType as Name};
use launch_instances::io::Launch;

use crate::decide::quota::{Quota, is_standard};

/// "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", in vCPUs (Service Quotas console, Amazon EC2).
const STANDARD: &str = "L-1216C47A";

/// The quota, what runs against it, and how large the plan's types are; or why that can't be read.
pub(crate) async fn quota(ec2: &aws_sdk_ec2::Client, quotas: &aws_sdk_servicequotas::Client, launch: &Launch) -> Result<Quota, String> {
    let (limit, running) = tokio::join!(limit(quotas), running(ec2));
    let (limit, running) = (limit?, running?);
    let types: BTreeSet<&str> = running
        .iter()
        .map(String::as_str)
        .chain(launch.instance_types.iter().map(InstanceType::as_str))
        .collect();
    let sizes = sizes(ec2, &types).await?;
    let size = |name: &str| sizes.get(name).copied().ok_or_else(|| format!("EC2 tells no vCPUs of {name}"));
    Ok(Quota {
        limit,
        used: running.iter().map(|name| size(name)).sum::<Result<u64, _>>()?,
        sizes: launch
            .instance_types
            .iter()
            .filter_map(|name| Some((name.clone(), *sizes.get(name.as_str())?)))
            .collect(),
    })
}

async fn limit(quotas: &aws_sdk_servicequotas::Client) -> Result<f64, String> {
    let answer = quotas
        .get_service_quota()
        .service_code("ec2")
        .quota_code(STANDARD)
        .send()
        .await
        .map_err(|error| format!("read quota {STANDARD}: {}", Failure::from(error)))?;
    let value = answer.quota().and_then(|quota| quota.value());
    value.ok_or_else(|| format!("quota {STANDARD} has no value"))
}

/// The types of the instances that count: those of the standard families that are there on demand.
async fn running(ec2: &aws_sdk_ec2::Client) -> Result<Vec<String>, String> {
    let mut pages = ec2
        .describe_instances()
        .filters(
            Filter::builder()
                .name("instance-state-name")
                .values("pending")
                .values("running")
                .build(),
        )
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| format!("describe what runs in this Region: {}", Failure::from(error)))?;
        let instances = page.reservations().iter().flat_map(|reservation| reservation.instances());
        let counted = instances.filter(|one| one.instance_lifecycle() != Some(&InstanceLifecycleType::Spot));
        found.extend(counted.filter_map(|one| one.instance_type()).map(|name| name.as_str().to_owned()));
    }
    found.retain(|name| is_standard(name));
    Ok(found)
}

/// The vCPUs of each type. A filter, since a type that this Region doesn't have is an error of the call.
async fn sizes(ec2: &aws_sdk_ec2::Client, types: &BTreeSet<&str>) -> Result<BTreeMap<String, u64>, String> {
    let names = types.iter().map(|name| (*name).to_owned()).collect();
    let mut pages = ec2
        .describe_instance_types()
        .filters(Filter::builder().name("instance-type").set_values(Some(names)).build())
        .into_paginator()
        .send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| format!("describe the instance types: {}", Failure::from(error)))?;
        for described in page.instance_types() {
            let size = described.v_cpu_info().and_then(|info| info.default_v_cpus());
            if let (Some(name), Some(size)) = (described.instance_type().map(Name::as_str), size) {
                found.insert(name.to_owned(), u64::try_from(size).unwrap_or_default());
            }
        }
    }
    Ok(found)
}
