//! Removes the instances that a run launched, and nothing else.
//!
//! Whose an instance is, its tags `relight:run` and `relight:workload` say: both are asked for, and both are looked at
//! again in every answer, so that a filter that AWS or a proxy ignored terminates nobody else's instance. There is no
//! undo. Running it again is harmless: TerminateInstances is idempotent, and what is gone is not asked for again.
//!
//! Instances are terminated after the run's deadline too, since a run that is late is just the one that must be cleared
//! away; only the wait for them ends.
//!
//! One hole is left: an instance that EC2 doesn't list yet isn't seen (docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html).
//! So a machine calls this after the launch has been seen, or some seconds after the last call that may have launched.
//!
//! Deliberately absent: termination protection is never turned off here; whoever turned it on meant it.

mod aws;
pub mod decide;
pub mod error;
pub mod io;

use action::{Call, clock};
use aws_sdk_ec2::Client;
use jiff::Timestamp;

use decide::{Decision, Instance, Nothing, are, decide, named};
use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "terminate-instances";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[Call::read("ec2:DescribeInstances"), Call::change("ec2:TerminateInstances")];

/// Terminates what lives of the run's instances, and waits until every one is terminated.
///
/// `ec2` must be a client of the Region that the run launched in.
///
/// # Errors
/// [`Error`] says which call failed on what, whose instance an answer held that isn't the run's, which instance is
/// protected, or what still was there when the deadline passed.
pub async fn handle(request: Request, ec2: &Client, now: Timestamp) -> Result<Reply, Error> {
    let seen = aws::instances(ec2, &request.run, &request.workload).await?;
    let decision = decide(&request, &seen);
    let Some(permit) = request.mode.permit() else {
        return plan(&request, ec2, &seen, &decision).await;
    };
    let again = request.pace().next(now);
    match decision {
        Decision::Nothing(why) => Ok(Reply::unchanged(&seen, why.because(&request))),
        Decision::Refuse(refusal) => Err(Error::Refused(refusal)),
        Decision::Wait(ids) => {
            let because = format!("{} shutting down", are(&ids));
            let again = again.map_err(|source| Error::TooLate { left: ids, source })?;
            Ok(Reply::waiting(&seen, again, because))
        }
        Decision::Terminate(ids) => {
            let asked = aws::terminate(ec2, &ids, &permit).await?;
            let because = match asked {
                aws::Asked::Taken => format!("asked EC2 to terminate {}", named(&ids)),
                aws::Asked::NotFound(failure) => format!("EC2 does not find {} just now: {failure}", named(&ids)),
            };
            let again = again.map_err(|source| Error::TooLate { left: ids, source })?;
            Ok(Reply::waiting(&seen, again, because))
        }
    }
}

/// Plan mode: what execute would call, by EC2's own dry run where there is something to call it on.
async fn plan(request: &Request, ec2: &Client, seen: &[Instance], decision: &Decision) -> Result<Reply, Error> {
    match decision {
        Decision::Refuse(refusal) => Err(Error::Refused(refusal.clone())),
        Decision::Nothing(why @ Nothing::Terminated(_)) => Ok(Reply::unchanged(seen, why.because(request))),
        Decision::Nothing(Nothing::Launched) => {
            let because = format!(
                "would call ec2:TerminateInstances in the recovery Region on the instances that run {} launches; there are none now",
                request.run
            );
            Ok(Reply::planned(seen, because, vec![aws::unlaunched(ec2).await?]))
        }
        Decision::Wait(ids) => Ok(Reply::planned(
            seen,
            format!("would wait, since {} shutting down", are(ids)),
            vec![],
        )),
        Decision::Terminate(ids) => {
            let call = aws::dry_run(ec2, ids).await?;
            let because = format!("would call ec2:TerminateInstances in the recovery Region on {}", named(ids));
            Ok(Reply::planned(seen, because, vec![call]))
        }
    }
}

/// Builds the client and serves; called by bootstrap.
///
/// # Errors
/// When the environment lacks something, or the runtime API can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let ec2 = Client::new(&action::aws::config(NAME)?);
    action::run(NAME, |request| handle(request, &ec2, clock::now())).await
}
