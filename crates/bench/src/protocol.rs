//! What a signed call is, and how AWS denies it in the protocol that the call is made in.
//!
//! The protocols: smithy.io/2.0/aws/protocols and smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html; EC2's error:
//! docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;

/// What AWS says to every call; an answer that has it in its message is an answer after that call.
pub const DENIAL: &str = "the bench allows no call";

/// One call, and its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    service: String,
    operation: String,
    protocol: Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Cbor,
    Ec2,
    Json,
    Query,
    RestJson,
    RestXml,
}

impl Call {
    /// Reads which call a request makes; `None` where it is signed for no service.
    pub fn read(head: &Parts, body: &[u8]) -> Option<Self> {
        let text = |name: header::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        // Credential=<key>/<date>/<Region>/<service>/aws4_request
        let scope = text(header::AUTHORIZATION)?.split_once("Credential=")?.1;
        let service = match scope.split('/').nth(3)? {
            "monitoring" => "cloudwatch",
            service => service,
        };
        let named = |name: &'static str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (protocol, operation) = if let Some(target) = named("x-amz-target") {
            (Protocol::Json, target.rsplit('.').next().unwrap_or_default().to_owned())
        } else if named("smithy-protocol").is_some() {
            (Protocol::Cbor, head.uri.path().rsplit('/').next().unwrap_or_default().to_owned())
        } else if service == "s3" {
            (Protocol::RestXml, object_operation(head))
        } else if service == "lambda" {
            (Protocol::RestJson, function_operation(head))
        } else {
            (if service == "ec2" { Protocol::Ec2 } else { Protocol::Query }, form_operation(body))
        };
        Some(Self {
            service: service.to_owned(),
            operation,
            protocol,
        })
    }

    /// The call as IAM names it, such as `rds:DescribeGlobalClusters`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// That AWS denies it.
    pub fn denied(&self) -> Response<Full<Bytes>> {
        let (kind, body): (&str, Bytes) = match self.protocol {
            Protocol::Cbor => ("application/cbor", cbor(&[("__type", "AccessDenied"), ("message", DENIAL)]).into()),
            Protocol::Json => {
                let body = format!(r#"{{"__type":"AccessDeniedException","message":"{DENIAL}"}}"#);
                ("application/x-amz-json-1.0", body.into())
            }
            Protocol::Ec2 => {
                let error = format!("<Error><Code>UnauthorizedOperation</Code><Message>{DENIAL}</Message></Error>");
                (
                    "text/xml",
                    format!("<Response><Errors>{error}</Errors><RequestID>bench</RequestID></Response>").into(),
                )
            }
            Protocol::Query => {
                let error = format!("<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{DENIAL}</Message></Error>");
                (
                    "text/xml",
                    format!("<ErrorResponse>{error}<RequestId>bench</RequestId></ErrorResponse>").into(),
                )
            }
            Protocol::RestJson => ("application/json", format!(r#"{{"Message":"{DENIAL}"}}"#).into()),
            Protocol::RestXml => {
                let error = format!("<Code>AccessDenied</Code><Message>{DENIAL}</Message><RequestId>bench</RequestId>");
                ("application/xml", format!("<Error>{error}</Error>").into())
            }
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("text/plain")),
        );
        response.headers_mut().insert("x-amzn-requestid", HeaderValue::from_static("bench"));
        let told = match self.protocol {
            Protocol::Cbor => Some(("smithy-protocol", "rpc-v2-cbor")),
            Protocol::RestJson => Some(("x-amzn-errortype", "AccessDeniedException")),
            Protocol::Ec2 | Protocol::Json | Protocol::Query | Protocol::RestXml => None,
        };
        if let Some((header, value)) = told {
            response.headers_mut().insert(header, HeaderValue::from_static(value));
        }
        response
    }
}

/// S3 has no name of the operation in its requests; these are those of objects.
fn object_operation(head: &Parts) -> String {
    match head.method.as_str() {
        "GET" => "GetObject".to_owned(),
        "PUT" => "PutObject".to_owned(),
        other => other.to_owned(),
    }
}

/// Nor has Lambda (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, API_ListFunctions.html).
fn function_operation(head: &Parts) -> String {
    let path = head.uri.path();
    if head.method == "POST" && path.ends_with("/invocations") {
        "InvokeFunction"
    } else if head.method == "GET" && path.trim_end_matches('/').ends_with("/functions") {
        "ListFunctions"
    } else {
        path
    }
    .to_owned()
}

fn form_operation(body: &[u8]) -> String {
    let form = String::from_utf8_lossy(body);
    form.split('&')
        .find_map(|field| field.strip_prefix("Action="))
        .unwrap_or_default()
        .to_owned()
}

/// A map of short texts in CBOR (RFC 8949).
fn cbor(fields: &[(&str, &str)]) -> Vec<u8> {
    const MAP: u8 = 0xa0;
    const TEXT_WITH_LENGTH: u8 = 0x78;
    let short = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let mut written = vec![MAP | short(fields.len())];
    for (name, value) in fields {
        for text in [name, value] {
            written.extend([TEXT_WITH_LENGTH, short(text.len())]);
            written.extend(text.as_bytes());
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn call(method: &str, uri: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let scope = format!("AWS4-HMAC-SHA256 Credential=AKID/20261121/us-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let mut request = Request::builder().method(method).uri(uri).header("authorization", scope);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Call::read(&request.body(()).unwrap().into_parts().0, body.as_bytes()).unwrap()
    }

    #[test]
    fn a_call_is_named_in_each_protocol() {
        let form = "Action=DescribeGlobalClusters&Version=2014-10-31";
        for (expected, call) in [
            ("rds:DescribeGlobalClusters", call("POST", "/", "rds", &[], form)),
            (
                "ec2:DescribeInstances",
                call("POST", "/", "ec2", &[], "Action=DescribeInstances&Version=2016-11-15"),
            ),
            (
                "dynamodb:GetItem",
                call("POST", "/", "dynamodb", &[("x-amz-target", "DynamoDB_20120810.GetItem")], "{}"),
            ),
            (
                "s3:GetObject",
                call("GET", "/relight/plans/unishop.toml?x-id=GetObject", "s3", &[], ""),
            ),
            (
                "lambda:InvokeFunction",
                call("POST", "/2015-03-31/functions/relight-fence/invocations", "lambda", &[], "{}"),
            ),
            (
                "cloudwatch:PutMetricData",
                call(
                    "POST",
                    "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                    "monitoring",
                    &[("smithy-protocol", "rpc-v2-cbor")],
                    "",
                ),
            ),
        ] {
            assert_eq!(call.name(), expected);
        }
    }

    #[test]
    fn what_is_not_signed_is_no_call() {
        let head = Request::builder().uri("/").body(()).unwrap().into_parts().0;
        assert_eq!(Call::read(&head, b""), None);
    }

    #[test]
    fn a_map_of_texts_is_written_as_cbor() {
        // In the diagnostic notation of RFC 8949: {"a": "bc"}.
        assert_eq!(cbor(&[("a", "bc")]), [0xa1, 0x78, 1, b'a', 0x78, 2, b'b', b'c']);
    }
}
