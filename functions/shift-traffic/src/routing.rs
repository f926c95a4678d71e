//! By the routing controls of Application Recovery Controller, through any of its cluster's five endpoints.
//!
//! "Try each endpoint in rotation": at least three of the five are up at any time
//! (docs.aws.amazon.com/r53recovery/latest/dg/routing-control.update.api.html). They are tried in random order, each within a
//! bound, so that a Region that hangs costs seconds and no more. The endpoints stand in the plan, since asking for them is a call to
//! one Region's control plane.

use std::time::Duration;

use action::ids::RoutingControlArn;
use action::{ErrorName, Permit};
use aws_sdk_route53recoverycluster::Client;
use aws_sdk_route53recoverycluster::types::RoutingControlState;
use jiff::Timestamp;
use plan::RoutingEndpoint;
use tracing::warn;

use crate::decide::{Control, Controls, Decision, States, controls, controls_of};
use crate::error::Error;
use crate::io::{Reply, Request, Side};
use crate::{Clients, aws};

/// How long one call to one endpoint may take.
pub(crate) const CALL: Duration = Duration::from_secs(2);

/// The two controls of a plan.
pub(crate) struct Pair<'a> {
    pub(crate) primary: &'a RoutingControlArn,
    pub(crate) recovery: &'a RoutingControlArn,
}

impl Pair<'_> {
    fn states(&self, controls: Controls) -> States {
        [(self.primary, controls.primary), (self.recovery, controls.recovery)]
            .map(|(control, state)| (control.to_string(), state.as_str().to_owned()))
            .into()
    }
}

pub(crate) async fn shift(
    request: &Request,
    clients: &Clients,
    endpoints: &[RoutingEndpoint],
    primary: &RoutingControlArn,
    recovery: &RoutingControlArn,
    now: Timestamp,
) -> Result<Reply, Error> {
    let pair = Pair { primary, recovery };
    let mut order: Vec<&RoutingEndpoint> = endpoints.iter().collect();
    (clients.routing.order)(&mut order);
    let (seen, answering) = observe(clients, &order, &pair).await?;
    let kept = match request.to {
        Side::Recovery => None,
        Side::Primary => aws::kept(&clients.places, &request.workload).await?,
    };
    let kept = kept.and_then(|states| controls_of(&states, primary, recovery));
    let Decision::Shift(wanted) = controls(request.to, seen, kept) else {
        return Ok(Reply::there(format!(
            "routing controls: {} (as {} says)",
            seen.words(),
            answering[0].region
        )));
    };
    let before = pair.states(seen);
    let Some(permit) = request.mode.permit() else {
        let mut calls = aws::planned_keep(request, clients, &before, now).await?;
        calls.push(aws::planned_update(clients, answering[0], &pair, wanted).await?);
        let because = format!("routing controls: {}; would update them to {}", seen.words(), wanted.words());
        return Ok(Reply::planned(because, calls));
    };
    let again = request.pace().next(now).map_err(|source| Error::TooLate {
        last: format!("routing controls: {}", seen.words()),
        source,
    })?;
    if request.to == Side::Recovery {
        aws::keep(request, clients, &before, now, &permit).await?;
    }
    let by = update(clients, answering, &pair, wanted, &permit).await?;
    Ok(Reply::waiting(
        again,
        format!("asked {} to update the routing controls to {}", by.region, wanted.words()),
    ))
}

/// Both states, and the endpoints from the one on that told them.
async fn observe<'a>(
    clients: &Clients,
    order: &'a [&'a RoutingEndpoint],
    pair: &Pair<'_>,
) -> Result<(Controls, &'a [&'a RoutingEndpoint]), Error> {
    let told = async |client: &Client| {
        Ok(Controls {
            primary: state(client, pair.primary).await?,
            recovery: state(client, pair.recovery).await?,
        })
    };
    let (index, controls) = first(clients, order, told).await?;
    Ok((controls, &order[index..]))
}

/// The endpoint that took the update.
async fn update<'a>(
    clients: &Clients,
    order: &[&'a RoutingEndpoint],
    pair: &Pair<'_>,
    wanted: Controls,
    permit: &Permit,
) -> Result<&'a RoutingEndpoint, Error> {
    let (index, ()) = first(clients, order, async |client: &Client| {
        aws::update(client, pair, wanted, permit).await
    })
    .await?;
    Ok(order[index])
}

/// What the first endpoint says that isn't to be passed over, and which of `order` it is.
async fn first<T>(
    clients: &Clients,
    order: &[&RoutingEndpoint],
    ask: impl AsyncFn(&Client) -> Result<T, Error>,
) -> Result<(usize, T), Error> {
    let mut failed = Vec::new();
    for (index, endpoint) in order.iter().enumerate() {
        match ask(&(clients.routing.client)(endpoint)).await {
            Ok(answer) => return Ok((index, answer)),
            Err(error) if another_may(&error) => failed.push(told(endpoint, &error)),
            Err(error) => return Err(error),
        }
    }
    Err(Error::NoEndpoint(failed))
}

/// Whether another endpoint may do better: this one is away, slow or throttles. What it denies, all deny.
fn another_may(error: &Error) -> bool {
    action::NamedError::name(error) == ErrorName::Transient
}

fn told(endpoint: &RoutingEndpoint, error: &Error) -> String {
    let because = action::chain(error);
    warn!(region = %endpoint.region, because, "an endpoint of the routing controls doesn't answer");
    format!("{}: {because}", endpoint.region)
}

async fn state(client: &Client, control: &RoutingControlArn) -> Result<Control, Error> {
    let answer = client
        .get_routing_control_state()
        .routing_control_arn(control.as_str())
        .send()
        .await;
    let answer = answer.map_err(|error| Error::GetRoutingControl(control.clone(), error.into()))?;
    match answer.routing_control_state() {
        RoutingControlState::On => Ok(Control::On),
        RoutingControlState::Off => Ok(Control::Off),
        other => Err(Error::UnknownState(control.clone(), other.as_str().to_owned())),
    }
}
