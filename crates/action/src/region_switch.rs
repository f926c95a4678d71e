//! What ARC Region switch sends to a custom action's Lambda, beside the payload of its block.
//!
//! "Region switch merges execution metadata keys (InvokedBy, PlanArn, ExecutionId, StepName) into the top level"
//! (docs.aws.amazon.com/arc-region-switch/latest/api/API_Lambdas.html). The payload stands in its plan and is the same at every
//! execution, so that what differs is null there and filled in here.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// How long an action may be waited for that Region switch calls; its own block gives up before or after that.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// An invocation by Region switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RegionSwitch {
    /// The plan's ARN.
    pub(crate) plan: String,
    /// The execution.
    pub(crate) execution: String,
    /// The step.
    pub(crate) step: String,
}

impl RegionSwitch {
    /// Takes the metadata off `payload`, and fills in what is null there; none where another invokes.
    pub(crate) fn take(payload: &mut Value, now: Timestamp) -> Option<Self> {
        let fields = payload.as_object_mut()?;
        let plan = fields.get("PlanArn").and_then(Value::as_str)?;
        if !plan.contains(":arc-region-switch:") {
            return None;
        }
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let _who = text("InvokedBy");
        let found = Self {
            plan: text("PlanArn"),
            execution: text("ExecutionId"),
            step: text("StepName"),
        };
        let mut fill = |name: &str, value: String| fill(fields, name, value);
        fill("run", found.run());
        fill("since", now.to_string());
        fill("deadline", now.checked_add(WITHIN).unwrap_or(Timestamp::MAX).to_string());
        Some(found)
    }

    /// The run, as a run is named: letters, digits, hyphens and underscores.
    fn run(&self) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        };
        self.execution.chars().map(plain).take(80).collect()
    }
}

fn fill(fields: &mut Map<String, Value>, name: &str, value: String) {
    if let Some(null @ Value::Null) = fields.get_mut(name) {
        *null = value.into();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAN: &str = "arn:aws:arc-region-switch::123456789012:plan/shop:abc123";

    fn sent(payload: Value) -> Value {
        let mut sent =
            json!({"InvokedBy": "AWS ARC Region switch", "PlanArn": PLAN, "ExecutionId": "us-west-1/ab:12", "StepName": "Promote"});
        sent.as_object_mut().unwrap().extend(payload.as_object().unwrap().clone());
        sent
    }

    #[test]
    fn a_payload_of_others_is_left_as_it_is() {
        for payload in [
            json!({"run": null, "PlanArn": "x"}),
            json!({"run": null}),
            json!([1]),
            json!("text"),
        ] {
            let mut taken = payload.clone();
            assert_eq!(RegionSwitch::take(&mut taken, Timestamp::UNIX_EPOCH), None);
            assert_eq!(taken, payload);
        }
    }

    #[test]
    fn the_metadata_goes_and_what_is_null_is_filled_in_and_nothing_else() {
        let mut payload = sent(json!({"mode": "execute", "run": null, "since": null, "deadline": null, "topic": null}));
        let by = RegionSwitch::take(&mut payload, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((by.plan.as_str(), by.step.as_str()), (PLAN, "Promote"));
        assert_eq!(
            payload,
            json!({
                "mode": "execute",
                "run": "us-west-1-ab-12",
                "since": "1970-01-01T00:00:00Z",
                "deadline": "1970-01-01T01:00:00Z",
                "topic": null,
            })
        );
        let mut named = sent(json!({"run": "mine-1"}));
        RegionSwitch::take(&mut named, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(named, json!({"run": "mine-1"}));
    }
}
