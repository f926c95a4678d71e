//! One request from its arrival to its answer: read, logged, exposed to the weather, sent on, completed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use action::clock;
use http::{Request, Response, StatusCode, header, request};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};

use super::call::{self, Call};
use super::fault::{self, Fault};
use super::log::{Entry, Log, Pending};
use super::overlay::{Overlays, Step};
use super::routing::RoutingControls;
use super::upstream::{Body, Upstreams};
use super::weather::{Effect, Outage, Weather};
use super::{Config, control};

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub(crate) struct NoAnswer;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) weather: Weather,
    pub(crate) log: Log,
    pub(crate) routing: RoutingControls,
    upstreams: Upstreams,
    overlays: Overlays,
}

impl Shared {
    pub(crate) fn new(config: &Config, weather: Weather, log: Log, routing: RoutingControls) -> Self {
        let upstreams = Upstreams::new(config.ministack, config.moto);
        Self {
            overlays: Overlays::new(config, upstreams.clone(), weather.clone(), routing.clone()),
            weather,
            log,
            routing,
            upstreams,
        }
    }
}

/// Answers one request.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, NoAnswer> {
    if request.uri().path().starts_with(control::PATH) {
        return Ok(control::answer(&shared, request).await.map(whole));
    }
    let (since, time) = (Instant::now(), clock::now());
    let (head, body) = request.into_parts();
    let (known, body) = if call::names_itself_in_its_body(&head) {
        let read = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
        (read.clone(), whole(read))
    } else {
        (Bytes::new(), Either::Right(body))
    };
    let call = Call::read(&head, &known);
    let mut pending = Pending::new(
        &shared.log,
        Entry {
            time,
            caller: call.caller.clone(),
            region: call.scope.region.clone(),
            service: call.scope.service.clone(),
            operation: call.operation.clone(),
            target: call.target.clone(),
            dry_run: call.scope.service == "ec2" && call.form.is_true("DryRun"),
            status: None,
            error_code: None,
            millis: 0,
            weather: None,
        },
        since,
    );
    if let Some(outage) = shared.weather.outage(&call.scope.region) {
        // Taken in, so that a client that gives up is noticed: its connection is watched once the body is read.
        drop(body.collect().await);
        return endure(&shared.weather, outage, &call, &mut pending).await;
    }
    let forecast = shared.weather.forecast(&call);
    if forecast.delay_millis > 0 {
        pending.note(&format!("delayed {} ms", forecast.delay_millis));
        clock::sleep_until(time + Duration::from_millis(forecast.delay_millis)).await;
    }
    let answer = match forecast.answer {
        Some(Effect::Away { mode }) => {
            drop(body.collect().await);
            pending.note(mode.note());
            if mode == Outage::Hang {
                // Ends when the client gives up, or with the gateway.
                std::future::pending::<()>().await;
            }
            return Err(NoAnswer);
        }
        Some(effect) => {
            let fault = fault_of(&effect, &call);
            pending.note(if effect == Effect::Throttle { "throttled" } else { "failed" });
            fault.answer(call.protocol).map(whole)
        }
        None => shared.ask(&call, head, known, body, &mut pending).await,
    };
    // The Region went away while AWS was at work: what was asked may have been done, but nobody hears of it.
    if let Some(outage) = shared.weather.outage(&call.scope.region) {
        pending.note("the call was made");
        return endure(&shared.weather, outage, &call, &mut pending).await;
    }
    let (answer, code) = with_code(answer).await?;
    pending.answered(answer.status().as_u16(), code);
    Ok(answer)
}

impl Shared {
    /// Asks AWS: the overlays first, then the emulator, then the overlays about its answer.
    async fn ask(&self, call: &Call, mut head: request::Parts, known: Bytes, body: Body, pending: &mut Pending) -> Response<Body> {
        let body = match self.overlays.before(call, &head, &known).await {
            Step::Forward => body,
            Step::ForwardInstead(form) => {
                head.headers.remove(header::CONTENT_LENGTH);
                whole(form.into())
            }
            Step::Answer(answer, note) => {
                pending.note(&note);
                return answer.map(whole);
            }
        };
        let answered = match self.upstreams.forward(call, head, body).await {
            Ok(answered) => answered,
            Err(error) => {
                pending.note(&format!("{error:#}"));
                let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", format!("{error:#}"));
                return fault.answer(call.protocol).map(whole);
            }
        };
        if !self.overlays.completes(call) {
            return answered.map(Either::Right);
        }
        let Ok(answered) = collect(answered).await else {
            let fault = Fault::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                "the emulator broke off its answer",
            );
            return fault.answer(call.protocol).map(whole);
        };
        let (answer, note) = self.overlays.after(call, answered, clock::now());
        if let Some(note) = note {
            pending.note(&note);
        }
        answer.map(whole)
    }
}

/// What it is like to call a Region that is away.
async fn endure(weather: &Weather, outage: Outage, call: &Call, pending: &mut Pending) -> Result<Response<Body>, NoAnswer> {
    pending.note(outage.note());
    if outage == Outage::Hang {
        weather.hang(&call.scope.region).await;
    }
    Err(NoAnswer)
}

fn fault_of(effect: &Effect, call: &Call) -> Fault {
    match effect {
        Effect::Error { status, code } => Fault::new(
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code.clone(),
            "the lab's weather made this call fail",
        ),
        _ => Fault::throttled(call),
    }
}

/// Reads the code of an answer that is an error. Other answers stream on untouched.
async fn with_code(answer: Response<Body>) -> Result<(Response<Body>, Option<String>), NoAnswer> {
    if !answer.status().is_client_error() && !answer.status().is_server_error() {
        return Ok((answer, None));
    }
    let (head, body) = answer.into_parts();
    let read = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
    let code = fault::code(&head.headers, &read);
    Ok((Response::from_parts(head, whole(read)), code))
}

/// Reads an answer whole. Its length is written anew when it is sent.
pub(crate) async fn collect(answer: Response<Incoming>) -> Result<Response<Bytes>, hyper::Error> {
    let (mut head, body) = answer.into_parts();
    let read = body.collect().await?.to_bytes();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::TRANSFER_ENCODING);
    Ok(Response::from_parts(head, read))
}

fn whole(bytes: Bytes) -> Body {
    Either::Left(Full::new(bytes))
}
