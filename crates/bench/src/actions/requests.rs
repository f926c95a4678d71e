//! What the actions are called with.

use serde_json::{Value, json};

pub(super) const RUN: &str = "unishop-20261121T031502Z";
const SINCE: &str = "2026-11-21T03:15:02Z";
/// Far away, so that the figures of this year and of the next are of the same way through the code.
const DEADLINE: &str = "2099-12-31T00:00:00Z";
const EXECUTION: &str = "arn:aws:states:us-west-1:123456789012:execution:relight-failover:unishop-20261121T031502Z";

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
pub(super) fn alarm() -> Value {
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

pub(super) fn open_run() -> Value {
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

pub(super) fn choose_promotion() -> Value {
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

pub(super) fn launch_instances() -> Value {
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

pub(super) fn check_plan() -> Value {
    json!({ "run": RUN, "workload": "unishop" })
}

pub(super) fn check_database() -> Value {
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

pub(super) fn check_compute() -> Value {
    json!({
        "run": RUN,
        "workload": "unishop",
        "launch": launch(),
        "group": null,
        "imageMaximumAgeSeconds": 604_800,
    })
}

pub(super) fn scale_group() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "group": { "name": "shop", "fullSize": 4, "minimumHealthyPercent": 100, "targetGroups": [] },
        "since": SINCE,
        "deadline": DEADLINE,
    })
}

pub(super) fn check_tables() -> Value {
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

pub(super) fn publish_endpoint() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "planVersion": null,
        "database": { "endpoint": "unishop.example", "port": 5432 },
    })
}

pub(super) fn shift_traffic() -> Value {
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

pub(super) fn check_readiness() -> Value {
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

pub(super) fn smoke_test() -> Value {
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

pub(super) fn confirm_outage() -> Value {
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

pub(super) fn close_run() -> Value {
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

pub(super) fn ask_approval() -> Value {
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

pub(super) fn terminate_instances() -> Value {
    json!({ "mode": "execute", "run": RUN, "workload": "unishop", "since": SINCE, "deadline": DEADLINE })
}

pub(super) fn fence_primary() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "primaryRegion": "us-east-1",
        "recoveryRegion": "us-west-1",
        "fence": { "function": "arn:aws:lambda:us-west-1:123456789012:function:relight-unishop-fence" },
    })
}

pub(super) fn keep_lost_writes() -> Value {
    json!({
        "purpose": "run",
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "cluster": "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary",
        "moved": { "lagSeconds": 0.4, "measuredAt": SINCE, "recoveredAt": SINCE },
    })
}

pub(super) fn create_image() -> Value {
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

pub(super) fn copy_image() -> Value {
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

pub(super) fn adopt_image() -> Value {
    json!({
        "mode": "execute",
        "run": RUN,
        "workload": "unishop",
        "image": "ami-0123456789abcdef0",
        "pointer": "/relight/unishop/image",
    })
}

pub(super) fn prune_images() -> Value {
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
