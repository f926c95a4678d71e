//! Chooses how the recovery cluster becomes the writer, measures what that may lose, and says why.
//!
//! It looks from the recovery Region only and changes nothing, so that it is the last look before the point of no
//! return. A lag that is unknown, or beyond the RPO, is refused unless somebody has accepted the loss.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, clock};
use jiff::Timestamp;
use plan::DataLoss;

pub use aws::lag;
use decide::{Lag, Standing, Stop, choose, stand};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "choose-promotion";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("cloudwatch:GetMetricData"),
    Call::read("rds:DescribeDBClusters"),
    Call::read("rds:DescribeGlobalClusters"),
];

/// Looks at the cluster and at its lag, and chooses the verb.
///
/// Chosen again after the promotion has begun, it names the verb under way and no longer asks about the lag: what is
/// lost by then is lost. Both clients must be of the cluster's own Region.
///
/// # Errors
/// [`Error`] says which read failed, or why nothing may be promoted.
pub async fn handle(
    request: Request,
    rds: &aws_sdk_rds::Client,
    cloudwatch: &aws_sdk_cloudwatch::Client,
    now: Timestamp,
) -> Result<Reply, Error> {
    let seen = aurora::observe(rds, &request.global_cluster, &request.cluster).await?;
    let follower = match stand(&request, &seen)? {
        Standing::Writer { endpoint, because } => return Ok(Reply::writer(endpoint, because)),
        Standing::Moving { verb, because } => return Ok(Reply::moving(verb, because)),
        Standing::Follower(follower) => follower,
    };
    let lag = match aws::lag(cloudwatch, &request.cluster, now).await {
        Ok(lag) => lag,
        // Who accepts a loss that isn't measured isn't held up by what measures it.
        Err(failure) if request.accept_data_loss >= DataLoss::Unmeasured => Lag::Unknown(format!("CloudWatch answers {failure}")),
        Err(failure) => return Err(Error::Lag(request.cluster, failure)),
    };
    let choice = choose(&request, &follower, lag).map_err(Stop::from)?;
    Ok(Reply::chosen(choice))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let (rds, cloudwatch) = (aws_sdk_rds::Client::new(&config), aws_sdk_cloudwatch::Client::new(&config));
    action::run(NAME, |request| handle(request, &rds, &cloudwatch, clock::now())).await
}
