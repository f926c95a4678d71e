//! Looks whether the workload's DynamoDB global tables serve in the recovery Region, and proves it by a write that is read
//! back where the plan has a probe item.
//!
//! There is nothing to promote: every replica takes reads and writes, and the last writer wins. What the primary wrote and
//! didn't replicate is kept there and arrives when the Region is back
//! (docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html, "Consistency modes";
//! .../bp-global-table-design.prescriptive-guidance.evacuation.html, "Evacuating an offline Region"). So a lag is reported
//! and stops nothing. What stops a recovery is a table that isn't here, is no replica, or takes no writes.
//!
//! Repeating it is harmless: the probe item is one item, and its newest writer wins. It never replaces an item that
//! Relight didn't write.
//!
//! Deliberately absent: any call to the primary Region, and any change of a table or its replicas.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
mod words;

use action::{Call, clock};
use jiff::Timestamp;

use decide::{Decision, Stamp, decide, judge};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "check-tables";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("cloudwatch:GetMetricData"),
    Call::read("dynamodb:DescribeTable"),
    Call::read("dynamodb:GetItem"),
    Call::change("dynamodb:PutItem"),
];

/// The clients that this action needs, all of the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// How far replication lags.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

/// Says whether every table serves; writes each probe item and reads it back.
///
/// # Errors
/// When both Regions are one, when tables aren't here, are no replicas or take no writes (all of them are named), when they
/// still don't serve at the deadline, and when AWS can't be asked.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    request.check()?;
    let seen = aws::observe(clients, &request, now).await?;
    let decision = decide(&request, &seen)?;
    let stamp = Stamp::new(&request.run, now);
    let Some(permit) = request.mode.permit() else {
        let calls = match &decision {
            Decision::Probe(probes) => aws::planned(&clients.dynamodb, probes, &stamp).await?,
            Decision::Serve | Decision::Wait(_) => vec![],
        };
        return Ok(Reply::planned(&request, &seen, &decision, calls, now));
    };
    match decision {
        Decision::Serve => Ok(Reply::serves(&request, &seen, now)),
        Decision::Wait(creating) => {
            let because = words::creating(&request.recovery_region, &creating);
            let again = request.pace().next(now).map_err(|passed| Error::too_late(&because, passed))?;
            Ok(Reply::waiting(&request, &seen, again, because, now))
        }
        Decision::Probe(probes) => {
            let read = aws::probe(&clients.dynamodb, &probes, &stamp, &permit).await?;
            let strange = judge(&request, &stamp, &read)?;
            if strange.is_empty() {
                return Ok(Reply::probed(&request, &seen, now));
            }
            let because = words::strange(&strange);
            let again = request.pace().next(now).map_err(|passed| Error::too_late(&because, passed))?;
            Ok(Reply::waiting(&request, &seen, again, because, now))
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
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
