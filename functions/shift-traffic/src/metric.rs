//! By a metric: an alarm on it goes off, and the health check of the primary's record follows the alarm.
//!
//! "Standby takes over primary": the alarm and its metric are of the recovery Region, and Route 53's health checkers read them
//! there (docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-types.html). The alarm takes missing data for no news,
//! so that one datapoint lasts.

use jiff::Timestamp;
use plan::TrafficMetric;
use signals::{AlarmState, TrafficAlarm};

use crate::decide::{Decision, States, metric};
use crate::error::Error;
use crate::io::{Reply, Request, Side};
use crate::{Clients, aws};

pub(crate) async fn shift(request: &Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let watched = request.traffic.metric().ok_or(Error::NoMetric)?;
    let alarm = signals::traffic_alarm(&clients.cloudwatch, &request.workload, &watched).await;
    let alarm = alarm.map_err(|failure| Error::DescribeAlarms(request.workload.clone(), failure))?;
    let alarm = alarm.ok_or_else(|| Error::NoAlarm(request.workload.clone(), watched.clone()))?;
    let kept = match request.to {
        Side::Recovery => None,
        Side::Primary => aws::kept(&clients.places, &request.workload).await?,
    };
    let kept = kept.and_then(|states| states.get(&alarm.name).map(|state| AlarmState::from(state.as_str())));
    let Decision::Shift(value) = metric(request.to, &alarm.state, kept.as_ref()) else {
        return Ok(Reply::there(format!("{}: users are sent to {}", words(&alarm), sent(&alarm.state))));
    };
    let before = States::from([(alarm.name.clone(), alarm.state.to_string())]);
    let Some(permit) = request.mode.permit() else {
        let mut calls = aws::planned_keep(request, clients, &before, now).await?;
        calls.push(aws::planned_put(clients, request, &watched, value, now).await?);
        return Ok(Reply::planned(would(&alarm, &watched, value), calls));
    };
    let because = format!("{}; asked {} to be {value}", words(&alarm), watched.metric);
    let again = request.pace().next(now).map_err(|source| Error::TooLate {
        last: words(&alarm),
        source,
    })?;
    if request.to == Side::Recovery {
        aws::keep(request, clients, &before, now, &permit).await?;
    }
    // Again at every look, until the alarm has heard: the same datapoint once more says nothing new.
    aws::put(clients, request, &watched, value, now, &permit).await?;
    Ok(Reply::waiting(again, because))
}

fn words(alarm: &TrafficAlarm) -> String {
    format!("alarm {} is {}", alarm.name, alarm.state)
}

fn sent(state: &AlarmState) -> Side {
    match state {
        AlarmState::Alarm => Side::Recovery,
        _ => Side::Primary,
    }
}

fn would(alarm: &TrafficAlarm, watched: &TrafficMetric, value: u8) -> String {
    format!(
        "{}; would call cloudwatch:PutMetricData to set {} in {} to {value}",
        words(alarm),
        watched.metric,
        watched.namespace
    )
}
