//! The calls on an object.

use action::aws::Failure;
use action::ids::BucketName;
use action::{Permit, PlannedCall};
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use bucket::Bucket;
use ledger::Value;

use crate::error::Error;
use crate::place::{Place, content_type};

pub(crate) async fn read(s3: &SdkConfig, place: &Place, bucket: &BucketName, key: &str) -> Result<Option<Value>, Error> {
    let object = match Bucket::new(s3, bucket.as_str()).get(key, None).await {
        Ok(object) => object,
        Err(failure) if failure.is(&["NoSuchKey"]) => return Ok(None),
        Err(failure) if failure.is(&["AccessDenied"]) => return Err(Error::Denied(place.clone(), failure)),
        Err(failure) => return Err(Error::Read(place.clone(), failure)),
    };
    let text = String::from_utf8(object.bytes).map_err(|error| Error::NoText(place.clone(), error.utf8_error()))?;
    // What doesn't fit couldn't be kept, and so not be put back.
    place.admits(&text)?;
    Ok(Some(Value {
        text,
        content_type: object.content_type,
        cache_control: object.cache_control,
    }))
}

pub(crate) async fn write(s3: &SdkConfig, bucket: &BucketName, key: &str, value: &Value, permit: &Permit) -> Result<(), Failure> {
    let bucket = Bucket::new(s3, bucket.as_str());
    let bytes = value.text.clone().into_bytes();
    let cache_control = value.cache_control.clone();
    bucket.put(key, kind(key, value), cache_control, bytes, permit).await
}

/// By hand, since S3 is called without its own client.
pub(crate) fn planned_write(s3: &SdkConfig, bucket: &BucketName, key: &str, value: &Value) -> PlannedCall {
    let arguments = [
        ("Body", Some(value.text.as_str())),
        ("Bucket", Some(bucket.as_str())),
        ("CacheControl", value.cache_control.as_deref()),
        ("ContentType", Some(kind(key, value))),
        ("Key", Some(key)),
    ];
    PlannedCall {
        iam_action: "s3:PutObject".to_owned(),
        region: s3.region().map(Region::as_ref).unwrap_or_default().to_owned(),
        arguments: arguments
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
            .collect(),
    }
}

fn kind<'a>(key: &str, value: &'a Value) -> &'a str {
    value.content_type.as_deref().unwrap_or_else(|| content_type(key))
}
