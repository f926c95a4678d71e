//! Requests pass through as they were signed, to the right emulator, and are logged.

use aws_sdk_rds::error::ProvideErrorMetadata;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::gateway::testing::{Fake, gateway, sdk, xml};
use crate::gateway::{Entry, Gateway, Times};

async fn send(request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    let status = answer.status();
    (status, answer.into_body().collect().await.unwrap().to_bytes())
}

fn only(gateway: &Gateway) -> Entry {
    let entries = gateway.log().snapshot();
    assert_eq!(entries.len(), 1, "{entries:?}");
    (*entries[0]).clone()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_signed_and_its_answer_as_it_was_given() {
    let answer = "<Answer>  kept &amp; byte for byte </Answer>";
    let ministack = Fake::start(move |_| xml(answer)).await;
    let moto = Fake::idle().await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let body = "Action=DescribeDBClusters&Version=2014-10-31&DBClusterIdentifier=a%2Fb+c";
    let request = Request::post(format!("{}/a%20b/?x=%2F&y", gateway.url()))
        .header("host", "rds.us-west-1.amazonaws.com")
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-west-1/rds/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(Full::new(body.into()))
        .unwrap();
    assert_eq!(send(request).await, (StatusCode::OK, Bytes::from(answer)));
    let received = &ministack.received()[0];
    assert_eq!(received.head.uri.to_string(), "/a%20b/?x=%2F&y");
    assert_eq!(received.head.headers["host"], "rds.us-west-1.amazonaws.com");
    assert_eq!(received.body, body);
    assert!(moto.received().is_empty());
}

#[tokio::test]
async fn a_large_upload_streams_through() {
    let ministack = Fake::idle().await;
    let moto = Fake::idle().await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let zip: Vec<u8> = (0..10_000_000_u32).map(|byte| byte.to_le_bytes()[1]).collect();
    let s3 = aws_sdk_s3::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    s3.put_object()
        .bucket("artifacts")
        .key("bootstrap.zip")
        .body(zip.clone().into())
        .send()
        .await
        .unwrap();
    let received = &ministack.received()[0].body;
    // The SDK may send it in aws-chunked form, with a checksum after it.
    assert!(received.len() >= zip.len() && received.windows(64).any(|part| part == &zip[5_000_000..5_000_064]));
    let entry = only(&gateway);
    assert_eq!((entry.service.as_str(), entry.operation.as_str()), ("s3", "PutObject"));
    assert_eq!(entry.target.as_deref(), Some("artifacts/bootstrap.zip"));
}

#[tokio::test]
async fn a_call_is_logged_with_who_what_where_and_how_it_ended() {
    let ministack = Fake::start(|_| {
        Response::builder()
            .status(404)
            .body("<ErrorResponse><Error><Code>DBClusterNotFoundFault</Code></Error></ErrorResponse>".into())
            .unwrap()
    })
    .await;
    let moto = Fake::idle().await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let mut news = gateway.log().subscribe();
    let rds = aws_sdk_rds::Client::new(&sdk(&gateway, "detach-global-cluster", "ASIA1", "us-west-1"));
    let error = rds.describe_db_clusters().db_cluster_identifier("x").send().await.unwrap_err();
    assert_eq!(error.code(), Some("DBClusterNotFoundFault"));
    let entry = only(&gateway);
    assert_eq!(*news.recv().await.unwrap(), entry);
    assert_eq!(entry.caller, "detach-global-cluster");
    assert_eq!(entry.iam_action(), "rds:DescribeDBClusters");
    assert_eq!(entry.region, "us-west-1");
    assert_eq!(entry.target.as_deref(), Some("x"));
    assert_eq!(
        (entry.status, entry.error_code.as_deref()),
        (Some(404), Some("DBClusterNotFoundFault"))
    );
    assert_eq!((entry.dry_run, entry.succeeded()), (false, false));
    assert_eq!(entry.weather, None);
}

#[tokio::test]
async fn motos_services_go_to_moto_and_a_dry_run_is_logged_as_one() {
    let ministack = Fake::idle().await;
    let moto = Fake::start(|_| {
        Response::builder()
            .status(412)
            .body("<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>".into())
            .unwrap()
    })
    .await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let ec2 = aws_sdk_ec2::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    let error = ec2
        .terminate_instances()
        .instance_ids("i-1")
        .dry_run(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("DryRunOperation"));
    assert_eq!(moto.operations(), ["TerminateInstances"]);
    assert!(only(&gateway).dry_run);
    assert!(ministack.received().is_empty());
}

#[tokio::test]
async fn an_emulator_that_is_gone_is_an_error_in_the_callers_protocol() {
    let moto = Fake::idle().await;
    let gone = Fake::idle().await;
    let gateway = gateway(&gone, &moto, Times::default()).await;
    drop(gone);
    let ssm = aws_sdk_ssm::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    let error = ssm.get_parameter().name("/a").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ServiceUnavailable"));
    assert!(only(&gateway).weather.unwrap().contains("MiniStack"));
}

#[tokio::test]
async fn two_gateways_run_side_by_side_and_end_when_they_are_stopped() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let one = gateway(&ministack, &moto, Times::default()).await;
    let other = gateway(&ministack, &moto, Times::default()).await;
    assert_ne!(one.address(), other.address());
    let address = one.address();
    one.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(tokio::net::TcpStream::connect(other.address()).await.is_ok());
}

#[tokio::test]
async fn a_dropped_gateway_ends_too() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let open = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
    drop(gateway);
    let mut rest = Vec::new();
    // Resolves only when the gateway has closed its side.
    tokio::io::AsyncReadExt::read_to_end(&mut { open }, &mut rest)
        .await
        .unwrap_or_default();
    assert!(rest.is_empty());
}
