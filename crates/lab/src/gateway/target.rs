//! What a request is about: the cluster, the bucket and key, the function. For the log; best effort.

use http::request;
use serde_json::Value;

use super::call::Protocol;
use super::form::Form;
use super::operation::bucket_and_key;

/// The parameters of query requests that say it, the most telling first (botocore's input members).
const FORM: [&str; 28] = [
    "TargetDbClusterIdentifier",
    "DbClusterIdentifier",
    "DBClusterIdentifier",
    "GlobalClusterIdentifier",
    "DBInstanceIdentifier",
    "LaunchTemplate.LaunchTemplateId",
    "LaunchTemplateId",
    "LaunchTemplate.LaunchTemplateName",
    "LaunchTemplateName",
    "AllocationId",
    "InstanceId",
    "InstanceId.1",
    "ImageId",
    "ImageId.1",
    "SourceImageId",
    "SnapshotId",
    "ResourceId.1",
    "SubnetId.1",
    "AutoScalingGroupName",
    "AutoScalingGroupNames.member.1",
    "TargetGroupArn",
    "TargetGroupArns.member.1",
    "TopicArn",
    "StackName",
    "RoleName",
    "PolicySourceArn",
    "AlarmName",
    "AlarmNames.member.1",
];

/// The same for JSON requests.
const JSON: [&str; 12] = [
    "executionArn",
    "stateMachineArn",
    "TableName",
    "Name",
    "Names",
    "AlarmNames",
    "FunctionName",
    "TopicArn",
    "logGroupName",
    "KeyId",
    "name",
    "RoutingControlArn",
];

/// What the request is about, where that can be told.
pub(crate) fn of(head: &request::Parts, protocol: Protocol, form: &Form, body: &[u8]) -> Option<String> {
    match protocol {
        Protocol::Ec2 | Protocol::Query => FORM.iter().find_map(|name| form.get(name)).map(str::to_owned),
        Protocol::Json => in_json(body),
        Protocol::S3 => object(head),
        Protocol::Rest => third_segment(head.uri.path()),
        Protocol::Cbor => None,
    }
}

fn in_json(body: &[u8]) -> Option<String> {
    let parsed: Value = serde_json::from_slice(body).ok()?;
    let entries = || parsed.get("UpdateRoutingControlStateEntries")?.get(0)?.get("RoutingControlArn");
    let found = JSON.iter().find_map(|name| parsed.get(name)).or_else(entries)?;
    found.as_str().or_else(|| found.get(0)?.as_str()).map(str::to_owned)
}

/// `bucket/key`, with the version where one is asked for: IAM has an action of its own for that.
fn object(head: &request::Parts) -> Option<String> {
    let (bucket, key) = bucket_and_key(head.uri.path());
    if bucket.is_empty() {
        return None;
    }
    let version = head
        .uri
        .query()
        .and_then(|query| query.split('&').find(|pair| pair.starts_with("versionId=")));
    let object = if key.is_empty() {
        bucket.to_owned()
    } else {
        format!("{bucket}/{key}")
    };
    Some(match version {
        Some(version) => format!("{object}?{version}"),
        None => object,
    })
}

/// `f` of `/2015-03-31/functions/f/…`, `s` of `/schedules/s`.
fn third_segment(path: &str) -> Option<String> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    parts.find(|part| matches!(*part, "functions" | "distribution" | "schedules" | "schedule-groups" | "tags"))?;
    parts.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::call::Call;
    use super::super::call::tests::{form_call, head};

    #[test]
    fn a_call_says_what_it_is_about() {
        let arn = "arn:aws:rds:us-west-1:000000000000:cluster:s";
        let removal = form_call(
            "rds",
            &format!("Action=RemoveFromGlobalCluster&GlobalClusterIdentifier=g&DbClusterIdentifier={arn}"),
        );
        assert_eq!(removal.target.as_deref(), Some(arn));
        let cases = [
            ("s3", "GET", "/b/plans/w.toml?x-id=GetObject", &[][..], "", Some("b/plans/w.toml")),
            ("s3", "GET", "/b/k?versionId=v1&x-id=GetObject", &[], "", Some("b/k?versionId=v1")),
            ("lambda", "POST", "/2015-03-31/functions/f/invocations", &[], "", Some("f")),
            (
                "dynamodb",
                "POST",
                "/",
                &[("x-amz-target", "DynamoDB_20120810.GetItem")],
                r#"{"TableName":"relight-ledger","Key":{}}"#,
                Some("relight-ledger"),
            ),
            (
                "ssm",
                "POST",
                "/",
                &[("x-amz-target", "AmazonSSM.GetParameters")],
                r#"{"Names":["/a/b"]}"#,
                Some("/a/b"),
            ),
            ("monitoring", "POST", "/service/G/operation/PutMetricData", &[], "", None),
        ];
        for (service, method, uri, headers, body, target) in cases {
            let call = Call::read(&head(service, method, uri, headers), body.as_bytes());
            assert_eq!(call.target.as_deref(), target, "{service} {method} {uri}");
        }
    }
}
