//! The actions, each with a payload that it takes and the AWS calls of its first answer.
//!
//! Every call is denied, so that an action makes its first one and answers with that error: process start, runtime,
//! parsing, one signed call over TLS, and the reply are in the figure, and nothing of what AWS would say next.

use serde_json::{Value, json};

const RUN: &str = "unishop-20261121T031502Z";
const SINCE: &str = "2026-11-21T03:15:02Z";
/// Far away, so that the figures of this year and of the next are of the same way through the code.
const DEADLINE: &str = "2099-12-31T00:00:00Z";
const EXECUTION: &str = "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z";

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

/// The request of detach-global-cluster and of failover-global-cluster.
pub fn global_cluster() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "globalCluster": "unishop",
        "cluster": "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

/// A composite alarm gone off, as SNS delivers it (docs.aws.amazon.com/lambda/latest/dg/with-sns.html).
fn alarm() -> Value {
    let message = json!({
        "AlarmName": "relight-unishop-primary-down",
        "AlarmDescription": null,
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-01T09:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "arn:aws:cloudwatch:us-west-1:123456789012:alarm:relight-unishop-probe-failing transitioned to ALARM",
        "StateChangeTime": "2026-11-21T03:15:02.123+0000",
        "Region": "US West (N. California)",
        "AlarmArn": "arn:aws:cloudwatch:us-west-1:123456789012:alarm:relight-unishop-primary-down",
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": ["arn:aws:sns:us-west-1:123456789012:relight-alarms"],
        "InsufficientDataActions": [],
        "AlarmRule": "ALARM(\"relight-unishop-probe-failing\")",
    });
    json!({
        "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:us-west-1:123456789012:relight-alarms:21be56ed-a058-49f5-8c98-aedd2564c486",
            "Sns": {
                "Type": "Notification",
                "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                "TopicArn": "arn:aws:sns:us-west-1:123456789012:relight-alarms",
                "Subject": "ALARM: \"relight-unishop-primary-down\" in US West (N. California)",
                "Message": message.to_string(),
                "Timestamp": "2026-11-21T03:15:02.345Z",
                "SignatureVersion": "1",
                "Signature": "",
                "SigningCertUrl": "",
                "UnsubscribeUrl": "",
                "MessageAttributes": {},
            },
        }],
    })
}

fn trigger() -> Value {
    json!({
        "kind": "alarm",
        "alarm": "relight-unishop-primary-down",
        "alarmAt": "2026-11-21T03:15:01Z",
        "incidentAt": "2026-11-21T03:14:31Z",
        "reason": "relight-unishop-probe-failing transitioned to ALARM",
    })
}

fn open_run() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "machine": "failover",
        "execution": EXECUTION,
        "startedAt": SINCE,
        "trigger": trigger(),
        "acceptDataLoss": null,
    })
}

fn choose_promotion() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "globalCluster": "unishop",
        "cluster": "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery",
        "promotion": "auto",
        "rpoSeconds": 60,
        "acceptDataLoss": "none",
    })
}

fn launch_instances() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "launch": launch(),
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn launch() -> Value {
    json!({
        "launchTemplate": "lt-0123456789abcdef0",
        "instanceTypes": ["m7g.large", "m6g.large"],
        "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "count": 1,
        "elasticIp": "eipalloc-0123456789abcdef0",
        "targetGroups": [],
        "capacityReservation": null,
        "securityGroups": [],
        "image": { "pointer": "/relight/unishop/image" },
    })
}

fn check_plan() -> Value {
    json!({ "run": RUN, "workload": "unishop" })
}

fn check_database() -> Value {
    json!({
        "run": RUN,
        "workload": "unishop",
        "database": {
            "globalCluster": "unishop",
            "primaryCluster": "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary",
            "recoveryCluster": "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery",
            "promotion": "auto",
        },
        "rpoSeconds": 60,
    })
}

fn check_compute() -> Value {
    json!({
        "run": RUN,
        "workload": "unishop",
        "launch": launch(),
        "group": null,
        "imageMaximumAgeSeconds": 604_800,
    })
}

fn scale_group() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "group": { "name": "shop", "fullSize": 4, "minimumHealthyPercent": 100, "targetGroups": [] },
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn check_tables() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "tables": [{ "name": "unishop-orders", "probeItem": null }],
        "primaryRegion": "us-east-1",
        "recoveryRegion": "us-west-1",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn publish_endpoint() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "planVersion": null,
        "database": { "endpoint": "unishop.example", "port": 5432 },
    })
}

fn shift_traffic() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "traffic": { "method": "health-check-metric", "when": "after-proof", "namespace": null, "metric": null },
        "to": "recovery",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn check_readiness() -> Value {
    json!({
        "run": RUN,
        "workload": "unishop",
        "aboutToMove": null,
        "mode": "execute",
        "facts": { "primary": "us-east-1", "tables": [], "traffic": null },
        "plan": { "answers": [], "error": null },
        "database": null,
        "compute": null,
        "dependencies": null,
        "launch": null,
    })
}

fn smoke_test() -> Value {
    json!({
        "purpose": "proof",
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "planVersion": null,
        "site": "recovery",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn confirm_outage() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "trigger": trigger(),
        "look": { "at": SINCE, "failed": true, "because": "the site in us-east-1 failed 1 of 2 checks" },
        "probe": { "periodSeconds": 10, "failures": 12, "looks": 15 },
        "recoverDespiteInhibit": null,
        "countFrom": null,
        "deadline": DEADLINE,
    })
}

fn close_run() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "machine": "failover",
        "execution": EXECUTION,
        "startedAt": SINCE,
        "trigger": trigger(),
        "opened": {
            "openedAt": "2026-11-21T03:15:03Z",
            "deadline": DEADLINE,
            "objectives": { "rtoSeconds": 900, "rpoSeconds": 60 },
            "continues": null,
            "work": RUN,
        },
        "lagSeconds": 0.4,
        "lagBecause": null,
        "approval": null,
        "lostWrites": null,
        "ended": "proven",
        "stops": [],
        "hooks": [],
        "planned": [],
    })
}

fn ask_approval() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "execution": EXECUTION,
        "token": "AQCEAAAAKgAAAAMAAAAA",
        "timeoutSeconds": 900,
        "trigger": trigger(),
        "promotion": { "verb": "failover", "because": "the engine versions are the same", "lagSeconds": 0.4, "lagBecause": null },
        "instances": 1,
        "rpoSeconds": 60,
        "topic": null,
    })
}

fn terminate_instances() -> Value {
    json!({ "mode": "execute", "run": RUN, "workload": "unishop", "since": SINCE, "deadline": DEADLINE })
}

fn fence_primary() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "primaryRegion": "us-east-1",
        "recoveryRegion": "us-west-1",
        "fence": { "function": "arn:aws:lambda:us-west-1:123456789012:function:relight-unishop-fence" },
    })
}

fn keep_lost_writes() -> Value {
    json!({
        "purpose": "run",
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "cluster": "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary",
        "moved": { "lagSeconds": 0.4, "measuredAt": SINCE, "recoveredAt": SINCE },
    })
}

fn create_image() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "region": "us-east-1",
        "source": { "instance": "i-0123456789abcdef0" },
        "consistency": "crash",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn copy_image() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "from": "us-east-1",
        "image": "ami-0123456789abcdef0",
        "region": "us-west-1",
        "kmsKey": null,
        "completeWithinMinutes": null,
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

fn adopt_image() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "image": "ami-0123456789abcdef0",
        "pointer": "/relight/unishop/image",
    })
}

fn prune_images() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "regions": { "primary": "us-east-1", "recovery": "us-west-1" },
        "keep": 3,
        "minimumAgeSeconds": 86_400,
        "pointer": "/relight/unishop/image",
        "since": SINCE,
        "deadline": DEADLINE,
    })
}
