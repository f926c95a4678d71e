//! Every SDK call of this action; returns our types.

use action::aws::Failure;
use action::ids::ClusterArn;
use aurora::{GlobalCluster, ObserveError};
use aws_sdk_rds::types::Filter;
use jiff::Timestamp;

use crate::Clients;
use crate::decide::{Cluster, Global, Instance, Key, Seen};
use crate::error::Error;
use crate::io::Request;

/// The clusters one after the other, then what hangs on them side by side.
pub(crate) async fn observe(clients: &Clients, request: &Request, now: Timestamp) -> Result<Seen, Error> {
    let arn = &request.database.recovery_cluster;
    let global = global(&clients.rds, request).await?;
    let cluster = cluster(&clients.rds, arn).await?;
    let key = cluster.as_ref().and_then(|cluster| cluster.key.clone());
    let (instances, lag, key) = tokio::join!(
        instances(&clients.rds, arn),
        choose_promotion::lag(&clients.cloudwatch, arn, now),
        self::key(&clients.kms, key),
    );
    Ok(Seen {
        global,
        cluster,
        instances,
        lag: lag.map_err(|failure| format!("read the lag: {failure}")),
        key,
    })
}

async fn global(rds: &aws_sdk_rds::Client, request: &Request) -> Result<Option<Global>, Error> {
    let id = &request.database.global_cluster;
    let answer = rds.describe_global_clusters().global_cluster_identifier(id.as_str()).send().await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["GlobalClusterNotFoundFault"]) => return Ok(None),
        Err(failure) => return Err(ObserveError::GlobalCluster(id.clone(), failure).into()),
    };
    let Some(found) = answer.global_clusters().first() else {
        return Ok(None);
    };
    Ok(Some(Global {
        cluster: GlobalCluster::read(id, found)?,
        protected: found.deletion_protection() == Some(true),
    }))
}

async fn cluster(rds: &aws_sdk_rds::Client, arn: &ClusterArn) -> Result<Option<Cluster>, Error> {
    let answer = rds.describe_db_clusters().db_cluster_identifier(arn.as_str()).send().await;
    let answer = match answer.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["DBClusterNotFoundFault"]) => return Ok(None),
        Err(failure) => return Err(ObserveError::Cluster(arn.clone(), failure).into()),
    };
    Ok(answer.db_clusters().first().map(|found| Cluster {
        cluster: aurora::Cluster::read(found),
        protected: found.deletion_protection() == Some(true),
        key: found.kms_key_id().filter(|key| !key.is_empty()).map(str::to_owned),
    }))
}

/// A page holds 100 instances, and a cluster 16 (model: DescribeDBInstancesMessage; AuroraUserGuide/CHAP_Limits.html).
async fn instances(rds: &aws_sdk_rds::Client, arn: &ClusterArn) -> Result<Vec<Instance>, String> {
    let answer = rds
        .describe_db_instances()
        .filters(Filter::builder().name("db-cluster-id").values(arn.identifier()).build())
        .send()
        .await
        .map_err(|error| format!("describe the instances of {arn}: {}", Failure::from(error)))?;
    let text = |value: Option<&str>| value.unwrap_or("unknown").to_owned();
    Ok(answer
        .db_instances()
        .iter()
        .map(|found| Instance {
            id: text(found.db_instance_identifier()),
            class: text(found.db_instance_class()),
            status: text(found.db_instance_status()),
        })
        .collect())
}

/// The key's state; none for a cluster without a key. A key that isn't there is a state, too.
async fn key(kms: &aws_sdk_kms::Client, id: Option<String>) -> Result<Option<Key>, String> {
    let Some(id) = id else {
        return Ok(None);
    };
    let state = match kms.describe_key().key_id(&id).send().await.map_err(Failure::from) {
        Ok(answer) => answer
            .key_metadata()
            .and_then(|found| found.key_state())
            .map_or("of unknown state", |state| state.as_str())
            .to_owned(),
        Err(failure) if failure.is(&["NotFoundException"]) => "not there".to_owned(),
        Err(failure) => return Err(format!("describe key {id}: {failure}")),
    };
    Ok(Some(Key { id, state }))
}
