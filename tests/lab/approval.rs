//! Approval: every ending of the question that an alarm's run asks, by the command that people use.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::ExecutionStatus;
use close_run::Report;
use close_run::report::{Approval, StepOutcome};
use lab::Settings;
use lab::gateway::{Effect, Match, Rule};
use lab::world::PRIMARY;
use ledger::{Verb, Verdict};
use serde_json::{Value, json};

use crate::stage::{Ended, Stage, at_once};

const WITHIN: Duration = Duration::from_secs(60);

/// The command itself, which `cargo test` builds beside the tests.
fn command() -> PathBuf {
    let tests = std::env::current_exe().expect("this test's own file");
    let beside = tests.ancestors().nth(2).expect("the build's folder").join("relight");
    assert!(beside.is_file(), "{} is missing: cargo build --workspace --bins", beside.display());
    beside
}

impl Stage {
    /// What the command prints, and whether it succeeded.
    pub(crate) async fn relight(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(command());
        command
            .args(arguments)
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("AWS_REGION", "us-west-1"), ("AWS_ENDPOINT_URL", self.reach.endpoint.as_str())]);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("a thread").expect("the command");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// How often people were asked.
    fn asked(&self) -> usize {
        let log = self.log();
        log.iter()
            .filter(|entry| entry.caller == "ask-approval" && entry.operation == "Publish" && entry.succeeded())
            .count()
    }

    /// Starts a run as an alarm does, under a name, and waits until it has asked for the `nth` time in this lab.
    async fn asks(&self, run: &str, nth: usize) {
        self.start(&self.reach.machine, run, &by_alarm()).await;
        self.has_asked(nth).await;
    }

    async fn has_asked(&self, nth: usize) {
        let begun = Instant::now();
        while self.asked() < nth {
            assert!(begun.elapsed() < WITHIN, "nobody was asked within {WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn status(&self, run: &str) -> ExecutionStatus {
        let found = lab::run::runs(&self.reach, &self.reach.machine).await.expect("the runs");
        found.into_iter().find(|found| found.id == run).expect("the run").status
    }
}

fn by_alarm() -> Value {
    let trigger = json!({
        "kind": "alarm",
        "alarm": "relight-unishop-primary-down",
        "alarmAt": "2026-11-21T03:15:02Z",
        "incidentAt": null,
        "reason": "test",
    });
    json!({"workload": "unishop", "mode": "execute", "trigger": trigger})
}

/// The report of a run that stopped before it changed anything, and what was said to it.
fn untouched(stage: &Stage, ended: Ended) -> (Report, Approval) {
    assert_eq!(ended.error.as_deref(), Some("Relight.StoppedUntouched"), "{}", ended.cause);
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::StoppedUntouched);
    let approval = report.approval.clone().expect("an approval");
    (report, approval)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_alarms_run_asks_once_and_only_a_yes_in_time_lets_it_change_anything() {
    let settings = Settings {
        // A minute's wait for an answer lasts 15 s.
        wait_scale: "0.25",
        ..at_once()
    };
    let stage = Stage::set(&settings).await;
    let approve = stage.lab.plan.replacen("mode = \"automatic\"", "mode = \"approve\"", 1);
    stage.upload_plan(&approve).await;

    // The alarm starts a run, which asks; what another token says ends nothing; no is no, with who and why.
    let client = aws_sdk_cloudwatch::Client::new(&stage.reach.looking().expect("a configuration"));
    for name in ["relight-unishop-probe-failing", "relight-unishop-primary-down"] {
        let set = client
            .set_alarm_state()
            .alarm_name(name)
            .state_value(StateValue::Alarm)
            .state_reason("test");
        set.send().await.expect("an alarm");
    }
    stage.has_asked(1).await;
    let found = lab::run::runs(&stage.reach, &stage.reach.machine).await.expect("the runs");
    let [only] = found.as_slice() else { panic!("{found:?}") };
    let run = only.id.clone();
    let sfn = aws_sdk_sfn::Client::new(&stage.reach.looking().expect("a configuration"));
    let forged = sfn
        .send_task_success()
        .task_token("00000000-0000-4000-8000-000000000000")
        .output(json!({"answer": "yes"}).to_string());
    assert!(forged.send().await.is_err());
    assert_eq!(stage.status(&run).await, ExecutionStatus::Running);
    let (taken, said) = stage.relight(&["deny", &run, "--who", "Ada", "--comment", "a network cut"]).await;
    assert!(taken && said.contains("Ada said no at"), "{said}");
    let (report, approval) = untouched(&stage, stage.ended(&run).await);
    assert_eq!((approval.answer, approval.who.as_deref()), (Some(Verb::No), Some("Ada")));
    assert_eq!(approval.comment.as_deref(), Some("a network cut"));
    assert_eq!(report.stops[0].error, "Relight.Denied");
    assert!(report.stops[0].message.contains("Ada said no at"), "{:?}", report.stops);
    // A second answer is told who was first; the same one, that the run has ended.
    let (taken, said) = stage.relight(&["approve", &run, "--who", "Bob"]).await;
    assert!(!taken && said.contains("answered already: Ada said no at"), "{said}");
    let (taken, said) = stage.relight(&["deny", &run, "--who", "Bob"]).await;
    assert!(!taken && said.contains("has ended FAILED"), "{said}");

    // Stopped while it waits.
    stage.asks("to-stop", 2).await;
    let (taken, said) = stage.relight(&["stop", "to-stop", "--who", "Ada", "--why", "wrong Region"]).await;
    assert!(taken && said.contains("stops now"), "{said}");
    let (report, approval) = untouched(&stage, stage.ended("to-stop").await);
    assert_eq!(
        (approval.answer, approval.comment.as_deref()),
        (Some(Verb::Stop), Some("wrong Region"))
    );
    assert_eq!(report.stops[0].error, "Relight.Stopped");
    let (taken, said) = stage.relight(&["approve", "to-stop", "--who", "Bob"]).await;
    assert!(!taken && said.contains("answered already: Ada stopped the run at"), "{said}");

    // Nobody answers: it means no, people are told again, and a late yes comes too late.
    stage
        .upload_plan(&approve.replacen("[guards]\n", "[guards]\napprovalTimeout = \"1m\"\n", 1))
        .await;
    stage.asks("unanswered", 3).await;
    let (report, approval) = untouched(&stage, stage.ended("unanswered").await);
    assert_eq!((approval.answer, approval.answered_at), (None, None));
    assert!(approval.because.contains("nobody answered within 60 s"), "{approval:?}");
    let told = report
        .steps
        .iter()
        .find(|step| step.name == "Tell Nobody Answered")
        .expect("an escalation");
    assert_eq!((told.resource.as_deref(), &told.error), (Some("sns:publish"), &None));
    let (taken, said) = stage.relight(&["approve", "unanswered"]).await;
    assert!(!taken && said.contains("has ended FAILED"), "{said}");

    // Planning asks nobody.
    let planned = stage.run(&json!({"workload": "unishop"})).await;
    let message = planned.output["message"].as_str().unwrap_or_default();
    assert!(message.contains("would ask people by"), "{message}");

    // Yes: recorded, and on its way lost; the same answer again delivers it, and the run looks at the database anew.
    stage.upload_plan(&approve).await;
    stage.lab.gateway().weather().add(Rule {
        matching: Match {
            caller: Some("answer-approval".to_owned()),
            operation: Some("SendTaskSuccess".to_owned()),
            ..Match::default()
        },
        effect: Effect::Error {
            status: 400,
            code: "AccessDeniedException".to_owned(),
        },
        after: 0,
        times: std::num::NonZero::new(1),
    });
    // The outage lasts while people decide: else the last guard would stop the run.
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    stage.asks("approved", 4).await;
    stage.looked("xxxxxx").await;
    let (taken, said) = stage.relight(&["approve", "approved", "--who", "Ada"]).await;
    assert!(!taken && said.contains("give the same answer again"), "{said}");
    let (taken, said) = stage.relight(&["approve", "approved", "--who", "Bob"]).await;
    assert!(taken && said.contains("Ada said yes at"), "{said}");
    let ended = stage.ended("approved").await;
    let report = ended.report.expect("a report");
    assert_eq!(report.verdict, Verdict::Done, "{}", ended.cause);
    let approval = report.approval.expect("an approval");
    assert_eq!((approval.answer, approval.who.as_deref()), (Some(Verb::Yes), Some("Ada")));
    let step = |name: &str| report.steps.iter().find(|step| step.name == name).expect("a step");
    assert_eq!((step("Choose Promotion").looks, step("Check Launch").looks), (2, 2));
    assert_eq!(step("Ask For Approval").outcome, StepOutcome::Unchanged);
    let ended_at = step("Ask For Approval").ended_at.expect("an answer");
    assert!(
        step("Launch Instances").started_at >= ended_at,
        "something was changed before the yes"
    );

    // A person's run asks nobody.
    let by_person = stage.run(&crate::stage::execute()).await;
    assert_eq!(by_person.report.expect("a report").approval, None);
    assert_eq!(stage.asked(), 4, "people were told twice of one run");
}
