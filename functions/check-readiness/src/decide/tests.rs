//! Table tests: nothing is left out in silence, one mistake answers one question, and news is told once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use serde_json::json;

use super::*;

const TOPIC: &str = "arn:aws:sns:us-west-1:123456789012:relight-alarms";

fn passed(asker: Asker) -> serde_json::Value {
    let answers: Vec<Answer> = Question::ALL
        .iter()
        .filter(|question| question.asker() == asker)
        .map(|&question| Answer::pass(question, "good", "good"))
        .collect();
    json!({"answers": answers, "error": null})
}

fn request(change: serde_json::Value) -> Request {
    let mut request = json!({
        "mode": "execute",
        "run": "check-1",
        "workload": "unishop",
        "aboutToMove": null,
        "facts": {
            "primary": "us-east-1",
            "tables": ["carts"],
            "traffic": {"namespace": "Relight", "metric": "RecoveryServes"},
        },
        "plan": passed(Asker::Plan),
        "database": passed(Asker::Database),
        "compute": passed(Asker::Compute),
        "dependencies": passed(Asker::Dependencies),
        "launch": {"because": "would launch", "error": null},
    });
    request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(request).unwrap()
}

fn of_workload(name: &str) -> BTreeMap<String, String> {
    [("Workload".to_owned(), name.to_owned())].into()
}

fn alarm(kind: &str, metric: Option<(&str, &str)>) -> Alarm {
    Alarm {
        name: format!("relight-unishop-{kind}"),
        state: "OK".to_owned(),
        acts: true,
        actions: vec![TOPIC.to_owned()],
        metric: metric.map(|(name, missing)| Metric {
            namespace: "Relight".to_owned(),
            name: name.to_owned(),
            missing: missing.to_owned(),
            settings: AlarmSettings {
                dimensions: of_workload("unishop"),
                statistic: Some("Maximum".to_owned()),
                period: 60,
                evaluation_periods: 1,
                operator: "GreaterThanOrEqualToThreshold".to_owned(),
                threshold: Some(1.0),
                ..AlarmSettings::default()
            },
        }),
    }
}

fn healthy() -> Seen {
    Seen {
        alarms: Ok(vec![
            alarm("primary-down", None),
            alarm("probe-failing", Some(("ProbeFailed", "notBreaching"))),
            alarm("probe-silent", Some(("ProbeFailed", "breaching"))),
            alarm("moves-users", Some(("RecoveryServes", "ignore"))),
        ]),
        tables: [(
            "carts".parse().unwrap(),
            Ok(Some(Table {
                status: "ACTIVE".to_owned(),
                replicas: [("us-east-1".to_owned(), "ACTIVE".to_owned())].into(),
            })),
        )]
        .into(),
    }
}

/// What doesn't pass; every question is answered, in order.
fn told(request: &Request, seen: &Seen) -> Vec<Answer> {
    let answers = answers(request, seen, TOPIC);
    let asked: Vec<Question> = answers.iter().map(|answer| answer.question).collect();
    assert_eq!(asked, Question::ALL);
    answers.into_iter().filter(|answer| answer.verdict > Verdict::Pass).collect()
}

fn named<'a>(seen: &'a mut Seen, kind: &str) -> &'a mut Alarm {
    let alarms = seen.alarms.as_mut().unwrap().iter_mut();
    alarms.into_iter().find(|alarm| alarm.name.ends_with(kind)).unwrap()
}

fn settings(seen: &mut Seen) -> &mut AlarmSettings {
    &mut named(seen, "moves-users").metric.as_mut().unwrap().settings
}

fn replicas(seen: &mut Seen) -> &mut BTreeMap<String, String> {
    let table = seen.tables.values_mut().next().unwrap().as_mut().unwrap();
    &mut table.as_mut().unwrap().replicas
}

#[test]
fn a_ready_workload_passes_every_question() {
    assert_eq!(told(&request(json!({})), &healthy()), []);
}

#[test]
fn another_workloads_alarm_of_the_same_prefix_is_not_taken_for_the_own() {
    let mut others = alarm("eu-moves-users", Some(("RecoveryServes", "breaching")));
    others.metric.as_mut().unwrap().settings.dimensions = of_workload("unishop-eu");
    let mut seen = healthy();
    seen.alarms.as_mut().unwrap().insert(0, others);
    assert_eq!(told(&request(json!({})), &seen), []);
}

type Change = fn(&mut Seen);

#[test]
fn each_mistake_is_the_answer_to_one_question_with_the_value_and_a_remedy() {
    let cases: [(&str, Question, Verdict, &str, Change); 22] = [
        ("no table", Question::Tables, Verdict::Fail, "carts does not exist", |seen| {
            *seen.tables.values_mut().next().unwrap() = Ok(None);
        }),
        ("no replica", Question::Tables, Verdict::Fail, "no replica in us-east-1", |seen| {
            replicas(seen).clear()
        }),
        ("a replica in the making", Question::Tables, Verdict::Fail, "CREATING", |seen| {
            replicas(seen).insert("us-east-1".to_owned(), "CREATING".to_owned());
        }),
        (
            "no probe alarm",
            Question::ProbeAlarms,
            Verdict::Fail,
            "probe-silent does not exist",
            |seen| {
                seen.alarms.as_mut().unwrap().retain(|alarm| !alarm.name.ends_with("probe-silent"));
            },
        ),
        ("nobody looks", Question::ProbeAlarms, Verdict::Fail, "nobody looks", |seen| {
            named(seen, "probe-silent").state = "ALARM".to_owned();
        }),
        (
            "the primary fails",
            Question::ProbeAlarms,
            Verdict::Warn,
            "fails its checks",
            |seen| {
                named(seen, "probe-failing").state = "ALARM".to_owned();
            },
        ),
        (
            "nobody has looked yet",
            Question::ProbeAlarms,
            Verdict::Warn,
            "nobody has looked",
            |seen| {
                named(seen, "probe-silent").state = "INSUFFICIENT_DATA".to_owned();
            },
        ),
        ("disabled actions", Question::RecoveryAlarm, Verdict::Fail, "disabled", |seen| {
            named(seen, "primary-down").acts = false;
        }),
        ("another topic", Question::RecoveryAlarm, Verdict::Fail, "does not tell", |seen| {
            named(seen, "primary-down").actions.clear();
        }),
        (
            "no alarm on the metric",
            Question::TrafficAlarm,
            Verdict::Fail,
            "no alarm watches",
            |seen| {
                seen.alarms.as_mut().unwrap().retain(|alarm| !alarm.name.ends_with("moves-users"));
            },
        ),
        ("moves by silence", Question::TrafficAlarm, Verdict::Fail, "breaching", |seen| {
            named(seen, "moves-users").metric.as_mut().unwrap().missing = "breaching".to_owned();
        }),
        ("elsewhere", Question::TrafficAlarm, Verdict::Fail, "\"shop\"", |seen| {
            settings(seen).dimensions = of_workload("shop");
        }),
        ("at 0", Question::TrafficAlarm, Verdict::Fail, "does at 0", |seen| {
            settings(seen).threshold = Some(0.0);
        }),
        (
            "high resolution",
            Question::TrafficAlarm,
            Verdict::Fail,
            "periods of 10 s",
            |seen| {
                settings(seen).period = 10;
            },
        ),
        ("the mean", Question::TrafficAlarm, Verdict::Fail, "statistic Average", |seen| {
            settings(seen).statistic = Some("Average".to_owned());
        }),
        ("a percentile", Question::TrafficAlarm, Verdict::Fail, "an extended one", |seen| {
            settings(seen).statistic = None;
        }),
        ("slow", Question::TrafficAlarm, Verdict::Warn, "that much later", |seen| {
            settings(seen).period = 300;
        }),
        ("as slow", Question::TrafficAlarm, Verdict::Warn, "3 periods of 60 s", |seen| {
            settings(seen).evaluation_periods = 3;
        }),
        ("two of three", Question::TrafficAlarm, Verdict::Fail, "2 of 3 periods", |seen| {
            settings(seen).evaluation_periods = 3;
            settings(seen).datapoints_to_alarm = Some(2);
        }),
        ("a unit", Question::TrafficAlarm, Verdict::Fail, "in Seconds alone", |seen| {
            settings(seen).unit = Some("Seconds".to_owned());
        }),
        (
            "has moved",
            Question::TrafficAlarm,
            Verdict::Warn,
            "sent to the recovery Region",
            |seen| {
                named(seen, "moves-users").state = "ALARM".to_owned();
            },
        ),
        ("no value", Question::TrafficAlarm, Verdict::Warn, "no value yet", |seen| {
            named(seen, "moves-users").state = "INSUFFICIENT_DATA".to_owned();
        }),
    ];
    for (name, question, verdict, value, change) in cases {
        let mut seen = healthy();
        change(&mut seen);
        let told = told(&request(json!({})), &seen);
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert_eq!((told[0].question, told[0].verdict), (question, verdict), "{name}");
        assert!(told[0].seen.contains(value) && told[0].remedy.is_some(), "{name}: {}", told[0]);
    }
}

#[test]
fn what_could_not_be_asked_fails_and_says_why() {
    let seen = Seen {
        alarms: Err("AccessDenied".to_owned()),
        ..healthy()
    };
    let failing = told(&request(json!({"database": {"error": "Relight.Transient: throttled"}})), &seen);
    assert_eq!(failing.len(), 9 + 3);
    assert!(failing.iter().all(|answer| answer.verdict == Verdict::Fail));
    assert!(
        failing[0].seen.contains("throttled") && failing[11].seen.contains("AccessDenied"),
        "{failing:?}"
    );
}

#[test]
fn without_a_plan_every_question_but_the_alarms_fails() {
    let request = request(json!({
        "facts": null, "plan": {"error": "Relight.InvalidInput: no valid plan"}, "database": null, "compute": null, "dependencies": null, "launch": null,
    }));
    let failing = told(&request, &healthy());
    assert_eq!(failing.len(), Question::ALL.len() - 2);
    assert!(
        failing[0].seen.contains("no valid plan") && failing[5].seen.contains("no plan to ask by"),
        "{failing:?}"
    );
}

#[test]
fn what_the_plan_does_not_have_passes() {
    let request = request(json!({
        "facts": {"primary": "us-east-1", "tables": [], "traffic": null}, "database": null, "compute": null, "launch": null,
    }));
    assert_eq!(told(&request, &healthy()), []);
}

#[test]
fn a_launch_that_would_be_refused_fails_its_rehearsal() {
    let failing = told(
        &request(json!({"launch": {"because": null, "error": "Relight.Permanent: UnauthorizedOperation"}})),
        &healthy(),
    );
    assert_eq!(failing.len(), 1);
    assert!(failing[0].to_string().contains("UnauthorizedOperation"), "{}", failing[0]);
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_question_is_news_when_it_begins_to_fail_and_when_nothing_fails_any_more() {
    let fail = |question| Answer::fail(question, "bad", "good", "mend it");
    let (image, quota) = (fail(Question::Image), fail(Question::VcpuQuota));
    let warned = Answer::warn(Question::OtherRun, "a run", "none", "wait");
    let failing = |new: &[&Answer], still: &[&str]| {
        Some(News::Failing {
            new: new.iter().map(|answer| (*answer).clone()).collect(),
            still: still.iter().map(|id| (*id).to_owned()).collect(),
        })
    };
    for (now, before, news) in [
        (vec![], ids(&[]), None),
        (vec![&warned], ids(&[]), None),
        (vec![&image], ids(&[]), failing(&[&image], &[])),
        (vec![&image], ids(&["image"]), None),
        (vec![&image, &quota], ids(&["image"]), failing(&[&quota], &["image"])),
        (vec![&image], ids(&["image", "vcpu-quota"]), None),
        (vec![&quota], ids(&["image"]), failing(&[&quota], &[])),
        (vec![&warned], ids(&["image"]), Some(News::Ready)),
    ] {
        let answers: Vec<Answer> = now.into_iter().cloned().collect();
        assert_eq!(judge(&answers, &before).news, news, "{answers:?} after {before:?}");
    }
    assert_eq!(judge(&[warned, image], &ids(&[])).verdict, Verdict::Fail);
}
