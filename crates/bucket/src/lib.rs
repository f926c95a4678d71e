//! A bucket: an object read, an object written.
//!
//! Plans are read from the engine's and reports written to it, and a workload's own may hold what its site reads; no action
//! asks more of S3. The calls go the SDK's own way (its
//! orchestrator, signature, retries and time limits), without S3's whole client: that one carries the tables of every
//! checksum S3 knows, half a megabyte of each function's zip (docs/speed.md).

mod operation;
#[cfg(feature = "test-util")]
pub mod testing;

use action::Permit;
use action::aws::Failure;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_types::sdk_config::SdkConfig;

use operation::{Get, Put, Refused};

/// A bucket, and the way to it.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: String,
    get: Operation<Get, Object, Refused>,
    put: Operation<Put, (), Refused>,
}

/// An object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its version; none in a bucket without versions.
    pub version: Option<String>,
    /// What S3 tells browsers that it is: its `Content-Type`.
    pub content_type: Option<String>,
    /// How long S3 lets caches keep it: its `Cache-Control`.
    pub cache_control: Option<String>,
}

impl Bucket {
    /// The bucket `name` in the Region of `config`. Calls nobody.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            get: operation::get(config, &name),
            put: operation::put(config, &name),
            name,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the object `key` is, as people and the `aws` command line write it.
    pub fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// Reads the object `key`, or one version of it, by `s3:GetObject`; with a version, IAM asks for
    /// `s3:GetObjectVersion`.
    ///
    /// # Errors
    /// When S3 refuses, with its code, or doesn't answer. Without `s3:ListBucket`, a missing object is `AccessDenied`
    /// (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions").
    pub async fn get(&self, key: &str, version: Option<&str>) -> Result<Object, Failure> {
        let get = Get {
            key: key.to_owned(),
            version: version.map(str::to_owned),
        };
        Ok(self.get.invoke(get).await?)
    }

    /// Writes the object `key` by `s3:PutObject`, with its SHA-256, which S3 checks and keeps. The same again is the same
    /// object, in one more version. What was there is replaced as a whole: a type or cache control that is not given is
    /// gone (docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).
    ///
    /// # Errors
    /// When S3 refuses, with its code, or doesn't answer.
    pub async fn put(
        &self,
        key: &str,
        content_type: impl Into<String>,
        cache_control: Option<String>,
        bytes: Vec<u8>,
        _permit: &Permit,
    ) -> Result<(), Failure> {
        let put = Put {
            key: key.to_owned(),
            content_type: content_type.into(),
            cache_control,
            bytes,
        };
        Ok(self.put.invoke(put).await?)
    }
}
