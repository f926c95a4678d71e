//! Errors as AWS writes them: in each protocol, with each service's own code for throttling; and reading them back.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;
use serde_json::json;

use super::call::{Call, Protocol};

/// The id of every answer that the gateway gives by itself.
const REQUEST_ID: &str = "00000000-0000-4000-8000-6c6162000000";
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const CBOR: HeaderValue = HeaderValue::from_static("application/cbor");
const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// An error of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// How the service of `call` asks to be called less often
    /// (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html lists the codes; EC2's status is 503 by its
    /// list of server errors, S3's by its own, Lambda's 429 by its model).
    pub(crate) fn throttled(call: &Call) -> Self {
        let (status, code, message) = match (call.scope.service.as_str(), call.protocol) {
            ("ec2", _) => (StatusCode::SERVICE_UNAVAILABLE, "RequestLimitExceeded", "Request limit exceeded."),
            ("s3", _) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
            ("lambda", _) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate exceeded"),
            (_, Protocol::Query) => (StatusCode::BAD_REQUEST, "Throttling", "Rate exceeded"),
            _ => (StatusCode::BAD_REQUEST, "ThrottlingException", "Rate exceeded"),
        };
        Self::new(status, code, message)
    }

    /// The answer in the protocol that the caller speaks.
    pub(crate) fn answer(&self, protocol: Protocol) -> Response<Bytes> {
        let (code, message) = (escape(&self.code), escape(&self.message));
        let (kind, body) = match protocol {
            Protocol::Ec2 => (
                XML,
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
                )
                .into_bytes(),
            ),
            Protocol::Query => {
                let side = if self.status.is_server_error() { "Receiver" } else { "Sender" };
                (
                    XML,
                    format!(
                        "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
                    )
                    .into_bytes(),
                )
            }
            Protocol::S3 => (
                XML,
                format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{REQUEST_ID}</RequestId></Error>").into_bytes(),
            ),
            Protocol::Json | Protocol::Rest => (
                JSON,
                json!({"__type": self.code, "message": self.message}).to_string().into_bytes(),
            ),
            Protocol::Cbor => (CBOR, cbor(&[("__type", &self.code), ("message", &self.message)])),
        };
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert("x-amzn-requestid", HeaderValue::from_static(REQUEST_ID));
        if matches!(protocol, Protocol::Json | Protocol::Rest)
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            headers.insert("x-amzn-errortype", code);
        }
        if protocol == Protocol::Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        answer
    }
}

/// The code in an error of AWS, in whatever protocol it came.
pub(crate) fn code(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let named = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let found = named.map(str::to_owned).or_else(|| {
        let text = String::from_utf8_lossy(body);
        between(&text, "<Code>", "</Code>")
            .map(str::to_owned)
            .or_else(|| json_type(body))
            .or_else(|| cbor_type(body))
    })?;
    // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://…` is written in several of these ways.
    let short = found.rsplit('#').next()?.split(':').next()?.trim();
    (!short.is_empty()).then(|| short.to_owned())
}

fn json_type(body: &[u8]) -> Option<String> {
    let parsed: serde_json::Value = serde_json::from_slice(body).ok()?;
    ["__type", "code", "Code"]
        .iter()
        .find_map(|name| parsed.get(name)?.as_str().map(str::to_owned))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// `__type` is a text of definite length in every error of rpcv2Cbor (smithy.io/2.0/additional-specs/protocols).
fn cbor_type(body: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"\x66__type";
    let at = body.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let (length, start) = match *body.get(at)? {
        head @ 0x60..=0x77 => (usize::from(head - 0x60), at + 1),
        0x78 => (usize::from(*body.get(at + 1)?), at + 2),
        _ => return None,
    };
    let text = body.get(start..start + length)?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// A CBOR map of texts (RFC 8949, major types 5 and 3).
fn cbor(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut written = vec![0xa0 | u8::try_from(pairs.len()).unwrap_or_default()];
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        match u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes() {
            [0, length] if length < 24 => written.push(0x60 | length),
            [0, length] => written.extend([0x78, length]),
            [high, low] => written.extend([0x79, high, low]),
        }
        written.extend(text.as_bytes().iter().take(usize::from(u16::MAX)));
    }
    written
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOCOLS: [Protocol; 6] = [
        Protocol::Ec2,
        Protocol::Query,
        Protocol::S3,
        Protocol::Json,
        Protocol::Rest,
        Protocol::Cbor,
    ];

    #[test]
    fn an_error_reads_back_with_its_code_in_every_protocol() {
        for protocol in PROTOCOLS {
            let fault = Fault::new(StatusCode::BAD_REQUEST, "InvalidThing.NotFound", "it is < nothing & gone");
            let answer = fault.answer(protocol);
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            let read = code(answer.headers(), answer.body());
            assert_eq!(read.as_deref(), Some("InvalidThing.NotFound"), "{protocol:?}");
            let body_only = code(&HeaderMap::new(), answer.body());
            assert_eq!(body_only.as_deref(), Some("InvalidThing.NotFound"), "{protocol:?} without headers");
        }
    }

    #[test]
    fn a_code_is_read_without_its_namespace_and_its_link() {
        let body = br#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}"#;
        assert_eq!(code(&HeaderMap::new(), body).as_deref(), Some("ResourceNotFoundException"));
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amzn-errortype",
            HeaderValue::from_static("ValidationException:http://internal.amazon.com/"),
        );
        assert_eq!(code(&headers, b"").as_deref(), Some("ValidationException"));
    }

    #[test]
    fn a_long_text_keeps_its_length_in_cbor() {
        let long = "x".repeat(300);
        let written = cbor(&[("message", &long)]);
        assert_eq!(written.len(), 1 + 1 + 7 + 3 + 300);
        assert_eq!(&written[9..12], [0x79, 1, 44]);
    }
}
