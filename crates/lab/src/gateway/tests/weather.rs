//! Outages and rules, by handle and over the control API.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_rds::error::ProvideErrorMetadata;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::gateway::testing::{Fake, empty, gateway, sdk};
use crate::gateway::{Gateway, Outage, Remote, Rule, Times, Weather};

const REQUEST: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 25\r\n\
    authorization: AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/rds/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n\
    Action=DescribeDBClusters";

/// Long against the microseconds that loopback takes: what hasn't come by then doesn't come.
const SILENCE: Duration = Duration::from_millis(60);

async fn ask(gateway: &Gateway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_region_that_hangs_never_answers_and_the_others_do() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let mut news = gateway.log().subscribe();
    gateway.weather().begin_outage("us-east-1", Outage::Hang);
    let mut stream = ask(&gateway).await;
    let mut answer = [0; 1];
    assert!(tokio::time::timeout(SILENCE, stream.read(&mut answer)).await.is_err());
    let west = aws_sdk_rds::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    west.describe_db_clusters().send().await.unwrap();
    assert!(news.recv().await.unwrap().succeeded());
    // The client gives up, which is when its call ends and is logged.
    drop(stream);
    let entry = news.recv().await.unwrap();
    assert_eq!((entry.region.as_str(), entry.status), ("us-east-1", None));
    assert_eq!(entry.weather.as_deref(), Some("outage: hang"));
    assert!(u128::from(entry.millis) >= SILENCE.as_millis());
    assert_eq!(ministack.received().len(), 1, "the call that hung was never made");
}

#[tokio::test]
async fn the_end_of_an_outage_closes_what_hung() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    gateway.weather().begin_outage("us-east-1", Outage::Hang);
    let mut stream = ask(&gateway).await;
    let mut answer = [0; 1];
    assert!(tokio::time::timeout(SILENCE, stream.read(&mut answer)).await.is_err());
    gateway.weather().end_outage("us-east-1");
    assert_eq!(stream.read(&mut answer).await.unwrap_or_default(), 0);
    assert!(ministack.received().is_empty());
    let mut stream = ask(&gateway).await;
    assert_eq!(stream.read(&mut answer).await.unwrap(), 1, "the Region is back");
}

#[tokio::test]
async fn a_region_that_refuses_closes_at_once() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    gateway.weather().begin_outage("us-east-1", Outage::Refuse);
    let mut stream = ask(&gateway).await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0);
    let entries = gateway.log().snapshot();
    assert_eq!(entries[0].weather.as_deref(), Some("outage: refuse"));
}

#[tokio::test]
async fn a_region_that_goes_away_at_work_keeps_its_answer() {
    let sky: Arc<OnceLock<Weather>> = Arc::default();
    let seen = Arc::clone(&sky);
    let ministack = Fake::start(move |received| {
        seen.get().unwrap().begin_outage("us-east-1", Outage::Refuse);
        empty(received)
    })
    .await;
    let moto = Fake::idle().await;
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    sky.set(gateway.weather()).unwrap();
    let mut stream = ask(&gateway).await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0);
    let entry = &gateway.log().snapshot()[0];
    assert_eq!(
        (entry.status, entry.weather.as_deref()),
        (None, Some("the call was made; outage: refuse"))
    );
    assert_eq!(ministack.received().len(), 1);
}

#[tokio::test]
async fn stopping_ends_a_call_that_hangs_and_logs_it() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let log = gateway.log();
    gateway.weather().begin_outage("us-east-1", Outage::Hang);
    let mut stream = ask(&gateway).await;
    assert!(tokio::time::timeout(SILENCE, stream.read(&mut [0; 1])).await.is_err());
    gateway.stop().await;
    assert_eq!(log.snapshot()[0].status, None);
}

#[tokio::test]
async fn rules_answer_in_the_words_of_the_service() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let throttle: Rule = serde_json::from_value(json!({"effect": {"kind": "throttle"}})).unwrap();
    let id = gateway.weather().add(throttle);
    let config = sdk(&gateway, "lab", "test", "us-west-1");
    let rds = aws_sdk_rds::Client::new(&config).describe_db_clusters().send().await.unwrap_err();
    assert_eq!(rds.code(), Some("Throttling"));
    let ec2 = aws_sdk_ec2::Client::new(&config).describe_vpcs().send().await.unwrap_err();
    assert_eq!(ec2.code(), Some("RequestLimitExceeded"));
    let ssm = aws_sdk_ssm::Client::new(&config)
        .get_parameter()
        .name("x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(ssm.code(), Some("ThrottlingException"));
    let s3 = aws_sdk_s3::Client::new(&config).list_buckets().send().await.unwrap_err();
    assert_eq!(s3.code(), Some("SlowDown"));
    let metrics = aws_sdk_cloudwatch::Client::new(&config).list_metrics().send().await.unwrap_err();
    assert!(
        matches!(metrics.code(), Some("ThrottlingException" | "Throttling")),
        "{:?}",
        metrics.code()
    );
    assert!(ministack.received().is_empty() && moto.received().is_empty());
    assert!(
        gateway
            .log()
            .snapshot()
            .iter()
            .all(|entry| entry.weather.as_deref() == Some("throttled"))
    );
    assert!(gateway.weather().remove(id));
    aws_sdk_rds::Client::new(&config).describe_db_clusters().send().await.unwrap();
}

#[tokio::test]
async fn a_delay_is_noted_and_the_call_is_made() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let rule = json!({"match": {"service": "rds"}, "effect": {"kind": "delay", "millis": 30}, "times": 1});
    gateway.weather().add(serde_json::from_value(rule).unwrap());
    let rds = aws_sdk_rds::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    rds.describe_db_clusters().send().await.unwrap();
    let entry = &gateway.log().snapshot()[0];
    assert_eq!(entry.weather.as_deref(), Some("delayed 30 ms"));
    assert!(entry.millis >= 29 && ministack.received().len() == 1);
}

#[tokio::test]
async fn another_process_controls_the_weather() {
    let (ministack, moto) = (Fake::idle().await, Fake::idle().await);
    let gateway = gateway(&ministack, &moto, Times::default()).await;
    let remote = Remote::new(gateway.address());
    let status = remote.begin_outage("us-east-1", Outage::Hang).await.unwrap();
    assert_eq!(status.outages, gateway.weather().outages());
    assert_eq!(status.outages["us-east-1"], Outage::Hang);
    let rule: Rule = serde_json::from_value(json!({"effect": {"kind": "error", "status": 500, "code": "InternalFailure"}})).unwrap();
    let id = remote.add(&rule).await.unwrap();
    assert_eq!(remote.status().await.unwrap().rules[0].rule, rule);
    assert!(remote.remove(id).await.unwrap().rules.is_empty());
    assert!(remote.end_outage("us-east-1").await.unwrap().outages.is_empty());
    let gone = remote.remove(id).await.unwrap_err();
    assert!(gone.to_string().contains("no rule 1 stands"), "{gone}");
    assert!(remote.log().await.unwrap().is_empty(), "control is no call to AWS");
    let rds = aws_sdk_rds::Client::new(&sdk(&gateway, "lab", "test", "us-west-1"));
    rds.describe_db_clusters().send().await.unwrap();
    rds.describe_global_clusters().send().await.unwrap();
    let told: Vec<_> = gateway.log().snapshot().iter().map(|entry| (**entry).clone()).collect();
    assert_eq!(remote.log().await.unwrap(), told);
}
