//! Copies the run's image from the primary Region to the recovery Region, encrypted with the plan's key, and waits until the
//! copy is available and has the tags of its source.
//!
//! The call is made in the recovery Region: it "must be initiated in the destination Region"
//! (docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html). AWS authenticates a key only after the call, so that a
//! wrong one shows as a copy that fails much later (same page); so the key is looked at first, in plan mode too.
//!
//! Running it again is harmless: the copy is looked for by its name, and a repeated call has the client token of the first.
//! Tags that got lost on the way are put back: pruning knows an image, and its age, by nothing else.
//!
//! Deliberately absent: whether the copy works. It has to boot and serve before anything launches from it.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::{AmiId, Region};
use action::{Call, Mode, Outcome, clock};
use images::Image;
use jiff::Timestamp;

use aws::Answer;
use decide::{NewCopy, Source, Standing, Tagging, fit, near, sound, source, standing, tagging, usual_cause, would_copy};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "copy-image";

/// Every AWS call that this action can make. All are made in the recovery Region, but for ec2:DescribeImages, which is made in
/// both.
pub const CALLS: &[Call] = &[
    Call::read("ec2:DescribeImages"),
    Call::read("kms:DescribeKey"),
    Call::change("ec2:CopyImage"),
    Call::change("ec2:CreateTags"),
];

/// What the role needs beside [`CALLS`]: EBS uses the key in the caller's name
/// (docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html).
pub const IMPLIED: &[Call] = &[
    Call::change("kms:CreateGrant"),
    Call::read("kms:Decrypt"),
    Call::read("kms:GenerateDataKeyWithoutPlaintext"),
    Call::read("kms:ReEncryptFrom"),
    Call::read("kms:ReEncryptTo"),
];

/// Looks for the copy and, where there is none, has the image copied. Done means available, with all tags from the making.
///
/// `ec2` and `kms` give a client of the Region that they are asked for.
///
/// # Errors
/// [`Error`] says which call failed on what and where, why nothing was done, or what was last seen when the deadline passed.
pub async fn handle(
    request: Request,
    ec2: impl Fn(&Region) -> aws_sdk_ec2::Client,
    kms: impl Fn(&Region) -> aws_sdk_kms::Client,
    now: Timestamp,
) -> Result<Reply, Error> {
    sound(&request).map_err(Error::Request)?;
    let (here, there) = (ec2(&request.region), ec2(&request.from));
    let found = images::by_name(&here, &request.image_name()).await;
    match found.map_err(|error| Error::Look(request.region.clone(), Box::new(error)))? {
        Some(copy) => follow(&request, &copy, &here, &there, now).await,
        None => make(&request, &here, &there, &kms(&request.region), now).await,
    }
}

/// Waits for a copy that is there, and sees to its tags.
async fn follow(
    request: &Request,
    copy: &Image,
    here: &aws_sdk_ec2::Client,
    there: &aws_sdk_ec2::Client,
    now: Timestamp,
) -> Result<Reply, Error> {
    let (id, region) = (&copy.id, &request.region);
    match standing(request, copy) {
        Standing::Refuse(refusal) => return Err(Error::Refused(Box::new(refusal))),
        Standing::Failed { state, reason } => {
            return Err(Error::Failed {
                copy: id.clone(),
                region: region.clone(),
                state,
                reason: format!("{reason}{}", usual_cause(request.kms_key.as_ref(), &reason)),
            });
        }
        Standing::Copying(word) => {
            let because = format!("copy {id} in {region} is {word}");
            return wait(request, because, now, |outcome, because| Reply::about(outcome, copy, because));
        }
        Standing::Available => {}
    }
    let original = match &request.image {
        Some(image) => by_id(request, there, image).await?,
        None => None,
    };
    let lacks = match tagging(request, copy, original.as_ref()) {
        Tagging::Whole => {
            let because = format!("copy {id} of {} is available in {region}, with its tags", request.workload);
            return Ok(Reply::about(Outcome::Unchanged, copy, because));
        }
        Tagging::Lost(tags) => {
            return Err(Error::TagsLost {
                copy: id.clone(),
                region: region.clone(),
                from: request.from.clone(),
                tags,
            });
        }
        Tagging::Lacks(lacks) => lacks,
    };
    let named = lacks
        .iter()
        .map(|(tag, value)| format!("{tag}={value}"))
        .collect::<Vec<_>>()
        .join(", ");
    let Some(permit) = request.mode.permit() else {
        let calls = vec![aws::rehearse_tags(here, region, id, &lacks).await?];
        let because = format!("would call ec2:CreateTags in {region} on {id} with {named}");
        return Ok(Reply {
            calls,
            ..Reply::about(Outcome::Planned, copy, because)
        });
    };
    let again = again(request, now, || format!("copy {id} in {region} is available but lacks {named}"))?;
    aws::put_tags(here, region, id, &lacks, &permit).await?;
    // What was put is seen by the next look, not believed by this one.
    let because = format!("copy {id} in {region} is available but lacked {named}, which is put back");
    Ok(Reply::about(Outcome::Waiting, copy, because).again_in(again))
}

/// Has the image copied, where it and the key allow it.
async fn make(
    request: &Request,
    here: &aws_sdk_ec2::Client,
    there: &aws_sdk_ec2::Client,
    kms: &aws_sdk_kms::Client,
    now: Timestamp,
) -> Result<Reply, Error> {
    let original = match &request.image {
        Some(image) => Some((image, by_id(request, there, image).await?)),
        None => None,
    };
    let state = original.as_ref().map(|(image, seen)| source(request, image, seen.as_ref()));
    if let Some(Source::Refuse(refusal)) = state {
        return Err(Error::Refused(Box::new(refusal)));
    }
    if let Some(key) = &request.kms_key {
        near(key, &request.region).map_err(Error::Key)?;
        let seen = aws::key(kms, key).await?;
        fit(key, &request.region, seen.as_ref()).map_err(Error::Key)?;
    }
    let image = match (original, state) {
        (Some((image, _)), Some(Source::Wait(word))) => {
            let because = format!("image {image} in {} is {word}, and only an available one is copied", request.from);
            return wait(request, because, now, Reply::of);
        }
        (Some((image, _)), _) => image,
        (None, _) => {
            let calls = vec![aws::rehearse_copy(here, &NewCopy::of(request, None)).await?];
            return Ok(Reply {
                calls,
                ..Reply::of(Outcome::Planned, would_copy(request, None))
            });
        }
    };
    let new = NewCopy::of(request, Some(image));
    let Some(permit) = request.mode.permit() else {
        let calls = vec![aws::rehearse_copy(here, &new).await?];
        return Ok(Reply {
            calls,
            ..Reply::of(Outcome::Planned, would_copy(request, Some(image)))
        });
    };
    let again = again(request, now, || {
        format!("image {image} in {} has no copy in {}", new.from, new.region)
    })?;
    let reply = match aws::copy(here, &new, &permit).await? {
        Answer::Copying(id) => Reply {
            image: Some(id.clone()),
            ..Reply::of(
                Outcome::Waiting,
                format!("asked AWS to copy {image} from {} to {} as {id}", new.from, new.region),
            )
        },
        Answer::Later(why) => Reply::of(
            Outcome::Waiting,
            format!("AWS puts the copy of {image} to {} off: {why}", new.region),
        ),
    };
    Ok(reply.again_in(again))
}

async fn by_id(request: &Request, there: &aws_sdk_ec2::Client, image: &AmiId) -> Result<Option<Image>, Error> {
    images::by_id(there, image)
        .await
        .map_err(|error| Error::Look(request.from.clone(), Box::new(error)))
}

fn wait(request: &Request, because: String, now: Timestamp, reply: impl FnOnce(Outcome, String) -> Reply) -> Result<Reply, Error> {
    if request.mode == Mode::Plan {
        return Ok(reply(Outcome::Planned, format!("would wait, since {because}")));
    }
    let again = again(request, now, || because.clone())?;
    Ok(reply(Outcome::Waiting, because).again_in(again))
}

fn again(request: &Request, now: Timestamp, last_seen: impl FnOnce() -> String) -> Result<u64, Error> {
    request.pace().next(now).map_err(|source| Error::TooLate {
        last_seen: last_seen(),
        source,
    })
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let ec2 = |region: &Region| aws_sdk_ec2::Client::new(&action::aws::elsewhere(&config, region));
    let kms = |region: &Region| aws_sdk_kms::Client::new(&action::aws::elsewhere(&config, region));
    action::run(NAME, |request| handle(request, ec2, kms, clock::now())).await
}
