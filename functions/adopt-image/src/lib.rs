//! Makes an image that was proven the one that launches use: tags it as proven, then points the workload's image pointer at it.
//!
//! In this order, so that the pointer never names an image that isn't tagged as proven. The pointer is an SSM parameter, and
//! SSM keeps its earlier values, up to 100 (GetParameterHistory; ParameterMaxVersionLimitExceeded in the service model says
//! how many): so the image before is never forgotten, and going back is writing its id there again. Running it again is
//! harmless.
//!
//! Deliberately absent: it proves nothing itself. That the image boots and serves is what the machine has seen before it
//! calls this.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, Outcome, clock};
use jiff::Timestamp;

pub use aws::Clients;
use decide::{Adoption, Decision, decide};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "adopt-image";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::read("ec2:DescribeImages"),
    Call::read("ssm:GetParameter"),
    Call::change("ec2:CreateTags"),
    Call::change("ssm:PutParameter"),
];

/// Tags the image as proven and points the pointer at it, whichever of the two is missing.
///
/// `clients` must be of the recovery Region. Nothing is waited for.
///
/// # Errors
/// [`Error`] says which call failed on what, or why this image may not be launched from.
pub async fn handle(request: Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let Some(id) = &request.image else {
        return match request.mode.permit() {
            Some(_) => Err(Error::NoImage),
            None => {
                let calls = aws::planned(clients, &request, now).await?;
                Ok(Reply::of_no_image_yet(&request, calls))
            }
        };
    };
    let image = images::by_id(&clients.ec2, id).await?;
    let pointer = aws::pointer(&clients.ssm, &request.pointer).await?;
    let adoption = match decide(&request, id, image.as_ref(), pointer.as_deref()) {
        Decision::Refuse(refusal) => return Err(Error::Refused(refusal)),
        Decision::Adopted(since) => return Ok(Reply::unchanged(&request, since)),
        Decision::Adopt(adoption) => adoption,
    };
    let Adoption { tag, point, .. } = adoption;
    let Some(permit) = request.mode.permit() else {
        let mut reply = Reply::of(Outcome::Planned, &request, &adoption);
        if tag {
            reply.calls.push(aws::dry_tag(&clients.ec2, id, now).await?);
        }
        if point {
            reply.calls.push(aws::planned_point(&clients.ssm, &request, id.as_str()).await?);
        }
        return Ok(reply);
    };
    if tag {
        aws::tag(&clients.ec2, id, now, &permit).await?;
    }
    if point {
        aws::point(&clients.ssm, &request, id, &permit).await?;
    }
    Ok(Reply::of(Outcome::Changed, &request, &adoption))
}

/// Builds the clients and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks what the clients need, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let clients = Clients {
        ec2: aws_sdk_ec2::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, clock::now())).await
}
