//! The calls as they go over the wire, and S3's answers as they come.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use action::{ErrorName, Mode, Permit};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::test_util::capture_request;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::{Builder, SdkConfig};
use bucket::Bucket;
use bucket::testing::{Shelf, answering, bucket, refusal};

fn permit() -> Permit {
    Mode::Execute.permit().unwrap()
}

#[tokio::test]
async fn an_object_is_read_with_its_version() {
    let (bucket, asked) = answering("relight", |_| {
        (200, vec![("x-amz-version-id", "3HL4kqtJvjVBH40Nrjfkd")], b"text".to_vec())
    });
    let object = bucket.get("plans/unishop.toml", None).await.unwrap();
    assert_eq!(object.bytes, b"text");
    assert_eq!(object.version.as_deref(), Some("3HL4kqtJvjVBH40Nrjfkd"));
    let requests = asked.requests();
    assert_eq!(requests[0].method(), "GET");
    assert_eq!(
        requests[0].uri().to_string(),
        "https://relight.s3.us-west-1.amazonaws.com/plans/unishop.toml"
    );
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id() {
    let (bucket, asked) = answering("relight", |_| (200, Vec::new(), Vec::new()));
    assert_eq!(bucket.get("plans/unishop.toml", Some("a/b+c")).await.unwrap().version, None);
    assert_eq!(asked.requests()[0].uri().query(), Some("versionId=a%2Fb%2Bc"));
}

#[tokio::test]
async fn an_object_is_written_with_its_type_and_digest() {
    let (bucket, asked) = bucket("relight", &[]);
    bucket
        .put("reports/unishop/run 1.json", "application/json", None, b"{}".to_vec(), &permit())
        .await
        .unwrap();
    let requests = asked.requests();
    assert_eq!(requests[0].method(), "PUT");
    assert_eq!(requests[0].uri().path(), "/reports/unishop/run%201.json");
    assert_eq!(requests[0].body(), b"{}");
    let header = |name: &str| requests[0].headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("content-length"), "2");
    assert!(!requests[0].headers().contains_key("cache-control"));
    // printf '{}' | sha256sum
    assert_eq!(
        header("x-amz-content-sha256"),
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
    assert_eq!(header("x-amz-checksum-sha256"), "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
}

#[tokio::test]
async fn what_is_written_is_read_with_its_type_and_its_cache_control() {
    let shelf = Shelf::default();
    let (config, asked) = shelf.config();
    let permit = permit();
    for (name, cache_control) in [("shop", Some("no-cache")), ("shop.example.com", None)] {
        let bucket = Bucket::new(&config, name);
        assert_eq!(bucket.get("config.json", None).await.unwrap_err().code(), Some("NoSuchKey"));
        let put = bucket.put(
            "config.json",
            "application/json; charset=utf-8",
            cache_control.map(str::to_owned),
            b"{}".to_vec(),
            &permit,
        );
        put.await.unwrap();
        let object = bucket.get("config.json", None).await.unwrap();
        assert_eq!(object.bytes, b"{}");
        assert_eq!(object.content_type.as_deref(), Some("application/json; charset=utf-8"));
        assert_eq!(object.cache_control.as_deref(), cache_control);
        assert_eq!(shelf.object(&bucket.location("config.json")), Some(object));
    }
    assert_eq!(asked.count(), 6);
}

/// The headers that S3 wants signed (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
#[tokio::test]
async fn a_call_is_signed_for_s3_and_says_who_calls() {
    let (uri, headers) = sent(|config| config.app_name(AppName::new("open-run").unwrap())).await;
    assert_eq!(uri, "https://relight.s3.us-west-1.amazonaws.com/plans/unishop.toml");
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=ANOTREAL/"),
        "{authorization}"
    );
    assert!(authorization.contains("/us-west-1/s3/aws4_request"), "{authorization}");
    for signed in ["host", "x-amz-content-sha256", "x-amz-date"] {
        assert!(authorization.contains(signed), "{signed} in {authorization}");
    }
    assert!(headers["user-agent"].to_str().unwrap().contains("app/open-run"));
}

#[tokio::test]
async fn a_bucket_is_named_where_its_region_and_its_own_name_allow() {
    let dotted = |name| async move { sent_to(name, |config| config).await.0 };
    assert_eq!(
        dotted("re.light").await,
        "https://s3.us-west-1.amazonaws.com/re.light/plans/unishop.toml"
    );
    let china = sent(|config| config.region(Region::new("cn-north-1"))).await.0;
    assert_eq!(china, "https://relight.s3.cn-north-1.amazonaws.com.cn/plans/unishop.toml");
    let own = sent(|config| config.endpoint_url("https://127.0.0.1:4566/")).await.0;
    assert_eq!(own, "https://127.0.0.1:4566/relight/plans/unishop.toml");
}

#[tokio::test]
async fn a_refusal_gives_its_code_and_what_can_be_made_of_it() {
    for (status, code, name) in [
        (404, "NoSuchKey", ErrorName::Permanent),
        (403, "AccessDenied", ErrorName::Permanent),
        (503, "SlowDown", ErrorName::Transient),
    ] {
        let (bucket, _) = answering("relight", move |_| (status, Vec::new(), refusal(code, "said so").into_bytes()));
        let failure = bucket.get("x", None).await.unwrap_err();
        assert_eq!((failure.code(), failure.name()), (Some(code), name));
        assert_eq!(failure.to_string(), format!("{code} (said so)"));
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_s3s_is_told_by_its_status() {
    for (status, body, name) in [
        (502, "<html><body>Bad Gateway</body></html>", ErrorName::Transient),
        (403, "", ErrorName::Permanent),
        (400, "\u{0}<<>", ErrorName::Permanent),
    ] {
        let (bucket, _) = answering("relight", move |_| (status, Vec::new(), body.as_bytes().to_vec()));
        let failure = bucket.put("x", "text/plain", None, Vec::new(), &permit()).await.unwrap_err();
        assert_eq!((failure.code(), failure.name()), (None, name), "{body}");
        assert!(failure.to_string().contains(&status.to_string()), "{failure}");
    }
}

async fn sent(change: impl FnOnce(Builder) -> Builder) -> (String, http::HeaderMap) {
    sent_to("relight", change).await
}

/// The address and the headers of a GetObject with the configuration that the functions have.
async fn sent_to(name: &str, change: impl FnOnce(Builder) -> Builder) -> (String, http::HeaderMap) {
    let (client, received) = capture_request(None);
    let config = SdkConfig::builder()
        .region(Region::new("us-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .http_client(client);
    Bucket::new(&change(config).build(), name)
        .get("plans/unishop.toml", None)
        .await
        .unwrap();
    let request = received.expect_request();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    (request.uri().to_owned(), headers)
}
