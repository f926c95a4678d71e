//! The client token of a copy: AWS answers a repeated one with the first call's copy
//! (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html).

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::NewCopy;

/// 64 hexadecimal digits made of the run and everything that is asked for.
///
/// The inputs are in it so that a copy that failed for its key, and was deregistered by a person, can be asked for again with
/// another key. One run asks for one thing, so its calls all say the same.
pub fn client_token(copy: &NewCopy) -> String {
    let minutes = copy.within_minutes.map(|minutes| minutes.to_string());
    // No part can hold a line break, so joined parts are unambiguous.
    let parts = [
        copy.workload.as_str(),
        copy.run.as_str(),
        copy.from.as_str(),
        copy.image.as_str(),
        copy.region.as_str(),
        copy.kms_key.as_ref().map_or("", |key| key.as_str()),
        minutes.as_deref().unwrap_or_default(),
    ];
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(parts.join("\n")) {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
