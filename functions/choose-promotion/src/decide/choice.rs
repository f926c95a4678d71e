//! Which verb promotes a follower, and whether its lag allows that.

use std::time::Duration;

use plan::{DataLoss, Promotion};

use super::{Bar, Follower, Refusal, Seconds};
use crate::io::{Request, Verb};

/// How old a measured lag may be. Replication stops being measured when the primary Region is lost, so that the last
/// value before that is what is looked for; detection and the start of a run fit in.
pub const LAG_WINDOW: Duration = Duration::from_secs(15 * 60);

/// How far the recovery cluster is behind the writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lag {
    /// As CloudWatch has it.
    Measured {
        /// The lag.
        lag: Duration,
        /// The metric that says so.
        metric: &'static str,
        /// How long ago it was measured.
        age: Duration,
    },
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// The verb, with all that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is to be done.
    pub verb: Verb,
    /// The lag that was weighed.
    pub lag: Lag,
    /// One sentence for people.
    pub because: String,
}

/// Chooses the verb for a follower, and weighs the lag.
///
/// | plan | managed failover | verb |
/// |---|---|---|
/// | `detach` | any | detach: the plan says so |
/// | `failover` | possible | failover: the plan says so |
/// | `failover` | not possible | refuse: the plan asks for what can't be |
/// | `auto` | possible | failover: AWS recommends it, and the global cluster stays |
/// | `auto` | not possible | detach, with the bar as the reason |
///
/// | lag | accepted | |
/// |---|---|---|
/// | up to the RPO | any | go |
/// | above the RPO | `beyond-rpo`, `unmeasured` | go, and say so |
/// | above the RPO | none | refuse |
/// | unknown | `unmeasured` | go, and say so |
/// | unknown | none, `beyond-rpo` | refuse |
///
/// While the primary is cut off the measured lag may go on growing without anything being written there; so it is at
/// worst more than is lost (AuroraUserGuide/aurora-global-database-secondary-availability.html). A copy that waits for
/// a resync lacks an unknown part of the data, so that no measured lag counts for it.
///
/// # Errors
/// The edges that refuse.
pub fn choose(request: &Request, follower: &Follower, lag: Lag) -> Result<Choice, Refusal> {
    let cluster = &request.cluster;
    let (verb, why) = match (request.promotion, &follower.bar) {
        (Promotion::Detach, _) => (Verb::Detach, "the plan asks for a detach".to_owned()),
        (Promotion::Failover, None) => (Verb::Failover, "the plan asks for a managed failover".to_owned()),
        (Promotion::Auto, None) => (Verb::Failover, "a managed failover keeps the global cluster".to_owned()),
        (Promotion::Auto, Some(bar)) => (Verb::Detach, format!("a managed failover is not possible, since {bar}")),
        (Promotion::Failover, Some(bar)) => return Err(Refusal::FailoverNotPossible(cluster.clone(), bar.clone())),
    };
    let lag = match &follower.bar {
        Some(bar @ Bar::Synchronization(_)) => Lag::Unknown(bar.to_string()),
        _ => lag,
    };
    let loss = weigh(request, &lag)?;
    let forwarding = if follower.forwards_writes {
        "; it forwards writes to the writer as yet, and takes them itself once it is promoted"
    } else {
        ""
    };
    let because = format!("{}: {why}; {} {loss}{forwarding}", verb, cluster.identifier());
    Ok(Choice { verb, lag, because })
}

fn weigh(request: &Request, lag: &Lag) -> Result<String, Refusal> {
    let (cluster, accepted, rpo) = (&request.cluster, request.accept_data_loss, Duration::from_secs(request.rpo_seconds));
    match lag {
        Lag::Measured { lag, metric, age } => {
            let behind = format!("was {} behind, {} ago ({metric})", Seconds(*lag), Seconds(*age));
            if *lag <= rpo {
                Ok(format!("{behind}, within the RPO of {}", Seconds(rpo)))
            } else if accepted >= DataLoss::BeyondRpo {
                Ok(format!("{behind}, above the RPO of {}, which was accepted", Seconds(rpo)))
            } else {
                Err(Refusal::LagAboveRpo {
                    cluster: cluster.clone(),
                    lag: *lag,
                    age: *age,
                    rpo,
                })
            }
        }
        Lag::Unknown(why) if accepted >= DataLoss::Unmeasured => {
            Ok(format!("is behind by an unknown lag, which was accepted, since {why}"))
        }
        Lag::Unknown(why) => Err(Refusal::LagUnknown {
            cluster: cluster.clone(),
            why: why.clone(),
        }),
    }
}
