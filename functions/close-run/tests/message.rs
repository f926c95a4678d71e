//! The notification, word by word.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use action::Mode;
use close_run::io::{Ended, Reply, Request};
use close_run::report::CalledHook;
use ledger::{Trigger, Verdict};
use plan::Point;

use world::{World, at, going_on, opened, request, stop};

async fn said(history: &'static str, request: Request) -> Reply {
    World::new(history, Some(opened())).closes(request, "03:15:11").await.unwrap()
}

#[tokio::test]
async fn a_run_that_ended_well_is_told_with_its_times_and_losses() {
    let reply = said(
        include_str!("fixtures/history-aws-done.json"),
        request(Mode::Execute, Ended::Proven, Vec::new()),
    )
    .await;
    assert_eq!(reply.subject, "Relight: unishop is proven to work in us-west-1");
    assert_eq!(
        reply.message,
        "unishop is proven to work in us-west-1.

What to do next: send your users to the recovery site if they aren't there yet, and keep the old primary from taking writes. \
         Nothing goes back by itself.

Report: s3://relight/reports/unishop/unishop-20261121T031502Z.json
Execution: arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z

What happened: alarm relight-unishop-primary-down went off at 2026-11-21T03:15:02Z, after the first failed probe at \
         2026-11-21T03:14:31Z. relight-unishop-probe-failing transitioned to ALARM
Time: noticed in 31 s, decided in 1.1 s, executed in 6.9 s, in all 39 s; the RTO of 15 min is met.
Data: the last 0.4 s before the promotion may be lost; the RPO of 1 min is met.

What was done:
- Open Run: open-run says so
- Launch Instances: launch-instances says so
- Detach Global Cluster: detach-global-cluster says so
- Put Parameter: ssm:putParameter"
    );
}

#[tokio::test]
async fn a_run_that_stopped_partway_says_first_what_is_missing_and_what_to_do() {
    let message = "the deadline of the run, 2026-11-21T03:30:03Z, has passed: i-0123456789abcdef0 is initializing";
    let reply = said(
        include_str!("fixtures/history-aws-stopped.json"),
        request(
            Mode::Execute,
            Ended::Stopped,
            vec![stop("Launch Instances", "Relight.Permanent", message)],
        ),
    )
    .await;
    assert_eq!(reply.subject, "Relight: unishop is only PARTLY recovered, a person is needed");
    let begin = format!(
        "unishop is only PARTLY recovered: the run stopped in us-west-1 after it had begun to change things.

What is not done:
- Launch Instances: {message}
- Prove Site: never reached
- Put Parameter: never reached

What to do next: undo nothing by hand. Mend what stands above, and start again; what is done is found done:
aws stepfunctions start-execution --region us-west-1 --state-machine-arn \
         arn:aws:states:us-west-1:123456789012:stateMachine:relight-failover --input '{{\"workload\":\"unishop\",\"mode\":\"execute\"}}'
"
    );
    assert!(reply.message.starts_with(&begin), "{}", reply.message);
    assert!(
        reply.message.contains("the RTO of 15 min is not known to be met"),
        "{}",
        reply.message
    );
}

#[tokio::test]
async fn every_end_has_a_subject_that_sns_takes() {
    let longest: action::ids::WorkloadName = "a".repeat(32).parse().unwrap();
    for (mode, ended) in [
        (Mode::Execute, Ended::Proven),
        (Mode::Execute, Ended::Stopped),
        (Mode::Plan, Ended::Planned),
        (Mode::Plan, Ended::Stopped),
    ] {
        for history in [
            include_str!("fixtures/history-aws-refused.json"),
            include_str!("fixtures/history-aws-stopped.json"),
        ] {
            let request = Request {
                workload: longest.clone(),
                trigger: Trigger::Person { who: None, why: None },
                ..request(mode, ended, Vec::new())
            };
            for request in [request.clone(), going_on(request)] {
                let subject = World::new(history, None).closes(request, "03:15:11").await.unwrap().subject;
                assert!(subject.len() <= 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
                assert!(subject.contains(longest.as_str()), "{subject}");
            }
        }
    }
}

#[tokio::test]
async fn a_plan_run_says_that_nothing_was_changed_and_how_to_do_it_for_real() {
    let reply = said(
        include_str!("fixtures/history-aws-done.json"),
        request(Mode::Plan, Ended::Planned, Vec::new()),
    )
    .await;
    assert_eq!(reply.subject, "Relight: the plan of unishop holds");
    assert!(
        reply.message.contains("Nothing was changed") && reply.message.contains("start-execution"),
        "{}",
        reply.message
    );
    assert!(reply.message.contains("What would be done:\n- Check Launch"), "{}", reply.message);
    assert_eq!(reply.because, reply.message.lines().next().unwrap());
}

#[tokio::test]
async fn what_people_said_is_told() {
    let approval = serde_json::json!({
        "askedAt": "2026-11-21T03:15:05Z", "answer": "yes", "who": "Ada", "answeredAt": "2026-11-21T03:15:07Z", "comment": null,
        "because": "Ada said yes at 2026-11-21T03:15:07Z",
    });
    let request = Request {
        approval: Some(serde_json::from_value(approval.clone()).unwrap()),
        ..request(Mode::Execute, Ended::Proven, Vec::new())
    };
    let world = World::new(include_str!("fixtures/history-aws-done.json"), Some(opened()));
    let reply = world.closes(request, "03:15:11").await.unwrap();
    assert!(
        reply
            .message
            .contains("\nApproval: asked at 2026-11-21T03:15:05Z; Ada said yes at 2026-11-21T03:15:07Z.\n"),
        "{}",
        reply.message
    );
    assert_eq!(serde_json::to_value(world.report().1.approval).unwrap(), approval);
}

fn hook(name: &str, error: Option<&str>) -> CalledHook {
    CalledHook {
        name: name.to_owned(),
        when: Point::BeforeDatabase,
        critical: error.is_some(),
        started_at: at("03:15:06"),
        ended_at: at("03:15:07"),
        error: error.map(str::to_owned),
    }
}

#[tokio::test]
async fn each_hook_is_told_with_what_it_failed_with_and_one_that_was_called_is_a_change() {
    let cause = r#"States.TaskFailed: {"errorType":"RuntimeError","errorMessage":"no instance answers"}"#;
    let hooked = Request {
        hooks: vec![hook("warm up", None), hook("stop the batch", Some(cause))],
        ..request(
            Mode::Execute,
            Ended::Stopped,
            vec![stop("Choose Promotion", "Relight.Refused", "the lag is unknown")],
        )
    };
    let untouched = Request {
        hooks: Vec::new(),
        ..hooked.clone()
    };
    let history = include_str!("fixtures/history-aws-refused.json");
    let world = World::new(history, Some(opened()));
    let reply = world.closes(hooked, "03:15:11").await.unwrap();
    let told = "\nHooks: warm up is done; stop the batch FAILED (States.TaskFailed: no instance answers).\n";
    assert!(reply.message.contains(told), "{}", reply.message);
    let report = world.report().1;
    assert_eq!(report.hooks[1].error.as_deref(), Some("States.TaskFailed: no instance answers"));
    // What a hook has done, nobody here knows.
    assert_eq!(report.verdict, Verdict::StoppedPartway);

    let world = World::new(history, Some(opened()));
    let reply = world.closes(untouched, "03:15:11").await.unwrap();
    assert!(!reply.message.contains("Hooks"), "{}", reply.message);
    assert_eq!(world.report().1.verdict, Verdict::StoppedUntouched);
}
