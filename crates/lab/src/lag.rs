//! Aurora's replication lag as CloudWatch would have it: a figure every few seconds while the primary Region is there,
//! and none after.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clients;
use crate::world::{RECOVERY, RECOVERY_CLUSTER};

const PERIOD: Duration = Duration::from_secs(5);
/// Milliseconds, in turn: about what Aurora shows between two Regions of one continent (aurora-global-database.html:
/// "typically under a second").
const LAGS: [f64; 5] = [412.0, 655.0, 387.0, 820.0, 538.0];

/// Publishes the lag until it is dropped, and only while `lost` is false.
#[derive(Debug)]
pub(crate) struct Lag(JoinHandle<()>);

impl Lag {
    /// Publishes the first figure and goes on, straight to MiniStack, so that the gateway's log stays free of it.
    ///
    /// # Errors
    /// Never in practice; see [`clients::config`].
    pub(crate) async fn publish(ministack: &str, lost: watch::Receiver<bool>) -> anyhow::Result<Self> {
        let client = aws_sdk_cloudwatch::Client::new(&clients::config(ministack, RECOVERY, clients::LAB)?);
        // There has been a figure for long: a run that starts at once finds one that is older than itself.
        put(&client, LAGS[0], SystemTime::now() - 12 * PERIOD).await;
        Ok(Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PERIOD);
            for lag in LAGS.into_iter().cycle() {
                ticks.tick().await;
                if !*lost.borrow() {
                    put(&client, lag, SystemTime::now()).await;
                }
            }
        })))
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn put(client: &aws_sdk_cloudwatch::Client, lag: f64, at: SystemTime) {
    let datum = |name: &str| {
        MetricDatum::builder()
            .metric_name(name)
            .dimensions(Dimension::builder().name("DBClusterIdentifier").value(RECOVERY_CLUSTER).build())
            .unit(StandardUnit::Milliseconds)
            .value(lag)
            .timestamp(at.into())
            .build()
    };
    // A figure that is lost is what happens on AWS too; the next one comes.
    let _lost = client
        .put_metric_data()
        .namespace("AWS/RDS")
        .metric_data(datum("AuroraGlobalDBRPOLag"))
        .metric_data(datum("AuroraGlobalDBReplicationLag"))
        .send()
        .await;
}
