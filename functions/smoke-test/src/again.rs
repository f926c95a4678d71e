//! The probe's look, taken once more for a run that is about to move the workload.

use action::Outcome;
use plan::Check;

use crate::error::Error;
use crate::io::{CheckReport, LookReply, LookRequest, Verdict, of_site, sentence};
use crate::look::Look;
use crate::{Clock, PROBE_LOOK, Reach, agent, read_plan, target};

/// Looks once, by the checks of the probe. Skipped checks, which plan mode has, are no failed ones.
pub(crate) async fn look(request: &LookRequest, reach: &Reach, clock: &impl Clock) -> Result<LookReply, Error> {
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
        within: PROBE_LOOK,
    };
    let checks: Vec<CheckReport> = look.take(Check::probes).await?.into_iter().map(|checked| checked.report).collect();
    Ok(LookReply {
        outcome: Outcome::Unchanged,
        because: sentence(&of_site(region), &checks),
        at: look.now,
        failed: checks.iter().any(|check| check.verdict == Verdict::Fail),
    })
}
