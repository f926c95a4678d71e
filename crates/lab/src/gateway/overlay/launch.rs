//! RunInstances: idempotent by client token, refused for unknown images, short of capacity when the weather says so.
//!
//! AWS: the same `ClientToken` with the same parameters returns the first reservation, with other parameters
//! IdempotentParameterMismatch; a token counts per Region, or per Availability Zone where one is named
//! (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html). Unknown images are InvalidAMIID.NotFound, missing
//! capacity is InsufficientInstanceCapacity, a server error (AWSEC2 APIReference, errors-overview). moto honours no token,
//! launches any image and never lacks capacity; its DryRun is AWS's, and is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use action::clock;
use http::{Response, StatusCode, header, request};
use http_body_util::{Either, Full};
use hyper::body::Bytes;

use super::access::Access;
use super::boot::Boots;
use super::facts::Facts;
use crate::gateway::call::Call;
use crate::gateway::exchange::collect;
use crate::gateway::fault::Fault;
use crate::gateway::form::Form;
use crate::gateway::upstream::{Emulator, Upstreams};
use crate::gateway::weather::Weather;
use crate::gateway::xml;

/// An answer and what the log should say of it.
type Answered = (Response<Bytes>, String);

/// Region, Availability Zone if one is named, and token.
type Token = (String, String, String);

/// Waiting for it serialises the requests with one token, so that two at once launch once.
type Slot = Arc<tokio::sync::Mutex<Option<Launched>>>;

/// A launch that succeeded.
#[derive(Clone, Debug)]
struct Launched {
    parameters: Vec<(String, String)>,
    answer: Bytes,
}

/// The launches that were made with a client token.
#[derive(Debug)]
pub(super) struct Launches {
    upstreams: Upstreams,
    weather: Weather,
    by_token: Mutex<HashMap<Token, Slot>>,
}

impl Launches {
    pub(super) fn new(upstreams: Upstreams, weather: Weather) -> Self {
        Self {
            upstreams,
            weather,
            by_token: Mutex::default(),
        }
    }

    /// Answers a RunInstances request.
    pub(super) async fn run(&self, call: &Call, head: &request::Parts, body: &Bytes, access: &Access, boots: &Boots) -> Answered {
        match self.try_run(call, head, body, access, boots).await {
            Ok(answered) => answered,
            Err(error) => {
                let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", format!("{error:#}"));
                (fault.answer(call.protocol), format!("{error:#}"))
            }
        }
    }

    async fn try_run(&self, call: &Call, head: &request::Parts, body: &Bytes, access: &Access, boots: &Boots) -> anyhow::Result<Answered> {
        let facts = match Facts::of(call, &self.upstreams).await? {
            Ok(facts) => facts,
            Err(answer) => return Ok((answer, "no such launch template".to_owned())),
        };
        if let Some(fault) = access.refuse(call, Some(&facts)).await {
            return Ok((fault.answer(call.protocol), "denied by the function's role".to_owned()));
        }
        let slot = call.form.get("ClientToken").map(|token| self.slot(call, token));
        let mut earlier = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        if let Some(launched) = earlier.as_deref().and_then(Option::as_ref) {
            return Ok(again(call, launched, boots));
        }
        if let Some(image) = &facts.image
            && !self.knows_image(call, image).await?
        {
            let message = format!("The image id '[{image}]' does not exist");
            let fault = Fault::new(StatusCode::BAD_REQUEST, "InvalidAMIID.NotFound", message);
            return Ok((fault.answer(call.protocol), "no such image".to_owned()));
        }
        let dry = call.form.is_true("DryRun");
        let (kind, subnet) = (facts.instance_type.as_deref(), facts.subnet.as_deref());
        if !dry && self.weather.lacks_capacity(call, kind, subnet) {
            return Ok((no_capacity(kind).answer(call.protocol), "no capacity".to_owned()));
        }
        let answer = self
            .upstreams
            .forward(call, head.clone(), Either::Left(Full::new(body.clone())))
            .await?;
        let answer = collect(answer).await?;
        if !answer.status().is_success() {
            return Ok((answer, if dry { "dry run" } else { "refused by the emulator" }.to_owned()));
        }
        let ids = xml::parse(answer.body())
            .map(|root| boots.launched(&root, clock::now()))
            .unwrap_or_default();
        if let Some(earlier) = &mut earlier {
            **earlier = Some(Launched {
                parameters: parameters(&call.form),
                answer: answer.body().clone(),
            });
        }
        Ok((answer, format!("{} pending", ids.join(", "))))
    }

    fn slot(&self, call: &Call, token: &str) -> Slot {
        let zone = call.form.get("Placement.AvailabilityZone").unwrap_or_default();
        let key = (call.scope.region.clone(), zone.to_owned(), token.to_owned());
        let mut by_token = self.by_token.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(by_token.entry(key).or_default())
    }

    async fn knows_image(&self, call: &Call, image: &str) -> anyhow::Result<bool> {
        // An image that a parameter of Systems Manager names is looked up by EC2 itself.
        if image.starts_with("resolve:ssm:") {
            return Ok(true);
        }
        let question = [("Action", "DescribeImages"), ("Version", "2016-11-15"), ("ImageId.1", image)];
        let (status, _) = self.upstreams.ask(Emulator::Moto, "ec2", &call.scope.region, &question).await?;
        Ok(status.is_success())
    }
}

/// The answer to a token that has been seen.
fn again(call: &Call, launched: &Launched, boots: &Boots) -> Answered {
    if launched.parameters != parameters(&call.form) {
        let fault = Fault::new(
            StatusCode::BAD_REQUEST,
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        );
        return (fault.answer(call.protocol), "same client token, other parameters".to_owned());
    }
    let mut body = launched.answer.clone();
    if let Some(mut root) = xml::parse(&body) {
        boots.show_launch(&mut root, clock::now());
        body = xml::write(&root).unwrap_or(body);
    }
    let mut answer = Response::new(body);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/xml"));
    (answer, "same client token, same reservation".to_owned())
}

/// The parameters that must be the same, in an order of their own.
fn parameters(form: &Form) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = form
        .pairs()
        .filter(|(name, _)| *name != "DryRun")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    pairs.sort();
    pairs
}

fn no_capacity(kind: Option<&str>) -> Fault {
    let kind = kind.unwrap_or("this instance type");
    Fault::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InsufficientInstanceCapacity",
        format!("We currently do not have sufficient {kind} capacity in the Availability Zone you requested."),
    )
}
