//! Makes a machine image of the workload's instance in the primary Region, and waits until it can be copied.
//!
//! An image is crash-consistent unless the plan says `reboot`: it holds what was on the disks, as after a power cut, without
//! what the instance still held in memory; `reboot` restarts the instance so that everything is written
//! (docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html, NoReboot). Nothing is ever deleted here.
//!
//! CreateImage has no client token. Running it again is harmless all the same, since the image's name is made of the workload
//! and the run: it is looked for first, and AWS refuses a second image of the name.
//!
//! The one action that needs the primary Region for what it does, and never on the way of a recovery. A Region that gives no
//! answer is a refusal that names it: nothing was touched, and the last proven image stays in use.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::ids::Region;
use action::{Call, Mode, Outcome, clock};
use images::Image;
use jiff::Timestamp;

use aws::Answer;
use decide::{NewImage, Standing, choose, standing};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "create-image";

/// Every AWS call that this action can make; all of them in the primary Region.
pub const CALLS: &[Call] = &[
    Call::read("autoscaling:DescribeAutoScalingGroups"),
    Call::read("ec2:DescribeImages"),
    Call::read("ec2:DescribeInstances"),
    Call::change("ec2:CreateImage"),
];

/// What the role needs beside [`CALLS`]: the image and its snapshots are tagged as they are made
/// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html).
pub const IMPLIED: &[Call] = &[Call::change("ec2:CreateTags")];

/// Looks for the run's image and, where there is none, makes it. Done means available.
///
/// `ec2` and `autoscaling` give a client of the Region that they are asked for.
///
/// # Errors
/// [`Error`] says which call failed on what and where, why nothing was done, or what was last seen when the deadline passed.
pub async fn handle(
    request: Request,
    ec2: impl Fn(&Region) -> aws_sdk_ec2::Client,
    autoscaling: impl Fn(&Region) -> aws_sdk_autoscaling::Client,
    now: Timestamp,
) -> Result<Reply, Error> {
    let (ec2, autoscaling) = (ec2(&request.region), autoscaling(&request.region));
    if let Some(image) = by_name(&request, &ec2).await? {
        return report(&request, &image, now);
    }
    let seen = aws::look(&request, &ec2, &autoscaling).await?;
    let instance = choose(&request, &seen).map_err(Error::NoSource)?;
    let new = NewImage::of(&request, instance, now);
    let Some(permit) = request.mode.permit() else {
        let calls = vec![aws::rehearse(&ec2, &new).await?];
        return Ok(Reply {
            calls,
            ..Reply::of(Outcome::Planned, &new, new.would_call())
        });
    };
    let again = again(&request, now, || format!("image {} in {} is not there", new.name, new.region))?;
    let because = match aws::create(&ec2, &new, &permit).await? {
        Answer::Making(id) => {
            let because = format!("asked AWS to make image {id} of {} in {}", new.instance, new.region);
            let reply = Reply {
                image: Some(id),
                made: Some(new.made),
                ..Reply::of(Outcome::Waiting, &new, because)
            };
            return Ok(reply.again_in(again));
        }
        // An earlier call made it, and the first look was too early to show it.
        Answer::NameTaken => match by_name(&request, &ec2).await? {
            Some(image) => return report(&request, &image, now),
            None => format!("image {} in {} is there already, but AWS doesn't show it yet", new.name, new.region),
        },
        Answer::Later(why) => format!("AWS puts image {} in {} off: {why}", new.name, new.region),
    };
    Ok(Reply::of(Outcome::Waiting, &new, because).again_in(again))
}

async fn by_name(request: &Request, ec2: &aws_sdk_ec2::Client) -> Result<Option<Image>, Error> {
    images::by_name(ec2, &request.image_name())
        .await
        .map_err(|error| Error::Look(request.region.clone(), Box::new(error)))
}

/// What there is to say about an image of the run's name.
fn report(request: &Request, image: &Image, now: Timestamp) -> Result<Reply, Error> {
    let (id, region) = (&image.id, &request.region);
    match standing(request, image) {
        Standing::Made => {
            let because = format!("image {id} of {} is available in {region}", request.workload);
            Ok(Reply::about(Outcome::Unchanged, image, because))
        }
        Standing::Making(word) => {
            let because = format!("image {id} in {region} is {word}");
            if request.mode == Mode::Plan {
                return Ok(Reply::about(Outcome::Planned, image, format!("would wait, since {because}")));
            }
            let again = again(request, now, || because.clone())?;
            Ok(Reply::about(Outcome::Waiting, image, because).again_in(again))
        }
        Standing::Failed { state, reason } => Err(Error::Failed {
            image: id.clone(),
            region: region.clone(),
            state,
            reason,
        }),
        Standing::Refuse(not_ours) => Err(Error::NotOurs(Box::new(not_ours))),
    }
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
    let autoscaling = |region: &Region| aws_sdk_autoscaling::Client::new(&action::aws::elsewhere(&config, region));
    action::run(NAME, |request| handle(request, ec2, autoscaling, clock::now())).await
}
