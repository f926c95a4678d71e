//! Parameters, objects and a ledger in memory, and what was written to them, in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_ssm::error::ErrorMetadata;
use aws_sdk_ssm::operation::get_parameter::{GetParameterError, GetParameterOutput};
use aws_sdk_ssm::operation::put_parameter::PutParameterOutput;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use bucket::testing::{Asked, Shelf, answering, configured, refusal};
use bucket::{Bucket, Object};
use ledger::{Item, KeptValue};
use places::Places;
use publish_endpoint::error::Error;
use publish_endpoint::io::Reply;
use publish_endpoint::{Clients, handle};
use serde_json::{Value, json};

pub(crate) const DATABASE: &str = "/relight/unishop/database";
pub(crate) const REGION: &str = "/relight/unishop/region";
pub(crate) const CONFIG: &str = "s3://relight-shop-config/config.json";

const PLAN: &str = include_str!("../fixtures/plan.toml");
const ENDPOINTS: &str = r#"
[[endpoints]]
kind = "parameter"
name = "/relight/unishop/database"
value = "{databaseEndpoint}:{databasePort}"

[[endpoints]]
kind = "parameter"
name = "/relight/unishop/region"
value = "{region}"

[[endpoints]]
kind = "object"
bucket = "relight-shop-config"
key = "config.json"
body = '{"db":"{databaseEndpoint}"}'
"#;

#[derive(Default)]
struct State {
    parameters: BTreeMap<String, String>,
    kept: BTreeMap<String, Item>,
    made: Vec<String>,
    looks: usize,
}

pub(crate) struct World {
    pub(crate) shelf: Shelf,
    /// Whether parameters are never as they were written.
    pub(crate) forgetful: bool,
    /// The method that the bucket of the site doesn't allow.
    pub(crate) denied: Option<&'static str>,
    /// Whether the ledger may not be written.
    pub(crate) ledgerless: bool,
    plan: String,
    state: Arc<Mutex<State>>,
}

impl World {
    /// With three endpoints, none of them there yet.
    pub(crate) fn new() -> Self {
        Self::with(ENDPOINTS)
    }

    /// With a plan that has these endpoints.
    pub(crate) fn with(endpoints: &str) -> Self {
        Self {
            shelf: Shelf::default(),
            forgetful: false,
            denied: None,
            ledgerless: false,
            plan: format!("{PLAN}{endpoints}"),
            state: Arc::default(),
        }
    }

    pub(crate) fn holds(&self, name: &str, value: &str) {
        self.state.lock().unwrap().parameters.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.state.lock().unwrap().parameters.get(name).cloned()
    }

    /// Puts the site's configuration there, with a type and a cache control of its own.
    pub(crate) fn shelve(&self, text: &str) {
        let object = Object {
            bytes: text.as_bytes().to_vec(),
            version: None,
            content_type: Some("application/vnd.shop+json".to_owned()),
            cache_control: Some("no-cache".to_owned()),
        };
        self.shelf.put(CONFIG, object);
    }

    pub(crate) fn kept(&self, sort: &str) -> Option<KeptValue> {
        let state = self.state.lock().unwrap();
        state.kept.get(sort).map(|item| KeptValue::from_item(item).unwrap())
    }

    pub(crate) fn made(&self) -> Vec<String> {
        self.state.lock().unwrap().made.clone()
    }

    pub(crate) fn looks(&self) -> usize {
        self.state.lock().unwrap().looks
    }

    pub(crate) async fn asked(&self, mode: &str) -> Result<Reply, Error> {
        self.asked_about(mode, json!({"endpoint": "db.west", "port": 5432})).await
    }

    pub(crate) async fn asked_about(&self, mode: &str, database: Value) -> Result<Reply, Error> {
        let request = json!({
            "mode": mode,
            "run": "unishop-1",
            "workload": "unishop",
            "planVersion": "v1",
            "database": database,
        });
        self.handled(request).await
    }

    pub(crate) async fn handled(&self, request: Value) -> Result<Reply, Error> {
        let clients = Clients {
            bucket: self.plans().0,
            places: Places {
                ssm: self.ssm(),
                s3: self.s3().0,
                dynamodb: self.dynamodb(),
                ledger: "relight-ledger".to_owned(),
            },
            region: "us-west-1".parse().unwrap(),
        };
        let now = "2026-11-21T03:15:02Z".parse().unwrap();
        handle(serde_json::from_value(request).unwrap(), &clients, now).await
    }

    fn plans(&self) -> (Bucket, Asked) {
        let plan = self.plan.clone();
        answering("relight", move |request| match (request.uri().path(), request.uri().query()) {
            ("/plans/unishop.toml", Some("versionId=v1")) => (200, vec![], plan.clone().into_bytes()),
            _ => (404, vec![], refusal("NoSuchKey", "The specified key does not exist.").into_bytes()),
        })
    }

    fn s3(&self) -> (aws_types::SdkConfig, Asked) {
        let (shelf, state, denied) = (self.shelf.clone(), self.state.clone(), self.denied);
        configured(move |request| {
            if denied == Some(request.method().as_str()) {
                let mut response = http::Response::new(refusal("AccessDenied", "Access Denied").into_bytes());
                *response.status_mut() = http::StatusCode::FORBIDDEN;
                return response;
            }
            let mut state = state.lock().unwrap();
            if request.method() == http::Method::PUT {
                let text = String::from_utf8_lossy(request.body());
                state.made.push(format!("put {CONFIG} {text}"));
            } else {
                state.looks += 1;
            }
            shelf.answer(request)
        })
    }

    fn ssm(&self) -> aws_sdk_ssm::Client {
        let state = self.state.clone();
        let get = mock!(aws_sdk_ssm::Client::get_parameter).then_compute_response(move |input| {
            let mut state = state.lock().unwrap();
            state.looks += 1;
            let Some(value) = state.parameters.get(input.name().unwrap()) else {
                let meta = ErrorMetadata::builder().code("ParameterNotFound");
                return MockResponse::Error(GetParameterError::generic(meta.build()));
            };
            let parameter = Parameter::builder().r#type(ParameterType::String).data_type("text").value(value);
            MockResponse::Output(GetParameterOutput::builder().parameter(parameter.build()).build())
        });
        let (state, forgetful) = (self.state.clone(), self.forgetful);
        let put = mock!(aws_sdk_ssm::Client::put_parameter).then_compute_output(move |input| {
            let (name, value) = (input.name().unwrap().to_owned(), input.value().unwrap().to_owned());
            let mut state = state.lock().unwrap();
            state.made.push(format!("put {name} {value}"));
            let value = if forgetful { "what somebody else wrote".to_owned() } else { value };
            state.parameters.insert(name, value);
            PutParameterOutput::builder().build()
        });
        mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&get, &put])
    }

    /// A table that heeds the one condition there is.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let (state, ledgerless) = (self.state.clone(), self.ledgerless);
        let put = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |input| {
            let refused = |code: &str| {
                let meta = aws_sdk_dynamodb::error::ErrorMetadata::builder().code(code);
                MockResponse::Error(PutItemError::generic(meta.build()))
            };
            if ledgerless {
                return refused("AccessDeniedException");
            }
            let item = input.item().unwrap();
            let kept = KeptValue::from_item(item).unwrap();
            let mut state = state.lock().unwrap();
            let sort = format!("place#{}", kept.place);
            let was = kept.was.map_or_else(|| "-".to_owned(), |was| was.text);
            if state.kept.get(&sort).is_some_and(|before| before["work"] == item["work"]) {
                return refused("ConditionalCheckFailedException");
            }
            state.made.push(format!("keep {sort} {was}"));
            state.kept.insert(sort, item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&put])
    }
}
