//! The replication lags as CloudWatch would have them, Aurora's and the table's: a figure every few seconds while the primary Region is
//! there, and none after.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clients;
use crate::world::{PRIMARY, RECOVERY, RECOVERY_CLUSTER};

const PERIOD: Duration = Duration::from_secs(5);
/// Milliseconds, in turn: about what Aurora shows between two Regions of one continent (aurora-global-database.html:
/// "typically under a second"), and what a global table does ("usually within a second", GlobalTables).
const LAGS: [f64; 5] = [412.0, 655.0, 387.0, 820.0, 538.0];

/// Publishes the lags until it is dropped, and only while `lost` is false.
#[derive(Debug)]
pub(crate) struct Lag(JoinHandle<()>);

/// Where the figures go: straight to MiniStack, so that the gateway's log stays free of them.
struct Figures {
    home: aws_sdk_cloudwatch::Client,
    away: aws_sdk_cloudwatch::Client,
    table: Option<String>,
}

impl Lag {
    /// Publishes the first figures and goes on; those of the `table` too, if there is one.
    ///
    /// # Errors
    /// Never in practice; see [`clients::config`].
    pub(crate) async fn publish(ministack: &str, lost: watch::Receiver<bool>, table: Option<String>) -> anyhow::Result<Self> {
        let client = |region| clients::config(ministack, region, clients::LAB).map(|config| aws_sdk_cloudwatch::Client::new(&config));
        let figures = Figures {
            home: client(PRIMARY)?,
            away: client(RECOVERY)?,
            table,
        };
        // There has been a figure for long: a run that starts at once finds one that is older than itself.
        figures.put(LAGS[0], SystemTime::now() - 12 * PERIOD).await;
        Ok(Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PERIOD);
            for lag in LAGS.into_iter().cycle() {
                ticks.tick().await;
                if !*lost.borrow() {
                    figures.put(lag, SystemTime::now()).await;
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

impl Figures {
    async fn put(&self, lag: f64, at: SystemTime) {
        let cluster = [("DBClusterIdentifier", RECOVERY_CLUSTER)];
        let aurora = ["AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag"].map(|name| datum(name, &cluster, lag, at));
        put(&self.away, "AWS/RDS", aurora.into()).await;
        let Some(table) = &self.table else {
            return;
        };
        // In the Region that sends, with the one that receives as a dimension (DynamoDB metrics and dimensions).
        for (client, receiving) in [(&self.home, RECOVERY), (&self.away, PRIMARY)] {
            let dimensions = [("TableName", table.as_str()), ("ReceivingRegion", receiving)];
            put(client, "AWS/DynamoDB", vec![datum("ReplicationLatency", &dimensions, lag, at)]).await;
        }
    }
}

fn datum(name: &str, dimensions: &[(&str, &str)], lag: f64, at: SystemTime) -> MetricDatum {
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
    MetricDatum::builder()
        .metric_name(name)
        .set_dimensions(Some(dimensions.collect()))
        .unit(StandardUnit::Milliseconds)
        .value(lag)
        .timestamp(at.into())
        .build()
}

async fn put(client: &aws_sdk_cloudwatch::Client, namespace: &str, data: Vec<MetricDatum>) {
    // A figure that is lost is what happens on AWS too; the next one comes.
    let _lost = client
        .put_metric_data()
        .namespace(namespace)
        .set_metric_data(Some(data))
        .send()
        .await;
}
