//! Builds the workspace: one command and one set of features, so that the large AWS crates compile once a profile.

use std::path::PathBuf;

use anyhow::Result;

use crate::bundle::{self, Packing};
use crate::package::{self, Architecture};
use crate::process::{cargo, run, target};

/// Which artifact runs in the lab.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Artifact {
    /// The functions in the profile that the tests use.
    Dev,
    /// The zips that are deployed to AWS.
    Packaged,
}

impl Artifact {
    /// The packaged zips where `release` was asked for.
    pub(crate) fn chosen(release: bool) -> Self {
        if release { Self::Packaged } else { Self::Dev }
    }
}

/// The programs of a build.
pub(crate) struct Built {
    /// The folder with the bundles' zips.
    pub(crate) artifact: PathBuf,
    /// The lab's own program.
    pub(crate) lab: PathBuf,
}

/// Builds everything in the profile that the tests use, and `artifact`.
pub(crate) fn build(artifact: Artifact) -> Result<Built> {
    // All targets, though only some programs are run: the same features as the tests', and so the same dependencies. Our own crates
    // are another build there, which lints them.
    run(&mut cargo(["build", "--workspace", "--all-targets"]))?;
    let dev = target().join("debug");
    let artifact = match artifact {
        Artifact::Dev => {
            let folder = target().join("artifact/dev");
            bundle::pack(&folder, Packing::Stored, |name| dev.join(name))?;
            folder
        }
        Artifact::Packaged => package::zips(Architecture::HOST)?,
    };
    Ok(Built {
        artifact,
        lab: dev.join("lab"),
    })
}
