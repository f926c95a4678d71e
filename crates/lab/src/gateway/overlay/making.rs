//! CreateImage, CopyImage and DeregisterImage, with all that moto leaves out of them.
//!
//! AWS: names of an account's images are unique in CreateImage, InvalidAMIName.Duplicate (AWSEC2 APIReference, errors-overview);
//! CopyImage doesn't mind. TagSpecifications tag the image and its snapshots; CopyImageTags copies the source image's tags, but
//! for those of AWS; CopyImage is idempotent by client token; a key goes with `Encrypted` only (InvalidParameterDependency), and a
//! wrong one fails the copy later (`key`). DeregisterImage with DeleteAssociatedSnapshots deletes the snapshots and says of each
//! how that went; who may not delete them still deregisters (model: CreateImageRequest, CopyImageRequest, DeregisterImageRequest,
//! DeleteSnapshotReturnCode). moto makes images of the same name, answers 500 to tags on snapshots and to a source that is
//! deregistered, drops every other parameter of a copy, and leaves the snapshots. Its DryRun is AWS's, and is kept.
//! Deliberately absent: whether the source instance restarts, and snapshots that several images share.

use std::collections::BTreeMap;
use std::time::Duration;

use action::clock;
use http::{Response, StatusCode, header, request};
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use xmltree::{Element, XMLNode};

use super::access::Access;
use super::facts::asked_tags;
use super::images::{Encryption, Images, Made};
use super::moto::{Moto, tags_of};
use super::token::{self, Earlier, Tokens};
use super::{key, later};
use crate::gateway::Times;
use crate::gateway::call::Call;
use crate::gateway::exchange::collect;
use crate::gateway::fault::Fault;
use crate::gateway::upstream::Upstreams;
use crate::gateway::weather::Weather;
use crate::gateway::xml;

/// An answer and what the log should say of it.
type Answered = (Response<Bytes>, String);

/// Makes, copies and deregisters images.
#[derive(Debug)]
pub(super) struct Makings {
    times: Times,
    upstreams: Upstreams,
    weather: Weather,
    tokens: Tokens,
    /// Held from the look for a name to the image that takes it, so that two at once don't both get it.
    naming: tokio::sync::Mutex<()>,
}

impl Makings {
    pub(super) fn new(times: Times, upstreams: Upstreams, weather: Weather) -> Self {
        Self {
            times,
            upstreams,
            weather,
            tokens: Tokens::default(),
            naming: tokio::sync::Mutex::default(),
        }
    }

    /// Answers a call that changes an image. The caller may make it: that was checked.
    pub(super) async fn answer(
        &self,
        call: &Call,
        head: &request::Parts,
        body: &Bytes,
        access: &Access,
        images: &Images,
    ) -> Option<Answered> {
        if call.scope.service != "ec2" || call.form.is_true("DryRun") {
            return None;
        }
        let answered = match call.operation.as_str() {
            "CreateImage" => self.create(call, head, images).await,
            "CopyImage" => self.copy(call, head, body, images).await,
            "DeregisterImage" => self.deregister(call, head, body, access, images).await,
            _ => return None,
        };
        Some(answered.unwrap_or_else(|error| {
            let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", format!("{error:#}"));
            (fault.answer(call.protocol), format!("{error:#}"))
        }))
    }

    async fn create(&self, call: &Call, head: &request::Parts, images: &Images) -> anyhow::Result<Answered> {
        let moto = self.moto(&call.scope.region);
        let name = call.form.get("Name").unwrap_or_default();
        let naming = self.naming.lock().await;
        if let Some(id) = moto.own_image_named(name).await? {
            let message = format!("AMI name {name} is already in use by AMI {id}");
            return Ok(refused(call, "InvalidAMIName.Duplicate", message, "the name is in use"));
        }
        let answer = self.send(call, head, call.form.without_tags_on("snapshot").into()).await?;
        drop(naming);
        let Some(id) = made(&answer) else {
            return Ok((answer, "refused by the emulator".to_owned()));
        };
        let snapshots = moto.snapshots(&id).await?;
        moto.tag(&snapshots, &asked(call, "snapshot")).await?;
        let begun = Made {
            snapshots,
            ..pending(self.times.imaging)
        };
        let note = format!("{id} pending until {}", begun.until);
        images.begin(&id, begun);
        Ok((answer, note))
    }

    async fn copy(&self, call: &Call, head: &request::Parts, body: &Bytes, images: &Images) -> anyhow::Result<Answered> {
        let slot = self.tokens.slot(call);
        let mut earlier = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        if let Some(earlier) = earlier.as_deref().and_then(Option::as_ref) {
            return Ok(match earlier.again(call) {
                Ok(body) => (token::success(body), "same client token, same image".to_owned()),
                Err(fault) => (fault.answer(call.protocol), "same client token, other parameters".to_owned()),
            });
        }
        let told = |name| call.form.get(name).unwrap_or_default();
        let (source, from) = (told("SourceImageId"), told("SourceRegion"));
        let Some(original) = self.moto(from).image(source).await? else {
            let message = format!("The image id '[{source}]' does not exist");
            return Ok(refused(call, "InvalidAMIID.NotFound", message, "no such image"));
        };
        if let Some(fault) = images.refuse_copy(source, clock::now()) {
            return Ok((fault.answer(call.protocol), format!("{source} isn't available")));
        }
        let key = call.form.get("KmsKeyId");
        let encrypted = call.form.is_true("Encrypted");
        if key.is_some() && !encrypted {
            let message = "The parameter [KmsKeyId] requires the parameter Encrypted to be set.";
            return Ok(refused(call, "InvalidParameterDependency", message, "a key without encryption"));
        }
        let answer = self.send(call, head, body.clone()).await?;
        let Some(id) = made(&answer) else {
            return Ok((answer, "refused by the emulator".to_owned()));
        };
        let moto = self.moto(&call.scope.region);
        let snapshots = moto.snapshots(&id).await?;
        let lost = self.weather.loses_tags(call);
        if !lost {
            moto.tag(std::slice::from_ref(&id), &tags_of_copy(call, &original)).await?;
            moto.tag(&snapshots, &asked(call, "snapshot")).await?;
        }
        let failure = match key {
            Some(key) => key::problem(&self.upstreams, &call.scope.region, key).await?,
            None => None,
        };
        let begun = Made {
            failure,
            encryption: encrypted.then(|| Encryption {
                key: key.map(str::to_owned),
            }),
            snapshots,
            ..pending(self.times.copying)
        };
        let fate = if lost { ", without its tags" } else { "" };
        let note = format!("{id} pending until {}{fate}", begun.until);
        images.begin(&id, begun);
        if let Some(earlier) = &mut earlier {
            **earlier = Some(Earlier::new(call, answer.body().clone()));
        }
        Ok((answer, note))
    }

    async fn deregister(
        &self,
        call: &Call,
        head: &request::Parts,
        body: &Bytes,
        access: &Access,
        images: &Images,
    ) -> anyhow::Result<Answered> {
        let id = call.form.get("ImageId").unwrap_or_default();
        let region = &call.scope.region;
        let moto = self.moto(region);
        // Asked before: afterwards nobody knows which they were.
        let snapshots = moto.snapshots(id).await?;
        let answer = self.send(call, head, body.clone()).await?;
        if !answer.status().is_success() {
            return Ok((answer, "refused by the emulator".to_owned()));
        }
        images.forget(id);
        if !call.form.is_true("DeleteAssociatedSnapshots") {
            return Ok((answer, format!("{id} is gone, its snapshots are not")));
        }
        let mut results = Vec::new();
        for snapshot in snapshots {
            let arn = format!("arn:aws:ec2:{region}::snapshot/{snapshot}");
            let code = if !access.allows(call, "ec2:DeleteSnapshot", &arn).await {
                "missing-permissions"
            } else if moto.delete_snapshot(&snapshot).await? {
                "success"
            } else {
                "internal-error"
            };
            results.push((snapshot, code));
        }
        let note = results.iter().map(|(snapshot, code)| format!("{snapshot}: {code}"));
        let note = note.collect::<Vec<_>>().join(", ");
        Ok((answer.map(|body| with_results(&body, &results).unwrap_or(body)), note))
    }

    fn moto<'a>(&'a self, region: &'a str) -> Moto<'a> {
        Moto {
            upstreams: &self.upstreams,
            region,
        }
    }

    /// Sends the call on with `form` as its body.
    async fn send(&self, call: &Call, head: &request::Parts, form: Bytes) -> anyhow::Result<Response<Bytes>> {
        let mut head = head.clone();
        head.headers.remove(header::CONTENT_LENGTH);
        let answer = self.upstreams.forward(call, head, Either::Left(Full::new(form))).await?;
        Ok(collect(answer).await?)
    }
}

/// An image that has just been begun, and is pending for as long as `takes`.
fn pending(takes: Duration) -> Made {
    Made {
        until: later(clock::now(), takes),
        ..Made::default()
    }
}

fn refused(call: &Call, code: &str, message: impl Into<String>, note: &str) -> Answered {
    let fault = Fault::new(StatusCode::BAD_REQUEST, code, message);
    (fault.answer(call.protocol), note.to_owned())
}

/// The image that a successful answer names.
fn made(answer: &Response<Bytes>) -> Option<String> {
    if !answer.status().is_success() {
        return None;
    }
    xml::text(&xml::parse(answer.body())?, &["imageId"])
}

/// The tags that the request asks for on resources of `kind`.
fn asked(call: &Call, kind: &str) -> Vec<(String, String)> {
    asked_tags(call)
        .into_iter()
        .filter(|tag| tag.resource_type == kind)
        .map(|tag| (tag.key, tag.value))
        .collect()
}

/// The tags of a copy: its source's where the request says so, under those of the request itself.
fn tags_of_copy(call: &Call, original: &Element) -> Vec<(String, String)> {
    let mut tags = BTreeMap::new();
    if call.form.is_true("CopyImageTags") {
        tags.extend(tags_of(original).into_iter().filter(|(key, _)| !key.starts_with("aws:")));
    }
    tags.extend(asked(call, "image"));
    tags.into_iter().collect()
}

/// The answer with what became of each snapshot.
fn with_results(body: &Bytes, results: &[(String, &str)]) -> Option<Bytes> {
    let mut root = xml::parse(body)?;
    let mut set = Element::new("deleteSnapshotResultSet");
    for (snapshot, code) in results {
        let mut item = Element::new("item");
        xml::set(&mut item, &["snapshotId"], snapshot);
        xml::set(&mut item, &["returnCode"], code);
        set.children.push(XMLNode::Element(item));
    }
    root.children.push(XMLNode::Element(set));
    xml::write(&root)
}
