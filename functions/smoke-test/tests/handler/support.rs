//! A real site on loopback that answers as a test says and remembers what it was asked, and the rest of a test's world.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use aws_sdk_cloudwatch::operation::put_metric_data::{PutMetricDataInput, PutMetricDataOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use bucket::Bucket;
use bucket::testing::Asked as AskedBucket;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use smoke_test::address::{Lookup, system_lookup};
use smoke_test::http::{Http, Trust};
use smoke_test::{Clock, Reach};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the site was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What the site does about it.
pub(crate) enum Answer {
    /// Status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Status and headers, and then a body without end.
    Endless,
    /// Nothing, ever.
    Hang,
}

pub(crate) fn ok(body: &str) -> Answer {
    Answer::Reply(200, Vec::new(), body.as_bytes().to_vec())
}

pub(crate) fn status(status: u16) -> Answer {
    Answer::Reply(status, Vec::new(), Vec::new())
}

pub(crate) fn redirect(status: u16, location: impl Into<String>) -> Answer {
    Answer::Reply(status, vec![("location", location.into())], Vec::new())
}

struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 4_096])))))
    }
}

type Answers = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A site on loopback.
pub(crate) struct TestSite {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl TestSite {
    pub(crate) async fn start(answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(answers)).await
    }

    /// Over TLS, with a certificate of its own authority for `name` that is valid until `end`; and the roots that believe it.
    pub(crate) async fn start_tls(
        name: &str,
        end: Timestamp,
        answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> (Self, RootCertStore) {
        let (certificate, key) = certificate(name, end);
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        (
            Self::serve(Some(TlsAcceptor::from(Arc::new(config))), Arc::new(answers)).await,
            roots,
        )
    }

    async fn serve(tls: Option<TlsAcceptor>, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, tls.clone(), Arc::clone(&log), Arc::clone(&answers)));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, log: Arc<Mutex<Vec<Asked>>>, answers: Answers) {
    let service = service_fn(move |request| answer(request, Arc::clone(&log), Arc::clone(&answers)));
    let server = hyper::server::conn::http1::Builder::new();
    let _ended = match tls {
        None => server.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => Ok(()),
        },
    };
}

async fn answer(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Asked>>>,
    answers: Answers,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap(),
    };
    let answer = answers(&asked);
    log.lock().unwrap().push(asked);
    let response = match answer {
        Answer::Hang => std::future::pending().await,
        Answer::Endless => Response::new(Endless.boxed_unsync()),
        Answer::Reply(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Full::new(Bytes::from(body)).boxed_unsync()).unwrap()
        }
    };
    Ok(response)
}

fn certificate(name: &str, end: Timestamp) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    // Authorities of the same name would be told apart by their signatures only.
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    let date = end.to_zoned(jiff::tz::TimeZone::UTC).date();
    let unsigned = |part: i8| u8::try_from(part).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(i32::from(date.year()), unsigned(date.month()), unsigned(date.day()));
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

/// The way to sites on loopback, believing nobody's certificate.
pub(crate) fn http() -> Http {
    http_by(system_lookup)
}

/// The same, with names resolved by `lookup`.
pub(crate) fn http_by(lookup: Lookup) -> Http {
    let mut roots = RootCertStore::empty();
    roots.add(certificate("nobody.example.com", at("2030-01-01T00:00:00Z")).0).unwrap();
    Http::new(Trust::Only(roots), lookup)
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clock that moves by sleeping, and by the test.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn at(text: &str) -> Self {
        Self(Arc::new(Mutex::new(at(text))))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, when: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = when.max(*now);
    }
}

/// A plan of unishop with the `checks` given as TOML.
pub(crate) fn plan(primary: &str, recovery: &str, checks: &str) -> String {
    format!(
        r#"
workload = "unishop"
strategy = "hot-standby"
[regions]
primary = "us-east-1"
recovery = "us-west-1"
[objectives]
rto = "15m"
rpo = "1m"
[site]
primary = "{primary}"
recovery = "{recovery}"
{checks}
[probe]
period = "10s"
[guards]
mode = "automatic"
"#
    )
}

/// A bucket with one plan, and what it was asked.
pub(crate) fn stored(plan: &str) -> (Bucket, AskedBucket) {
    bucket::testing::bucket("plans-bucket", &[("plans/unishop.toml", plan)])
}

pub(crate) type Put = Arc<Mutex<Vec<PutMetricDataInput>>>;

/// CloudWatch takes everything, and what it took.
pub(crate) fn metrics() -> (Rule, Put) {
    let put = Put::default();
    let log = Arc::clone(&put);
    let rule = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .match_requests(move |input| {
            log.lock().unwrap().push(input.clone());
            true
        })
        .then_output(|| PutMetricDataOutput::builder().build());
    (rule, put)
}

pub(crate) fn reach(bucket: Bucket, metrics: &Rule) -> Reach {
    Reach {
        bucket,
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [metrics]),
        http: http(),
    }
}
