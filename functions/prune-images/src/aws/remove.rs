//! The one call that changes something, and AWS's dry run of it.

use action::aws::Failure;
use action::ids::{AmiId, Region};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::deregister_image::builders::DeregisterImageFluentBuilder;
use aws_sdk_ec2::types::SnapshotReturnCodes;

use crate::error::Error;

/// EC2's answer to the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The image is gone, by this call or an earlier one. These of its snapshots are not, each with EC2's word for why.
    Yes(Vec<(String, String)>),
    /// EC2 keeps it: somebody protected it from deregistration, or AWS Backup manages it.
    Kept(String),
}

/// Deregisters the image and deletes its snapshots.
///
/// A snapshot that another image uses too is left (API_DeregisterImage, `DeleteAssociatedSnapshots`: `skipped`).
pub(crate) async fn deregister(ec2: &Client, region: &Region, image: &AmiId, _permit: &Permit) -> Result<Gone, Error> {
    let failure = match request(ec2, image).send().await {
        Ok(answer) => {
            let left = answer
                .delete_snapshot_results()
                .iter()
                .filter(|one| one.return_code() != Some(&SnapshotReturnCodes::Success));
            let left = left.map(|one| {
                let why = one.return_code().map_or("no reason given", SnapshotReturnCodes::as_str);
                (one.snapshot_id().unwrap_or("a snapshot").to_owned(), why.to_owned())
            });
            return Ok(Gone::Yes(left.collect()));
        }
        Err(error) => Failure::from(error),
    };
    understood(region, image, failure)
}

/// EC2's own check of the call, which changes nothing, and the call where it would be made.
pub(crate) async fn dry_run(ec2: &Client, region: &Region, image: &AmiId) -> Result<(Gone, Option<PlannedCall>), Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = request(ec2, image).dry_run(true);
    match rehearsal.call(call.customize().interceptor(rehearsal.clone()).send().await) {
        Ok(call) => Ok((Gone::Yes(vec![]), Some(call))),
        Err(failure) => Ok((understood(region, image, failure)?, None)),
    }
}

fn request(ec2: &Client, image: &AmiId) -> DeregisterImageFluentBuilder {
    ec2.deregister_image().image_id(image.as_str()).delete_associated_snapshots(true)
}

/// What a refusal means. `InvalidAMIID.Unavailable` is said of an image that was deregistered, `OperationNotPermitted` of a
/// protected one (docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html;
/// docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html).
fn understood(region: &Region, image: &AmiId, failure: Failure) -> Result<Gone, Error> {
    if failure.is(&["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"]) {
        Ok(Gone::Yes(vec![]))
    } else if failure.is(&["OperationNotPermitted"]) {
        Ok(Gone::Kept(failure.to_string()))
    } else {
        Err(Error::Deregister {
            image: image.clone(),
            region: region.clone(),
            source: failure,
        })
    }
}
