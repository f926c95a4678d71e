//! Values that others read: an SSM parameter or an S3 object, read, written, and kept in the ledger as it was before.
//!
//! A workload's site reads where its database is, and its users' way in reads where they go. A recovery writes there; the
//! way home writes back exactly what was kept. So only what can be put back is written over: a parameter of type String and
//! an object of UTF-8 text. A parameter's type can never change anyway
//! (docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, `HierarchyTypeMismatchException`), and a
//! SecureString has no business in the ledger. The tier is never named: an advanced parameter can't become a standard one
//! (the same page, `Tier`).
//!
//! What a role needs besides the calls: `s3:ListBucket` on each bucket, without which a missing object can't be told from a
//! forbidden one (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions").
//!
//! Deliberately absent: nothing is deleted, also not what a recovery wrote where there was nothing. An object's own metadata,
//! tags and ACL are not kept; S3 encrypts it by its bucket's default.

mod error;
mod kept;
mod object;
mod parameter;
mod place;

use action::ids::{RunId, WorkloadName};
use action::{Permit, PlannedCall};
use aws_types::sdk_config::SdkConfig;
use jiff::Timestamp;

pub use error::Error;
pub use kept::Kept;
pub use ledger::Value;
pub use place::{Place, Unfit};

/// The way to the places of the function's own Region, and to the ledger.
#[derive(Clone, Debug)]
pub struct Places {
    /// Parameters.
    pub ssm: aws_sdk_ssm::Client,
    /// The way to any bucket.
    pub s3: SdkConfig,
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The ledger's table.
    pub ledger: String,
}

impl Places {
    /// The places of the Region of `config`, with the ledger's table. Calls nobody.
    pub fn new(config: &SdkConfig, ledger: String) -> Self {
        Self {
            ssm: aws_sdk_ssm::Client::new(config),
            s3: config.clone(),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            ledger,
        }
    }

    /// What `place` holds, by `ssm:GetParameter` or `s3:GetObject`; none if there is no such parameter or object.
    ///
    /// An object is read as it was last written (docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html, "Amazon S3 data
    /// consistency model"). Of parameters AWS promises nothing, so who reads one back looks again where it is not so yet.
    ///
    /// # Errors
    /// When it can't be read, and when it is what could not be put back exactly: another type of parameter, or no text.
    pub async fn read(&self, place: &Place) -> Result<Option<Value>, Error> {
        match place {
            Place::Parameter(name) => parameter::read(&self.ssm, place, name).await,
            Place::Object { bucket, key } => object::read(&self.s3, place, bucket, key).await,
        }
    }

    /// Makes `place` hold exactly `value`, by `ssm:PutParameter` or `s3:PutObject`. The same again is the same, in one more
    /// version. Read it first: what is there is written over, and [`Place::holding`] says what of it stays.
    ///
    /// # Errors
    /// When the text doesn't fit there, and when AWS refuses.
    pub async fn write(&self, place: &Place, value: &Value, permit: &Permit) -> Result<(), Error> {
        place.admits(&value.text)?;
        let written = match place {
            Place::Parameter(name) => parameter::write(&self.ssm, name, value, permit).await,
            Place::Object { bucket, key } => object::write(&self.s3, bucket, key, value, permit).await,
        };
        written.map_err(|failure| Error::Write(place.clone(), failure))
    }

    /// The write as plan mode lists it, its text shortened: neither service has a dry run.
    ///
    /// # Errors
    /// When the text doesn't fit there.
    pub async fn planned_write(&self, place: &Place, value: &Value) -> Result<PlannedCall, Error> {
        place.admits(&value.text)?;
        let value = shortened(value);
        match place {
            Place::Parameter(name) => {
                let planned = parameter::planned_write(&self.ssm, name, &value).await;
                planned.map_err(|failure| Error::Write(place.clone(), failure))
            }
            Place::Object { bucket, key } => Ok(object::planned_write(&self.s3, bucket, key, &value)),
        }
    }

    /// Keeps in the ledger that `place` held `was`, or nothing, before the chain of runs that `work` began wrote there first,
    /// by `dynamodb:PutItem`. What this chain has kept before stays; what another chain kept is replaced.
    ///
    /// # Errors
    /// When DynamoDB refuses.
    pub async fn keep(
        &self,
        workload: &WorkloadName,
        work: &RunId,
        place: &Place,
        was: Option<&Value>,
        now: Timestamp,
        permit: &Permit,
    ) -> Result<(), Error> {
        let kept = Kept::new(work, was.cloned(), now);
        kept::keep(self, workload, place, kept, permit).await
    }

    /// The keeping as plan mode lists it, its text shortened.
    ///
    /// # Errors
    /// When the SDK can make no such request.
    pub async fn planned_keep(
        &self,
        workload: &WorkloadName,
        work: &RunId,
        place: &Place,
        was: Option<&Value>,
        now: Timestamp,
    ) -> Result<PlannedCall, Error> {
        let kept = Kept::new(work, was.map(shortened), now);
        kept::planned_keep(self, workload, place, kept).await
    }

    /// What the ledger keeps of `place`, by a consistent `dynamodb:GetItem`; none if no run of `workload` has written there.
    ///
    /// # Errors
    /// When DynamoDB refuses, and when the item is malformed.
    pub async fn kept(&self, workload: &WorkloadName, place: &Place) -> Result<Option<Kept>, Error> {
        kept::kept(self, workload, place).await
    }
}

/// How many bytes of a text a planned call shows: a reply has 4 KiB for all.
const SHOWN: usize = 160;

fn shortened(value: &Value) -> Value {
    let text = match value.text.get(..value.text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < value.text.len() => format!("{start}… ({} bytes in all)", value.text.len()),
        _ => value.text.clone(),
    };
    Value { text, ..value.clone() }
}
