//! A booted copy of an image, looked at in its isolated subnet: it needs nothing of production to be proven.

use std::net::IpAddr;

use action::{Outcome, Pace};
use plan::{Check, ImageProof, Plan};
use url::Url;

use crate::address::permitted_url;
use crate::decide::{Decision, decide};
use crate::error::Error;
use crate::io::{CheckReport, ImageReply, ImageRequest, failures};
use crate::look::Look;
use crate::{Clock, PROOF_LOOK, Reach, agent, read_plan};

/// Looks once at the instance, by the checks that the plan names for it.
pub(crate) async fn prove(request: ImageRequest, reach: &Reach, clock: &impl Clock) -> Result<ImageReply, Error> {
    let plan = read_plan(reach, &request.workload, request.plan_version.as_deref()).await?;
    let proof = plan.image.as_ref().and_then(|image| image.proof.as_ref());
    let proof = proof.ok_or_else(|| Error::NoProof(request.workload.clone()))?;
    let permit = request.mode.permit();
    let address = match (request.address, &permit) {
        (Some(address), _) => address,
        (None, None) => return Ok(planned(proof)),
        (None, Some(_)) => return Err(Error::NoAddress),
    };
    let site = site(&plan, proof, address)?;
    let look = Look {
        http: &reach.http,
        plan: &plan.site,
        site: &site,
        region: &plan.regions.recovery,
        agent: agent(request.run.as_str()),
        permit: permit.as_ref(),
        now: clock.now(),
        within: PROOF_LOOK,
    };
    let named = |check: &Check| proof.checks.contains(&check.name);
    let checks: Vec<CheckReport> = look.take(named).await?.into_iter().map(|checked| checked.report).collect();
    let pace = Pace {
        since: request.since,
        deadline: request.deadline,
    };
    let what = format!("the copy that booted at {address}");
    let reply = |outcome, retry| Ok(ImageReply::new(outcome, retry, &what, &checks));
    match decide(request.mode, &checks, pace, clock.now()) {
        Decision::Planned => reply(Outcome::Planned, None),
        Decision::Proven => reply(Outcome::Unchanged, None),
        Decision::LookAgain(seconds) => reply(Outcome::Waiting, Some(seconds)),
        Decision::NotProven(source) => Err(Error::ImageNotProven {
            failing: failures(&checks, usize::MAX, 200),
            what,
            source,
        }),
    }
}

fn planned(proof: &ImageProof) -> ImageReply {
    ImageReply {
        outcome: Outcome::Planned,
        retry_after_seconds: None,
        because: format!("would look at {} by {}", proof.site, proof.checks.join(", ")),
        checks: Vec::new(),
    }
}

fn site(plan: &Plan, proof: &ImageProof, address: IpAddr) -> Result<Url, Error> {
    let host = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let text = proof.site.replace(ImageProof::ADDRESS, &host);
    let url = Url::parse(&text).map_err(|source| Error::ProofAddress {
        workload: plan.workload.clone(),
        text,
        source,
    })?;
    permitted_url(&url).map_err(|forbidden| Error::SiteAddress(plan.workload.clone(), forbidden))?;
    Ok(url)
}
