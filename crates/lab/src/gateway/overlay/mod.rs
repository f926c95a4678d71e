//! What neither emulator models, one file per behaviour of AWS. Each says which behaviour it stands for, and its source.
//!
//! An overlay may answer a call in the emulator's place, change a call before it is sent on, or complete an answer. It
//! keeps what is under way and nothing else: the state of AWS is the emulators', but for what neither knows (`routing`). Time arrives as a value, so that what a
//! file shows at which time is a table test.

use std::time::Duration;

use action::clock;
use http::{Response, request};
use hyper::body::Bytes;
use jiff::Timestamp;

use super::Config;
use super::call::Call;
use super::routing::RoutingControls;
use super::upstream::Upstreams;
use super::weather::Weather;
use super::xml;

mod access;
mod boot;
mod cluster;
mod facts;
mod failover;
mod forwarding;
mod groups;
mod images;
mod key;
mod launch;
mod making;
mod moto;
mod promotion;
mod tables;
mod token;

use access::Access;
use boot::Boots;
use failover::Failovers;
use forwarding::Forwarding;
use groups::Groups;
use images::Images;
use launch::{Around, Launches};
use making::Makings;
use promotion::Promotions;
use tables::Tables;

/// What to do with a call before an emulator sees it.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send it on as it is.
    Forward,
    /// Send this form instead. For moto only, which doesn't look at signatures.
    ForwardInstead(String),
    /// Answer in the emulator's place; the note is for the log.
    Answer(Response<Bytes>, String),
}

/// All overlays of one gateway.
#[derive(Debug)]
pub(crate) struct Overlays {
    promotions: Promotions,
    failovers: Failovers,
    forwarding: Forwarding,
    boots: Boots,
    groups: Groups,
    launches: Launches,
    images: Images,
    makings: Makings,
    tables: Tables,
    access: Access,
    routing: RoutingControls,
}

impl Overlays {
    pub(crate) fn new(config: &Config, upstreams: Upstreams, weather: Weather, routing: RoutingControls) -> Self {
        Self {
            promotions: Promotions::new(config.times.promotion),
            failovers: Failovers::new(config.times.failover),
            forwarding: Forwarding::default(),
            boots: Boots::new(config.times),
            groups: Groups::new(config.times, weather.clone()),
            launches: Launches::new(upstreams.clone(), weather.clone()),
            images: Images::default(),
            makings: Makings::new(config.times, upstreams.clone(), weather.clone()),
            tables: Tables::new(weather),
            access: Access::new(config.engine_region.clone(), upstreams),
            routing,
        }
    }

    /// Before an emulator sees the call. `body` is at hand for the calls that these overlays are about.
    pub(crate) async fn before(&self, call: &Call, head: &request::Parts, body: &Bytes) -> Step {
        self.access.notice(call);
        if cluster::is_for_endpoint(call) {
            let (answer, note) = cluster::answer(call, body, &self.routing, &self.access).await;
            return Step::Answer(answer, note);
        }
        if !call.is_for_moto() {
            return match self.failovers.refuse(call, clock::now()) {
                Some(fault) => Step::Answer(fault.answer(call.protocol), "a failover is under way".to_owned()),
                None => Step::Forward,
            };
        }
        if call.is("ec2", "RunInstances") {
            let around = Around {
                access: &self.access,
                boots: &self.boots,
                images: &self.images,
            };
            let (answer, note) = self.launches.run(call, head, body, &around).await;
            return Step::Answer(answer, note);
        }
        if let Some(fault) = self.access.refuse(call, None).await {
            return Step::Answer(fault.answer(call.protocol), "denied by the function's role".to_owned());
        }
        if let Some((answer, note)) = self.makings.answer(call, head, body, &self.access, &self.images).await {
            return Step::Answer(answer, note);
        }
        if let Some((answer, note)) = self.groups.answer(call, clock::now()) {
            return Step::Answer(answer, note);
        }
        match self.images.before(call) {
            Step::Forward => self.boots.before(call, clock::now()),
            step => step,
        }
    }

    /// Whether [`Overlays::after`] wants to see the answer. Other answers are streamed.
    pub(crate) fn completes(&self, call: &Call) -> bool {
        self.promotions.completes(call)
            || self.failovers.completes(call)
            || self.forwarding.completes(call)
            || self.boots.completes(call)
            || self.groups.completes(call)
            || self.images.completes(call)
            || self.tables.completes(call)
    }

    /// Completes an answer; the note, if any, is for the log.
    pub(crate) fn after(&self, call: &Call, answer: Response<Bytes>, now: Timestamp) -> (Response<Bytes>, Option<String>) {
        if !answer.status().is_success() {
            return (answer, None);
        }
        if self.tables.completes(call) {
            return self.tables.after(call, answer);
        }
        let (head, body) = answer.into_parts();
        let Some(mut root) = xml::parse(&body) else {
            return (Response::from_parts(head, body), None);
        };
        let notes: Vec<String> = [
            self.promotions.after(call, &mut root, now),
            self.failovers.after(call, &mut root, now),
            self.forwarding.after(call, &mut root),
            self.boots.after(call, &mut root, now),
            self.groups.after(call, &mut root, now),
            self.images.after(call, &mut root, now),
        ]
        .into_iter()
        .flatten()
        .collect();
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        (Response::from_parts(head, xml::write(&root).unwrap_or(body)), note)
    }
}

/// `duration` after `now`.
fn later(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}
