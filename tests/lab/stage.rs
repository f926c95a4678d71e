//! What the tests share: a lab, runs in it, and questions to its log.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use action::Effect;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StateValue};
use aws_sdk_sfn::types::ExecutionStatus;
use close_run::Report;
use close_run::report::Step;
use lab::deploy::{self, Sources};
use lab::emulators::Installed;
use lab::gateway::{Entry, Times};
use lab::reach::Reach;
use lab::run::runs;
use lab::world::WORKLOAD;
use lab::{Lab, Settings};
use relight_tests::{functions, root};
use serde_json::{Value, json};

const RUN_WITHIN: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What `cargo xtask test` tells these tests.
pub(crate) fn given(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test`"))
}

/// The settings of a lab as `cargo xtask test` sets it up.
pub(crate) fn settings() -> Settings {
    let installed = Installed {
        ministack: given("RELIGHT_MINISTACK"),
        moto: given("RELIGHT_MOTO"),
    };
    Settings::new(
        installed,
        Sources {
            repository: root(),
            artifact: given("RELIGHT_ARTIFACT"),
        },
    )
}

/// The settings of a lab in which AWS needs no time.
pub(crate) fn at_once() -> Settings {
    Settings {
        times: Times::NONE,
        starting: Duration::ZERO,
        ..settings()
    }
}

/// A lab, and how it is reached.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) reach: Reach,
}

impl Stage {
    pub(crate) async fn set(settings: &Settings) -> Self {
        let lab = Lab::start(settings, |_| {}).await.expect("a lab");
        let reach = lab.reach().expect("the lab's addresses");
        Self { lab, reach }
    }

    /// Uploads the plan with one text of it replaced by another.
    pub(crate) async fn change_plan(&self, from: &str, to: &str) {
        assert!(self.lab.plan.contains(from), "the plan has no {from}:\n{}", self.lab.plan);
        self.upload_plan(&self.lab.plan.replacen(from, to, 1)).await;
    }

    pub(crate) async fn upload_plan(&self, plan: &str) {
        let config = self.reach.config().expect("a configuration");
        deploy::put(
            &config,
            &self.reach.bucket,
            &format!("plans/{WORKLOAD}.toml"),
            plan.as_bytes().to_vec(),
        )
        .await
        .expect("an upload");
    }

    /// Starts the failover machine as a person does, and waits for its end.
    pub(crate) async fn run(&self, input: &Value) -> Ended {
        self.run_of(&self.reach.machine, input).await
    }

    /// Starts `machine`, and waits for its end.
    pub(crate) async fn run_of(&self, machine: &str, input: &Value) -> Ended {
        let client = aws_sdk_sfn::Client::new(&self.reach.looking().expect("a configuration"));
        let started = client
            .start_execution()
            .state_machine_arn(machine)
            .input(input.to_string())
            .send()
            .await
            .expect("an execution");
        let id = started.execution_arn().rsplit(':').next().unwrap_or_default().to_owned();
        self.ended_of(machine, &id).await
    }

    /// Starts `machine` under a name of our own.
    pub(crate) async fn start(&self, machine: &str, run: &str, input: &Value) {
        let client = aws_sdk_sfn::Client::new(&self.reach.looking().expect("a configuration"));
        client
            .start_execution()
            .state_machine_arn(machine)
            .name(run)
            .input(input.to_string())
            .send()
            .await
            .expect("an execution");
    }

    /// Waits for a failover's end and reads its report.
    pub(crate) async fn ended(&self, id: &str) -> Ended {
        self.ended_of(&self.reach.machine, id).await
    }

    pub(crate) async fn ended_of(&self, machine: &str, id: &str) -> Ended {
        let begun = Instant::now();
        let client = aws_sdk_sfn::Client::new(&self.reach.looking().expect("a configuration"));
        loop {
            let run = runs(&self.reach, machine)
                .await
                .expect("the runs")
                .into_iter()
                .find(|run| run.id == id)
                .expect("the run");
            if run.status != ExecutionStatus::Running {
                let described = client
                    .describe_execution()
                    .execution_arn(&run.arn)
                    .send()
                    .await
                    .expect("the execution");
                return Ended {
                    status: run.status,
                    error: described.error().map(str::to_owned),
                    cause: described.cause().unwrap_or_default().to_owned(),
                    output: described
                        .output()
                        .and_then(|output| serde_json::from_str(output).ok())
                        .unwrap_or_default(),
                    report: self.report(id).await,
                };
            }
            assert!(begun.elapsed() < RUN_WITHIN, "run {id} didn't end within {RUN_WITHIN:?}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn report(&self, id: &str) -> Option<Report> {
        let config = self.reach.config().expect("a configuration");
        let key = format!("reports/{WORKLOAD}/{id}.json");
        let object = lab::clients::s3(&config)
            .get_object()
            .bucket(&self.reach.bucket)
            .key(key)
            .send()
            .await
            .ok()?;
        let bytes = object.body.collect().await.expect("the report's bytes").to_vec();
        Some(serde_json::from_slice(&bytes).expect("a report"))
    }

    /// Puts looks of the probe into its metric, `x` failed and `.` passed, ten seconds apart, the last of them now.
    pub(crate) async fn looked(&self, marks: &str) {
        let client = aws_sdk_cloudwatch::Client::new(&self.reach.looking().expect("a configuration"));
        let now = action::clock::now().as_second();
        for (mark, back) in marks.chars().rev().zip(0_i64..) {
            let dimension = Dimension::builder().name("Workload").value("unishop").build();
            let datum = MetricDatum::builder()
                .metric_name("ProbeFailed")
                .dimensions(dimension)
                .timestamp(DateTime::from_secs(now - 10 * back))
                .value(if mark == 'x' { 1.0 } else { 0.0 })
                .storage_resolution(1);
            client
                .put_metric_data()
                .namespace("Relight")
                .metric_data(datum.build())
                .send()
                .await
                .expect("a metric");
        }
    }

    pub(crate) fn log(&self) -> Vec<Arc<Entry>> {
        self.lab.gateway().log().snapshot()
    }

    /// What the functions asked AWS to change of the workload and did get, leaving out Relight's own books.
    pub(crate) fn changes(&self) -> BTreeSet<String> {
        let changing: BTreeSet<&str> = functions()
            .iter()
            .flat_map(|function| function.calls)
            .filter(|call| call.effect == Effect::Change)
            .map(|call| call.iam_action)
            .collect();
        let books = [
            "dynamodb:",
            "s3:PutObject",
            "sns:Publish",
            "states:StartExecution",
            "states:SendTaskSuccess",
            "cloudwatch:PutMetricData",
        ];
        self.log()
            .iter()
            .filter(|entry| entry.caller != "lab" && !entry.dry_run && entry.succeeded())
            .map(|entry| entry.iam_action())
            .filter(|action| changing.contains(action.as_str()) && !books.iter().any(|book| action.starts_with(book)))
            .collect()
    }
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: ExecutionStatus,
    pub(crate) error: Option<String>,
    pub(crate) cause: String,
    pub(crate) output: Value,
    pub(crate) report: Option<Report>,
}

impl Ended {
    /// The report, without which the execution's own cause is all that there is to say.
    pub(crate) fn reported(&self) -> Report {
        let report = self.report.clone();
        report.unwrap_or_else(|| panic!("no report: {:?} {:?}: {}", self.status, self.error, self.cause))
    }
}

impl Stage {
    /// What functions asked of control planes that may be away with the primary Region.
    pub(crate) fn asked_far(&self) -> Vec<Arc<Entry>> {
        const FAR: [&str; 4] = ["route53", "cloudfront", "iam", "globalaccelerator"];
        let by_functions = self
            .log()
            .into_iter()
            .filter(|entry| entry.caller != "lab" && entry.caller != "site");
        by_functions.filter(|entry| FAR.contains(&entry.service.as_str())).collect()
    }
}

/// The step of that name.
pub(crate) fn step<'a>(report: &'a Report, name: &str) -> &'a Step {
    let found = report.steps.iter().find(|step| step.name == name);
    found.unwrap_or_else(|| panic!("no step {name}: {:?}", report.steps))
}

/// What a person types to have the site recovered.
pub(crate) fn execute() -> Value {
    json!({"workload": WORKLOAD, "mode": "execute", "trigger": {"kind": "person", "who": "on call", "why": "test"}})
}

/// An alarm of unishop as EventBridge delivers it.
pub(crate) fn alarm(state: &str, at: &str) -> Value {
    let arn = "arn:aws:cloudwatch:us-west-1:000000000000:alarm:relight-unishop-primary-down";
    json!({
        "version": "0", "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92", "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch", "account": "000000000000", "time": at, "region": "us-west-1", "resources": [arn],
        "detail": {
            "alarmName": "relight-unishop-primary-down",
            "state": {"value": state, "reason": "test", "reasonData": "{}", "timestamp": at},
            "previousState": {"value": "OK", "reason": "test", "timestamp": "2026-11-20T10:00:00.000+0000"},
            "configuration": {"alarmRule": "ALARM(\"relight-unishop-probe-failing\")"},
        },
    })
}

/// Puts the alarms on failing looks and on the primary into `state`, in which they stay until the probe's metric has points.
pub(crate) async fn set_alarm(stage: &Stage, state: StateValue) {
    let client = aws_sdk_cloudwatch::Client::new(&stage.reach.looking().expect("a configuration"));
    for name in ["relight-unishop-probe-failing", "relight-unishop-primary-down"] {
        client
            .set_alarm_state()
            .alarm_name(name)
            .state_value(state.clone())
            .state_reason("test")
            .send()
            .await
            .expect("an alarm");
    }
}

/// What start-recovery gives a run that an alarm starts.
pub(crate) fn by_alarm() -> Value {
    json!({
        "workload": "unishop",
        "mode": "execute",
        "trigger": {
            "kind": "alarm",
            "alarm": "relight-unishop-primary-down",
            "alarmAt": action::clock::now(),
            "incidentAt": null,
            "reason": "test",
        },
    })
}
