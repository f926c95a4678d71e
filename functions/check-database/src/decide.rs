//! What each question comes to, given what was seen. Pure.

mod member;

use std::time::Duration;

use choose_promotion::decide::Lag;
use readiness::{Answer, Question, unasked};

use crate::io::Request;

/// What was seen, all of it from the recovery Region.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The global cluster; none if this Region doesn't know it.
    pub global: Option<Global>,
    /// The recovery cluster; none if it isn't there.
    pub cluster: Option<Cluster>,
    /// Its instances, or why they can't be read.
    pub instances: Result<Vec<Instance>, String>,
    /// Its lag, or why it can't be read.
    pub lag: Result<Lag, String>,
    /// Its key; none if it has none.
    pub key: Result<Option<Key>, String>,
}

/// A global cluster.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its members.
    pub cluster: aurora::GlobalCluster,
    /// Whether it can't be deleted.
    pub protected: bool,
}

/// The recovery cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its state.
    pub cluster: aurora::Cluster,
    /// Whether it can't be deleted.
    pub protected: bool,
    /// The key that it is encrypted with.
    pub key: Option<String>,
}

/// An instance of the recovery cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: String,
    /// Its class.
    pub class: String,
    /// Its status.
    pub status: String,
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id or ARN.
    pub id: String,
    /// Its state (model: KeyState).
    pub state: String,
}

/// A lag is published every minute; one that is older than this is no longer measured.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The answer to each question about the database.
pub fn answers(request: &Request, seen: &Seen) -> Vec<Answer> {
    vec![
        member::global_cluster(request, seen),
        member::members(request, seen),
        member::health(request, seen),
        member::versions(request, seen),
        instances(request, seen),
        classes(seen),
        lag(request, seen),
        key(request, seen),
        protection(request, seen),
    ]
}

fn instances(request: &Request, seen: &Seen) -> Answer {
    let question = Question::ClusterInstances;
    let cluster = request.database.recovery_cluster.identifier();
    let limit = "at least one instance, all of them available";
    let found = match &seen.instances {
        Err(why) => return unasked(question, why),
        Ok(found) => found,
    };
    if found.is_empty() {
        return Answer::fail(
            question,
            format!("{cluster} has no instance: it is headless"),
            limit,
            format!("add one (aws rds create-db-instance --db-cluster-identifier {cluster}); nothing could take writes after a failover"),
        );
    }
    let (available, other): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.status == "available");
    let named = other
        .iter()
        .map(|one| format!("{} is {}", one.id, one.status))
        .collect::<Vec<_>>()
        .join(", ");
    match (available.is_empty(), other.is_empty()) {
        (_, true) => Answer::pass(question, format!("{} available", available.len()), limit),
        (false, false) => Answer::warn(question, named, limit, "wait for it, or mend the instance"),
        (true, false) => Answer::fail(question, named, limit, "wait for it, or mend the instance"),
    }
}

/// A global database needs classes for memory-intensive applications (AuroraUserGuide/aurora-global-database.configuration.requirements.html),
/// which the burstable ones are not. From here only the recovery cluster's own can be seen.
fn classes(seen: &Seen) -> Answer {
    let question = Question::InstanceClasses;
    let limit = "memory-optimized or serverless classes (no db.t)";
    let found = match &seen.instances {
        Err(why) => return unasked(question, why),
        Ok(found) => found,
    };
    let small: Vec<String> = found
        .iter()
        .filter(|one| one.class.starts_with("db.t"))
        .map(|one| format!("{} is a {}", one.id, one.class))
        .collect();
    if small.is_empty() {
        let classes: Vec<&str> = found.iter().map(|one| one.class.as_str()).collect();
        return Answer::pass(
            question,
            if classes.is_empty() {
                "no instance".to_owned()
            } else {
                classes.join(", ")
            },
            limit,
        );
    }
    Answer::fail(
        question,
        small.join(", "),
        limit,
        "give it a class of the primary's size: aws rds modify-db-instance --db-instance-class",
    )
}

fn lag(request: &Request, seen: &Seen) -> Answer {
    let question = Question::ReplicationLag;
    let rpo = Duration::from_secs(request.rpo_seconds);
    let limit = format!("at most the RPO of {} s", request.rpo_seconds);
    let (lag, metric, age) = match &seen.lag {
        Err(why) => return unasked(question, why),
        Ok(Lag::Unknown(why)) => {
            let remedy = "look whether the primary writes and the recovery cluster replicates; a failover would be refused";
            return Answer::fail(question, format!("unknown: {why}"), limit, remedy);
        }
        Ok(Lag::Measured { lag, metric, age }) => (*lag, *metric, *age),
    };
    let value = format!("{:.2} s ({metric}, {} s ago)", lag.as_secs_f64(), age.as_secs());
    if lag > rpo {
        let remedy = "reduce the writes or raise the recovery cluster's class, or raise objectives.rpo in the plan";
        return Answer::fail(question, value, limit, remedy);
    }
    if age > FRESH {
        let remedy = "look whether the recovery cluster still replicates";
        return Answer::warn(question, value, format!("{limit}, measured within {} s", FRESH.as_secs()), remedy);
    }
    Answer::pass(question, value, limit)
}

fn key(request: &Request, seen: &Seen) -> Answer {
    let question = Question::EncryptionKey;
    match &seen.key {
        Err(why) => unasked(question, why),
        Ok(None) => Answer::nothing(question, format!("{} names no key", request.database.recovery_cluster.identifier())),
        Ok(Some(key)) if key.state == "Enabled" => Answer::pass(question, format!("{} is Enabled", key.id), "Enabled"),
        Ok(Some(key)) => Answer::fail(
            question,
            format!("{} is {}", key.id, key.state),
            "Enabled",
            "aws kms enable-key, or cancel-key-deletion; without it the cluster becomes inaccessible and can't be promoted",
        ),
    }
}

/// No failover is stopped by it: so it warns.
fn protection(request: &Request, seen: &Seen) -> Answer {
    let question = Question::DeletionProtection;
    let database = &request.database;
    let mut open = Vec::new();
    if seen.global.as_ref().is_some_and(|global| !global.protected) {
        let name = &database.global_cluster;
        open.push((
            name.to_string(),
            format!("aws rds modify-global-cluster --global-cluster-identifier {name}"),
        ));
    }
    if seen.cluster.as_ref().is_some_and(|cluster| !cluster.protected) {
        let name = database.recovery_cluster.identifier();
        open.push((name.to_owned(), format!("aws rds modify-db-cluster --db-cluster-identifier {name}")));
    }
    if open.is_empty() {
        return Answer::pass(question, "on", "on");
    }
    let (names, calls): (Vec<_>, Vec<_>) = open
        .into_iter()
        .map(|(name, call)| (name, format!("{call} --deletion-protection")))
        .unzip();
    Answer::warn(question, format!("off for {}", names.join(" and ")), "on", calls.join("; "))
}

#[cfg(test)]
mod tests;
