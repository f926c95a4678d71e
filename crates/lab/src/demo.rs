//! The demo of a failover: the primary Region is lost, an alarm starts the recovery, and the site is proven in the recovery Region.
//!
//! The demo itself only takes the Region away and watches. It starts nothing.

mod factor;
mod follow;
pub mod plan;
pub mod refresh_image;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use close_run::report::Report;
use console::style;
use jiff::Timestamp;
use ledger::{Trigger, Verdict};
use tokio::time::Instant;

use crate::gateway::Entry;
use crate::reach::Reach;
use crate::run::runs;
use crate::show::{Bar, Live, timeline};
use crate::site::region_of;
use crate::world::{PRIMARY, RECOVERY, WORKLOAD};

use follow::{follow, report, took};

const LOOK_AGAIN: Duration = Duration::from_millis(200);
const FIRST_PROBE_WITHIN: Duration = Duration::from_secs(30);
const ALARM_WITHIN: Duration = Duration::from_secs(90);
const RUN_WITHIN: Duration = Duration::from_secs(30);

const SERVED_WITHIN: Duration = Duration::from_secs(10);

/// How a demo ended.
#[derive(Debug)]
pub struct Played {
    /// When the primary Region was taken away.
    pub lost_at: Timestamp,
    /// The run's report.
    pub report: Report,
    /// The report as it was written.
    pub document: String,
    /// Where it is.
    pub location: String,
    /// The Region that serves under the name that users use, once the run has ended; none where nobody answers.
    pub served_from: Option<String>,
}

/// Plays the loss of the primary Region.
///
/// # Errors
/// When something that must happen doesn't happen in time, or no report is written.
pub async fn play(reach: &Reach, live: &mut Live) -> Result<Played> {
    reach.begin_probing().await?;
    live.begin("the probe finds the site in us-east-1 well");
    eventually(FIRST_PROBE_WITHIN, "the probe didn't find the primary site well", || {
        alarm_is(reach, "probe-failing", &StateValue::Ok)
    })
    .await?;
    live.end("the probe finds the site in us-east-1 well", None, "");

    reach.set_lost(PRIMARY, true).await?;
    let lost_at = action::clock::now();
    live.start_clock();
    live.say(
        &style(format!("{PRIMARY} is gone: its endpoints hang, its site refuses"))
            .red()
            .bold()
            .to_string(),
    );
    live.begin("waiting for the alarm");
    eventually(ALARM_WITHIN, "no alarm came", || {
        alarm_is(reach, "primary-down", &StateValue::Alarm)
    })
    .await?;
    live.end("waiting for the alarm", None, "relight-unishop-primary-down is in ALARM");

    let run = eventually(RUN_WITHIN, "the alarm started no run", || async {
        Ok(runs(reach, &reach.machine).await?.into_iter().next())
    })
    .await?;
    live.say(&format!("run {} was started by the alarm", style(&run.id).bold()));
    let ended = follow(reach, &reach.machine, &run, live).await?;
    let (document, location) = report(reach, &run).await?;
    let report: Report = serde_json::from_str(&document).context("parse the report")?;
    let how = if report.verdict == Verdict::Done {
        style("proven").green()
    } else {
        style("not proven").red()
    };
    live.say(&format!(
        "the run ended {}; the site in {RECOVERY} is {}",
        ended.as_str(),
        how.bold()
    ));
    let served_from = served_from(reach, RECOVERY).await;
    let (where_from, looks) = match &served_from {
        Some(region) if region == RECOVERY => (region.as_str(), style("as it should").green()),
        Some(region) => (region.as_str(), style("which is not the recovery Region").red()),
        None => ("nowhere", style("nobody answers").red()),
    };
    live.say(&format!(
        "{}, the name that users use, is served from {where_from}: {looks}",
        reach.public_site
    ));
    Ok(Played {
        lost_at,
        report,
        document,
        location,
        served_from,
    })
}

/// The Region that serves under the name that users use: `wanted` as soon as it does, else the one that does in the end.
async fn served_from(reach: &Reach, wanted: &str) -> Option<String> {
    let begun = Instant::now();
    loop {
        let region = region_of(&reach.public_site).await;
        if region.as_deref() == Some(wanted) || begun.elapsed() > reach.times.propagation + SERVED_WITHIN {
            return region;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What the demo tells at its end: the timeline, the clocks, and what was asked of the lost Region.
///
/// # Errors
/// When the lab is gone.
pub async fn summary(reach: &Reach, played: &Played) -> Result<String> {
    let report = &played.report;
    let bar = |name: &str, from, to| Bar {
        name: name.to_owned(),
        from,
        to,
    };
    let mut bars = Vec::new();
    if let Trigger::Alarm { alarm_at, .. } = &report.run.trigger {
        bars.push(bar("(outage to alarm)", played.lost_at, *alarm_at));
        bars.push(bar("(alarm to run)", *alarm_at, report.run.started_at));
    }
    bars.extend(
        report
            .steps
            .iter()
            .map(|step| bar(&step.name, step.started_at, step.ended_at.unwrap_or(step.started_at))),
    );
    let served = bars.last().map_or(played.lost_at, |bar| bar.to);
    let seconds = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.1} s"));
    let allowed = |value: Option<u64>| value.map_or_else(String::new, |value| format!(" of {value} s allowed"));
    let clocks = &report.clocks;
    let log = requests(reach).await?;
    let asked: Vec<&Entry> = log
        .iter()
        .filter(|entry| entry.region == PRIMARY && entry.time >= played.lost_at)
        .collect();
    let answered = asked.iter().filter(|entry| entry.succeeded()).count();
    Ok(format!(
        "\n{}\n  {} from the outage to the last step\n  by the report: detect {}, decide {}, execute {}: RTO {}{}\n  {}\n  RPO {}{}\n  users are served from {}\n  calls to {PRIMARY} during the recovery: {}, answered: {answered}\n  report: {}\n",
        timeline(&bars),
        style(format!("{:.1} s", took(played.lost_at, served).as_secs_f64())).bold(),
        seconds(clocks.detect_seconds),
        seconds(clocks.decide_seconds),
        seconds(Some(clocks.execute_seconds)),
        style(seconds(clocks.total_seconds)).bold(),
        allowed(report.objectives.rto_seconds),
        factor::told(report, &reach.times),
        style(seconds(report.rpo_seconds)).bold(),
        allowed(report.objectives.rpo_seconds),
        style(played.served_from.as_deref().unwrap_or("nowhere")).bold(),
        asked.len(),
        played.location,
    ))
}

/// The gateway's log, oldest first.
///
/// # Errors
/// When the lab is gone.
pub async fn requests(reach: &Reach) -> Result<Vec<Entry>> {
    crate::gateway::Remote::new(reach.gateway).log().await
}

/// Whether one of unishop's alarms is in `state`.
async fn alarm_is(reach: &Reach, name: &str, state: &StateValue) -> Result<Option<()>> {
    let found = aws_sdk_cloudwatch::Client::new(&reach.looking()?)
        .describe_alarms()
        .alarm_names(format!("relight-{WORKLOAD}-{name}"))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .send()
        .await
        .context("describe the alarms")?;
    let metric = found.metric_alarms().iter().filter_map(|alarm| alarm.state_value());
    let composite = found.composite_alarms().iter().filter_map(|alarm| alarm.state_value());
    Ok(metric.chain(composite).any(|found| found == state).then_some(()))
}

/// Looks until `look` finds what it looks for.
async fn eventually<T, L, F>(within: Duration, otherwise: &str, look: L) -> Result<T>
where
    L: Fn() -> F,
    F: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > within {
            bail!("{otherwise} within {within:?}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
