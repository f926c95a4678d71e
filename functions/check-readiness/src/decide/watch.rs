//! The questions that are asked here: of the alarms and of the tables.

use readiness::{Answer, Question, Verdict, unasked};

use super::{Alarm, Metric, Seen};
use crate::io::{Facts, Request};

const DEPLOY: &str = "deploy infra/workload.yaml again";
const ALARM: &str = "ALARM";
const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";

pub(super) fn answers(request: &Request, seen: &Seen, alarm_topic: &str) -> Vec<Answer> {
    let workload = request.workload.as_str();
    let no_plan = "there is no plan to ask by";
    let (tables, traffic) = match &request.facts {
        Some(facts) => (tables(facts, seen), traffic_alarm(facts, workload, seen)),
        None => (unasked(Question::Tables, no_plan), unasked(Question::TrafficAlarm, no_plan)),
    };
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
fn traffic_alarm(facts: &Facts, workload: &str, seen: &Seen) -> Answer {
    let question = Question::TrafficAlarm;
    let Some(traffic) = &facts.traffic else {
        return Answer::nothing(question, "the plan moves users by no metric");
    };
    let watched = format!("{} in {}", traffic.metric, traffic.namespace);
    let limit = format!("an alarm on {watched} for Workload {workload}, on a Maximum of 1 in 60 s, that takes missing data for `ignore`");
    let alarms = match &seen.alarms {
        Err(why) => return unasked(question, why),
        Ok(alarms) => alarms,
    };
    let of_metric = alarms.iter().filter_map(|alarm| {
        let metric = alarm.metric.as_ref()?;
        (metric.namespace == traffic.namespace && metric.name == traffic.metric).then_some((alarm, metric))
    });
    let (own, others): (Vec<_>, Vec<_>) = of_metric.partition(|(_, metric)| metric.settings.watches(workload));
    let Some((alarm, metric)) = own.first() else {
        let of_others: Vec<String> = others
            .iter()
            .map(|(alarm, metric)| format!("; {} does for {:?}", alarm.name, metric.settings.dimensions))
            .collect();
        let seen = format!(
            "no alarm watches {watched} for Workload {workload} alone, as a run writes it{}",
            of_others.concat()
        );
        let remedy = "create it in this Region under the workload's prefix (relight-<workload>-), and the health check on it";
        return Answer::fail(question, seen, limit, remedy);
    };
    let name = &alarm.name;
    if let Some((verdict, seen, remedy)) = misreads(metric) {
        let answer = if verdict == Verdict::Fail { Answer::fail } else { Answer::warn };
        let remedy = format!("{remedy}, and touch the health check, which keeps the alarm's settings as they were");
        return answer(question, format!("{name} {seen}"), limit, remedy);
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

/// Why the alarm would not go off by the 1 that a run writes, or the health check would not follow it.
///
/// A health check follows no high-resolution alarm, none of an extended statistic, and none that goes off by M of N (Route 53 developer
/// guide, "Monitoring a CloudWatch alarm" and "Types of Amazon Route 53 health checks").
fn misreads(metric: &Metric) -> Option<(Verdict, String, &'static str)> {
    let settings = &metric.settings;
    let fail = |seen: String, remedy| Some((Verdict::Fail, seen, remedy));
    if metric.missing != "ignore" {
        let seen = format!(
            "takes missing data for {}: users would be moved, or moved back, by silence",
            metric.missing
        );
        return fail(seen, "set TreatMissingData to ignore");
    }
    if !settings.tells_one_from_zero() {
        let seen = "does not go off at 1, or does at 0".to_owned();
        return fail(seen, "set ComparisonOperator to GreaterThanOrEqualToThreshold and Threshold to 1");
    }
    let statistic = settings.statistic.as_deref().unwrap_or("an extended one");
    if statistic != "Maximum" {
        let seen = format!("takes the statistic {statistic}: a 1 must count beside a 0 of the same minute, and a 0 never");
        return fail(seen, "set Statistic to Maximum");
    }
    if let Some(unit) = settings.unit.as_ref().filter(|unit| *unit != "Count") {
        return fail(format!("counts values in {unit} alone, and a run writes a Count"), "set no Unit");
    }
    let (period, periods) = (settings.period, settings.evaluation_periods);
    if period < 60 {
        let seen = format!("has periods of {period} s, and a health check follows none below 60 s");
        return fail(seen, "set Period to 60");
    }
    if let Some(datapoints) = settings.datapoints_to_alarm.filter(|datapoints| *datapoints != periods) {
        let seen = format!("goes off by {datapoints} of {periods} periods, and a health check follows no M of N");
        return fail(seen, "set EvaluationPeriods to 1, and no DatapointsToAlarm");
    }
    (period.saturating_mul(periods) > 60).then(|| {
        let seen = format!("judges {periods} periods of {period} s, so that users follow that much later");
        (Verdict::Warn, seen, "set Period to 60 and EvaluationPeriods to 1")
    })
}
