//! A bucket of objects in memory, behind the same requests as S3's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

use crate::Bucket;

/// What a bucket was asked, in order.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<Mutex<Vec<http::Request<Vec<u8>>>>>);

impl Asked {
    /// How many requests there were.
    pub fn count(&self) -> usize {
        self.requests().len()
    }

    /// The requests as they would have gone over the wire.
    pub fn requests(&self) -> Vec<http::Request<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, request: http::Request<Vec<u8>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }
}

/// The bucket `name` in us-west-1 with these objects, by key; what is written is taken, and noted only.
pub fn bucket(name: &str, objects: &[(&str, &str)]) -> (Bucket, Asked) {
    let objects: HashMap<String, String> = objects.iter().map(|(key, text)| (format!("/{key}"), (*text).to_owned())).collect();
    answering(name, move |request| match objects.get(request.uri().path()) {
        _ if request.method() == http::Method::PUT => (200, Vec::new(), Vec::new()),
        Some(text) => (200, Vec::new(), text.clone().into_bytes()),
        None => (
            404,
            Vec::new(),
            refusal("NoSuchKey", "The specified key does not exist.").into_bytes(),
        ),
    })
}

/// A reply: its status, its headers, its body.
pub type Reply = (u16, Vec<(&'static str, &'static str)>, Vec<u8>);

/// The bucket `name` in us-west-1 that answers as it is told; each call is tried once.
pub fn answering<F>(name: &str, answer: F) -> (Bucket, Asked)
where
    F: Fn(&http::Request<Vec<u8>>) -> Reply + Send + Sync + 'static,
{
    let asked = Asked::default();
    let log = asked.clone();
    let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
        let (status, headers, body) = answer(&request);
        log.note(request);
        let mut response = http::Response::new(SdkBody::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        for (name, value) in headers {
            response.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        response
    });
    let config = SdkConfig::builder()
        .region(Region::new("us-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .retry_config(RetryConfig::disabled())
        .http_client(client)
        .build();
    (Bucket::new(&config, name), asked)
}

/// S3's refusal, as it says it.
pub fn refusal(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
    )
}
