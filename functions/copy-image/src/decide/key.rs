//! Whether the plan's key can encrypt a copy. Asked before the copy, since AWS takes the call with any key and lets the copy
//! fail later (API_CopyImage: KmsKeyId).

use action::ids::{KmsKeyArn, Region};

/// A key as KMS describes it, in KMS's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its ARN; where the plan names an alias, that of the key behind it.
    pub arn: String,
    /// `Enabled`, or anything else.
    pub state: String,
    /// What it is for.
    pub usage: String,
    /// What kind of key it is.
    pub spec: String,
}

/// Why the key can't be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A copy is encrypted with a key of its own Region.
    #[error("key {0} is not in {1}, where the copy is made; name one of that Region in image.kmsKey of the plan")]
    Elsewhere(KmsKeyArn, Region),
    /// There is no such key.
    #[error("key {0} does not exist; name another one in image.kmsKey of the plan")]
    Missing(KmsKeyArn),
    /// The key encrypts nothing at the moment.
    #[error("key {0} is {1}, not Enabled; enable it or name another one in image.kmsKey of the plan")]
    NotEnabled(KmsKeyArn, String),
    /// The key is for something else.
    #[error("key {0} is for {1}, not for ENCRYPT_DECRYPT; name another one in image.kmsKey of the plan")]
    OtherUsage(KmsKeyArn, String),
    /// EBS takes symmetric keys only.
    #[error("key {0} is {1}, and EBS encrypts with SYMMETRIC_DEFAULT only; name another one in image.kmsKey of the plan")]
    Asymmetric(KmsKeyArn, String),
}

/// Whether `key` can encrypt a copy in `region`; the first edge that holds is taken.
///
/// | seen | decision |
/// |---|---|
/// | a key of another Region, or an alias for one | unfit: it "must exist in the destination Region" (API_CopyImage: KmsKeyId) |
/// | no key | unfit |
/// | not enabled | unfit |
/// | not for encrypting | unfit |
/// | not symmetric | unfit: "Amazon EBS does not support asymmetric KMS keys" (same source) |
///
/// # Errors
/// Says why not, and what to do.
pub fn fit(key: &KmsKeyArn, region: &Region, seen: Option<&Key>) -> Result<(), Unfit> {
    near(key, region)?;
    let Some(seen) = seen else {
        return Err(Unfit::Missing(key.clone()));
    };
    if !is_in(&seen.arn, region) {
        Err(Unfit::Elsewhere(key.clone(), region.clone()))
    } else if seen.state != "Enabled" {
        Err(Unfit::NotEnabled(key.clone(), seen.state.clone()))
    } else if seen.usage != "ENCRYPT_DECRYPT" {
        Err(Unfit::OtherUsage(key.clone(), seen.usage.clone()))
    } else if seen.spec != "SYMMETRIC_DEFAULT" {
        Err(Unfit::Asymmetric(key.clone(), seen.spec.clone()))
    } else {
        Ok(())
    }
}

/// Whether the ARN itself is one of `region`, which is known without asking KMS; another Region's couldn't be asked for there.
///
/// # Errors
/// When it isn't.
pub fn near(key: &KmsKeyArn, region: &Region) -> Result<(), Unfit> {
    if is_in(key.as_str(), region) {
        Ok(())
    } else {
        Err(Unfit::Elsewhere(key.clone(), region.clone()))
    }
}

fn is_in(arn: &str, region: &Region) -> bool {
    arn.split(':').nth(3) == Some(region.as_str())
}
