//! The question: plain words for someone who was just woken. Pure.

use std::fmt::Write as _;

use action::ids::ExecutionArn;
use ledger::{Approval, Trigger};
use serde_json::json;

use crate::io::{Promotion, Request};

/// The most of a text that somebody else wrote, in characters: an alarm's reason may be long.
const MOST: usize = 600;

/// Subject and text. The subject is one line of at most 100 ASCII characters (model: PublishInput$Subject).
pub fn message(request: &Request, approval: &Approval) -> (String, String) {
    let Request { run, workload, .. } = request;
    let region = region(&request.execution);
    let subject = format!("Relight: may {workload} be recovered in {region}? Answer needed");
    let parts = [
        format!(
            "May {workload} be recovered in {region}? Nothing has been changed yet. Without an answer by {} it is NOT recovered.",
            approval.expires_at
        ),
        seen(request),
        planned(request),
        lag(request),
        format!("To say yes or no:\nrelight approve {run} --region {region}\nrelight deny {run} --region {region} --comment \"why not\""),
        by_console(request, region),
        format!("The run:\n{}", execution_link(&request.execution, region)),
    ];
    (subject, parts.join("\n\n"))
}

fn seen(request: &Request) -> String {
    match &request.trigger {
        Trigger::Alarm {
            alarm,
            alarm_at,
            incident_at,
            reason,
        } => {
            let first = incident_at
                .map(|at| format!("The first failed probe was at {at}; "))
                .unwrap_or_default();
            format!("What was seen: {first}alarm {alarm} went off at {alarm_at}: {}", clipped(reason))
        }
        Trigger::Schedule { schedule } => format!("What was seen: schedule {schedule} started the run."),
        Trigger::Person { who, .. } => format!("What was seen: {} started the run.", who.as_deref().unwrap_or("a person")),
    }
}

fn planned(request: &Request) -> String {
    let mut text = "What will be done:".to_owned();
    match &request.promotion {
        None => text.push_str("\n- no database is promoted: the plan has none"),
        Some(Promotion { verb, because, .. }) => {
            let _infallible = write!(text, "\n- promotion of the database by {verb}: {}", clipped(because));
        }
    }
    match request.instances {
        None => text.push_str("\n- no instance is launched"),
        Some(1) => text.push_str("\n- 1 instance is launched"),
        Some(count) => {
            let _infallible = write!(text, "\n- {count} instances are launched");
        }
    }
    text
}

fn lag(request: &Request) -> String {
    let rpo = request.rpo_seconds;
    match &request.promotion {
        None => "Data: nothing is moved, so nothing is lost.".to_owned(),
        Some(Promotion {
            lag_seconds: Some(lag), ..
        }) => {
            let held = if *lag <= rpo as f64 { "within" } else { "ABOVE" };
            format!("Data: the last {lag} s may be lost, {held} the RPO of {rpo} s. The lag is measured again after your yes.")
        }
        Some(Promotion { lag_because, .. }) => format!(
            "Data: nobody knows what may be lost (RPO {rpo} s): {}",
            lag_because.as_deref().map_or_else(|| "no lag was measured".to_owned(), clipped)
        ),
    }
}

/// For people without the command line: the function's own page, and what to paste there as a test event.
fn by_console(request: &Request, region: &str) -> String {
    let event = |answer: &str| json!({"run": request.run, "answer": answer, "who": "your name", "comment": null});
    format!(
        "Without the command line, open\n{}\nand test it with this event, or with \"no\" in place of \"yes\":\n{}",
        console(
            &request.execution,
            region,
            "lambda",
            "/functions/relight-answer-approval?tab=testing"
        ),
        event("yes")
    )
}

fn execution_link(execution: &ExecutionArn, region: &str) -> String {
    console(execution, region, "states", &format!("/v2/executions/details/{execution}"))
}

/// An address in the console of the execution's partition, in its Region: the console has a host per Region, so that it works
/// while another Region is away.
fn console(execution: &ExecutionArn, region: &str, service: &str, page: &str) -> String {
    let domain = match execution.as_str().split(':').nth(1) {
        Some("aws-cn") => "console.amazonaws.cn",
        Some("aws-us-gov") => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    format!("https://{region}.{domain}/{service}/home?region={region}#{page}")
}

fn region(execution: &ExecutionArn) -> &str {
    execution.as_str().split(':').nth(3).unwrap_or_default()
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
