//! One look at a site: the checks in the plan's order, each judged, and what one captured given to the next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use action::Permit;
use action::ids::Region;
use jiff::Timestamp;
use plan::{Check, Method, Scalar};
use reqwest::header::{HeaderMap, HeaderName, USER_AGENT};
use url::Url;

use crate::decide::{Answer, Expected, capture, judge};
use crate::http::{Http, Message, NoClient, Reading, Unanswered, Writing, header_value};
use crate::io::{CheckReport, Verdict};
use crate::placeholders::{Missing, Values};
use crate::redirect::is_redirect;

/// How long one request may take, unless its latency budget is longer.
pub const REQUEST: Duration = Duration::from_secs(5);

/// One look at a site.
#[derive(Debug)]
pub struct Look<'a> {
    /// The way there.
    pub http: &'a Http,
    /// The plan's site, with all its checks.
    pub plan: &'a plan::Site,
    /// The address of the site that is looked at.
    pub site: &'a Url,
    /// Its Region, which `{region}` stands for.
    pub region: &'a Region,
    /// Who looks, for the site's log.
    pub agent: String,
    /// What may be written; without it the checks that may write are skipped.
    pub permit: Option<&'a Permit>,
    /// When the look is taken.
    pub now: Timestamp,
    /// How long the whole of it may take.
    pub within: Duration,
}

/// What one check of a look came to.
#[derive(Debug)]
pub struct Checked {
    /// For the reply.
    pub report: CheckReport,
    /// Whether the site replied, right or wrong; otherwise the time in the report is no latency.
    pub replied: bool,
}

/// Why a check wasn't passed.
enum Not {
    Filled(Missing),
    Allowed(Method),
    Answered(Unanswered),
    AsExpected(Vec<String>, u64),
}

impl Look<'_> {
    /// Makes those of the plan's checks that `wanted` picks, all of them whatever the ones before came to.
    ///
    /// A nonce is drawn for each look, not for each run. What is written with it can't be guessed, cached, or left over
    /// from the look before; and a look that is repeated after another check failed isn't refused as a duplicate. What
    /// that leaves behind is bounded by the deadline: at the machine's pace it is fewer than a hundred looks in a quarter
    /// of an hour. The probe writes only where a plan gives a check that writes the use `probe` or `always`, and such a
    /// plan deletes what it wrote by a later check.
    ///
    /// # Errors
    /// When no request can be made at all; a site that doesn't answer is a failed check.
    pub async fn take(&self, wanted: impl Fn(&Check) -> bool) -> Result<Vec<Checked>, NoClient> {
        let until = Instant::now() + self.within;
        let mut values = Values::new(&nonce()?, self.region.as_str());
        let mut all = Vec::new();
        for check in self.plan.checks.iter().filter(|check| wanted(check)) {
            let started = Instant::now();
            let checked = self.check(check, &values, until.saturating_duration_since(started)).await?;
            let waited = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (verdict, millis, because, replied) = match checked {
                Ok((captured, millis)) => {
                    values.add(captured);
                    (Verdict::Pass, millis, None, true)
                }
                Err(Not::Filled(missing @ Missing::PlanMode { .. })) => (Verdict::Skipped, 0, Some(missing.to_string()), false),
                Err(Not::Allowed(method)) => (Verdict::Skipped, 0, Some(format!("{method} may write")), false),
                Err(Not::Filled(missing)) => (Verdict::Fail, 0, Some(missing.to_string()), false),
                Err(Not::Answered(Unanswered(why))) => (Verdict::Fail, waited, Some(why), false),
                Err(Not::AsExpected(wrong, millis)) => (Verdict::Fail, millis, Some(wrong.join("; ")), true),
            };
            match verdict {
                Verdict::Pass => {}
                Verdict::Fail => values.failed(check),
                Verdict::Skipped => values.skipped(check),
            }
            let name = check.name.clone();
            let report = CheckReport {
                name,
                verdict,
                millis,
                because,
            };
            all.push(Checked { report, replied });
        }
        Ok(all)
    }

    async fn check(
        &self,
        check: &Check,
        values: &Values,
        left: Duration,
    ) -> Result<Result<(BTreeMap<String, String>, u64), Not>, NoClient> {
        let Some(sending) = sending(check.method, self.permit) else {
            return Ok(Err(Not::Allowed(check.method)));
        };
        let prepared = self
            .message(check, values, left)
            .and_then(|message| Ok((message, expected(check, values)?)));
        let (message, expected) = match prepared {
            Ok(prepared) => prepared,
            Err(not) => return Ok(Err(not)),
        };
        let answer = match sending {
            _ if left.is_zero() => Err(Unanswered(format!(
                "not tried: the look's {} s were over",
                self.within.as_secs_f64()
            ))),
            Sending::Reading(reading) => self.http.read(reading, message).await?,
            Sending::Writing(writing, permit) => self.http.write(writing, message, permit).await?,
        };
        Ok(answer
            .map_err(Not::Answered)
            .and_then(|answer| passed(check, &expected, &answer, self.now)))
    }

    fn message(&self, check: &Check, values: &Values, left: Duration) -> Result<Message<'_>, Not> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, header_value("user-agent", &self.agent).map_err(Not::Answered)?);
        for (name, value) in &check.headers {
            let value = values.fill(value).map_err(Not::Filled)?;
            let name: HeaderName = name
                .parse()
                .map_err(|_| Not::Answered(Unanswered(format!("header {name} can't be sent: it is no header's name"))))?;
            headers.insert(name.clone(), header_value(name.as_str(), &value).map_err(Not::Answered)?);
        }
        let body = check.body.as_ref().map(|body| values.fill(body)).transpose().map_err(Not::Filled)?;
        Ok(Message {
            url: joined(self.site, &values.fill_path(&check.path).map_err(Not::Filled)?).map_err(Not::Answered)?,
            headers,
            body,
            redirect_hosts: &self.plan.redirect_hosts,
            stays: is_redirect(check.expect.status),
            within: check
                .expect
                .latency
                .as_ref()
                .map_or(REQUEST, |budget| REQUEST.max(budget.duration()))
                .min(left),
        })
    }
}

fn passed(check: &Check, expected: &Expected, answer: &Answer, now: Timestamp) -> Result<(BTreeMap<String, String>, u64), Not> {
    let mut wrong = judge(expected, answer, now);
    match capture(&check.capture, answer) {
        Ok(captured) if wrong.is_empty() => Ok((captured, answer.millis)),
        Ok(_) => Err(Not::AsExpected(wrong, answer.millis)),
        Err(uncaptured) => {
            wrong.extend(uncaptured);
            Err(Not::AsExpected(wrong, answer.millis))
        }
    }
}

fn expected(check: &Check, values: &Values) -> Result<Expected, Not> {
    let expect = &check.expect;
    let fill = |text: &String| values.fill(text).map_err(Not::Filled);
    Ok(Expected {
        status: expect.status,
        text: expect.text.as_ref().map(fill).transpose()?,
        json: expect
            .json
            .iter()
            .map(|(at, value)| {
                let value = match value {
                    Scalar::Text(text) => fill(text)?.into(),
                    other => other.clone().into(),
                };
                Ok((at.clone(), value))
            })
            .collect::<Result<_, Not>>()?,
        headers: expect
            .headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), fill(value)?)))
            .collect::<Result<_, Not>>()?,
        latency: expect.latency.as_ref().map(plan::Span::duration),
        certificate_days: expect.certificate_days,
    })
}

/// The path is appended to the site's address, and never leads away from its host.
fn joined(site: &Url, path: &str) -> Result<Url, Unanswered> {
    let mut base = site.clone();
    base.set_query(None);
    base.set_fragment(None);
    let url = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_start_matches('/')).parse::<Url>();
    url.ok()
        .filter(|url| url.origin() == site.origin())
        .ok_or_else(|| Unanswered(format!("path {path:?} makes no address of the site")))
}

/// A method, with the permit that it needs.
enum Sending<'a> {
    Reading(Reading),
    Writing(Writing, &'a Permit),
}

/// How `method` is sent; not at all when it may write and there is no permit.
fn sending(method: Method, permit: Option<&Permit>) -> Option<Sending<'_>> {
    let writing = match method {
        Method::Get => return Some(Sending::Reading(Reading::Get)),
        Method::Head => return Some(Sending::Reading(Reading::Head)),
        Method::Post => Writing::Post,
        Method::Put => Writing::Put,
        Method::Patch => Writing::Patch,
        Method::Delete => Writing::Delete,
        Method::Options => Writing::Options,
    };
    permit.map(|permit| Sending::Writing(writing, permit))
}

fn nonce() -> Result<String, NoClient> {
    let mut random = [0; 16];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut random)
        .map_err(|_| NoClient::NoRandom)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
