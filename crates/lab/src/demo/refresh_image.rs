//! The demo of a refresh: an image is made in the primary Region, copied, booted, proven and adopted; old ones are pruned.
//!
//! Started as the schedule starts it, whose hour the demo doesn't wait for.

use anyhow::{Context as _, Result};
use aws_sdk_ec2::types::Image;
use close_run::report::Report;
use console::style;
use serde_json::{Value, json};

use super::follow::{follow, report};
use crate::clients;
use crate::reach::Reach;
use crate::run::runs;
use crate::show::{Bar, Live, timeline};
use crate::world::{PRIMARY, RECOVERY, WORKLOAD};

/// The input by which the schedule of infra/workload.yaml starts a refresh.
pub fn scheduled() -> Value {
    json!({
        "workload": WORKLOAD,
        "mode": "execute",
        "trigger": {"kind": "schedule", "schedule": format!("relight-{WORKLOAD}-refresh-image")},
    })
}

/// How the demo ended.
#[derive(Debug)]
pub struct Played {
    /// The run's report.
    pub report: Report,
    /// The report as it was written.
    pub document: String,
    /// Where it is.
    pub location: String,
    images: [(String, Vec<Image>); 2],
    pointer: [String; 2],
}

/// Plays one refresh with `input`.
///
/// # Errors
/// When the run doesn't end in time, or leaves no report.
pub async fn play(reach: &Reach, input: &Value, live: &mut Live) -> Result<Played> {
    let before = pointer(reach).await?;
    live.start_clock();
    live.say(&format!("image in use: {before}; the schedule starts a refresh"));
    let started = aws_sdk_sfn::Client::new(&reach.looking()?)
        .start_execution()
        .state_machine_arn(&reach.refresh_machine)
        .input(input.to_string())
        .send()
        .await
        .context("start a refresh")?;
    let run = runs(reach, &reach.refresh_machine)
        .await?
        .into_iter()
        .find(|run| run.arn == started.execution_arn())
        .context("the refresh isn't there")?;
    let ended = follow(reach, &reach.refresh_machine, &run, live).await?;
    let (document, location) = report(reach, &run).await?;
    live.say(&format!("the run ended {}", style(ended.as_str()).bold()));
    Ok(Played {
        report: serde_json::from_str(&document).context("parse the report")?,
        document,
        location,
        images: [
            (PRIMARY.to_owned(), images(reach, PRIMARY).await?),
            (RECOVERY.to_owned(), images(reach, RECOVERY).await?),
        ],
        pointer: [before, pointer(reach).await?],
    })
}

/// What the demo tells at its end: the timeline, the pointer, and the images that are left.
pub fn summary(played: &Played) -> String {
    let bars: Vec<Bar> = played
        .report
        .steps
        .iter()
        .map(|step| Bar {
            name: step.name.clone(),
            from: step.started_at,
            to: step.ended_at.unwrap_or(step.started_at),
        })
        .collect();
    let [before, after] = &played.pointer;
    let mut text = format!(
        "\n{}\n  image in use: {before} before, {} now\n",
        timeline(&bars),
        style(after).bold()
    );
    for (region, images) in &played.images {
        for image in images {
            let tag = |key: &str| image.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value());
            let proven = tag(images::tags::PROVEN).map_or_else(String::new, |at| format!(", proven at {at}"));
            text.push_str(&format!(
                "  {region}: {} {}, made at {}{proven}\n",
                image.image_id().unwrap_or_default(),
                image.name().unwrap_or_default(),
                tag(images::tags::MADE).unwrap_or("an unknown time"),
            ));
        }
    }
    text.push_str(&format!("  report: {}\n", played.location));
    text
}

async fn images(reach: &Reach, region: &str) -> Result<Vec<Image>> {
    let config = clients::config(&reach.endpoint, region, clients::LAB)?;
    let found = aws_sdk_ec2::Client::new(&config)
        .describe_images()
        .owners("self")
        .send()
        .await
        .with_context(|| format!("look at the images in {region}"))?;
    Ok(found.images().to_vec())
}

async fn pointer(reach: &Reach) -> Result<String> {
    let found = aws_sdk_ssm::Client::new(&reach.looking()?)
        .get_parameter()
        .name(format!("/relight/{WORKLOAD}/image"))
        .send()
        .await
        .context("read the image pointer")?;
    let value = found.parameter().and_then(|parameter| parameter.value());
    Ok(value.unwrap_or("none").to_owned())
}
