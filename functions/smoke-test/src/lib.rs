//! Proves a site by the checks of its plan, once for a run or every few seconds of a minute as the probe; and an instance
//! that was booted from a copied image, by those checks that the plan names for it.
//!
//! A proof looks once: all checks passed is `unchanged`, else `waiting`, and an error once the deadline has passed. The
//! probe puts each look into the metric that starts a recovery, so it tells a dead site from a probe that can't look:
//! the one is a failed look, the other an error and no metric. A run that is about to move the workload has the probe's
//! look taken once more: that puts no metric, and a primary that fails or hangs is its answer, never its error.

pub mod address;
mod again;
mod aws;
pub mod decide;
pub mod error;
pub mod http;
mod image;
pub mod io;
pub mod look;
pub mod placeholders;
pub mod redirect;

use std::future::Future;
use std::time::Duration;

use action::ids::{Region, WorkloadName};
use action::{Call, Mode, Outcome, Pace, Permit};
use bucket::Bucket;
use jiff::Timestamp;
use plan::{Check, Plan};
use url::Url;

use crate::address::permitted_url;
use crate::decide::{Decision, decide, next_look};
use crate::error::Error;
use crate::http::{Http, Trust};
use crate::io::{
    CheckReport, ProbeReply, ProbeRequest, ProofReply, ProofRequest, Reply, Request, Site, Verdict, failures, of_site, sentence,
};
use crate::look::{Checked, Look};

/// The function's name, after `relight-`.
pub const NAME: &str = "smoke-test";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("s3:GetObject"),
    Call::read("s3:GetObjectVersion"),
    Call::change("cloudwatch:PutMetricData"),
];

/// How long a look of a proof may take.
pub const PROOF_LOOK: Duration = Duration::from_secs(20);
/// How long a look of the probe may take: half of the shortest period, so that a site that hangs never delays the next. So
/// long, too, may the one look take that a run waits for before it moves the workload.
pub const PROBE_LOOK: Duration = Duration::from_secs(5);

/// What smoke-test works with.
#[derive(Debug)]
pub struct Reach {
    /// The bucket with the plans.
    pub bucket: Bucket,
    /// For the probe's metric.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The way to the sites.
    pub http: Http,
}

/// The time, and waiting for the probe's next look; a test has its own.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Waits until `when`.
    fn sleep_until(&self, when: Timestamp) -> impl Future<Output = ()>;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        action::clock::now()
    }

    async fn sleep_until(&self, when: Timestamp) {
        action::clock::sleep_until(when).await;
    }
}

/// Looks at a site as `request` asks.
///
/// # Errors
/// See [`Error`].
pub async fn handle(request: Request, reach: &Reach, clock: &impl Clock) -> Result<Reply, Error> {
    match request {
        Request::Proof(request) => prove(request, reach, clock).await.map(Reply::Proof),
        Request::Image(request) => image::prove(request, reach, clock).await.map(Reply::Image),
        Request::Look(request) => again::look(&request, reach, clock).await.map(Reply::Look),
        // A probe has no mode: it is there to put its metric, and to write what the plan has it write.
        Request::Probe(request) => match Mode::Execute.permit() {
            Some(permit) => probe(&request, reach, clock, &permit).await.map(Reply::Probe),
            None => Ok(Reply::Probe(ProbeReply::nothing())),
        },
    }
}

async fn prove(request: ProofRequest, reach: &Reach, clock: &impl Clock) -> Result<ProofReply, Error> {
    let plan = read_plan(reach, &request.workload, request.plan_version.as_deref()).await?;
    let (site, region) = target(&plan, request.site)?;
    let permit = request.mode.permit();
    let look = Look {
        http: &reach.http,
        plan: &plan.site,
        site,
        region,
        agent: agent(request.run.as_str()),
        permit: permit.as_ref(),
        now: clock.now(),
        within: PROOF_LOOK,
    };
    let checks: Vec<CheckReport> = look.take(Check::proves).await?.into_iter().map(|checked| checked.report).collect();
    let pace = Pace {
        since: request.since,
        deadline: request.deadline,
    };
    let reply = |outcome, retry| Ok(ProofReply::new(outcome, retry, request.site, region, &checks));
    match decide(request.mode, &checks, pace, clock.now()) {
        Decision::Planned => reply(Outcome::Planned, None),
        Decision::Proven => reply(Outcome::Unchanged, None),
        Decision::LookAgain(seconds) => reply(Outcome::Waiting, Some(seconds)),
        Decision::NotProven(source) => {
            let (workload, region, failing) = (request.workload, region.clone(), failures(&checks, usize::MAX, 200));
            Err(match request.site {
                Site::Primary | Site::Recovery => Error::NotProven {
                    workload,
                    region,
                    failing,
                    source,
                },
                Site::Public => Error::NotArrived {
                    workload,
                    name: site.to_string(),
                    region,
                    failing,
                    source,
                },
            })
        }
    }
}

async fn probe(request: &ProbeRequest, reach: &Reach, clock: &impl Clock, permit: &Permit) -> Result<ProbeReply, Error> {
    let start = clock.now();
    let plan = read_plan(reach, &request.workload, None).await?;
    let (site, region) = target(&plan, request.site)?;
    let period = plan.probe.period.duration();
    let (mut looks, mut failed, mut missed, mut last) = (0, 0, 0, None);
    let mut seen = String::new();
    let mut from = 0;
    while let Some((number, due)) = next_look(start, period, from, clock.now()) {
        clock.sleep_until(due).await;
        let look = Look {
            http: &reach.http,
            plan: &plan.site,
            site,
            region,
            agent: agent("probe"),
            permit: Some(permit),
            now: clock.now(),
            within: PROBE_LOOK,
        };
        let checked = look.take(Check::probes).await?;
        let looked = looked(&checked, look.now, period);
        looks += 1;
        if looked.failed {
            failed += 1;
        }
        if looked.failed || failed == 0 {
            seen = sentence(
                &of_site(region),
                &checked.into_iter().map(|checked| checked.report).collect::<Vec<_>>(),
            );
        }
        // One look that the metric lacks is no reason to take the others from the alarm as well.
        if let Err(failure) = aws::put_look(&reach.cloudwatch, &request.workload, looked, permit).await {
            missed += 1;
            last = Some(failure);
        }
        from = number + 1;
    }
    if let Some(source) = last {
        return Err(Error::PutMetricData {
            workload: request.workload.clone(),
            missed,
            looks,
            source,
        });
    }
    Ok(ProbeReply {
        outcome: Outcome::Unchanged,
        because: format!(
            "{failed} of {looks} looks failed; {}{seen}",
            if failed > 0 { "the last that did: " } else { "" }
        ),
        looks,
        failed,
    })
}

fn looked(checked: &[Checked], at: Timestamp, period: Duration) -> aws::Looked {
    let slowest = checked
        .iter()
        .filter(|checked| checked.replied)
        .map(|checked| checked.report.millis)
        .max();
    aws::Looked {
        at,
        failed: checked.iter().any(|checked| checked.report.verdict != Verdict::Pass),
        latency: slowest.map(Duration::from_millis),
        high_resolution: period < decide::MINUTE,
    }
}

async fn read_plan(reach: &Reach, workload: &WorkloadName, version: Option<&str>) -> Result<Plan, Error> {
    ledger::read_plan(&reach.bucket, workload, version)
        .await
        .map(|stored| stored.plan)
        .map_err(|source| Error::ReadPlan(workload.clone(), Box::new(source)))
}

/// The site that is asked for, and its Region. An address in the plan that can hold no site is refused before any look.
fn target(plan: &Plan, site: Site) -> Result<(&Url, &Region), Error> {
    let (url, region) = match site {
        Site::Primary => (&plan.site.primary, &plan.regions.primary),
        Site::Recovery => (&plan.site.recovery, &plan.regions.recovery),
        Site::Public => (
            plan.site
                .public
                .as_ref()
                .ok_or_else(|| Error::NoPublicName(plan.workload.clone()))?,
            &plan.regions.recovery,
        ),
    };
    permitted_url(url).map_err(|forbidden| Error::SiteAddress(plan.workload.clone(), forbidden))?;
    Ok((url, region))
}

fn agent(who: &str) -> String {
    format!("relight-{NAME}/{} ({who})", env!("CARGO_PKG_VERSION"))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let reach = Reach {
        bucket: Bucket::new(&config, action::environment::required("RELIGHT_BUCKET")?),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        http: Http::new(Trust::System, address::system_lookup),
    };
    action::run(NAME, |request| handle(request, &reach, &SystemClock)).await
}
