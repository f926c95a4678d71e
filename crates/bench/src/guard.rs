//! The check that keeps what can be counted: the bytes of each zip, and the instructions of each action's cold start.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::limits::{INSTRUCTIONS, ZIP_BYTES};
use crate::{artifact, authority, aws, callgrind, table, variant};

/// Counts what the bundles in the folder `artifact` take, tells each figure to `tell`, and fails with those that are above their limit.
///
/// # Errors
/// When a figure is above its limit, and when something can't be counted.
pub async fn guard(artifact: &Path, mut tell: impl FnMut(&str)) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("relight-bench-")
        .tempdir()
        .context("make a folder")?;
    let bundles = artifact::unpack(artifact, folder.path())?;
    let (bundle, config) = authority::make(folder.path())?;
    tell(&format!("each cold start reads a store of {} authorities", bundle.certificates));
    let mut aws = aws::Aws::start(config).await?;
    let world = variant::World {
        endpoint: aws.url(),
        bundle,
    };

    let mut above = Vec::new();
    let mut held = |figure: Figure| {
        tell(&figure.to_string());
        above.extend((figure.seen > figure.most).then(|| figure.to_string()));
    };
    for (name, bundle) in &bundles {
        held(Figure {
            of: format!("{name}.zip"),
            seen: bundle.sizes.zip_bytes,
            unit: "bytes",
            most: ZIP_BYTES,
        });
    }
    for action in variant::of_artifact(&bundles, &world)? {
        let seen = callgrind::instructions(&action, &mut aws, folder.path()).await?;
        held(Figure {
            of: action.name,
            seen,
            unit: "instructions of a cold start",
            most: INSTRUCTIONS,
        });
    }
    if !above.is_empty() {
        bail!("above the limit (docs/speed.md): {}", above.join("; "));
    }
    Ok(())
}

/// A count and its limit.
struct Figure {
    of: String,
    seen: u64,
    unit: &'static str,
    most: u64,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, seen, unit, most } = self;
        write!(f, "{of}: {} {unit}, at most {}", table::grouped(*seen), table::grouped(*most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_names_what_it_is_of_and_its_limit() {
        let figure = Figure {
            of: "open-run".to_owned(),
            seen: 8_000_001,
            unit: "instructions of a cold start",
            most: 8_000_000,
        };
        assert_eq!(
            figure.to_string(),
            "open-run: 8,000,001 instructions of a cold start, at most 8,000,000"
        );
    }
}
