//! A run as people watch it: its steps as they begin and end, and the report that it leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::clients;
use crate::reach::Reach;
use crate::run::{Progress, Run, runs, steps};
use crate::show::Live;
use crate::world::WORKLOAD;

use super::LOOK_AGAIN;

const ENDED_WITHIN: Duration = Duration::from_secs(300);

/// Shows the steps of a run of `machine` as they begin and end, until the run ends.
pub(super) async fn follow(reach: &Reach, machine: &str, run: &Run, live: &mut Live) -> Result<ExecutionStatus> {
    let begun = Instant::now();
    let mut over = BTreeSet::new();
    loop {
        let status = runs(reach, machine)
            .await?
            .into_iter()
            .find(|found| found.id == run.id)
            .context("the run is gone")?
            .status;
        let ended = status != ExecutionStatus::Running;
        for Progress { step, over: left } in steps(reach, run).await? {
            if over.contains(&step.name) {
                continue;
            }
            live.begin(&step.name);
            if let Some(to) = step.ended_at.filter(|_| ended || left) {
                live.end(
                    &step.name,
                    Some(took(step.started_at, to)),
                    step.because.as_deref().unwrap_or_default(),
                );
                over.insert(step.name);
            }
        }
        if ended {
            return Ok(status);
        }
        if begun.elapsed() > ENDED_WITHIN {
            bail!("run {} didn't end within {ENDED_WITHIN:?}", run.id);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

pub(super) fn took(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Reads the report that the run wrote.
pub(super) async fn report(reach: &Reach, run: &Run) -> Result<(String, String)> {
    let key = format!("reports/{WORKLOAD}/{}.json", run.id);
    let location = format!("s3://{}/{key}", reach.bucket);
    let object = clients::s3(&reach.config()?)
        .get_object()
        .bucket(&reach.bucket)
        .key(&key)
        .send()
        .await
        .with_context(|| format!("read the report {location}"))?;
    let bytes = object.body.collect().await.context("read the report")?.to_vec();
    Ok((String::from_utf8(bytes).context("read the report as text")?, location))
}
