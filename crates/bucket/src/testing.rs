//! Buckets of objects in memory, behind the same requests as S3's.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

use crate::{Bucket, Object};

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
    let (config, asked) = configured(move |request| {
        let (status, headers, body) = answer(request);
        respond(status, headers.into_iter().map(|(name, value)| (name, value.to_owned())), body)
    });
    (Bucket::new(&config, name), asked)
}

/// Objects in memory, of as many buckets as are named: what is written is there to be read.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<Mutex<BTreeMap<String, Object>>>);

impl Shelf {
    /// With these objects, each by its `s3://` location and with its text, as `binary/octet-stream`, which S3 takes an
    /// object for that was written without a type.
    pub fn with(objects: &[(&str, &str)]) -> Self {
        let shelf = Self::default();
        for (location, text) in objects {
            let object = Object {
                bytes: text.as_bytes().to_vec(),
                version: None,
                content_type: Some("binary/octet-stream".to_owned()),
                cache_control: None,
            };
            shelf.put(location, object);
        }
        shelf
    }

    /// The object at an `s3://` location, if there is one.
    pub fn object(&self, location: &str) -> Option<Object> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(location).cloned()
    }

    /// Puts an object where it was not asked to.
    pub fn put(&self, location: &str, object: Object) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(location.to_owned(), object);
    }

    /// The way to them from us-west-1; each call is tried once.
    pub fn config(&self) -> (SdkConfig, Asked) {
        let shelf = self.clone();
        configured(move |request| shelf.answer(request))
    }

    /// S3's answer to a request.
    pub fn answer(&self, request: &http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
        let location = location(request.uri());
        if request.method() == http::Method::PUT {
            let object = Object {
                bytes: request.body().clone(),
                version: None,
                content_type: header("content-type"),
                cache_control: header("cache-control"),
            };
            self.put(&location, object);
            return respond(200, [], Vec::new());
        }
        match self.object(&location) {
            Some(object) => {
                let headers = [("content-type", object.content_type), ("cache-control", object.cache_control)];
                let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
                respond(200, headers, object.bytes)
            }
            None => respond(404, [], refusal("NoSuchKey", "The specified key does not exist.").into_bytes()),
        }
    }
}

/// The location that a request is about, whether its bucket is named in the host or, with a dot in it, in the path.
fn location(uri: &http::Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match host.split_once(".s3.") {
        Some((bucket, _)) => format!("s3://{bucket}{}", uri.path()),
        None => format!("s3:/{}", uri.path()),
    }
}

fn respond(status: u16, headers: impl IntoIterator<Item = (&'static str, String)>, body: Vec<u8>) -> http::Response<Vec<u8>> {
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = http::HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A configuration whose every call is answered as it is told, and tried once.
pub fn configured<F>(answer: F) -> (SdkConfig, Asked)
where
    F: Fn(&http::Request<Vec<u8>>) -> http::Response<Vec<u8>> + Send + Sync + 'static,
{
    let asked = Asked::default();
    let log = asked.clone();
    let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
        let response = answer(&request);
        log.note(request);
        response.map(SdkBody::from)
    });
    let config = SdkConfig::builder()
        .region(Region::new("us-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .retry_config(RetryConfig::disabled())
        .http_client(client)
        .build();
    (config, asked)
}

/// S3's refusal, as it says it.
pub fn refusal(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
    )
}
