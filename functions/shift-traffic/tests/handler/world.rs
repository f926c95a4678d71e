//! What AWS answers, and what it was asked to change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataOutput;
use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm, StateValue};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_route53recoverycluster::error::ErrorMetadata;
use aws_sdk_route53recoverycluster::operation::get_routing_control_state::{GetRoutingControlStateError, GetRoutingControlStateOutput};
use aws_sdk_route53recoverycluster::operation::update_routing_control_states::{
    UpdateRoutingControlStatesError, UpdateRoutingControlStatesOutput,
};
use aws_sdk_route53recoverycluster::types::RoutingControlState;
use aws_sdk_ssm::operation::get_parameter::GetParameterOutput;
use aws_sdk_ssm::operation::put_parameter::PutParameterOutput;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use ledger::{Item, KeptTraffic, KeptValue};
use places::Places;
use plan::RoutingEndpoint;
use serde_json::{Value, json};
use shift_traffic::error::Error;
use shift_traffic::io::Reply;
use shift_traffic::{Clients, Routing, handle};

/// How an endpoint of routing controls answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// It says that it is unavailable.
    Away,
    /// It tells states, and takes no update.
    Looks,
    /// A safety rule forbids updates.
    SafetyRule,
}

#[derive(Default)]
struct State {
    alarm: Option<String>,
    parameter: Option<String>,
    controls: BTreeMap<&'static str, String>,
    endpoints: BTreeMap<String, Answers>,
    items: BTreeMap<String, Item>,
    made: Vec<String>,
}

/// AWS as a test has it.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn alarm(&self, state: &str) {
        self.0.lock().unwrap().alarm = Some(state.to_owned());
    }

    pub(crate) fn parameter(&self, value: &str) {
        self.0.lock().unwrap().parameter = Some(value.to_owned());
    }

    pub(crate) fn controls(&self, primary: &str, recovery: &str) {
        self.0.lock().unwrap().controls = [("east", primary.to_owned()), ("west", recovery.to_owned())].into();
    }

    pub(crate) fn endpoint(&self, region: &str, answers: Answers) {
        self.0.lock().unwrap().endpoints.insert(region.to_owned(), answers);
    }

    pub(crate) fn keep(&self, states: &[(&str, &str)]) {
        let kept = KeptTraffic {
            work: "unishop-1".parse().unwrap(),
            states: states.iter().map(|(of, state)| ((*of).to_owned(), (*state).to_owned())).collect(),
            seen_at: "2026-11-21T03:15:00Z".parse().unwrap(),
        };
        let item = kept.to_item(&"unishop".parse().unwrap());
        self.0.lock().unwrap().items.insert("traffic".to_owned(), item);
    }

    pub(crate) fn made(&self) -> Vec<String> {
        self.0.lock().unwrap().made.clone()
    }

    pub(crate) async fn asked(&self, mode: &str, to: &str, traffic: Value) -> Result<Reply, Error> {
        self.asked_at(mode, to, traffic, "2026-11-21T03:15:02Z").await
    }

    pub(crate) async fn asked_at(&self, mode: &str, to: &str, traffic: Value, now: &str) -> Result<Reply, Error> {
        let request = json!({
            "mode": mode,
            "run": "unishop-1",
            "workload": "unishop",
            "traffic": traffic,
            "to": to,
            "since": "2026-11-21T03:15:00Z",
            "deadline": "2026-11-21T03:30:00Z",
        });
        handle(serde_json::from_value(request).unwrap(), &self.clients(), now.parse().unwrap()).await
    }

    fn clients(&self) -> Clients {
        let world = self.clone();
        Clients {
            cloudwatch: self.cloudwatch(),
            places: Places {
                ssm: self.ssm(),
                s3: SdkConfig::builder().region(Region::from_static("us-west-1")).build(),
                dynamodb: self.dynamodb(),
                ledger: "relight-ledger".to_owned(),
            },
            routing: Routing {
                client: Arc::new(move |endpoint| world.routing(endpoint)),
                order: |_| {},
            },
        }
    }

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        let (seen, put) = (self.clone(), self.clone());
        let alarms = mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_output(move || {
            let state = seen.0.lock().unwrap().alarm.clone();
            let alarm = state.map(|state| {
                MetricAlarm::builder()
                    .alarm_name("relight-unishop-traffic")
                    .namespace("Relight")
                    .metric_name("RecoveryServes")
                    .dimensions(Dimension::builder().name("Workload").value("unishop").build())
                    .state_value(StateValue::from(state.as_str()))
                    .build()
            });
            DescribeAlarmsOutput::builder()
                .set_metric_alarms(Some(alarm.into_iter().collect()))
                .build()
        });
        let puts = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
            .match_requests(move |input| {
                let datum = &input.metric_data()[0];
                let dimension = &datum.dimensions()[0];
                put.0.lock().unwrap().made.push(format!(
                    "put {} {} {}={} {} every {} s",
                    input.namespace().unwrap(),
                    datum.metric_name().unwrap(),
                    dimension.name().unwrap(),
                    dimension.value().unwrap(),
                    datum.value().unwrap(),
                    datum.storage_resolution().unwrap(),
                ));
                true
            })
            .then_output(|| PutMetricDataOutput::builder().build());
        mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&alarms, &puts], |config| config
            .region(aws_sdk_cloudwatch::config::Region::new("us-west-1")))
    }

    fn ssm(&self) -> aws_sdk_ssm::Client {
        let (seen, put) = (self.clone(), self.clone());
        let get = mock!(aws_sdk_ssm::Client::get_parameter).then_output(move || {
            let value = seen.0.lock().unwrap().parameter.clone();
            let parameter = Parameter::builder().r#type(ParameterType::String).set_value(value).build();
            GetParameterOutput::builder().parameter(parameter).build()
        });
        let puts = mock!(aws_sdk_ssm::Client::put_parameter)
            .match_requests(move |input| {
                let mut state = put.0.lock().unwrap();
                let value = input.value().unwrap();
                state.made.push(format!("put {} {value}", input.name().unwrap()));
                state.parameter = Some(value.to_owned());
                true
            })
            .then_output(|| PutParameterOutput::builder().build());
        mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&get, &puts], |config| config
            .region(aws_sdk_ssm::config::Region::new("us-west-1")))
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let (seen, asked, put) = (self.clone(), Arc::new(Mutex::new(String::new())), self.clone());
        let asking = asked.clone();
        let get = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(move |input| {
                *asking.lock().unwrap() = input.key().unwrap()["sk"].as_s().unwrap().clone();
                true
            })
            .then_output(move || {
                let item = seen.0.lock().unwrap().items.get(asked.lock().unwrap().as_str()).cloned();
                GetItemOutput::builder().set_item(item).build()
            });
        let puts = mock!(aws_sdk_dynamodb::Client::put_item)
            .match_requests(move |input| {
                let item = input.item().unwrap();
                let sk = item["sk"].as_s().unwrap().clone();
                let words = match KeptTraffic::from_item(item) {
                    Ok(kept) => {
                        let states: Vec<String> = kept.states.iter().map(|(of, state)| format!("{of} {state}")).collect();
                        format!("keep {}", states.join(", "))
                    }
                    Err(_) => {
                        let kept = KeptValue::from_item(item).unwrap();
                        format!("keep place {} {}", kept.place, kept.was.unwrap().text)
                    }
                };
                let mut state = put.0.lock().unwrap();
                state.made.push(words);
                // As the condition has it: the first look of a chain is kept.
                state.items.entry(sk).or_insert_with(|| item.clone());
                true
            })
            .then_output(|| PutItemOutput::builder().build());
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &puts], |config| config
            .region(aws_sdk_dynamodb::config::Region::new("us-west-1")))
    }

    fn routing(&self, endpoint: &RoutingEndpoint) -> aws_sdk_route53recoverycluster::Client {
        let region = endpoint.region.to_string();
        let answers = self.0.lock().unwrap().endpoints.get(&region).copied();
        let unavailable = || {
            ErrorMetadata::builder()
                .code("EndpointTemporarilyUnavailableException")
                .message("try another")
                .build()
        };
        let state_of = |which: &'static str| {
            let seen = self.clone();
            let matching = mock!(aws_sdk_route53recoverycluster::Client::get_routing_control_state)
                .match_requests(move |input| input.routing_control_arn().is_some_and(|arn| arn.ends_with(which)));
            if answers == Some(Answers::Away) {
                return matching.then_error(move || GetRoutingControlStateError::generic(unavailable()));
            }
            matching.then_output(move || {
                let state = seen.0.lock().unwrap().controls[which].clone();
                GetRoutingControlStateOutput::builder()
                    .routing_control_arn(which)
                    .routing_control_state(RoutingControlState::from(state.as_str()))
                    .build()
                    .unwrap()
            })
        };
        let taken = self.clone();
        let matching = mock!(aws_sdk_route53recoverycluster::Client::update_routing_control_states).match_requests(move |input| {
            if answers.is_some() {
                return true;
            }
            assert!(input.safety_rules_to_override().is_empty());
            let mut state = taken.0.lock().unwrap();
            for entry in input.update_routing_control_state_entries() {
                let which = if entry.routing_control_arn().ends_with("east") {
                    "east"
                } else {
                    "west"
                };
                state.controls.insert(which, entry.routing_control_state().as_str().to_owned());
            }
            let words = format!(
                "{region} updates primary {}, recovery {}",
                state.controls["east"], state.controls["west"]
            );
            state.made.push(words);
            true
        });
        let update = match answers {
            None => matching.then_output(|| UpdateRoutingControlStatesOutput::builder().build()),
            Some(Answers::SafetyRule) => matching.then_error(|| {
                let conflict = ErrorMetadata::builder()
                    .code("ConflictException")
                    .message("rule at-least-one")
                    .build();
                UpdateRoutingControlStatesError::generic(conflict)
            }),
            Some(Answers::Away | Answers::Looks) => matching.then_error(move || UpdateRoutingControlStatesError::generic(unavailable())),
        };
        let region = aws_sdk_route53recoverycluster::config::Region::new(endpoint.region.to_string());
        mock_client!(
            aws_sdk_route53recoverycluster,
            RuleMode::MatchAny,
            [&state_of("east"), &state_of("west"), &update],
            |config| config.region(region.clone())
        )
    }
}
