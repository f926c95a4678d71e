//! What a request asks of AWS, read from its head and, where the protocol puts it there, from its body.

use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method, request};
use url::form_urlencoded;

use super::form::Form;
use super::{ROOT_KEY, operation, target};

/// What stands in the log where a request says nothing of it.
pub(crate) const UNKNOWN: &str = "-";

/// The services that moto answers.
///
/// Certificates are there too, since moto's load balancers look for theirs in moto.
const MOTO: [&str; 5] = ["ec2", "autoscaling", "elasticloadbalancing", "servicequotas", "acm"];

/// How a service writes requests and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// EC2's variant of the query protocol: its own error document.
    Ec2,
    /// `Action=` in a form, XML in the answer.
    Query,
    /// `X-Amz-Target` and JSON.
    Json,
    /// A path per operation and JSON.
    Rest,
    /// `/service/…/operation/…` and CBOR.
    Cbor,
    /// S3's paths and XML.
    S3,
}

/// What a request is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// One request to AWS.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: String,
    pub(crate) scope: Scope,
    pub(crate) protocol: Protocol,
    pub(crate) operation: String,
    pub(crate) target: Option<String>,
    /// The parameters, of the two query protocols only.
    pub(crate) form: Form,
}

impl Call {
    /// Reads a request. `body` is empty where [`names_itself_in_its_body`] says no.
    pub(crate) fn read(head: &request::Parts, body: &[u8]) -> Self {
        let scope = scope(head).unwrap_or_else(|| Scope {
            access_key: UNKNOWN.to_owned(),
            region: UNKNOWN.to_owned(),
            service: UNKNOWN.to_owned(),
        });
        let protocol = protocol(head, &scope);
        let mut form = Form::default();
        if matches!(protocol, Protocol::Ec2 | Protocol::Query) {
            form = Form::parse(body);
            form.extend(Form::parse(head.uri.query().unwrap_or_default().as_bytes()));
        }
        let operation = operation::name(head, &scope.service, protocol, &form);
        let target = target::of(head, protocol, &form, body);
        Self {
            caller: caller(&head.headers, &scope),
            scope,
            protocol,
            operation,
            target,
            form,
        }
    }

    /// Whether moto answers it.
    pub(crate) fn is_for_moto(&self) -> bool {
        MOTO.contains(&self.scope.service.as_str())
    }

    /// Whether it is signed with the root key, about which no policy is asked.
    pub(crate) fn is_roots(&self) -> bool {
        self.scope.access_key == ROOT_KEY
    }

    /// Whether it is `operation` of `service`.
    pub(crate) fn is(&self, service: &str, operation: &str) -> bool {
        self.scope.service == service && self.operation == operation
    }
}

/// Whether the operation, or what it is about, stands in the body: then the body is read before it is sent on. Others,
/// S3's large ones above all, are streamed.
pub(crate) fn names_itself_in_its_body(head: &request::Parts) -> bool {
    let scope = scope(head);
    let service = scope.as_ref().map(|scope| scope.service.as_str());
    let kind = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    service != Some("s3") && (head.headers.contains_key("x-amz-target") || kind.starts_with("application/x-www-form-urlencoded"))
}

fn protocol(head: &request::Parts, scope: &Scope) -> Protocol {
    let kind = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    if scope.service == "s3" {
        Protocol::S3
    } else if scope.service == "ec2" {
        Protocol::Ec2
    } else if head.headers.contains_key("smithy-protocol") {
        Protocol::Cbor
    } else if head.headers.contains_key("x-amz-target") {
        Protocol::Json
    } else if kind.starts_with("application/x-www-form-urlencoded") || query.starts_with("Action=") || query.contains("&Action=") {
        Protocol::Query
    } else {
        Protocol::Rest
    }
}

/// The credential scope of a signature, in the header or, presigned, in the query
/// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html):
/// `<key>/<date>/<Region>/<service>/aws4_request`.
fn scope(head: &request::Parts) -> Option<Scope> {
    let header = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = match header {
        Some(header) => header.split_once("Credential=")?.1.split([',', ' ']).next()?.to_owned(),
        None => form_urlencoded::parse(head.uri.query()?.as_bytes())
            .find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Credential"))
            .map(|(_, value)| value.into_owned())?,
    };
    let mut parts = credential.rsplitn(5, '/');
    let (_terminator, service, region, _date) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Scope {
        access_key: parts.next()?.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

/// The application's name as the SDKs put it into the user agent; without one, `lab` for the root key, else the key.
fn caller(headers: &HeaderMap, scope: &Scope) -> String {
    let agent = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    [agent(USER_AGENT.as_str()), agent("x-amz-user-agent")]
        .into_iter()
        .flatten()
        .flat_map(str::split_whitespace)
        .find_map(|word| word.strip_prefix("app/"))
        .unwrap_or(if scope.access_key == ROOT_KEY { "lab" } else { &scope.access_key })
        .to_owned()
}

/// `GET /path`, for a request that no table names.
pub(crate) fn method_and_path(method: &Method, path: &str) -> String {
    format!("{method} {path}")
}

#[cfg(test)]
pub(crate) mod tests {
    use http::Request;

    use super::*;

    /// The head of a request as an SDK signs it.
    pub(crate) fn head(service: &str, method: &str, uri: &str, headers: &[(&str, &str)]) -> request::Parts {
        let mut request = Request::builder().method(method).uri(uri).header(
            AUTHORIZATION,
            format!("AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00"),
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    /// A form call to `service`.
    pub(crate) fn form_call(service: &str, form: &str) -> Call {
        let head = head(service, "POST", "/", &[("content-type", "application/x-www-form-urlencoded")]);
        Call::read(&head, form.as_bytes())
    }

    #[test]
    fn region_and_service_come_from_the_signature_not_from_the_host() {
        let head = head("rds", "POST", "/", &[("host", "ec2.eu-west-1.amazonaws.com")]);
        let call = Call::read(&head, b"");
        assert_eq!((call.scope.region.as_str(), call.scope.service.as_str()), ("us-west-1", "rds"));
        assert!(!call.is_for_moto());
    }

    #[test]
    fn a_presigned_request_has_its_scope_in_the_query() {
        let uri = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20261121%2Feu-west-1%2Fs3%2Faws4_request";
        let request = Request::builder().uri(uri).body(()).unwrap();
        let call = Call::read(&request.into_parts().0, b"");
        assert_eq!(call.scope.region, "eu-west-1");
        assert_eq!(call.operation, "GetObject");
    }

    #[test]
    fn five_services_are_motos_and_no_other() {
        for (service, motos) in [
            ("ec2", true),
            ("autoscaling", true),
            ("elasticloadbalancing", true),
            ("servicequotas", true),
            ("acm", true),
            ("rds", false),
            ("lambda", false),
        ] {
            assert_eq!(Call::read(&head(service, "POST", "/", &[]), b"").is_for_moto(), motos, "{service}");
        }
    }

    #[test]
    fn the_caller_is_the_applications_name_wherever_the_sdk_puts_it() {
        let agent = "aws-sdk-rust/1.3.9 ua/2.1 api/rds#1.1 os/linux lang/rust#1.95.0 m/E app/detach-global-cluster";
        for header in ["user-agent", "x-amz-user-agent"] {
            let head = head("rds", "POST", "/", &[(header, agent)]);
            assert_eq!(Call::read(&head, b"").caller, "detach-global-cluster");
        }
        assert_eq!(Call::read(&head("rds", "POST", "/", &[]), b"").caller, "AKIA");
    }

    #[test]
    fn an_unsigned_request_is_read_without_guessing() {
        let request = Request::builder().uri("/health").body(()).unwrap();
        let call = Call::read(&request.into_parts().0, b"");
        assert_eq!((call.scope.service.as_str(), call.scope.region.as_str()), (UNKNOWN, UNKNOWN));
        assert_eq!(call.operation, "GET /health");
    }

    #[test]
    fn uploads_are_streamed_and_forms_are_read() {
        assert!(!names_itself_in_its_body(&head("s3", "PUT", "/b/k", &[])));
        assert!(!names_itself_in_its_body(&head("lambda", "POST", "/2015-03-31/functions", &[])));
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        assert!(names_itself_in_its_body(&head("ec2", "POST", "/", &form)));
        assert!(names_itself_in_its_body(&head(
            "dynamodb",
            "POST",
            "/",
            &[("x-amz-target", "DynamoDB_20120810.PutItem")]
        )));
    }
}
