//! The questions that are asked here: of the alarms and of the tables.

use readiness::{Answer, Question, unasked};

use super::{Alarm, Seen};
use crate::io::{Facts, Request};

const DEPLOY: &str = "deploy infra/workload.yaml again";
const ALARM: &str = "ALARM";
const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";

pub(super) fn answers(request: &Request, seen: &Seen, alarm_topic: &str) -> Vec<Answer> {
    let no_plan = "there is no plan to ask by";
    let (tables, traffic) = match &request.facts {
        Some(facts) => (tables(facts, seen), traffic_alarm(facts, seen)),
        None => (unasked(Question::Tables, no_plan), unasked(Question::TrafficAlarm, no_plan)),
    };
    let workload = request.workload.as_str();
    vec![
        tables,
        probe_alarms(workload, seen),
        recovery_alarm(workload, seen, alarm_topic),
        traffic,
    ]
}

fn tables(facts: &Facts, seen: &Seen) -> Answer {
    let question = Question::Tables;
    if facts.tables.is_empty() {
        return Answer::nothing(question, "the plan has no table");
    }
    let primary = facts.primary.as_str();
    let limit = format!("ACTIVE here, with an ACTIVE replica in {primary}");
    let (mut wrong, mut unread) = (Vec::new(), Vec::new());
    for name in &facts.tables {
        match seen.tables.get(name) {
            Some(Ok(Some(table))) if table.status != "ACTIVE" => wrong.push(format!("{name} is {}", table.status)),
            Some(Ok(Some(table))) => match table.replicas.get(primary).map(String::as_str) {
                Some("ACTIVE") => {}
                Some(status) => wrong.push(format!("the replica of {name} in {primary} is {status}")),
                None => wrong.push(format!("{name} has no replica in {primary}")),
            },
            Some(Ok(None)) => wrong.push(format!("{name} does not exist in this Region")),
            Some(Err(why)) => unread.push(why.clone()),
            None => unread.push(format!("nobody asked for {name}")),
        }
    }
    if !unread.is_empty() {
        return unasked(question, unread.join("; "));
    }
    if wrong.is_empty() {
        return Answer::pass(question, format!("{} ACTIVE in both Regions", facts.tables.len()), limit);
    }
    let remedy = "aws dynamodb update-table --replica-updates, in the Region that has the table, and wait until it is ACTIVE";
    Answer::fail(question, wrong.join("; "), limit, remedy)
}

/// The alarm of that name, or the answer where there is none to look at.
fn named<'a>(question: Question, name: &str, limit: &str, seen: &'a Seen) -> Result<&'a Alarm, Answer> {
    let alarms = seen.alarms.as_ref().map_err(|why| unasked(question, why))?;
    let found = alarms.iter().find(|alarm| alarm.name == name);
    found.ok_or_else(|| Answer::fail(question, format!("alarm {name} does not exist"), limit, DEPLOY))
}

/// The state of the alarm on silence says whether there is data; a failing primary is what the other is there for.
fn probe_alarms(workload: &str, seen: &Seen) -> Answer {
    let question = Question::ProbeAlarms;
    let limit = "looks within the last minutes, none of them failed";
    let find = |kind: &str| named(question, &format!("relight-{workload}-probe-{kind}"), limit, seen);
    let (silent, failing) = match (find("silent"), find("failing")) {
        (Ok(silent), Ok(failing)) => (silent, failing),
        (Err(answer), _) | (_, Err(answer)) => return answer,
    };
    let states = format!("{} is {}, {} is {}", silent.name, silent.state, failing.name, failing.state);
    if silent.state == ALARM {
        let remedy = format!("look at schedule relight-{workload}-probe and at the log of relight-smoke-test");
        Answer::fail(question, format!("{states}: nobody looks at the primary"), limit, remedy)
    } else if failing.state == ALARM {
        Answer::warn(
            question,
            format!("{states}: the primary fails its checks"),
            limit,
            "look at the primary",
        )
    } else if silent.state == INSUFFICIENT_DATA {
        Answer::warn(
            question,
            format!("{states}: nobody has looked yet"),
            limit,
            "wait for the first looks",
        )
    } else {
        Answer::pass(question, states, limit)
    }
}

fn recovery_alarm(workload: &str, seen: &Seen, alarm_topic: &str) -> Answer {
    let question = Question::RecoveryAlarm;
    let name = format!("relight-{workload}-primary-down");
    let limit = format!("there, its actions enabled, {alarm_topic} among them");
    let alarm = match named(question, &name, &limit, seen) {
        Ok(alarm) => alarm,
        Err(answer) => return answer,
    };
    if !alarm.acts {
        let remedy = format!("aws cloudwatch enable-alarm-actions --alarm-names {name}");
        return Answer::fail(
            question,
            format!("the actions of {name} are disabled: it would start nothing"),
            limit,
            remedy,
        );
    }
    if !alarm.actions.iter().any(|action| action == alarm_topic) {
        let seen = format!("{name} does not tell {alarm_topic}: it would start nothing");
        return Answer::fail(question, seen, limit, DEPLOY);
    }
    Answer::pass(question, format!("{name} is {}", alarm.state), limit)
}

/// Users are moved by a health check that watches this alarm; without data it must keep the state that it has.
fn traffic_alarm(facts: &Facts, seen: &Seen) -> Answer {
    let question = Question::TrafficAlarm;
    let Some(traffic) = &facts.traffic else {
        return Answer::nothing(question, "the plan moves users by no metric");
    };
    let watched = format!("{} in {}", traffic.metric, traffic.namespace);
    let limit = format!("an alarm on {watched} that takes missing data for `ignore`");
    let alarms = match &seen.alarms {
        Err(why) => return unasked(question, why),
        Ok(alarms) => alarms,
    };
    let found = alarms.iter().find_map(|alarm| {
        let metric = alarm.metric.as_ref()?;
        (metric.namespace == traffic.namespace && metric.name == traffic.metric).then_some((alarm, metric))
    });
    let Some((alarm, metric)) = found else {
        let remedy = "create it in this Region under the workload's prefix (relight-<workload>-), and the health check on it";
        return Answer::fail(question, format!("no alarm watches {watched}"), limit, remedy);
    };
    let name = &alarm.name;
    if metric.missing != "ignore" {
        let seen = format!("{name} takes missing data for {}", metric.missing);
        let remedy = "set TreatMissingData to ignore; users would be moved, or moved back, by silence";
        return Answer::fail(question, seen, limit, remedy);
    }
    match alarm.state.as_str() {
        ALARM => Answer::warn(
            question,
            format!("{name} is ALARM: users are sent to the recovery Region"),
            limit,
            "fail back, or write 0",
        ),
        INSUFFICIENT_DATA => Answer::warn(question, format!("{name} has no value yet"), limit, "write 0 to the metric once"),
        state => Answer::pass(question, format!("{name} is {state}"), limit),
    }
}
