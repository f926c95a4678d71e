//! How often the probe looks, and how many failed looks are an outage.

use std::time::Duration;

use crate::document::{Node, Problems};
use crate::model::site::Probe;
use crate::model::span::Span;

/// CloudWatch keeps points below a minute for three hours
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html, "Period"), and more than the window is read.
const REMEMBERED: Duration = Duration::from_secs(2 * 3_600);

/// As many looks as the shortest period fits into that.
const MOST_LOOKS: u16 = 720;

/// The probe fills one minute with looks that are equally far apart.
pub(super) fn period_divides_a_minute(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(node) = root.get("probe.period") else { return };
    let Ok(period) = node.read::<Span>() else { return };
    let millis = period.duration().as_millis();
    let bounded = (10_000..=60_000).contains(&millis);
    if bounded && (millis % 1_000 != 0 || 60_000 % millis != 0) {
        problems.with(
            &node,
            format!("found {:?}", period.as_str()),
            "write 10s, 12s, 15s, 20s, 30s or 60s: whole seconds that divide a minute",
        );
    }
}

/// More failures than looks would never come, and no alarm's run would ever be let through.
pub(super) fn failures_fit_into_the_looks(root: &Node<'_>, problems: &mut Problems<'_>) {
    let default = Probe::default();
    let (failures, looks) = (root.get("probe.failures"), root.get("probe.looks"));
    let Some(at) = failures.as_ref().or(looks.as_ref()) else { return };
    let (Some(most), Some(least)) = (number(looks.as_ref(), default.looks), number(failures.as_ref(), default.failures)) else {
        return;
    };
    if least <= most {
        return;
    }
    let (seen, remedy) = if failures.is_some() {
        let seen = format!("found {least}, but only {most} looks are judged");
        (seen, format!("write 1 to {most}, or more probe.looks"))
    } else {
        let seen = format!("found {most}, but {least} of them must fail where probe.failures is left out");
        (seen, format!("write probe.failures too, as 1 to {most}"))
    };
    problems.with(at, seen, remedy);
}

/// A window that reaches back further than the metric does would count what is forgotten as looks that never happened.
pub(super) fn window_is_remembered(root: &Node<'_>, problems: &mut Problems<'_>) {
    let default = Probe::default();
    let Some(node) = root.get("probe.looks") else { return };
    let period = match root.get("probe.period").map(|period| period.read::<Span>()) {
        None => default.period,
        Some(Ok(period)) => period,
        Some(Err(_)) => return,
    };
    let Some(looks) = number(Some(&node), default.looks) else { return };
    if (10..=60).contains(&period.seconds()) && period.duration() * u32::from(looks) > REMEMBERED {
        let most = REMEMBERED.as_secs() / period.seconds();
        problems.with(
            &node,
            format!("found {looks}, which at a period of {period} is more than two hours"),
            format!("write {most} at most, or a shorter probe.period"),
        );
    }
}

/// The number that stands there, or the default where none does; nothing where what stands there is out of bounds by itself.
fn number(node: Option<&Node<'_>>, default: u16) -> Option<u16> {
    node.map_or(Some(default), |node| node.read().ok())
        .filter(|number| (1..=MOST_LOOKS).contains(number))
}
