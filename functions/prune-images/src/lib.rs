//! Deregisters images of a workload that nothing needs any more, with their snapshots, in both Regions.
//!
//! An image goes only if every reason to keep it fails (the table of [`decide::decide`]). Whatever launches by it counts: every
//! version of every launch template, launch configurations, Auto Scaling groups, instances, and the image pointer. If one of
//! these can't be read, nothing goes at all.
//!
//! There is no undo, unless a rule of the Recycle Bin keeps what is deregistered (API_DeregisterImage). Running it again is
//! harmless: what is gone isn't decided on again, and what is kept is kept for the same reasons.
//!
//! Deliberately absent: images that have lost their tags, or have another name, are never touched. And two kinds of referrers
//! that EC2 doesn't tell of in one place aren't asked for: spot fleet requests with launch specifications of their own, and
//! other accounts that an image is shared with. To keep an image for those, take a tag off it or protect it from
//! deregistration.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
mod prune;
mod report;

use action::ids::Region;
use action::{Call, clock};
use jiff::Timestamp;

pub use aws::Clients;
use decide::{Verdict, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "prune-images";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("autoscaling:DescribeAutoScalingGroups"),
    Call::read("autoscaling:DescribeLaunchConfigurations"),
    Call::read("ec2:DescribeImages"),
    Call::read("ec2:DescribeInstances"),
    Call::read("ec2:DescribeLaunchTemplateVersions"),
    Call::read("ec2:DescribeLaunchTemplates"),
    Call::read("ssm:GetParameter"),
    Call::change("ec2:DeregisterImage"),
];

/// What the role needs beside [`CALLS`] for DeregisterImage: the snapshots go by the caller's own permission, without which the
/// answer says `missing-permissions` of each (model: SnapshotReturnCodes).
pub const IMPLIED: &[Call] = &[Call::change("ec2:DeleteSnapshot")];

/// How many images one invocation deregisters, so that it ends well within its time.
pub const BATCH: usize = 10;

/// Looks at the workload's images in both Regions and at all that refers to them, and deregisters those that nothing needs.
///
/// `clients` gives those of a Region. Who refers to an image is asked only in a Region where an image would go otherwise.
///
/// # Errors
/// [`Error`] says which call failed on what in which Region. In particular, it is refused as a whole where a referrer can't be
/// read.
pub async fn handle(request: Request, clients: impl Fn(&Region) -> Clients, now: Timestamp) -> Result<Reply, Error> {
    if request.regions.primary == request.regions.recovery {
        return Err(Error::Request("regions.primary and regions.recovery are the same"));
    }
    let both = aws::Both::of(&request.regions, &clients);
    let mut seen = aws::images(&both, &request).await?;
    let doomed = |verdicts: &[Verdict], region: &Region| {
        let doomed = verdicts.iter().filter(|one| one.region == *region && one.goes());
        doomed.map(|one| one.image.clone()).collect::<Vec<_>>()
    };
    let first = decide(&request, &seen, now);
    for (clients, inventory) in [(&both.primary, &mut seen.primary), (&both.recovery, &mut seen.recovery)] {
        let doomed = doomed(&first, &inventory.region);
        if !doomed.is_empty() {
            let pointer = (inventory.region == request.regions.recovery).then_some(&request.pointer);
            inventory.references = aws::references(clients, &inventory.region, &doomed, pointer).await?;
        }
    }
    let verdicts = decide(&request, &seen, now);
    match request.mode.permit() {
        Some(permit) => prune::execute(&request, &both, &verdicts, now, &permit).await,
        None => prune::plan(&both, &verdicts).await,
    }
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks what the clients need, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = |region: &Region| {
        let config = action::aws::elsewhere(&config, region);
        Clients {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
        }
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
