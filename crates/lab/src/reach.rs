//! How a lab is reached: written down for other processes, and all that the demo and the tests know of a lab.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::sdk_config::SdkConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clients;
use crate::gateway::{Outage, Remote, Times};
use crate::world::{RECOVERY, WORKLOAD};

/// A lab's addresses and names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reach {
    /// The lab's process.
    pub pid: u32,
    /// What `AWS_ENDPOINT_URL` is set to: the gateway.
    pub endpoint: String,
    /// The gateway's address, under which its control API is.
    pub gateway: SocketAddr,
    /// MiniStack itself, for looking without leaving a trace in the gateway's log.
    pub behind_the_gateway: String,
    /// The site in the primary Region.
    pub primary_site: String,
    /// The site in the recovery Region.
    pub recovery_site: String,
    /// The name that users use, which leads to one of the two.
    pub public_site: String,
    /// How long AWS's waiting states last here.
    pub times: Times,
    /// The engine's bucket of plans and reports.
    pub bucket: String,
    /// The failover machine.
    pub machine: String,
    /// The machine that refreshes images.
    pub refresh_machine: String,
    /// The machine that checks readiness.
    pub readiness_machine: String,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name of the error, if it was one.
    pub error: Option<String>,
    /// The reply, or the error's text.
    pub payload: Value,
}

impl Reach {
    /// Reads what [`Reach::write`] wrote.
    ///
    /// # Errors
    /// When there is no such file or it is no lab's.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("parse {}", path.display()))
    }

    /// Writes down how the lab is reached.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).context("write JSON")?;
        // In one step, so that who waits for the file never reads half of it.
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, text).with_context(|| format!("write {}", unfinished.display()))?;
        std::fs::rename(&unfinished, path).with_context(|| format!("write {}", path.display()))
    }

    /// Configuration for the lab's own calls to the recovery Region, by way of the gateway.
    ///
    /// # Errors
    /// Never in practice; see [`clients::config`].
    pub fn config(&self) -> Result<SdkConfig> {
        clients::config(&self.endpoint, RECOVERY, clients::LAB)
    }

    /// Configuration for looking at the recovery Region past the gateway.
    ///
    /// # Errors
    /// Never in practice; see [`clients::config`].
    pub fn looking(&self) -> Result<SdkConfig> {
        clients::config(&self.behind_the_gateway, RECOVERY, clients::LAB)
    }

    /// Takes a Region away: its endpoints hang, its site refuses, its replication ends. Or brings it back.
    ///
    /// # Errors
    /// When the lab is gone.
    pub async fn set_lost(&self, region: &str, lost: bool) -> Result<()> {
        let remote = Remote::new(self.gateway);
        if lost {
            remote.begin_outage(region, Outage::Hang).await?
        } else {
            remote.end_outage(region).await?
        };
        Ok(())
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// When it can't be invoked. That the function fails is an [`Answer`].
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Answer> {
        let reply = aws_sdk_lambda::Client::new(&self.looking()?)
            .invoke()
            .function_name(format!("relight-{function}"))
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .with_context(|| format!("invoke {function}"))?;
        let payload: Value = serde_json::from_slice(reply.payload().context("the function answered nothing")?.as_ref())
            .context("parse the function's answer")?;
        let failed = reply.function_error().is_some();
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(if failed {
            Answer {
                error: text("errorType"),
                payload: Value::from(text("errorMessage")),
            }
        } else {
            Answer { error: None, payload }
        })
    }

    /// Invokes the probe as its schedule does, for the minute that the schedule lets pass before it first fires.
    ///
    /// # Errors
    /// When the function doesn't take the event.
    pub async fn begin_probing(&self) -> Result<()> {
        let payload = serde_json::json!({"purpose": "probe", "workload": WORKLOAD, "site": "primary"});
        aws_sdk_lambda::Client::new(&self.looking()?)
            .invoke()
            .function_name("relight-smoke-test")
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .context("invoke the probe")?;
        Ok(())
    }
}
