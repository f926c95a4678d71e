//! RunInstances: idempotent by client token (`token`), refused for images that can't be launched, short of capacity when the
//! weather says so.
//!
//! AWS: unknown images are InvalidAMIID.NotFound, images that aren't available InvalidAMIID.Unavailable, missing capacity is
//! InsufficientInstanceCapacity, a server error (AWSEC2 APIReference, errors-overview). moto launches any image and never lacks
//! capacity; its DryRun is AWS's, and is kept.

use action::clock;
use http::{Response, StatusCode, request};
use http_body_util::{Either, Full};
use hyper::body::Bytes;

use super::access::Access;
use super::boot::Boots;
use super::facts::Facts;
use super::images::Images;
use super::moto::Moto;
use super::token::{self, Earlier, Tokens};
use crate::gateway::call::Call;
use crate::gateway::exchange::collect;
use crate::gateway::fault::Fault;
use crate::gateway::upstream::Upstreams;
use crate::gateway::weather::Weather;
use crate::gateway::xml;

/// An answer and what the log should say of it.
type Answered = (Response<Bytes>, String);

/// The other overlays that a launch has to do with.
#[derive(Debug)]
pub(super) struct Around<'a> {
    pub(super) access: &'a Access,
    pub(super) boots: &'a Boots,
    pub(super) images: &'a Images,
}

/// The launches that were made with a client token.
#[derive(Debug)]
pub(super) struct Launches {
    upstreams: Upstreams,
    weather: Weather,
    tokens: Tokens,
}

impl Launches {
    pub(super) fn new(upstreams: Upstreams, weather: Weather) -> Self {
        Self {
            upstreams,
            weather,
            tokens: Tokens::default(),
        }
    }

    /// Answers a RunInstances request.
    pub(super) async fn run(&self, call: &Call, head: &request::Parts, body: &Bytes, around: &Around<'_>) -> Answered {
        match self.try_run(call, head, body, around).await {
            Ok(answered) => answered,
            Err(error) => {
                let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", format!("{error:#}"));
                (fault.answer(call.protocol), format!("{error:#}"))
            }
        }
    }

    async fn try_run(&self, call: &Call, head: &request::Parts, body: &Bytes, around: &Around<'_>) -> anyhow::Result<Answered> {
        let facts = match Facts::of(call, &self.upstreams).await? {
            Ok(facts) => facts,
            Err(answer) => return Ok((answer, "no such launch template".to_owned())),
        };
        if let Some(fault) = around.access.refuse(call, Some(&facts)).await {
            return Ok((fault.answer(call.protocol), "denied by the function's role".to_owned()));
        }
        let slot = self.tokens.slot(call);
        let mut earlier = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        if let Some(launched) = earlier.as_deref().and_then(Option::as_ref) {
            return Ok(again(call, launched, around.boots));
        }
        if let Some(image) = &facts.image
            && let Some((fault, note)) = self.refuse_image(call, image, around.images).await?
        {
            return Ok((fault.answer(call.protocol), note));
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
        let impaired = self.weather.fails_boot(call, kind, subnet);
        let ids = xml::parse(answer.body())
            .map(|root| around.boots.launched(&root, clock::now(), impaired))
            .unwrap_or_default();
        if let Some(earlier) = &mut earlier {
            **earlier = Some(Earlier::new(call, answer.body().clone()));
        }
        let fate = if impaired {
            "pending, and will fail its status check"
        } else {
            "pending"
        };
        Ok((answer, format!("{} {fate}", ids.join(", "))))
    }

    /// AWS's refusal of an image that can't be launched, and what the log should say of it.
    async fn refuse_image(&self, call: &Call, image: &str, images: &Images) -> anyhow::Result<Option<(Fault, String)>> {
        // An image that a parameter of Systems Manager names is looked up by EC2 itself.
        if image.starts_with("resolve:ssm:") {
            return Ok(None);
        }
        let moto = Moto {
            upstreams: &self.upstreams,
            region: &call.scope.region,
        };
        if moto.image(image).await?.is_none() {
            let message = format!("The image id '[{image}]' does not exist");
            let fault = Fault::new(StatusCode::BAD_REQUEST, "InvalidAMIID.NotFound", message);
            return Ok(Some((fault, "no such image".to_owned())));
        }
        let refused = images.refuse_launch(image, clock::now());
        Ok(refused.map(|fault| (fault, format!("{image} can't be launched"))))
    }
}

/// The answer to a token that has been seen.
fn again(call: &Call, launched: &Earlier, boots: &Boots) -> Answered {
    match launched.again(call) {
        Ok(mut body) => {
            if let Some(mut root) = xml::parse(&body) {
                boots.show_launch(&mut root, clock::now());
                body = xml::write(&root).unwrap_or(body);
            }
            (token::success(body), "same client token, same reservation".to_owned())
        }
        Err(fault) => (fault.answer(call.protocol), "same client token, other parameters".to_owned()),
    }
}

fn no_capacity(kind: Option<&str>) -> Fault {
    let kind = kind.unwrap_or("this instance type");
    Fault::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InsufficientInstanceCapacity",
        format!("We currently do not have sufficient {kind} capacity in the Availability Zone you requested."),
    )
}
