//! The places against mocked AWS: what is read, what is refused, what is kept, and what plan mode lists.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::{Arc, Mutex};

use action::ids::{RunId, WorkloadName};
use action::{ErrorName, Mode, NamedError as _, Permit, chain};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_ssm::error::ErrorMetadata;
use aws_sdk_ssm::operation::get_parameter::{GetParameterError, GetParameterOutput};
use aws_sdk_ssm::operation::put_parameter::{PutParameterError, PutParameterOutput};
use aws_sdk_ssm::types::{Parameter, ParameterType};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use bucket::Object;
use bucket::testing::{Shelf, configured};
use ledger::Item;
use places::{Place, Places, Value};

const CONFIG: &str = "s3://shop/config.json";

fn permit() -> Permit {
    Mode::Execute.permit().unwrap()
}

fn parameter() -> Place {
    Place::Parameter("/relight/unishop/database".parse().unwrap())
}

fn object() -> Place {
    Place::Object {
        bucket: "shop".parse().unwrap(),
        key: "config.json".to_owned(),
    }
}

fn workload() -> WorkloadName {
    "unishop".parse().unwrap()
}

fn plain(text: &str) -> Value {
    Value {
        text: text.to_owned(),
        content_type: None,
        cache_control: None,
    }
}

/// A parameter of this type, data type and value.
fn holding(kind: ParameterType, data_type: Option<&'static str>, value: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter)
        .match_requests(|input| input.name() == Some("/relight/unishop/database") && input.with_decryption().is_none())
        .then_output(move || {
            let parameter = Parameter::builder()
                .r#type(kind.clone())
                .set_data_type(data_type.map(str::to_owned));
            GetParameterOutput::builder().parameter(parameter.value(value).build()).build()
        })
}

fn refusing(code: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameter).then_error(move || GetParameterError::generic(ErrorMetadata::builder().code(code).build()))
}

fn with_ssm(rules: &[&Rule]) -> Places {
    let ssm = match rules {
        [] => mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&refusing("AccessDeniedException")]),
        [one] => mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [*one]),
        [one, other, ..] => mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [*one, *other]),
    };
    Places {
        ssm,
        s3: Shelf::default().config().0,
        dynamodb: mock_client!(
            aws_sdk_dynamodb,
            RuleMode::MatchAny,
            [&table(&Arc::default())[0], &table(&Arc::default())[1]]
        ),
        ledger: "relight-ledger".to_owned(),
    }
}

fn on_shelf(shelf: &Shelf) -> Places {
    Places {
        s3: shelf.config().0,
        ..with_ssm(&[])
    }
}

fn with_table(kept: &Arc<Mutex<Option<Item>>>) -> Places {
    let [put, get] = table(kept);
    Places {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&put, &get]),
        ..with_ssm(&[])
    }
}

/// A table of one item that heeds the one condition there is.
fn table(kept: &Arc<Mutex<Option<Item>>>) -> [Rule; 2] {
    let put = {
        let kept = kept.clone();
        mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |input| {
            assert_eq!(input.condition_expression(), Some("attribute_not_exists(pk) OR #work <> :work"));
            let mut kept = kept.lock().unwrap();
            let work = &input.expression_attribute_values().unwrap()[":work"];
            if kept.as_ref().is_some_and(|item| &item["work"] == work) {
                let meta = aws_sdk_dynamodb::error::ErrorMetadata::builder().code("ConditionalCheckFailedException");
                return MockResponse::Error(PutItemError::generic(meta.build()));
            }
            *kept = input.item().cloned();
            MockResponse::Output(PutItemOutput::builder().build())
        })
    };
    let kept = kept.clone();
    let get = mock!(aws_sdk_dynamodb::Client::get_item)
        .match_requests(|input| input.consistent_read() == Some(true) && input.table_name() == Some("relight-ledger"))
        .then_compute_output(move |input| {
            let kept = kept.lock().unwrap();
            let found = kept
                .as_ref()
                .filter(|item| input.key().unwrap().iter().all(|(name, value)| &item[name] == value));
            GetItemOutput::builder().set_item(found.cloned()).build()
        });
    [put, get]
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    assert_eq!(with_ssm(&[&refusing("ParameterNotFound")]).read(&parameter()).await.unwrap(), None);
    assert_eq!(on_shelf(&Shelf::default()).read(&object()).await.unwrap(), None);
}

#[tokio::test]
async fn a_parameter_is_read_and_written_as_a_string() {
    let written = Arc::<Mutex<Vec<String>>>::default();
    let log = written.clone();
    let put = mock!(aws_sdk_ssm::Client::put_parameter).then_compute_output(move |input| {
        assert_eq!(
            (input.r#type(), input.overwrite(), input.tier()),
            (Some(&ParameterType::String), Some(true), None)
        );
        log.lock()
            .unwrap()
            .push(format!("{} {}", input.name().unwrap(), input.value().unwrap()));
        PutParameterOutput::builder().build()
    });
    let places = with_ssm(&[&holding(ParameterType::String, Some("text"), "db.old"), &put]);
    assert_eq!(places.read(&parameter()).await.unwrap(), Some(plain("db.old")));
    places.write(&parameter(), &plain("db.new"), &permit()).await.unwrap();
    assert_eq!(*written.lock().unwrap(), ["/relight/unishop/database db.new"]);
}

#[tokio::test]
async fn a_parameter_that_could_not_be_put_back_is_refused_by_its_type() {
    for (kind, data_type, said) in [
        (ParameterType::SecureString, None, "a SecureString"),
        (ParameterType::StringList, Some("text"), "a StringList"),
        (ParameterType::String, Some("aws:ec2:image"), "a String of data type aws:ec2:image"),
    ] {
        let error = with_ssm(&[&holding(kind, data_type, "x")]).read(&parameter()).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Refused);
        let text = chain(&error);
        assert!(
            text.starts_with(&format!("parameter /relight/unishop/database is {said}, and only")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_object_is_read_and_written_with_its_type_and_cache_control() {
    let shelf = Shelf::default();
    let was = Object {
        bytes: b"{\"db\":\"old\"}".to_vec(),
        version: None,
        content_type: Some("application/json; charset=utf-8".to_owned()),
        cache_control: Some("max-age=5".to_owned()),
    };
    shelf.put(CONFIG, was.clone());
    let places = on_shelf(&shelf);
    let before = places.read(&object()).await.unwrap().unwrap();
    let value = object().holding("{\"db\":\"new\"}".to_owned(), Some(&before));
    places.write(&object(), &value, &permit()).await.unwrap();
    let bytes = b"{\"db\":\"new\"}".to_vec();
    assert_eq!(shelf.object(CONFIG), Some(Object { bytes, ..was.clone() }));
    places.write(&object(), &before, &permit()).await.unwrap();
    assert_eq!(shelf.object(CONFIG), Some(was));
}

#[tokio::test]
async fn an_object_that_is_no_text_or_too_long_is_refused() {
    let shelf = Shelf::with(&[(CONFIG, &"x".repeat(65_537))]);
    let error = on_shelf(&shelf).read(&object()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "65537 bytes are too much for s3://shop/config.json: it may hold 65536"
    );
    let gzip = Object {
        bytes: vec![0x1f, 0x8b, 0x08],
        version: None,
        content_type: None,
        cache_control: None,
    };
    shelf.put(CONFIG, gzip);
    let error = on_shelf(&shelf).read(&object()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Refused);
    assert!(
        error.to_string().starts_with("s3://shop/config.json holds no UTF-8 text"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_names_the_place_and_what_may_be_missing() {
    let places = Places {
        s3: configured(|_| {
            let mut response = http_response(bucket::testing::refusal("AccessDenied", "Access Denied"));
            *response.status_mut() = 403.try_into().unwrap();
            response
        })
        .0,
        ..with_ssm(&[])
    };
    let error = places.read(&object()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "read s3://shop/config.json, which this function may not read, or whose bucket it may not list: AccessDenied (Access Denied)"
    );
    let error = places.read(&parameter()).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "read parameter /relight/unishop/database: AccessDeniedException (no message)"
    );
    let error = places.write(&object(), &plain("x"), &permit()).await.unwrap_err();
    assert_eq!(chain(&error), "write s3://shop/config.json: AccessDenied (Access Denied)");
}

#[tokio::test]
async fn a_write_that_meets_another_is_transient() {
    let put = mock!(aws_sdk_ssm::Client::put_parameter)
        .then_error(|| PutParameterError::generic(ErrorMetadata::builder().code("TooManyUpdates").build()));
    let error = with_ssm(&[&put]).write(&parameter(), &plain("x"), &permit()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
}

#[tokio::test]
async fn what_does_not_fit_is_not_written() {
    let places = with_ssm(&[]);
    for text in [String::new(), "x".repeat(4_097)] {
        let error = places.write(&parameter(), &plain(&text), &permit()).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput);
        assert!(places.planned_write(&parameter(), &plain(&text)).await.is_err());
    }
}

#[tokio::test]
async fn a_chain_keeps_what_it_saw_first_and_the_next_chain_its_own() {
    let places = with_table(&Arc::default());
    assert_eq!(places.kept(&workload(), &object()).await.unwrap(), None);
    let at = "2026-11-21T03:15:02Z".parse().unwrap();
    let was = object().holding("old".to_owned(), None);
    for (work, seen, kept) in [
        ("unishop-1", Some(&was), Some(&was)),
        ("unishop-1", Some(&plain("new")), Some(&was)),
        ("unishop-2", None, None),
        ("unishop-2", Some(&plain("new")), None),
    ] {
        let work: RunId = work.parse().unwrap();
        places.keep(&workload(), &work, &object(), seen, at, &permit()).await.unwrap();
        let found = places.kept(&workload(), &object()).await.unwrap().unwrap();
        assert_eq!((found.work, found.was.as_ref(), found.seen_at), (work, kept, at));
    }
    assert_eq!(places.kept(&workload(), &parameter()).await.unwrap(), None);
}

#[tokio::test]
async fn a_kept_item_that_someone_edited_is_an_error_that_names_the_place() {
    let kept = Arc::<Mutex<Option<Item>>>::default();
    let places = with_table(&kept);
    let (work, at) = ("unishop-1".parse().unwrap(), "2026-11-21T03:15:02Z".parse().unwrap());
    places
        .keep(&workload(), &work, &parameter(), Some(&plain("old")), at, &permit())
        .await
        .unwrap();
    kept.lock().unwrap().as_mut().unwrap().remove("text");
    let error = places.kept(&workload(), &parameter()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Permanent);
    assert_eq!(
        chain(&error),
        "what the ledger keeps of parameter /relight/unishop/database: ledger item \"workload#unishop\" \
         \"place#/relight/unishop/database\": attribute text is missing, not a text"
    );
}

#[tokio::test]
async fn plan_mode_lists_the_calls_with_short_texts_and_makes_none() {
    let shelf = Shelf::default();
    let (s3, asked) = shelf.config();
    let places = Places { s3, ..with_ssm(&[]) };
    let (work, at) = ("unishop-1".parse().unwrap(), "2026-11-21T03:15:02Z".parse().unwrap());
    let long = plain(&"é".repeat(2_000));
    let cut = format!("{}… (4000 bytes in all)", "é".repeat(80));

    let call = places
        .planned_keep(&workload(), &work, &parameter(), Some(&long), at)
        .await
        .unwrap();
    assert_eq!((call.iam_action.as_str(), call.region.is_empty()), ("dynamodb:PutItem", false));
    assert_eq!(call.arguments["Item"]["text"]["S"], cut);
    let call = places.planned_write(&parameter(), &long).await.unwrap();
    assert_eq!(call.iam_action, "ssm:PutParameter");
    assert_eq!(
        (&call.arguments["Value"], &call.arguments["Type"]),
        (&cut.clone().into(), &"String".into())
    );
    let call = places.planned_write(&object(), &long).await.unwrap();
    assert_eq!((call.iam_action.as_str(), call.region.as_str()), ("s3:PutObject", "us-west-1"));
    let arguments: Vec<(&str, &str)> = call
        .arguments
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    assert_eq!(
        arguments,
        [
            ("Body", cut.as_str()),
            ("Bucket", "shop"),
            ("ContentType", "application/json"),
            ("Key", "config.json")
        ]
    );
    assert_eq!(asked.count(), 0);
}

fn http_response(body: String) -> http::Response<Vec<u8>> {
    http::Response::new(body.into_bytes())
}
