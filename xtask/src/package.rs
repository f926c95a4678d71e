//! `package`: the artifact for AWS, laid out as `aws s3 cp` and `aws cloudformation deploy` take it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::bundle::{self, Packing};
use crate::process::{self, root, target};
use crate::tools;

/// What is packaged.
#[derive(Args)]
pub(crate) struct Package {
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Architecture::HOST)]
    arch: Architecture,
}

/// A processor that Lambda has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Architecture {
    /// Graviton: cheaper by the second
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    /// This machine's.
    pub(crate) const HOST: Self = if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 };

    /// As Lambda and the template name it.
    fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86_64 => "--x86-64",
        }
    }
}

/// Builds the bundles for `architecture` with cargo-lambda, which links against the C library that Lambda has.
///
/// Returns the folder with their zips.
pub(crate) fn zips(architecture: Architecture) -> Result<PathBuf> {
    let cargo_lambda = tools::python("package", "xtask/requirements/package.txt")?;
    process::run(
        Command::new(cargo_lambda.join("bin/cargo-lambda"))
            .args(["lambda", "build", "--release", architecture.flag(), "--package", "bootstrap"])
            .env("PATH", tools::with_path(&cargo_lambda))
            .current_dir(root()),
    )
    .with_context(|| {
        format!(
            "build for {} (the Rust target of that processor must be installed: rustup target add)",
            architecture.name()
        )
    })?;
    let folder = target().join("artifact").join(architecture.name());
    bundle::pack(&folder, Packing::Smallest, |name| {
        target().join("lambda").join(name).join("bootstrap")
    })?;
    Ok(folder)
}

/// Lays out `target/package/<digest>/` and prints the commands that deploy it.
pub(crate) fn run(package: &Package) -> Result<ExitCode> {
    let mut files = listed(&zips(package.arch)?, ".zip")?;
    files.extend(listed(&root().join("statemachine"), ".asl.json")?);
    files.extend(["engine.yaml", "workload.yaml"].map(|template| root().join("infra").join(template)));
    let mut digest = Sha256::new();
    let mut contents = Vec::new();
    for path in &files {
        let name = path.file_name().with_context(|| format!("{} has no name", path.display()))?;
        let content = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        digest.update(&content);
        contents.push((name, content));
    }
    let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = target().join("package").join(&digest);
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    for (name, content) in &contents {
        std::fs::write(folder.join(name), content).with_context(|| format!("write {}", name.display()))?;
        println!("{:>9} {}", content.len(), folder.join(name).display());
    }
    let (folder, architecture) = (folder.display(), package.arch.name());
    println!(
        "\nTo deploy, in the recovery Region, with BUCKET a bucket of yours there:\n\n\
         aws s3 cp --recursive {folder} s3://BUCKET/relight/{digest}\n\
         aws cloudformation deploy --stack-name relight --template-file {folder}/engine.yaml --s3-bucket BUCKET \\\n  \
         --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \\\n  \
         --parameter-overrides ArtifactBucket=BUCKET ArtifactPrefix=relight/{digest} Architecture={architecture} NotificationEmail=you@example.com"
    );
    Ok(ExitCode::SUCCESS)
}

/// The files in `folder` whose names end in `ending`, in order.
fn listed(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry.with_context(|| format!("read {}", folder.display()))?.path();
        if path.to_string_lossy().ends_with(ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
