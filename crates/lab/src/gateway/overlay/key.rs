//! The key that a copy of an image is encrypted with: a wrong one shows only when the copy fails.
//!
//! AWS: "authenticates the KMS key asynchronously. Therefore, if you specify an identifier that is not valid, the action can
//! appear to complete, but eventually fails. The specified KMS key must exist in the destination Region", and must be symmetric
//! (model: CopyImageRequest `KmsKeyId`). The reason's text is that of aws-samples/aws-backup-automation#2. moto knows no keys;
//! MiniStack's KMS is asked. Deliberately absent: whether the caller may use the key.

use http::StatusCode;
use serde_json::{Value, json};

use crate::gateway::upstream::{Emulator, Upstreams};

const INACCESSIBLE: &str =
    "AMI snapshot copy failed with error: Given key ID is not accessible. You must have DescribeKey permissions on the default CMK";

/// Why nothing can be encrypted with `key` in `region`; nothing when it can.
pub(super) async fn problem(upstreams: &Upstreams, region: &str, key: &str) -> anyhow::Result<Option<String>> {
    let inaccessible = Ok(Some(INACCESSIBLE.to_owned()));
    if key.starts_with("arn:") && key.split(':').nth(3) != Some(region) {
        return inaccessible;
    }
    let (status, body) = upstreams
        .ask_json(
            Emulator::MiniStack,
            "kms",
            region,
            "TrentService.DescribeKey",
            &json!({"KeyId": key}),
        )
        .await?;
    let described: Value = serde_json::from_slice(&body).unwrap_or_default();
    let usable = status == StatusCode::OK && is_usable(described.get("KeyMetadata").unwrap_or(&Value::Null));
    if usable { Ok(None) } else { inaccessible }
}

/// API_KeyMetadata: `KeyState`, `KeyUsage` and `KeySpec`.
fn is_usable(key: &Value) -> bool {
    let says = |name: &str, expected: &str| key.get(name).and_then(Value::as_str) == Some(expected);
    says("KeyState", "Enabled") && says("KeyUsage", "ENCRYPT_DECRYPT") && says("KeySpec", "SYMMETRIC_DEFAULT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_encrypts_only_when_it_is_enabled_and_symmetric() {
        let key = |state: &str, usage: &str, spec: &str| json!({"KeyState": state, "KeyUsage": usage, "KeySpec": spec});
        assert!(is_usable(&key("Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")));
        assert!(!is_usable(&key("Disabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")));
        assert!(!is_usable(&key("PendingDeletion", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")));
        assert!(!is_usable(&key("Enabled", "SIGN_VERIFY", "RSA_2048")));
        assert!(!is_usable(&Value::Null));
    }
}
