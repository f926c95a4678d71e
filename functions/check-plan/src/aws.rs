//! The one read beside the plan's.

use action::aws::Failure;
use action::ids::WorkloadName;
use ledger::{Lock, Machine};

/// The lock that a failover of `workload` would take; or why it can't be read.
pub(crate) async fn lock(dynamodb: &aws_sdk_dynamodb::Client, table: &str, workload: &WorkloadName) -> Result<Option<Lock>, String> {
    let answer = dynamodb
        .get_item()
        .table_name(table)
        .set_key(Some(ledger::lock_key(workload, Machine::Failover)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| format!("read the lock of {workload}: {}", Failure::from(error)))?;
    let lock = answer.item.as_ref().map(Lock::from_item).transpose();
    lock.map_err(|malformed| malformed.to_string())
}
