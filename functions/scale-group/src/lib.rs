//! Raises the recovery Region's Auto Scaling group to the size that serves all users, and waits until enough of it does.
//!
//! Smallest, desired and largest size are set together: a desired size above the largest is refused, and a smallest size that
//! stays small lets a scaling policy take the instances away again. Sizes that are larger already stay. What the sizes were
//! is kept in the ledger first, for the way home. Enough is the plan's percentage of the full size: an outage is no time to
//! wait for the last instance.
//!
//! Repeating it is harmless: a group at full size is only looked at, and a chain of runs keeps the sizes of its first look.
//!
//! Deliberately absent: no process is suspended or resumed; whoever suspended one meant it, and is named as what is in the way.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, clock, environment};
use jiff::Timestamp;

use decide::{Decision, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "scale-group";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("autoscaling:DescribeAutoScalingGroups"),
    Call::read("autoscaling:DescribeScalingActivities"),
    Call::read("elasticloadbalancing:DescribeTargetHealth"),
    Call::change("autoscaling:UpdateAutoScalingGroup"),
    Call::change("dynamodb:PutItem"),
];

/// The clients that this action needs, all of the recovery Region, and its setting.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The group.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Its target groups.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The ledger's table.
    pub ledger: String,
}

/// Raises the group where it is smaller than its full size, and says how much of it serves.
///
/// # Errors
/// When the group isn't there or may launch nothing, when too little of it serves at the deadline, and when AWS refuses a
/// call.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let seen = aws::observe(clients, &request.group).await?;
    let decision = decide(&request.group, &seen)?;
    let Some(permit) = request.mode.permit() else {
        let calls = match &decision {
            Decision::Raise(raise) => aws::planned(clients, &request, raise, now).await?,
            Decision::Wait(_) | Decision::Serves(_) => vec![],
        };
        return Ok(Reply::planned(&request.group, &decision, calls));
    };
    match decision {
        Decision::Serves(serving) => Ok(Reply::serves(&request.group, serving)),
        Decision::Raise(raise) => {
            let again = request.pace().next(now).map_err(|passed| Error::too_late(&raise, passed))?;
            aws::remember(clients, &request, &raise, now, &permit).await?;
            aws::raise(&clients.autoscaling, &request.group, &raise, &permit).await?;
            Ok(Reply::waiting(raise.serving, again, raise.asked(&request.group)))
        }
        Decision::Wait(serving) => {
            let why = aws::failing(&clients.autoscaling, &request.group, request.since).await;
            let because = serving.because(&request.group, why.as_deref());
            let again = request.pace().next(now).map_err(|source| Error::TooLate {
                last: because.clone(),
                source,
            })?;
            Ok(Reply::waiting(serving, again, because))
        }
    }
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        autoscaling: aws_sdk_autoscaling::Client::new(&config),
        elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        ledger: environment::required("RELIGHT_LEDGER")?,
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
