//! What EC2 says of images; each call is one `ec2:DescribeImages` in the client's Region, of the account's own images.

use action::aws::Failure;
use action::ids::{AmiId, WorkloadName};
use action::{ErrorName, NamedError};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Image as Described, ImageState};

use crate::tags;
use crate::{Image, State};

/// Why images could not be seen.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// EC2 doesn't say.
    #[error("describe {0}")]
    DescribeImages(String, #[source] Failure),
    /// An answer lacks what it always has.
    #[error("the answer of AWS about {0} lacks {1}, or has it malformed")]
    Malformed(String, &'static str),
}

impl NamedError for ObserveError {
    fn name(&self) -> ErrorName {
        match self {
            Self::DescribeImages(_, failure) => failure.name(),
            Self::Malformed(..) => ErrorName::Permanent,
        }
    }
}

/// The image of that name; none if there is none, or none yet.
///
/// # Errors
/// When EC2 doesn't answer, or not as it should.
pub async fn by_name(ec2: &Client, name: &str) -> Result<Option<Image>, ObserveError> {
    let found = described(ec2, &format!("image {name}"), vec![filter("name", name)]).await?;
    Ok(found.into_iter().next())
}

/// The image of that id; none if there is none, or none yet: a new image can be unknown for a moment.
///
/// # Errors
/// When EC2 doesn't answer, or not as it should.
pub async fn by_id(ec2: &Client, id: &AmiId) -> Result<Option<Image>, ObserveError> {
    let found = described(ec2, &format!("image {id}"), vec![filter("image-id", id.as_str())]).await?;
    Ok(found.into_iter().next())
}

/// Every image with the workload's tag that a run made, newest data first.
///
/// # Errors
/// When EC2 doesn't answer, or not as it should.
pub async fn of_workload(ec2: &Client, workload: &WorkloadName) -> Result<Vec<Image>, ObserveError> {
    let filters = vec![
        filter(&format!("tag:{}", tags::WORKLOAD), workload.as_str()),
        filter("tag-key", tags::RUN),
    ];
    let mut found = described(ec2, &format!("the images of {workload}"), filters).await?;
    found.sort_by(|a, b| (b.made(), &b.id).cmp(&(a.made(), &a.id)));
    Ok(found)
}

async fn described(ec2: &Client, what: &str, filters: Vec<Filter>) -> Result<Vec<Image>, ObserveError> {
    let mut pages = ec2
        .describe_images()
        .owners("self")
        .set_filters(Some(filters))
        // Disabled images are left out otherwise (API_DescribeImages), and nothing that is ours may be overlooked.
        .include_disabled(true)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| ObserveError::DescribeImages(what.to_owned(), error.into()))?;
        for described in page.images() {
            found.push(image(what, described)?);
        }
    }
    Ok(found)
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn image(what: &str, described: &Described) -> Result<Image, ObserveError> {
    let lacks = |field| ObserveError::Malformed(what.to_owned(), field);
    let tags = described
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
    let snapshots = described
        .block_device_mappings()
        .iter()
        .filter_map(|mapping| mapping.ebs()?.snapshot_id())
        .filter(|id| !id.is_empty());
    Ok(Image {
        id: described
            .image_id()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| lacks("imageId"))?,
        name: described.name().unwrap_or_default().to_owned(),
        state: state(described),
        created: described
            .creation_date()
            .and_then(|date| date.parse().ok())
            .ok_or_else(|| lacks("creationDate"))?,
        tags: tags.collect(),
        snapshots: snapshots.map(str::to_owned).collect(),
    })
}

fn state(described: &Described) -> State {
    match described.state() {
        Some(ImageState::Available) => State::Available,
        Some(state @ (ImageState::Failed | ImageState::Error | ImageState::Invalid | ImageState::Deregistered | ImageState::Disabled)) => {
            let reason = described.state_reason().and_then(|reason| reason.message().or(reason.code()));
            State::Failed {
                state: state.as_str().to_owned(),
                reason: reason.filter(|text| !text.is_empty()).unwrap_or("EC2 gives no reason").to_owned(),
            }
        }
        other => State::Pending(other.map_or("unknown", |state| state.as_str()).to_owned()),
    }
}
