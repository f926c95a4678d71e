//! What smoke-test is asked and what it answers.

use std::net::IpAddr;

use action::ids::{Region, RunId, WorkloadName};
use action::{Deadline, Mode, Outcome};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for: a proof that a site works, or that an image does, a minute of probing, or one look as the probe's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "purpose", rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// Look once, and say whether the site is proven.
    Proof(ProofRequest),
    /// Look once at an instance that was booted from a copied image, and say whether it serves.
    Image(ImageRequest),
    /// Look for a minute, and put each look into the metric that the alarms watch.
    Probe(ProbeRequest),
    /// Look once as the probe does, and say what was seen.
    Look(LookRequest),
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

/// Look once as the probe does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookRequest {
    /// Plan mode makes the reading checks only.
    pub mode: Mode,
    /// The run that wants to know.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The version of the plan that the run opened with; the newest where the bucket keeps none.
    pub plan_version: Option<String>,
    /// Which site.
    pub site: Site,
}

/// Which of the workload's sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Site {
    /// In the primary Region.
    Primary,
    /// In the recovery Region.
    Recovery,
    /// The name that users use, which must lead to the recovery Region by now.
    Public,
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
    /// What one look saw.
    Look(LookReply),
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

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookReply {
    /// Always `unchanged`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// When the look was taken.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Whether any check failed, which counts as a failed look of the probe.
    pub failed: bool,
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
        let what = match site {
            Site::Primary | Site::Recovery => of_site(region),
            Site::Public => format!("the public name, asked for {region},"),
        };
        Self {
            outcome,
            retry_after_seconds,
            because: sentence(&what, checks),
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
#[path = "io_tests.rs"]
mod tests;
