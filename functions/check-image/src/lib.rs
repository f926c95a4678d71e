//! Says how old the workload's newest proven image is, and puts it into the metrics that an alarm watches.
//!
//! A pilot light is as good as its newest image, and a refresh that no longer runs says nothing: so the age is measured by a
//! schedule of its own, and the alarm takes missing data for stale. Looks in the recovery Region only. It makes no change of
//! the workload; the metric is what it is there for, so that it has no mode.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, Mode, Outcome, Permit, clock, environment};
use bucket::Bucket;
use jiff::Timestamp;

use decide::{Freshness, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-image";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("ec2:DescribeImages"),
    Call::read("s3:GetObject"),
    Call::change("cloudwatch:PutMetricData"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The images of the recovery Region.
    pub ec2: aws_sdk_ec2::Client,
    /// The metric.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The plan.
    pub bucket: Bucket,
}

/// Looks, and puts what it saw into the metrics.
///
/// # Errors
/// When the plan can't be read or has no image, and when AWS doesn't answer: then no metric is put, and the alarm's
/// missing data says so.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let Some(permit) = Mode::Execute.permit() else {
        return Err(Error::NoPermit);
    };
    look(request, clients, now, &permit).await
}

async fn look(request: Request, clients: &Clients, now: Timestamp, permit: &Permit) -> Result<Reply, Error> {
    let plan = ledger::read_plan(&clients.bucket, &request.workload, None).await?.plan;
    let image = plan.image.ok_or_else(|| Error::NoImage(request.workload.clone()))?;
    let found = images::of_workload(&clients.ec2, &request.workload).await?;
    let freshness = decide(&found, image.maximum_age.duration(), now);
    aws::put(&clients.cloudwatch, &request.workload, &freshness, now, permit)
        .await
        .map_err(|failure| Error::PutMetricData(request.workload.clone(), failure))?;
    Ok(reply(&freshness, &image.maximum_age))
}

fn reply(freshness: &Freshness, maximum: &plan::Span) -> Reply {
    let because = match freshness {
        Freshness::Fresh(newest) => format!("{} is {} s old, within the plan's {maximum}", newest.id, newest.age_seconds),
        Freshness::Stale(newest) => format!(
            "{} is {} s old, more than the plan's {maximum}: refresh the image",
            newest.id, newest.age_seconds
        ),
        Freshness::None => "no image is proven: refresh the image".to_owned(),
    };
    let newest = freshness.newest();
    Reply {
        outcome: Outcome::Unchanged,
        because,
        stale: freshness.is_stale(),
        image: newest.map(|newest| newest.id.clone()),
        age_seconds: newest.map(|newest| newest.age_seconds),
        maximum_age_seconds: maximum.seconds(),
    }
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        ec2: aws_sdk_ec2::Client::new(&config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        bucket: Bucket::new(&config, environment::required("RELIGHT_BUCKET")?),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
