//! Counts the instructions of a cold start by callgrind: the same on a busy machine as on an idle one.
//!
//! From the start of the process to its end after the first answer. A count still differs by some thousands from run to
//! run, since hash maps are seeded by chance.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::aws::Aws;
use crate::invoke::live;
use crate::variant::Variant;

/// The version of valgrind, if it is there.
pub async fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().await.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|version| !version.is_empty())
}

/// How many instructions a cold start of `variant` takes; uses `folder`.
///
/// # Errors
/// When the process doesn't answer as it should, or leaves no count.
pub async fn instructions(variant: &Variant, aws: &mut Aws, folder: &Path) -> Result<u64> {
    let counted = folder.join("callgrind.out");
    let mut out = OsString::from("--callgrind-out-file=");
    out.push(&counted);
    let wrapper = [
        "valgrind".as_ref(),
        "--quiet".as_ref(),
        "--tool=callgrind".as_ref(),
        out.as_os_str(),
    ];
    live(variant, &wrapper, aws, &folder.join("callgrind.log"), 1).await?;
    let written = std::fs::read_to_string(&counted).with_context(|| format!("read {}", counted.display()))?;
    std::fs::remove_file(&counted).with_context(|| format!("remove {}", counted.display()))?;
    total(&written).with_context(|| format!("find the total in {}", counted.display()))
}

/// valgrind.org/docs/manual/cl-format.html: the line `totals:`.
fn total(written: &str) -> Option<u64> {
    written.lines().find_map(|line| line.strip_prefix("totals:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_and_nothing_is_made_of_its_absence() {
        assert_eq!(total("events: Ir\nfn=(1) main\n3 17\n\ntotals: 4711\n"), Some(4_711));
        assert_eq!(total("events: Ir\n"), None);
    }
}
