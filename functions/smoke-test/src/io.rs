//! What smoke-test is asked and what it answers.

use std::net::IpAddr;

use action::ids::{Region, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for: a proof that a site works, or that an image does, or a minute of probing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "purpose", rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// Look once, and say whether the site is proven.
    Proof(ProofRequest),
    /// Look once at an instance that was booted from a copied image, and say whether it serves.
    Image(ImageRequest),
    /// Look for a minute, and put each look into the metric that the alarms watch.
    Probe(ProbeRequest),
}

/// Look once, and say whether the site is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofRequest {
    /// Plan mode makes the reading checks only.
    pub mode: Mode,
    /// The run that wants the proof.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The version of the plan that the run opened with; the newest where the bucket keeps none.
    pub plan_version: Option<String>,
    /// Which site.
    pub site: Site,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

/// Look once at an instance that was booted from a copied image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageRequest {
    /// Plan mode makes the reading checks only, and none without an address.
    pub mode: Mode,
    /// The run that wants the proof.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The version of the plan that the run opened with; the newest where the bucket keeps none.
    pub plan_version: Option<String>,
    /// The instance's address; null in plan mode, where none was launched.
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// When the machine first asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When the run stops waiting.
    pub deadline: Deadline,
}

/// Look for a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeRequest {
    /// The workload.
    pub workload: WorkloadName,
    /// Which site.
    pub site: Site,
}

/// Which of the workload's two sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Site {
    /// In the primary Region.
    Primary,
    /// In the recovery Region.
    Recovery,
}

/// The answer, of the same purpose as the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "purpose", rename_all = "camelCase", deny_unknown_fields)]
pub enum Reply {
    /// Whether the site is proven.
    Proof(ProofReply),
    /// Whether the image serves.
    Image(ImageReply),
    /// What a minute of probing saw.
    Probe(ProbeReply),
}

/// Whether the site is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofReply {
    /// `unchanged`: proven. `waiting`: not yet. `planned`: looked at in plan mode, whatever it looked like.
    pub outcome: Outcome,
    /// When to look again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// Which site.
    pub site: Site,
    /// Every check of the look, in the plan's order. Where they don't all fit into a reply, the failing ones come first
    /// and `because` gives the count.
    pub checks: Vec<CheckReport>,
}

/// Whether an instance that was booted from an image serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageReply {
    /// `unchanged`: it serves. `waiting`: not yet. `planned`: plan mode.
    pub outcome: Outcome,
    /// When to look again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// One sentence for people.
    pub because: String,
    /// Every check of the look, as in a proof of a site.
    pub checks: Vec<CheckReport>,
}

/// What a minute of probing saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeReply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// How many looks were taken.
    pub looks: u32,
    /// How many of them failed.
    pub failed: u32,
}

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckReport {
    /// The check's name in the plan.
    pub name: String,
    /// Whether it passed.
    pub verdict: Verdict,
    /// How long its reply took, in milliseconds; where none came, how long it was waited for.
    pub millis: u64,
    /// Why it didn't pass; null when it did.
    pub because: Option<String>,
}

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The reply was all that the plan expects.
    Pass,
    /// It wasn't, or there was none.
    Fail,
    /// Plan mode didn't make it, since it may write.
    Skipped,
}

/// The checks of a reply may take this many bytes, so that the whole stays under 4 KiB.
const CHECKS_FIT: usize = 3_000;
/// The longest name of a check, in bytes.
const NAME: usize = 40;

impl ProofReply {
    /// Puts `checks` into a reply, and their count and failures into its sentence.
    pub fn new(outcome: Outcome, retry_after_seconds: Option<u64>, site: Site, region: &Region, checks: &[CheckReport]) -> Self {
        Self {
            outcome,
            retry_after_seconds,
            because: sentence(&of_site(region), checks),
            site,
            checks: fitted(checks),
        }
    }
}

impl ImageReply {
    /// Puts `checks` into a reply, and their count and failures into its sentence; `what` was looked at.
    pub fn new(outcome: Outcome, retry_after_seconds: Option<u64>, what: &str, checks: &[CheckReport]) -> Self {
        Self {
            outcome,
            retry_after_seconds,
            because: sentence(what, checks),
            checks: fitted(checks),
        }
    }
}

/// A workload's site, as sentences name it.
pub fn of_site(region: &Region) -> String {
    format!("the site in {region}")
}

impl ProbeReply {
    /// A probe without a permit to put its metric looks at nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            outcome: Outcome::Planned,
            because: "no permit, so no look was taken".to_owned(),
            looks: 0,
            failed: 0,
        }
    }
}

/// What a look at `what` saw, in one sentence.
pub fn sentence(what: &str, checks: &[CheckReport]) -> String {
    let all = checks.len();
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (failed, skipped) = (count(Verdict::Fail), count(Verdict::Skipped));
    let mut sentence = match (failed, skipped) {
        (0, 0) => format!("{what} passed {all} of {all} checks"),
        (0, _) => format!(
            "{what} passed {} of {all} checks, and {skipped} that may write are left to execute mode",
            all - skipped
        ),
        _ => format!("{what} failed {failed} of {all} checks: {}", failures(checks, 3, 100)),
    };
    if failed > 0 && skipped > 0 {
        sentence.push_str(&format!("; {skipped} that may write are left to execute mode"));
    }
    sentence
}

/// The failing checks, each with its reason: the first `most` of them, each reason cut to `longest` bytes.
pub fn failures(checks: &[CheckReport], most: usize, longest: usize) -> String {
    let failing: Vec<&CheckReport> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    let named: Vec<String> = failing
        .iter()
        .take(most)
        .map(|check| {
            let because = check.because.as_deref().unwrap_or_default();
            format!("{} ({})", cut(&check.name, NAME), cut(because, longest))
        })
        .collect();
    match failing.len().saturating_sub(most) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// `checks` as they fit into a reply: reasons are cut first, then passed checks go, then the last of the failing.
fn fitted(checks: &[CheckReport]) -> Vec<CheckReport> {
    let cut_to = |longest: usize, check: &CheckReport| CheckReport {
        name: cut(&check.name, NAME),
        because: check.because.as_ref().map(|because| cut(because, longest)),
        ..check.clone()
    };
    for longest in [200, 100, 50] {
        let all: Vec<CheckReport> = checks.iter().map(|check| cut_to(longest, check)).collect();
        if bytes(&all) <= CHECKS_FIT {
            return all;
        }
    }
    let (failing, others): (Vec<&CheckReport>, Vec<&CheckReport>) = checks.iter().partition(|check| check.verdict == Verdict::Fail);
    let mut fitting: Vec<CheckReport> = failing.into_iter().chain(others).map(|check| cut_to(50, check)).collect();
    while bytes(&fitting) > CHECKS_FIT {
        fitting.pop();
    }
    fitting
}

fn bytes(checks: &[CheckReport]) -> usize {
    serde_json::to_string(checks).map_or(usize::MAX, |text| text.len())
}

/// `text` up to `longest` bytes, in one line: what a site sends is nobody's to trust.
fn cut(text: &str, longest: usize) -> String {
    let line = text.replace(char::is_control, " ");
    match line.split_at_checked(line.floor_char_boundary(longest)) {
        Some((head, tail)) if !tail.is_empty() => format!("{head}…"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, verdict: Verdict, because: Option<&str>) -> CheckReport {
        CheckReport {
            name: name.to_owned(),
            verdict,
            millis: 12,
            because: because.map(str::to_owned),
        }
    }

    fn region() -> Region {
        "us-west-1".parse().unwrap()
    }

    #[test]
    fn the_purpose_picks_the_request_and_unknown_fields_are_refused() {
        let probe = json!({"purpose": "probe", "workload": "unishop", "site": "primary"});
        assert!(matches!(serde_json::from_value(probe.clone()), Ok(Request::Probe(_))));
        let mut unknown = probe;
        unknown["mode"] = json!("execute");
        let error = serde_json::from_value::<Request>(unknown).unwrap_err().to_string();
        assert!(error.contains("unknown field `mode`"), "{error}");
        assert!(serde_json::from_value::<Request>(json!({"purpose": "look"})).is_err());
    }

    #[test]
    fn a_reply_carries_all_its_fields_also_when_they_are_null() {
        let reply = Reply::Proof(ProofReply::new(
            Outcome::Unchanged,
            None,
            Site::Recovery,
            &region(),
            &[check("home", Verdict::Pass, None)],
        ));
        assert_eq!(
            serde_json::to_value(reply).unwrap(),
            json!({
                "purpose": "proof",
                "outcome": "unchanged",
                "retryAfterSeconds": null,
                "because": "the site in us-west-1 passed 1 of 1 checks",
                "site": "recovery",
                "checks": [{"name": "home", "verdict": "pass", "millis": 12, "because": null}],
            })
        );
    }

    #[test]
    fn the_sentence_counts_names_and_gives_reasons() {
        let failing = check("home", Verdict::Fail, Some("status 500 instead of 200"));
        let skipped = check("order", Verdict::Skipped, Some("POST"));
        for (checks, sentence_expected) in [
            (
                vec![failing.clone(), check("a", Verdict::Pass, None)],
                "the site in us-west-1 failed 1 of 2 checks: home (status 500 instead of 200)",
            ),
            (
                vec![failing.clone(), skipped.clone()],
                "the site in us-west-1 failed 1 of 2 checks: home (status 500 instead of 200); 1 that may write are left to execute mode",
            ),
            (
                vec![skipped],
                "the site in us-west-1 passed 0 of 1 checks, and 1 that may write are left to execute mode",
            ),
        ] {
            assert_eq!(sentence(&of_site(&region()), &checks), sentence_expected);
        }
        let many = vec![failing; 5];
        let cut = sentence(&of_site(&region()), &many);
        assert!(cut.ends_with(" and 2 more"), "{cut}");
    }

    #[test]
    fn a_reply_stays_under_four_kibibytes_and_loses_passed_checks_first() {
        let long = "\u{1}ü".repeat(200);
        let mut checks: Vec<CheckReport> = (0..100).map(|n| check(&format!("{n}{long}"), Verdict::Pass, None)).collect();
        checks.extend((0..5).map(|n| check(&format!("failing {n}"), Verdict::Fail, Some(&long))));
        let reply = ProofReply::new(Outcome::Waiting, Some(15), Site::Recovery, &region(), &checks);
        assert!(serde_json::to_vec(&Reply::Proof(reply.clone())).unwrap().len() < 4_096);
        let failing = reply.checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
        assert_eq!(failing, 5);
        checks.iter_mut().for_each(|check| check.verdict = Verdict::Fail);
        let reply = ProofReply::new(Outcome::Waiting, Some(15), Site::Recovery, &region(), &checks);
        assert!(serde_json::to_vec(&Reply::Proof(reply.clone())).unwrap().len() < 4_096);
        assert!(!reply.checks.is_empty() && reply.because.contains("failed 105 of 105"));
    }
}
