//! The actions, each with a payload that it takes and the AWS calls of its first answer.
//!
//! Every call is denied, so that an action makes its first one and answers with that error: process start, runtime,
//! parsing, one signed call over TLS, and the reply are in the figure, and nothing of what AWS would say next.

use serde_json::{Value, json};

mod requests;

pub use requests::global_cluster;
use requests::{
    RUN, adopt_image, alarm, ask_approval, check_compute, check_database, check_plan, check_readiness, check_tables, choose_promotion,
    close_run, confirm_outage, copy_image, create_image, fence_primary, keep_lost_writes, launch_instances, open_run, prune_images,
    publish_endpoint, scale_group, shift_traffic, smoke_test, terminate_instances,
};

/// One action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name: the handler's.
    pub name: &'static str,
    /// The bundle that it is in.
    pub bundle: &'static str,
    /// What it is called with.
    pub payload: Value,
    /// The AWS calls that it makes until its first answer.
    pub calls: &'static [&'static str],
}

/// Every action.
pub fn actions() -> Vec<Action> {
    let action = |bundle, name, payload, calls| Action {
        name,
        bundle,
        payload,
        calls,
    };
    vec![
        action("alarm", "start-recovery", alarm(), &["states:DescribeExecution"]),
        action("runs", "open-run", open_run(), &["dynamodb:GetItem"]),
        action("database", "choose-promotion", choose_promotion(), &["rds:DescribeGlobalClusters"]),
        action(
            "database",
            "detach-global-cluster",
            global_cluster(),
            &["rds:DescribeGlobalClusters"],
        ),
        action(
            "database",
            "failover-global-cluster",
            global_cluster(),
            &["rds:DescribeGlobalClusters"],
        ),
        action("compute", "launch-instances", launch_instances(), &["ec2:DescribeInstances"]),
        action("watch", "smoke-test", smoke_test(), &["s3:GetObject"]),
        action("runs", "close-run", close_run(), &["states:DescribeStateMachineForExecution"]),
        action("compute", "terminate-instances", terminate_instances(), &["ec2:DescribeInstances"]),
        action("images", "create-image", create_image(), &["ec2:DescribeImages"]),
        action("images", "copy-image", copy_image(), &["ec2:DescribeImages"]),
        action("images", "adopt-image", adopt_image(), &["ec2:DescribeImages"]),
        action("images", "prune-images", prune_images(), &["ec2:DescribeImages"]),
        // By a function of the plan's own: Relight's asks two services at once.
        action("fence", "fence-primary", fence_primary(), &["lambda:InvokeFunction"]),
        action("keep", "keep-lost-writes", keep_lost_writes(), &["rds:DescribeDBClusterSnapshots"]),
        action("people", "ask-approval", ask_approval(), &["dynamodb:UpdateItem"]),
        action(
            "people",
            "answer-approval",
            json!({ "run": RUN, "answer": "yes", "who": "Ada", "comment": null }),
            &["states:DescribeExecution"],
        ),
        action(
            "people",
            "stop-run",
            json!({ "run": RUN, "who": "Ada", "why": null }),
            &["states:DescribeExecution"],
        ),
        action("alarm", "confirm-outage", confirm_outage(), &["dynamodb:GetItem"]),
        action("ready", "check-plan", check_plan(), &["s3:GetObject"]),
        action("database", "check-database", check_database(), &["rds:DescribeGlobalClusters"]),
        action(
            "capacity",
            "check-compute",
            check_compute(),
            &["ec2:DescribeLaunchTemplateVersions"],
        ),
        // Without a template, target groups, a metric and a distribution there is one question left.
        action(
            "dependencies",
            "check-dependencies",
            json!({
                "run": RUN,
                "workload": "unishop",
                "launchTemplate": null,
                "targetGroups": [],
                "traffic": null,
                "distribution": null,
                "certificateDays": null,
            }),
            &["lambda:ListFunctions"],
        ),
        action("scale", "scale-group", scale_group(), &["autoscaling:DescribeAutoScalingGroups"]),
        action("ready", "check-readiness", check_readiness(), &["dynamodb:GetItem"]),
        action("ready", "check-tables", check_tables(), &["dynamodb:DescribeTable"]),
        action("publish", "publish-endpoint", publish_endpoint(), &["s3:GetObject"]),
        action("traffic", "shift-traffic", shift_traffic(), &["cloudwatch:DescribeAlarms"]),
    ]
}
