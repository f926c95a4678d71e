//! The questions about the global cluster and the recovery cluster's place in it.

use aurora::{ClusterStatus, Role, Synchronization};
use choose_promotion::decide::{Bar, bar};
use plan::Promotion;
use readiness::{Answer, Question};

use super::Seen;
use crate::io::Request;

pub(super) fn global_cluster(request: &Request, seen: &Seen) -> Answer {
    let question = Question::GlobalCluster;
    let id = &request.database.global_cluster;
    let limit = "known in this Region, its writer not changing";
    let Some(global) = &seen.global else {
        let remedy = "create it, or name the right one as database.globalCluster in the plan";
        return Answer::fail(question, format!("{id} is not known in this Region"), limit, remedy);
    };
    match &global.cluster.failover {
        Some(failover) => Answer::fail(
            question,
            format!("{id} is changing its writer ({})", failover.status),
            limit,
            "wait for its end",
        ),
        None => Answer::pass(question, format!("{id} has {} members", global.cluster.members.len()), limit),
    }
}

/// The first thing that is wrong: one mistake mends the others, or shows them.
pub(super) fn members(request: &Request, seen: &Seen) -> Answer {
    let question = Question::Members;
    let database = &request.database;
    let (id, recovery, primary) = (
        &database.global_cluster,
        database.recovery_cluster.identifier(),
        database.primary_cluster.identifier(),
    );
    let limit = format!("{primary} the only writer, {recovery} a secondary that follows it");
    let fail = |seen: String, remedy: &str| Answer::fail(question, seen, limit.clone(), remedy);
    let Some(global) = seen.global.as_ref().map(|global| &global.cluster) else {
        return fail(format!("no global cluster {id}"), "see global-cluster");
    };
    let add = "add it to the global cluster: aws rds create-db-cluster --global-cluster-identifier";
    let Some(member) = global.member(&database.recovery_cluster) else {
        return fail(format!("{recovery} is no member of {id}"), add);
    };
    let writers = global.writers();
    if writers.len() > 1 {
        return fail(
            format!("two writers: {}", writers.join(", ")),
            "decide which one is right, and remove the other",
        );
    }
    if member.role == Role::Writer {
        let remedy = "the workload has moved already: fail back, or exchange the Regions in the plan";
        return fail(format!("{recovery} is the writer"), remedy);
    }
    if writers.is_empty() {
        return fail(format!("{id} has no writer"), "look at the global cluster in the console");
    }
    if global
        .member(&database.primary_cluster)
        .is_none_or(|member| member.role != Role::Writer)
    {
        let remedy = "name the writer as database.primaryCluster in the plan, or switch over to it";
        return fail(format!("{} is the writer, not {primary}", writers.join(", ")), remedy);
    }
    match &member.synchronization {
        Synchronization::Broken(status) => fail(format!("the copy of {recovery} is {status}"), "rebuild the secondary"),
        Synchronization::Connected => {
            let forwards = if member.forwards_writes { " and forwards writes to it" } else { "" };
            Answer::pass(question, format!("{primary} writes, {recovery} follows{forwards}"), limit)
        }
    }
}

pub(super) fn health(request: &Request, seen: &Seen) -> Answer {
    let question = Question::ClusterHealth;
    let arn = &request.database.recovery_cluster;
    let name = arn.identifier();
    let Some(found) = &seen.cluster else {
        let remedy = "create it, or name the right one as database.recoveryCluster in the plan";
        return Answer::fail(question, format!("{arn} does not exist"), "available", remedy);
    };
    let status = format!("{name} is {}", found.cluster.status);
    match found.cluster.status {
        ClusterStatus::Available => Answer::pass(question, status, "available"),
        ClusterStatus::UnderWay(_) => Answer::warn(question, status, "available", "wait for its end"),
        ClusterStatus::Terminal(_) => Answer::fail(
            question,
            status,
            "available",
            "mend or start the cluster; no promotion of it would end",
        ),
    }
}

/// A plan that leaves the choice gets a detach where versions differ, which loses the topology: a warning. One that insists
/// on a managed failover is refused.
pub(super) fn versions(request: &Request, seen: &Seen) -> Answer {
    let question = Question::EngineVersions;
    let promotion = request.database.promotion;
    let limit = "the same version in both clusters";
    let (Some(global), Some(cluster)) = (&seen.global, &seen.cluster) else {
        return Answer::fail(
            question,
            "no two clusters to compare",
            limit,
            "see global-cluster and cluster-health",
        );
    };
    let member = global.cluster.member(&request.database.recovery_cluster);
    let found = member.and_then(|member| bar(&cluster.cluster, &global.cluster, member));
    let version = cluster.cluster.engine_version.as_deref().unwrap_or("unknown");
    match (found, promotion) {
        (Some(found @ Bar::Versions { .. }), Promotion::Failover) => Answer::fail(
            question,
            found.to_string(),
            limit,
            "upgrade the older cluster, or set database.promotion to auto",
        ),
        (Some(found @ Bar::Versions { .. }), Promotion::Auto) => Answer::warn(
            question,
            format!("{found}: a failover would detach the cluster"),
            limit,
            "upgrade the older cluster, so that a managed failover keeps the global cluster",
        ),
        _ => Answer::pass(question, version, limit),
    }
}
