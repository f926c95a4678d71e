//! How much longer a run took than what it waited for: what is left is Relight's own.

use std::time::Duration;

use close_run::definition::AFTERWARDS;
use close_run::report::{Report, Step, StepOutcome};

use crate::gateway::Times;

/// A wait of AWS's, as the lab has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wait {
    what: &'static str,
    takes: Duration,
}

/// `from the decision to users who are served: 66.0 s, longest simulated AWS wait on that way: 60 s (a managed failover), factor 1.10`.
pub(super) fn told(report: &Report, times: &Times) -> String {
    let Some(act) = acted(&report.steps) else {
        return "the run decided nothing, so that nothing was waited for".to_owned();
    };
    match longest(&report.steps, times) {
        Some(wait) => format!(
            "from the decision to users who are served: {act:.1} s, longest simulated AWS wait on that way: {} s ({}), factor {:.2}",
            wait.takes.as_secs_f64(),
            wait.what,
            act / wait.takes.as_secs_f64(),
        ),
        None => format!("from the decision to users who are served: {act:.1} s, without a simulated AWS wait"),
    }
}

/// The state that decides; before it the run waits for looks at the primary, which is no wait of AWS's.
const DECIDES: &str = "Confirm Outage";

/// The seconds from the decision to the last step that users wait for.
fn acted(steps: &[Step]) -> Option<f64> {
    let decided = steps.iter().find(|step| step.name == DECIDES)?.ended_at?;
    let awaited = steps.iter().filter(|step| step.function.as_deref() != Some(AFTERWARDS));
    let served = awaited.filter_map(|step| step.ended_at).max()?;
    Some(served.duration_since(decided).as_secs_f64())
}

/// The longest wait that a step set off; steps that changed nothing waited for nothing.
fn longest(steps: &[Step], times: &Times) -> Option<Wait> {
    let boot = times.pending.max(times.initializing);
    let waits = steps.iter().filter(|step| step.outcome == StepOutcome::Changed).filter_map(|step| {
        let (what, takes) = match step.function.as_deref()? {
            "failover-global-cluster" => ("a managed failover", times.failover),
            "detach-global-cluster" => ("a promotion", times.promotion),
            "launch-instances" => ("an instance that boots", boot),
            "scale-group" => ("a group's instances that boot", boot),
            "shift-traffic" => ("a name that leads elsewhere", times.propagation),
            _ => return None,
        };
        Some(Wait { what, takes })
    });
    waits.filter(|wait| !wait.takes.is_zero()).max_by_key(|wait| wait.takes)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn step(function: &str, outcome: StepOutcome) -> Step {
        Step {
            name: function.to_owned(),
            function: Some(function.to_owned()),
            resource: None,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            outcome,
            because: None,
            looks: 1,
            error: None,
        }
    }

    #[test]
    fn what_counts_begins_with_the_decision_and_ends_where_users_are_served() {
        let at = |second| Timestamp::from_second(second).ok();
        let ends = |name: &str, function: &str, second| Step {
            name: name.to_owned(),
            ended_at: at(second),
            ..step(function, StepOutcome::Changed)
        };
        let steps = [
            ends(DECIDES, "confirm-outage", 10),
            ends("Prove Public Name", "smoke-test", 75),
            ends("Keep Lost Writes", AFTERWARDS, 99),
        ];
        assert_eq!(acted(&steps), Some(65.0));
        assert_eq!(acted(&steps[1..]), None);
    }

    #[test]
    fn the_longest_wait_is_of_what_was_changed() {
        let times = Times::WATCHED;
        assert_eq!(longest(&[], &times), None);
        let launch = step("launch-instances", StepOutcome::Changed);
        let unchanged = [launch.clone(), step("failover-global-cluster", StepOutcome::Unchanged)];
        assert_eq!(longest(&unchanged, &times).map(|wait| wait.takes), Some(times.initializing));
        let both = [launch, step("detach-global-cluster", StepOutcome::Changed)];
        assert_eq!(longest(&both, &times).map(|wait| wait.what), Some("a promotion"));
        assert_eq!(longest(&both, &Times::NONE), None);
    }
}
