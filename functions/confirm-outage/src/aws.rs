//! The one call that is this action's alone; the others are those of the crate signals.

use action::aws::Failure;
use action::ids::WorkloadName;
use ledger::{Lock, Machine};

use crate::decide::Holder;
use crate::error::Error;

/// Who holds the lock of `workload`.
pub(crate) async fn holder(dynamodb: &aws_sdk_dynamodb::Client, table: &str, workload: &WorkloadName) -> Result<Holder, Error> {
    let seen = dynamodb
        .get_item()
        .table_name(table)
        .set_key(Some(ledger::lock_key(workload, Machine::Failover)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::GetLock(workload.clone(), Failure::from(error)))?;
    let lock = seen.item.as_ref().map(Lock::from_item).transpose()?;
    Ok(lock.map_or(Holder::Nobody, |lock| Holder::Run(lock.owner)))
}
