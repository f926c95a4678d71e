//! Judges replies against what the plan expects of them, and what a whole look means. No IO, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use action::{DeadlinePassed, Mode, Pace};
use jiff::Timestamp;
use serde_json::Value;

use crate::io::{CheckReport, Verdict};

/// What a reply must be, its placeholders filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// The HTTP status.
    pub status: u16,
    /// A text that the body contains.
    pub text: Option<String>,
    /// JSON pointers, each with the value that stands there.
    pub json: BTreeMap<String, Value>,
    /// Headers, each with its value.
    pub headers: BTreeMap<String, String>,
    /// The longest that the reply may take.
    pub latency: Option<Duration>,
    /// The least number of days for which the certificate must still be valid.
    pub certificate_days: Option<u16>,
}

/// A reply, as far as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Every header, its name in lower case.
    pub headers: Vec<(String, String)>,
    /// The body up to the bound.
    pub body: Vec<u8>,
    /// Whether the body went on beyond the bound.
    pub cut: bool,
    /// From the first byte sent to the last byte read, redirects and connection included.
    pub millis: u64,
    /// The site's certificate.
    pub certificate: Certificate,
}

/// The certificate that the site showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// The reply came without TLS.
    None,
    /// It can't be read.
    Unreadable,
    /// It is valid until then.
    Until(Timestamp),
}

/// Everything that is wrong with `answer`; nothing when it is as expected.
pub fn judge(expected: &Expected, answer: &Answer, now: Timestamp) -> Vec<String> {
    let mut wrong = Vec::new();
    if answer.status != expected.status {
        wrong.push(format!("status {} instead of {}", answer.status, expected.status));
    }
    if let Some(text) = &expected.text
        && !String::from_utf8_lossy(&answer.body).contains(text.as_str())
    {
        let place = if answer.cut { "the first MiB of the body" } else { "the body" };
        wrong.push(format!("{} is not in {place}", short(&format!("{text:?}"))));
    }
    if !expected.json.is_empty() {
        match document(answer) {
            Err(why) => wrong.push(why),
            Ok(document) => wrong.extend(expected.json.iter().filter_map(|(at, value)| json_differs(&document, at, value))),
        }
    }
    for (name, value) in &expected.headers {
        let of_name = |(seen, _): &&(String, String)| seen.eq_ignore_ascii_case(name);
        let mut seen = answer.headers.iter().filter(of_name).map(|(_, value)| value);
        if seen.clone().any(|seen| seen == value) {
            continue;
        }
        wrong.push(match seen.next() {
            Some(other) => format!("header {name} is {}, not {value:?}", short(&format!("{other:?}"))),
            None => format!("header {name} is missing"),
        });
    }
    if let Some(budget) = expected.latency
        && u128::from(answer.millis) > budget.as_millis()
    {
        wrong.push(format!(
            "took {} ms, above the {} ms of the plan",
            answer.millis,
            budget.as_millis()
        ));
    }
    if let Some(days) = expected.certificate_days {
        wrong.extend(certificate_short(answer.certificate, days, now));
    }
    wrong
}

/// The values that later checks may use.
///
/// # Errors
/// With everything that can't be captured.
pub fn capture(pointers: &BTreeMap<String, String>, answer: &Answer) -> Result<BTreeMap<String, String>, Vec<String>> {
    if pointers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let document = document(answer).map_err(|why| vec![why])?;
    let mut wrong = Vec::new();
    let mut captured = BTreeMap::new();
    for (name, pointer) in pointers {
        match document.pointer(pointer) {
            Some(Value::String(text)) => {
                captured.insert(name.clone(), text.clone());
            }
            Some(value @ (Value::Number(_) | Value::Bool(_))) => {
                captured.insert(name.clone(), value.to_string());
            }
            Some(_) => wrong.push(format!("{pointer} can't be captured: it is no text, number or boolean")),
            None => wrong.push(format!("{pointer} can't be captured: it is not there")),
        }
    }
    if wrong.is_empty() { Ok(captured) } else { Err(wrong) }
}

fn document(answer: &Answer) -> Result<Value, String> {
    if answer.cut {
        return Err("the body is longer than 1 MiB and isn't read as JSON".to_owned());
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("the body is no JSON ({error})"))
}

fn json_differs(document: &Value, at: &str, expected: &Value) -> Option<String> {
    match document.pointer(at) {
        Some(seen) if seen == expected => None,
        Some(Value::Array(_)) => Some(format!("{at} is a list, not {expected}")),
        Some(Value::Object(_)) => Some(format!("{at} is an object, not {expected}")),
        Some(seen) => Some(format!("{at} is {}, not {expected}", short(&seen.to_string()))),
        None => Some(format!("{at} is missing, expected {expected}")),
    }
}

fn certificate_short(certificate: Certificate, days: u16, now: Timestamp) -> Option<String> {
    match certificate {
        Certificate::None => Some("came without TLS, so there is no certificate".to_owned()),
        Certificate::Unreadable => Some("the certificate can't be read".to_owned()),
        Certificate::Until(end) => {
            let left = end.duration_since(now).as_secs().div_euclid(24 * 3_600);
            (left < i64::from(days)).then(|| format!("the certificate is valid for {left} days more, until {end}; {days} are expected"))
        }
    }
}

/// Foreign text, cut to what a person reads.
fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a look at a site means for the run.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Plan mode: the site need not work yet.
    Planned,
    /// Every check passed.
    Proven,
    /// Some failed; look again after so many seconds.
    LookAgain(u64),
    /// Some failed, and the deadline has passed.
    NotProven(DeadlinePassed),
}

/// What the checks of a look mean. A look that ends after the deadline and passes is a proof all the same; one without
/// any check proves nothing.
pub fn decide(mode: Mode, checks: &[CheckReport], pace: Pace, now: Timestamp) -> Decision {
    if mode == Mode::Plan {
        Decision::Planned
    } else if !checks.is_empty() && checks.iter().all(|check| check.verdict == Verdict::Pass) {
        Decision::Proven
    } else {
        pace.next(now).map_or_else(Decision::NotProven, Decision::LookAgain)
    }
}

/// The probe's minute.
pub const MINUTE: Duration = Duration::from_secs(60);

/// The next look of the probe's minute, by its number and its due time: never more than one per period.
///
/// Look `n` is due `n` periods after `start`, whatever the looks before it took, so the cadence doesn't drift. A look
/// whose whole period has passed is left out. None when the minute is over.
pub fn next_look(start: Timestamp, period: Duration, from: u32, now: Timestamp) -> Option<(u32, Timestamp)> {
    let looks = u32::try_from(MINUTE.as_nanos().checked_div(period.as_nanos())?).ok()?;
    (from..looks).find_map(|number| {
        let due = start.checked_add(period * number).ok()?;
        let over = due.checked_add(period).ok()?;
        (now < over).then_some((number, due))
    })
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
