//! What is in the way of a table, each with its remedy.

use std::collections::BTreeMap;

use action::ids::{Region, TableName, WorkloadName};

/// Why tables can't serve: all that can't. Shown to people as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("; "))]
pub struct InTheWay(pub Vec<Obstacle>);

/// Why one table can't serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// It isn't there.
    #[error(
        "table {table} does not exist in {here}: add its replica (aws dynamodb update-table --region {primary} --table-name {table} --replica-updates Create={{RegionName={here}}}), or take it out of tables in the plan"
    )]
    Nowhere {
        /// The table.
        table: TableName,
        /// This Region.
        here: Region,
        /// The primary.
        primary: Region,
    },
    /// It is a table of its own.
    #[error(
        "table {table} in {here} is no replica of the one in {primary}: what the primary wrote isn't here; name a global table (version 2019.11.21) that has replicas in both, or take it out of tables in the plan"
    )]
    NoReplica {
        /// The table.
        table: TableName,
        /// This Region.
        here: Region,
        /// The primary.
        primary: Region,
    },
    /// Its status is none in which it serves.
    #[error("table {table} is {status} in {here}: {}", remedy(.status))]
    Status {
        /// The table.
        table: TableName,
        /// This Region.
        here: Region,
        /// Its status, or its replica's.
        status: String,
    },
    /// AWS doesn't show it.
    #[error("table {0} can't be seen in {1} ({2}): allow the role of relight-check-tables dynamodb:DescribeTable on it")]
    Unreadable(TableName, Region, String),
    /// Its probe item can't be its item.
    #[error(
        "probeItem of table {table} names {}, and the table's key is {}: name exactly its key, of texts alone, or leave probeItem out",
        .named.join(" and "), .key.iter().map(|(name, kind)| format!("{name} ({kind})")).collect::<Vec<_>>().join(" and ")
    )]
    Key {
        /// The table.
        table: TableName,
        /// The attributes that the plan names.
        named: Vec<String>,
        /// The attributes of the table's key, and their types.
        key: BTreeMap<String, String>,
    },
    /// Its probe item is something else.
    #[error(
        "probeItem of table {0} names an item that Relight didn't write (it has no relightRun), which was left alone: name a key that nothing else uses"
    )]
    Foreign(TableName),
    /// It takes no write, or gives nothing back.
    #[error(
        "the probe item of table {table} can't be written and read back in {here} ({why}): a table with a probeItem opts in by its tag relight:workload={workload}"
    )]
    Unwritable {
        /// The table.
        table: TableName,
        /// This Region.
        here: Region,
        /// Whose table it is.
        workload: WorkloadName,
        /// What AWS says.
        why: String,
    },
}

/// What to do about a status (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html,
/// .../API_ReplicaDescription.html, .../developerguide/globaltables-security.html). Two of them end within hours: a replica
/// without its key or its permissions is taken out of its global table after 20 hours.
fn remedy(status: &str) -> &'static str {
    match status {
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => "enable its KMS key, and let DynamoDB use it, within 20 hours",
        "REPLICATION_NOT_AUTHORIZED" => {
            "let its resource policy deny nothing to AWSServiceRoleForDynamoDBReplication, within 20 hours, and add it again after that"
        }
        "REGION_DISABLED" => "enable this Region for the account, within 20 hours",
        "ARCHIVING" | "ARCHIVED" => "restore the backup that DynamoDB made of it (ArchivalSummary in aws dynamodb describe-table)",
        "CREATION_FAILED" => "take this replica out of the global table, and add it again",
        "DELETING" => "add the replica again when it is gone, or restore a backup, and name that table in the plan",
        _ => "see aws dynamodb describe-table; ACTIVE and UPDATING serve",
    }
}
