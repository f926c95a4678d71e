//! A recovery Region in miniature behind the SDK's clients: it launches, honours client tokens, lacks capacity where it
//! is told to, and writes down every call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use action::{ErrorName, NamedError, chain};
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::types::{Address, CapacityReservation, ImageState, Instance, InstanceState, InstanceStateName, InstanceType, Tag};
use aws_sdk_elasticloadbalancingv2::operation::{
    describe_target_groups::DescribeTargetGroupsOutput, describe_target_health::DescribeTargetHealthOutput,
    register_targets::RegisterTargetsOutput,
};
use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetGroup, TargetHealth, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum, TargetTypeEnum,
};
use aws_sdk_ssm::operation::get_parameter::GetParameterOutput;
use aws_sdk_ssm::types::Parameter;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use launch_instances::io::{Reply, Request};
use launch_instances::{Clients, handle};
use serde_json::{Value, json};

pub(crate) const A: &str = "subnet-0000000a";
pub(crate) const B: &str = "subnet-0000000b";
pub(crate) const IMAGE: &str = "ami-0123456789abcdef0";
pub(crate) const ADDRESS: &str = "eipalloc-0123456789abcdef0";
pub(crate) const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-1:123456789012:targetgroup/shop/0123456789abcdef";
pub(crate) const SINCE: i64 = 1_000;
pub(crate) const DEADLINE: i64 = 2_000;

/// What the Region is like, and what was asked of it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) calls: Vec<String>,
    pub(crate) runs: Vec<aws_sdk_ec2::operation::run_instances::RunInstancesInput>,
    pub(crate) instances: Vec<Instance>,
    /// How many of the instances DescribeInstances doesn't show yet, the newest first.
    pub(crate) unlisted: usize,
    /// The state of a new instance.
    pub(crate) born: InstanceStateName,
    pub(crate) checks: (&'static str, &'static str),
    /// Error codes of RunInstances by type, subnet, or both (`m7g.large subnet-…`).
    pub(crate) refusals: BTreeMap<&'static str, (u16, &'static str)>,
    pub(crate) pointer: Option<&'static str>,
    pub(crate) image_state: Option<ImageState>,
    pub(crate) template: Result<bool, &'static str>,
    pub(crate) subnets: Vec<(&'static str, &'static str)>,
    pub(crate) offered: Vec<(&'static str, &'static str)>,
    pub(crate) address: Option<Address>,
    pub(crate) target_groups: Vec<TargetGroup>,
    pub(crate) registered: Vec<String>,
    pub(crate) target_state: TargetHealthStateEnum,
    pub(crate) reservation: Option<CapacityReservation>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            calls: vec![],
            runs: vec![],
            instances: vec![],
            unlisted: 0,
            born: InstanceStateName::Running,
            checks: ("ok", "ok"),
            refusals: BTreeMap::new(),
            pointer: Some(IMAGE),
            image_state: Some(ImageState::Available),
            template: Ok(false),
            subnets: vec![(A, "us-west-1a"), (B, "us-west-1b")],
            offered: ["m7g.large", "m6g.large"]
                .into_iter()
                .flat_map(|name| [(name, "us-west-1a"), (name, "us-west-1b")])
                .collect(),
            address: Some(address("", "")),
            target_groups: vec![
                TargetGroup::builder()
                    .target_type(TargetTypeEnum::Instance)
                    .vpc_id("vpc-1")
                    .load_balancer_arns("lb")
                    .build(),
            ],
            registered: vec![],
            target_state: TargetHealthStateEnum::Healthy,
            reservation: None,
        }
    }
}

pub(crate) fn address(instance: &str, interface: &str) -> Address {
    Address::builder()
        .allocation_id(ADDRESS)
        .public_ip("203.0.113.7")
        .instance_id(instance)
        .network_interface_id(interface)
        .build()
}

/// An instance as EC2 would have it after a launch with `token`, in which only its state matters.
pub(crate) fn instance(id: &str, workload: &str, token: &str, state: InstanceStateName) -> Instance {
    Instance::builder()
        .instance_id(id)
        .client_token(token)
        .image_id(IMAGE)
        .instance_type(InstanceType::M7gLarge)
        .subnet_id(A)
        .private_ip_address("10.0.0.5")
        .state(InstanceState::builder().name(state).build())
        .tags(Tag::builder().key("relight:workload").value(workload).build())
        .build()
}

/// A Region; clones share it.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn with(change: impl FnOnce(&mut State)) -> Self {
        let world = Self::default();
        world.change(change);
        world
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// The calls since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.change(|state| std::mem::take(&mut state.calls))
    }

    /// Calls the action at `second`.
    pub(crate) async fn call_at(&self, second: i64, request: &Value) -> Result<Reply, (ErrorName, String)> {
        let request: Request = serde_json::from_value(request.clone()).unwrap();
        let now = jiff::Timestamp::from_second(second).unwrap();
        handle(request, &self.clients(), now)
            .await
            .map_err(|error| (error.name(), chain(&error)))
    }

    pub(crate) async fn call(&self, request: &Value) -> Result<Reply, (ErrorName, String)> {
        self.call_at(SINCE, request).await
    }

    pub(crate) fn see<T>(&self, call: &str, answer: impl FnOnce(&mut State) -> T) -> T {
        self.change(|state| {
            state.calls.push(call.to_owned());
            answer(state)
        })
    }
}

/// A request for `count` instances of two types in two subnets.
pub(crate) fn request(mode: &str, count: u16) -> Value {
    json!({
        "mode": mode, "run": "unishop-1", "workload": "unishop",
        "launch": {
            "launchTemplate": "lt-0123456789abcdef0", "instanceTypes": ["m7g.large", "m6g.large"], "subnets": [A, B], "count": count,
            "elasticIp": null, "targetGroups": [], "capacityReservation": null,
            "securityGroups": [], "image": {"pointer": "/relight/unishop/image"}
        },
        "since": "1970-01-01T00:16:40Z", "deadline": "1970-01-01T00:33:20Z"
    })
}

/// `request` with a field of its launch set.
pub(crate) fn set(mut request: Value, field: &str, value: Value) -> Value {
    request["launch"][field] = value;
    request
}

impl World {
    fn clients(&self) -> Clients {
        Clients {
            ec2: self.ec2(),
            elb: self.elb(),
            ssm: self.ssm(),
        }
    }

    fn ssm(&self) -> aws_sdk_ssm::Client {
        let world = self.clone();
        let get = mock!(aws_sdk_ssm::Client::get_parameter).then_compute_response(move |_| {
            world.see("GetParameter", |state| match state.pointer {
                Some(value) => MockResponse::Output(
                    GetParameterOutput::builder()
                        .parameter(Parameter::builder().value(value).build())
                        .build(),
                ),
                None => MockResponse::Http(HttpResponse::new(
                    400.try_into().unwrap(),
                    SdkBody::from(r#"{"__type":"ParameterNotFound"}"#),
                )),
            })
        });
        mock_client!(aws_sdk_ssm, RuleMode::MatchAny, &[&get])
    }

    fn elb(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        use aws_sdk_elasticloadbalancingv2::Client;
        let world = self.clone();
        let groups = mock!(Client::describe_target_groups).then_compute_response(move |_| {
            world.see("DescribeTargetGroups", |state| match state.target_groups.as_slice() {
                [] => MockResponse::Http(HttpResponse::new(
                    400.try_into().unwrap(),
                    SdkBody::from("<ErrorResponse><Error><Code>TargetGroupNotFound</Code></Error></ErrorResponse>"),
                )),
                groups => MockResponse::Output(
                    DescribeTargetGroupsOutput::builder()
                        .set_target_groups(Some(groups.to_vec()))
                        .build(),
                ),
            })
        });
        let world = self.clone();
        let health = mock!(Client::describe_target_health).then_compute_output(move |input| {
            world.see("DescribeTargetHealth", |state| {
                let all = input.targets().iter().map(|target| {
                    let has = target.id().is_some_and(|id| state.registered.iter().any(|one| one == id));
                    let health = TargetHealth::builder();
                    let health = if has {
                        health.state(state.target_state.clone())
                    } else {
                        health
                            .state(TargetHealthStateEnum::Unused)
                            .reason(TargetHealthReasonEnum::NotRegistered)
                    };
                    TargetHealthDescription::builder()
                        .target(target.clone())
                        .target_health(health.build())
                        .build()
                });
                DescribeTargetHealthOutput::builder()
                    .set_target_health_descriptions(Some(all.collect()))
                    .build()
            })
        });
        let world = self.clone();
        let register = mock!(Client::register_targets).then_compute_output(move |input| {
            world.see("RegisterTargets", |state| {
                state
                    .registered
                    .extend(input.targets().iter().filter_map(TargetDescription::id).map(str::to_owned));
                RegisterTargetsOutput::builder().build()
            })
        });
        mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, &[&groups, &health, &register])
    }
}
