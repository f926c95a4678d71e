//! Every AWS call of the action but the looks at images, which `images` makes.

use std::collections::BTreeMap;

use action::aws::{Failure, on_paper};
use action::ids::{AmiId, KmsKeyArn, Region};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::operation::copy_image::builders::CopyImageFluentBuilder;
use aws_sdk_ec2::operation::create_tags::builders::CreateTagsFluentBuilder;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use aws_sdk_kms::Client as Kms;

use crate::decide::{Key, NewCopy, Original, client_token};
use crate::error::Error;

/// The key as KMS describes it; none if KMS doesn't know it.
pub(crate) async fn key(kms: &Kms, key: &KmsKeyArn) -> Result<Option<Key>, Error> {
    let answer = match kms.describe_key().key_id(key.as_str()).send().await.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["NotFoundException", "InvalidArnException"]) => return Ok(None),
        Err(failure) => return Err(Error::DescribeKey(key.clone(), failure)),
    };
    let lacks = |field| Error::Malformed(format!("key {key}"), field);
    let found = answer.key_metadata().ok_or_else(|| lacks("KeyMetadata"))?;
    Ok(Some(Key {
        arn: found.arn().ok_or_else(|| lacks("Arn"))?.to_owned(),
        state: found.key_state().ok_or_else(|| lacks("KeyState"))?.as_str().to_owned(),
        usage: found.key_usage().ok_or_else(|| lacks("KeyUsage"))?.as_str().to_owned(),
        spec: found.key_spec().ok_or_else(|| lacks("KeySpec"))?.as_str().to_owned(),
    }))
}

/// EC2's answer to the call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The copy is being made.
    Copying(AmiId),
    /// Not now.
    Later(String),
}

/// Whether EC2 only puts the copy off. An image that was seen to be available a moment ago may not be so everywhere yet; and
/// a Region copies only so many snapshots at a time ("Too many snapshot copies in progress"), while the same code means a
/// quota elsewhere (AWSEC2/latest/APIReference/errors-overview.html; aws-samples/copy-encrypted-ami#3).
fn later(failure: &Failure) -> bool {
    failure.is(&["InvalidAMIID.Unavailable"]) || failure.is(&["ResourceLimitExceeded"]) && failure.to_string().contains("in progress")
}

/// Copies the image. AWS answers before anything is copied; the copy's name, repeated, would make a second one, its client
/// token doesn't.
pub(crate) async fn copy(ec2: &Ec2, new: &NewCopy, _permit: &Permit) -> Result<Answer, Error> {
    let answer = copying(ec2, new).client_token(client_token(new)).send().await;
    match answer.map_err(Failure::from) {
        Ok(answer) => answer
            .image_id()
            .and_then(|id| id.parse().ok())
            .map(Answer::Copying)
            .ok_or_else(|| Error::Malformed(format!("the copy of {}", new.image), "imageId")),
        Err(failure) if later(&failure) => Ok(Answer::Later(failure.to_string())),
        Err(failure) if failure.is(&["IdempotentParameterMismatch"]) => Err(Error::OtherInputs(Box::new(new.clone()), failure)),
        Err(failure) => Err(Error::CopyImage(Box::new(new.clone()), failure)),
    }
}

/// The call, after EC2's own check of it, which changes nothing (API_CopyImage: DryRun); of an image that a plan run doesn't
/// make there is nothing to check. Under a token that the SDK makes up: the run's own is for the real call.
pub(crate) async fn rehearse_copy(ec2: &Ec2, new: &NewCopy) -> Result<PlannedCall, Error> {
    let (rehearsal, call) = match &new.image {
        Original::Made(_) => (Rehearsal::dry_run(), copying(ec2, new).dry_run(true)),
        Original::Unmade => {
            let paper = Ec2::new(&on_paper(ec2.config().region()));
            (Rehearsal::unsent(), copying(&paper, new))
        }
    };
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal
        .call(answer)
        .map_err(|failure| Error::RehearseCopy(Box::new(new.clone()), failure))
}

/// Tags of an image are copied only where that is asked for, those of its snapshots never (API_CopyImage: CopyImageTags,
/// TagSpecification).
fn copying(ec2: &Ec2, new: &NewCopy) -> CopyImageFluentBuilder {
    let tags = new.snapshot_tags().map(|(key, value)| tag(key, value));
    ec2.copy_image()
        .source_region(new.from.as_str())
        .source_image_id(new.image.as_str())
        .name(&new.name)
        .description(format!(
            "{} of {} in {}, copied by Relight in run {}",
            new.workload, new.image, new.from, new.run
        ))
        .copy_image_tags(true)
        .set_encrypted(new.kms_key.as_ref().map(|_| true))
        .set_kms_key_id(new.kms_key.as_ref().map(|key| key.as_str().to_owned()))
        .set_snapshot_copy_completion_duration_minutes(new.within_minutes.map(i64::from))
        .tag_specifications(
            TagSpecification::builder()
                .resource_type(ResourceType::Snapshot)
                .set_tags(Some(tags.to_vec()))
                .build(),
        )
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// Puts tags on the copy; one that is there gets the new value.
pub(crate) async fn put_tags(
    ec2: &Ec2,
    region: &Region,
    id: &AmiId,
    tags: &BTreeMap<&'static str, String>,
    _permit: &Permit,
) -> Result<(), Error> {
    match tagging(ec2, id, tags).send().await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) => Err(Error::CreateTags(format!("{id} in {region}"), failure)),
    }
}

/// The tagging, after EC2's own check of it, which changes nothing (API_CreateTags: DryRun).
pub(crate) async fn rehearse_tags(
    ec2: &Ec2,
    region: &Region,
    id: &AmiId,
    tags: &BTreeMap<&'static str, String>,
) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = tagging(ec2, id, tags).dry_run(true);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal
        .call(answer)
        .map_err(|failure| Error::RehearseTags(format!("{id} in {region}"), failure))
}

fn tagging(ec2: &Ec2, id: &AmiId, tags: &BTreeMap<&'static str, String>) -> CreateTagsFluentBuilder {
    let tags = tags.iter().map(|(key, value)| tag(key, value)).collect();
    ec2.create_tags().resources(id.as_str()).set_tags(Some(tags))
}
