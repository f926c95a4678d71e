//! Plan mode: everything that would stop the launch, asked before anything is touched, with AWS's own dry run.

use action::Outcome;
use action::ids::AmiId;

use crate::aws::{self, Clients, Template};
use crate::decide::check::{Problem, Problems, Surroundings};
use crate::decide::fleet::{Block, Ours};
use crate::decide::pools::{ATTEMPTS, Lack, Pool};
use crate::decide::serve::{Holder, short};
use crate::decide::{counted, listed};
use crate::error::Error;
use crate::io::{Reply, Request};

/// What execute mode would launch where, or all that stands in its way.
pub(crate) async fn plan(request: &Request, clients: &Clients, missing: &[Block], ours: &Ours<'_>) -> Result<Reply, Error> {
    let around = aws::surroundings(clients, &request.launch).await?;
    let mut problems = around.problems(&request.launch, &request.workload);
    let pools = around.pools(&request.launch);
    let good = match (&around.image, &around.template) {
        (Ok(Some(image)), Ok(template)) if !template.has_interfaces => {
            rehearse(request, clients, image, missing, &pools, &mut problems).await?
        }
        // AWS has no dry run of a launch from an image that isn't there; what else it needs has been looked at.
        (Ok(None), Ok(_)) => pools,
        _ => vec![],
    };
    let (Ok(image), true) = (&around.image, problems.is_empty()) else {
        return Err(Error::Problems(Problems(problems)));
    };
    let because = said(request, image.as_ref(), missing, ours, &good, &around);
    let mut reply = Reply::about(Outcome::Planned, image.clone(), &ours.kept, because);
    if let (None, Some(pool)) = (&reply.instance_type, good.first()) {
        reply.instance_type = Some(pool.instance_type.clone());
        reply.subnet = Some(pool.subnet.clone());
    }
    if let Some(pool) = good.first().filter(|_| !missing.is_empty()) {
        let template = template(request, image.as_ref().map_or(UNMADE, AmiId::as_str));
        for block in missing {
            reply.calls.push(aws::planned(&clients.ec2, &template, block.size, pool).await?);
        }
        let lead = aws::planned_lead(clients, &request.launch.target_groups, around.address.as_ref()).await?;
        reply.calls.extend(lead);
    }
    if let Some(address) = around.address {
        reply.addresses = vec![address.public_ip];
    }
    Ok(reply)
}

/// What stands in place of the id of an image that a plan run doesn't make.
const UNMADE: &str = "(the image that is copied by then)";

fn template<'a>(request: &'a Request, image: &'a str) -> Template<'a> {
    Template {
        run: &request.run,
        workload: &request.workload,
        launch_template: &request.launch.launch_template,
        security_groups: &request.launch.security_groups,
        image,
    }
}

/// Dry runs of the launch in each pool: the pools in which it would succeed. A reason that holds for several pools is
/// said once. That single pools lack something is a problem only where no other is left.
async fn rehearse(
    request: &Request,
    clients: &Clients,
    image: &AmiId,
    missing: &[Block],
    pools: &[Pool],
    problems: &mut Vec<Problem>,
) -> Result<Vec<Pool>, Error> {
    let template = template(request, image.as_str());
    let size = missing.first().map_or(1, |block| block.size);
    let (mut good, mut lacking, mut refused): (Vec<Pool>, Vec<Problem>, Vec<String>) = (vec![], vec![], vec![]);
    for pool in pools.iter().take(ATTEMPTS) {
        let Some(failure) = aws::dry_run(&clients.ec2, &template, size, pool).await? else {
            good.push(pool.clone());
            continue;
        };
        let code = failure.code().unwrap_or_default().to_owned();
        let problem = Problem::Refused {
            pool: pool.clone(),
            text: failure.to_string(),
            denied: code == "UnauthorizedOperation",
        };
        if Lack::from_code(&code, pool).is_some() {
            lacking.push(problem);
        } else if !refused.contains(&code) {
            refused.push(code);
            problems.push(problem);
        }
    }
    if good.is_empty() && refused.is_empty() {
        problems.append(&mut lacking);
    }
    Ok(good)
}

fn said(request: &Request, image: Option<&AmiId>, missing: &[Block], ours: &Ours<'_>, good: &[Pool], around: &Surroundings) -> String {
    let launch = &request.launch;
    let count: usize = missing.iter().map(|block| block.size).sum();
    let Some((pool, others)) = good.split_first().filter(|_| count > 0) else {
        return "would launch nothing, all instances are there".to_owned();
    };
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(", else {}", listed(others))
    };
    let image = image.map_or("the image that is copied by then", AmiId::as_str);
    let mut steps = vec![format!(
        "would call ec2:RunInstances for {} from {image} by {}: {pool}{others}",
        counted(count, "instance"),
        launch.launch_template
    )];
    let lost = listed(ours.lost.iter().filter_map(|one| one.gone()));
    if !lost.is_empty() {
        steps.push(format!("not counting what an earlier run launched, of which {lost}"));
    }
    if !launch.target_groups.is_empty() {
        steps.push(format!("register with {}", listed(launch.target_groups.iter().map(short))));
    }
    match &around.address {
        None => {}
        Some(address) => match &address.holder {
            Holder::Instance(from, _) => steps.push(format!("lead elastic IP {} to it, away from {from}", address.public_ip)),
            Holder::Nobody | Holder::Interface(_) => steps.push(format!("lead elastic IP {} to it", address.public_ip)),
        },
    }
    steps.extend(around.unreserved(launch));
    steps.join("; ")
}
