//! The name of the operation that a request asks for, as the service model names it.
//!
//! The query protocols and the JSON ones say it; S3, Lambda and the scheduler say it by method and path (botocore's
//! `http.requestUri` of each operation). Where no table knows it, it is method and path themselves.

use http::request;
use url::form_urlencoded;

use super::call::{Protocol, method_and_path};
use super::form::Form;

/// The operation of a request.
pub(crate) fn name(head: &request::Parts, service: &str, protocol: Protocol, form: &Form) -> String {
    let path = head.uri.path();
    let named = match protocol {
        Protocol::Ec2 | Protocol::Query => form.get("Action").map(str::to_owned),
        Protocol::Json => head
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok()?.rsplit('.').next().map(str::to_owned)),
        Protocol::Cbor => path.rsplit_once("/operation/").map(|(_, operation)| operation.to_owned()),
        Protocol::S3 => s3(head).map(str::to_owned),
        Protocol::Rest => rest(head, service).map(str::to_owned),
    };
    named.unwrap_or_else(|| method_and_path(&head.method, path))
}

/// Bucket and key of an S3 path (path style, which SDKs use for an endpoint that is an address).
pub(crate) fn bucket_and_key(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

fn s3(head: &request::Parts) -> Option<&'static str> {
    let (bucket, key) = bucket_and_key(head.uri.path());
    let query = head.uri.query().unwrap_or_default();
    let names: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    let copies = head.headers.contains_key("x-amz-copy-source");
    let method = head.method.as_str();
    Some(match (bucket.is_empty(), key.is_empty()) {
        (true, _) => return (method == "GET").then_some("ListBuckets"),
        (false, true) => match method {
            "HEAD" => "HeadBucket",
            "POST" if has("delete") => "DeleteObjects",
            "GET" if has("list-type") => "ListObjectsV2",
            "GET" if has("versions") => "ListObjectVersions",
            "GET" if has("uploads") => "ListMultipartUploads",
            "GET" | "PUT" | "DELETE" => bucket_setting(method, &has),
            _ => return None,
        },
        (false, false) => match method {
            "HEAD" => "HeadObject",
            "GET" if has("uploadId") => "ListParts",
            "GET" if has("tagging") => "GetObjectTagging",
            "GET" if has("attributes") => "GetObjectAttributes",
            "GET" => "GetObject",
            "PUT" if has("partNumber") && copies => "UploadPartCopy",
            "PUT" if has("partNumber") => "UploadPart",
            "PUT" if has("tagging") => "PutObjectTagging",
            "PUT" if copies => "CopyObject",
            "PUT" => "PutObject",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            "DELETE" if has("tagging") => "DeleteObjectTagging",
            "DELETE" => "DeleteObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "POST" if has("uploadId") => "CompleteMultipartUpload",
            _ => return None,
        },
    })
}

fn bucket_setting(method: &str, has: &dyn Fn(&str) -> bool) -> &'static str {
    const SETTINGS: [(&str, [&str; 3]); 11] = [
        ("versioning", ["GetBucketVersioning", "PutBucketVersioning", ""]),
        ("location", ["GetBucketLocation", "", ""]),
        ("policy", ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"]),
        ("tagging", ["GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"]),
        (
            "encryption",
            ["GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"],
        ),
        ("website", ["GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"]),
        (
            "lifecycle",
            [
                "GetBucketLifecycleConfiguration",
                "PutBucketLifecycleConfiguration",
                "DeleteBucketLifecycle",
            ],
        ),
        (
            "publicAccessBlock",
            ["GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"],
        ),
        (
            "notification",
            ["GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", ""],
        ),
        ("cors", ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"]),
        ("", ["ListObjects", "CreateBucket", "DeleteBucket"]),
    ];
    let column = match method {
        "GET" => 0,
        "PUT" => 1,
        _ => 2,
    };
    SETTINGS
        .iter()
        .find(|(name, operations)| (name.is_empty() || has(name)) && operations.get(column).is_some_and(|name| !name.is_empty()))
        .and_then(|(_, operations)| operations.get(column))
        .copied()
        .unwrap_or_default()
}

fn rest(head: &request::Parts, service: &str) -> Option<&'static str> {
    let parts: Vec<&str> = head.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let method = head.method.as_str();
    match service {
        "lambda" => lambda(method, parts.get(1..)?),
        "scheduler" => scheduler(method, &parts),
        "route53" => route53(method, parts.get(1..)?),
        "cloudfront" => cloudfront(method, parts.get(1..)?),
        _ => None,
    }
}

fn lambda(method: &str, parts: &[&str]) -> Option<&'static str> {
    Some(match (method, parts) {
        ("GET", ["functions"]) => "ListFunctions",
        ("POST", ["functions"]) => "CreateFunction",
        ("GET", ["functions", _]) => "GetFunction",
        ("DELETE", ["functions", _]) => "DeleteFunction",
        ("POST", ["functions", _, "invocations"]) => "Invoke",
        ("GET", ["functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["functions", _, "code"]) => "UpdateFunctionCode",
        ("POST", ["functions", _, "versions"]) => "PublishVersion",
        ("POST", ["functions", _, "aliases"]) => "CreateAlias",
        ("GET", ["functions", _, "policy"]) => "GetPolicy",
        ("POST", ["functions", _, "policy"]) => "AddPermission",
        ("DELETE", ["functions", _, "policy", _]) => "RemovePermission",
        ("POST", ["event-source-mappings"]) => "CreateEventSourceMapping",
        _ => return None,
    })
}

fn scheduler(method: &str, parts: &[&str]) -> Option<&'static str> {
    Some(match (method, parts) {
        ("GET", ["schedules"]) => "ListSchedules",
        ("GET", ["schedules", _]) => "GetSchedule",
        ("POST", ["schedules", _]) => "CreateSchedule",
        ("PUT", ["schedules", _]) => "UpdateSchedule",
        ("DELETE", ["schedules", _]) => "DeleteSchedule",
        ("GET", ["schedule-groups"]) => "ListScheduleGroups",
        ("GET", ["schedule-groups", _]) => "GetScheduleGroup",
        ("POST", ["schedule-groups", _]) => "CreateScheduleGroup",
        ("DELETE", ["schedule-groups", _]) => "DeleteScheduleGroup",
        _ => return None,
    })
}

fn route53(method: &str, parts: &[&str]) -> Option<&'static str> {
    Some(match (method, parts) {
        ("GET", ["healthcheck"]) => "ListHealthChecks",
        ("POST", ["healthcheck"]) => "CreateHealthCheck",
        ("POST", ["healthcheck", _]) => "UpdateHealthCheck",
        ("DELETE", ["healthcheck", _]) => "DeleteHealthCheck",
        _ => return None,
    })
}

fn cloudfront(method: &str, parts: &[&str]) -> Option<&'static str> {
    Some(match (method, parts) {
        ("POST", ["distribution"]) => "CreateDistribution",
        ("GET", ["distribution", _]) => "GetDistribution",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::head;
    use super::super::call::{Call, UNKNOWN};

    fn named(service: &str, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> String {
        Call::read(&head(service, method, uri, headers), body.as_bytes()).operation
    }

    #[test]
    fn each_protocol_names_its_operation_in_its_own_place() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let rds = named("rds", "POST", "/", &form, "Action=DescribeDBClusters&Version=2014-10-31");
        assert_eq!(rds, "DescribeDBClusters");
        let target = [("x-amz-target", "AWSStepFunctions.StartExecution")];
        assert_eq!(named("states", "POST", "/", &target, "{}"), "StartExecution");
        let cbor = [("smithy-protocol", "rpc-v2-cbor")];
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
        assert_eq!(named("monitoring", "POST", path, &cbor, ""), "PutMetricData");
        assert_eq!(named("sts", "GET", "/?Action=GetCallerIdentity", &[], ""), "GetCallerIdentity");
    }

    #[test]
    fn rest_operations_are_told_by_method_and_path() {
        let copy = [("x-amz-copy-source", "b/k")];
        for (service, method, uri, headers, operation) in [
            ("s3", "GET", "/", &[][..], "ListBuckets"),
            ("s3", "PUT", "/b", &[], "CreateBucket"),
            ("s3", "PUT", "/b?versioning", &[], "PutBucketVersioning"),
            ("s3", "GET", "/b?list-type=2&prefix=p%2F", &[], "ListObjectsV2"),
            ("s3", "GET", "/b/k/l?x-id=GetObject&versionId=v", &[], "GetObject"),
            ("s3", "HEAD", "/b/k", &[], "HeadObject"),
            ("s3", "PUT", "/b/k?x-id=PutObject", &[], "PutObject"),
            ("s3", "PUT", "/b/k", &copy, "CopyObject"),
            ("s3", "PUT", "/b/k?partNumber=1&uploadId=u", &[], "UploadPart"),
            ("lambda", "POST", "/2015-03-31/functions/f/invocations", &[], "Invoke"),
            (
                "lambda",
                "GET",
                "/2015-03-31/functions/f/configuration",
                &[],
                "GetFunctionConfiguration",
            ),
            ("scheduler", "POST", "/schedules/s", &[], "CreateSchedule"),
            ("cloudfront", "GET", "/2020-05-31/distribution/E1", &[], "GetDistribution"),
            ("appconfig", "GET", "/applications/a", &[], "GET /applications/a"),
        ] {
            assert_eq!(named(service, method, uri, headers, ""), operation, "{service} {method} {uri}");
        }
        assert_ne!(named("s3", "PATCH", "/b", &[], ""), UNKNOWN);
    }
}
