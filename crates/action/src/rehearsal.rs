//! What a call would be: taken from the SDK itself, on the way to the wire, so that a plan lists what would be sent and
//! not what somebody wrote down about it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Failure;

/// A call that would be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedCall {
    /// The IAM action that it needs, such as `rds:FailoverGlobalCluster`.
    pub iam_action: String,
    /// The Region that it goes to.
    pub region: String,
    /// Its arguments as they stand on the wire, by the API's own names.
    pub arguments: BTreeMap<String, Value>,
}

/// What stands in a request and is no argument: the operation's name, the API's version, the mark of a dry run, and the
/// token of a single attempt.
const NO_ARGUMENTS: [&str; 4] = ["Action", "Version", "DryRun", "ClientToken"];

/// An interceptor that notes the call which it is added to. Made for one call.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    sent: bool,
    noted: Arc<Mutex<Option<PlannedCall>>>,
}

impl Rehearsal {
    /// Of a call that AWS has no dry run of: it is noted and never sent.
    pub fn unsent() -> Self {
        Self {
            sent: false,
            noted: Arc::default(),
        }
    }

    /// Of a call with `DryRun` set: it is noted, and sent as the dry run that it is.
    pub fn dry_run() -> Self {
        Self {
            sent: true,
            noted: Arc::default(),
        }
    }

    /// The call that would be made, after the SDK has come back with `result`.
    ///
    /// # Errors
    /// What AWS says against it in a dry run, or why the SDK can't make such a request at all.
    pub fn call<T, E>(&self, result: Result<T, SdkError<E, HttpResponse>>) -> Result<PlannedCall, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (result.map_err(Failure::from), noted) {
            (Err(failure), Some(call)) if !self.sent || failure.is(&["DryRunOperation"]) => Ok(call),
            (Err(failure), _) => Err(failure),
            // A dry run answers with an error, whatever it finds (AWSEC2/latest/APIReference/API_RunInstances.html, DryRun).
            (Ok(_), _) => Err(Failure::malformed("a dry run answered without DryRunOperation")),
        }
    }
}

/// The call is on paper only.
#[derive(Debug, thiserror::Error)]
#[error("a call of plan mode, which is not sent")]
struct NotSent;

#[dyn_dispatch_hint]
impl Intercept for Rehearsal {
    fn name(&self) -> &'static str {
        "Rehearsal"
    }

    // Before any attempt, so that nothing is signed, sent or tried again.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let service = match cfg.load::<SigningName>().map(AsRef::<str>::as_ref).unwrap_or_default() {
            // CloudWatch signs by another name than IAM has for it (Service Authorization Reference, "Amazon CloudWatch").
            "monitoring" => "cloudwatch",
            service => service,
        };
        let operation = cfg
            .load::<Metadata>()
            .map(|metadata| metadata.name().to_owned())
            .unwrap_or_default();
        let call = PlannedCall {
            iam_action: format!("{service}:{operation}"),
            region: cfg.load::<SigningRegion>().map(AsRef::<str>::as_ref).unwrap_or_default().to_owned(),
            arguments: arguments(context.request()),
        };
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        if self.sent { Ok(()) } else { Err(NotSent.into()) }
    }
}

/// The arguments in the body: a form where the API is a query API (RDS, EC2, Auto Scaling, Elastic Load Balancing), else JSON.
fn arguments(request: &HttpRequest) -> BTreeMap<String, Value> {
    let body = request.body().bytes().unwrap_or_default();
    let form = request.headers().get("content-type") == Some("application/x-www-form-urlencoded");
    let mut arguments: BTreeMap<String, Value> = if form {
        form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect()
    } else {
        serde_json::from_slice(body).unwrap_or_default()
    };
    arguments.retain(|name, _| !NO_ARGUMENTS.contains(&name.as_str()));
    arguments.values_mut().for_each(Value::sort_all_objects);
    arguments
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_rds::Client;
    use aws_sdk_rds::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_rds::operation::failover_global_cluster::FailoverGlobalClusterOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    /// Counts what reaches it, and answers nothing.
    #[derive(Clone, Debug, Default)]
    struct Wire(Arc<AtomicUsize>);

    impl HttpConnector for Wire {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::Relaxed);
            HttpConnectorFuture::ready(Err(ConnectorError::user("no wire here".into())))
        }
    }

    #[tokio::test]
    async fn a_call_on_paper_is_noted_as_it_stands_on_the_wire_and_never_sent() {
        let wire = Wire::default();
        let shared = SharedHttpConnector::new(wire.clone());
        let config = aws_sdk_rds::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-west-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .build();
        let rehearsal = Rehearsal::unsent();
        let request = Client::from_conf(config)
            .failover_global_cluster()
            .global_cluster_identifier("unishop")
            .allow_data_loss(true);
        let answer = request.customize().interceptor(rehearsal.clone()).send().await;
        let call = rehearsal.call(answer).unwrap();
        let arguments = [("GlobalClusterIdentifier", "unishop"), ("AllowDataLoss", "true")];
        assert_eq!(
            call,
            PlannedCall {
                iam_action: "rds:FailoverGlobalCluster".to_owned(),
                region: "us-west-1".to_owned(),
                arguments: arguments.map(|(name, value)| (name.to_owned(), value.into())).into(),
            }
        );
        assert_eq!(wire.0.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_dry_run_that_is_carried_out_is_an_error() {
        let rule = mock!(Client::failover_global_cluster).then_output(|| FailoverGlobalClusterOutput::builder().build());
        let rds = mock_client!(aws_sdk_rds, RuleMode::MatchAny, [&rule]);
        let rehearsal = Rehearsal::dry_run();
        let request = rds.failover_global_cluster().global_cluster_identifier("unishop");
        let answer = request.customize().interceptor(rehearsal.clone()).send().await;
        let failure = rehearsal.call(answer).unwrap_err();
        assert!(failure.to_string().contains("DryRunOperation"), "{failure}");
        assert_eq!(rule.num_calls(), 1);
    }
}
