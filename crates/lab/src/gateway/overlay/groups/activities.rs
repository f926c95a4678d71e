//! What DescribeScalingActivities tells of the launches of groups.
//!
//! AWS: newest first, those in progress before others (model: ActivitiesType). A launch that found no capacity is `Failed`, with the text
//! that the user guide has under "Troubleshoot Amazon EC2 Auto Scaling: EC2 instance launch failures"
//! (docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html). AWS tries again and fails again until there is
//! capacity; here the first failure stands for all of them.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use crate::gateway::call::Call;
use crate::gateway::overlay::later;

/// A model's limit of `MaxRecords`.
const MOST: usize = 100;

/// One launch.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) region: String,
    pub(super) group: String,
    pub(super) at: Timestamp,
    pub(super) instance: String,
    /// The instance type and the Availability Zone that had no capacity for it.
    pub(super) denied: Option<(String, String)>,
}

/// All launches, oldest first.
#[derive(Debug, Default)]
pub(super) struct Activities(Vec<Activity>);

impl Activities {
    pub(super) fn add(&mut self, activity: Activity) {
        self.0.push(activity);
    }

    /// The answer to `call`, where a launch is in progress for as long as its instance is `pending`.
    pub(super) fn told(&self, call: &Call, now: Timestamp, pending: Duration) -> String {
        let most = call.form.get("MaxRecords").and_then(|most| most.parse().ok()).unwrap_or(MOST);
        let group = call.form.get("AutoScalingGroupName");
        let mut found: Vec<(usize, &Activity)> = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, activity)| activity.region == call.scope.region && group.is_none_or(|group| group == activity.group))
            .collect();
        let runs = |activity: &Activity| activity.denied.is_none() && now < later(activity.at, pending);
        found.sort_by_key(|(number, activity)| std::cmp::Reverse((runs(activity), activity.at, *number)));
        let mut members = String::new();
        for (number, activity) in found.into_iter().take(most.min(MOST)) {
            let _infallible = write!(members, "{}", activity.member(number, runs(activity), pending));
        }
        format!(
            r#"<DescribeScalingActivitiesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeScalingActivitiesResult><Activities>{members}</Activities></DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>"#
        )
    }
}

impl Activity {
    fn member(&self, number: usize, runs: bool, pending: Duration) -> String {
        let (status, description, message) = match &self.denied {
            None if runs => ("PreInService", format!("Launching a new EC2 instance: {}", self.instance), None),
            None => ("Successful", format!("Launching a new EC2 instance: {}", self.instance), None),
            Some((kind, zone)) => (
                "Failed",
                "Launching a new EC2 instance.  Status Reason: there is no capacity".to_owned(),
                Some(format!(
                    "We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
                )),
            ),
        };
        let end = match &self.denied {
            None if runs => String::new(),
            None => format!("<EndTime>{}</EndTime>", later(self.at, pending)),
            Some(_) => format!("<EndTime>{}</EndTime>", self.at),
        };
        let message = message.map_or_else(String::new, |message| format!("<StatusMessage>{message}</StatusMessage>"));
        let progress = if runs { 30 } else { 100 };
        format!(
            "<member><ActivityId>00000000-0000-4000-8000-{number:012x}</ActivityId><AutoScalingGroupName>{}</AutoScalingGroupName><Description>{description}</Description><Cause>At {} an instance was started in response to a difference between desired and actual capacity.</Cause><StartTime>{}</StartTime>{end}<StatusCode>{status}</StatusCode>{message}<Progress>{progress}</Progress></member>",
            self.group, self.at, self.at,
        )
    }
}
