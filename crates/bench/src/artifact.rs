//! The zips that are deployed, one a bundle, and the program in each.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Cursor, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The name under which Lambda looks for a custom runtime's program.
const BOOTSTRAP: &str = "bootstrap";

/// A bundle, unpacked.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Where its program is.
    pub program: PathBuf,
    /// What it takes.
    pub sizes: Sizes,
}

/// The sizes of one bundle.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sizes {
    /// The zip.
    pub zip_bytes: u64,
    /// The program in it.
    pub program_bytes: u64,
    /// The SHA-256 of the zip, in hexadecimal digits.
    pub sha256: String,
}

/// Unpacks every bundle whose zip is in the folder `artifact` into `folder`; returns them by name.
///
/// # Errors
/// When `artifact` can't be read, or holds a zip without a `bootstrap`, or none at all.
pub fn unpack(artifact: &Path, folder: &Path) -> Result<BTreeMap<String, Packed>> {
    let mut bundles = BTreeMap::new();
    for entry in std::fs::read_dir(artifact).with_context(|| format!("read {}", artifact.display()))? {
        let zip = entry.with_context(|| format!("read {}", artifact.display()))?.path();
        if zip.extension().is_some_and(|extension| extension == "zip") {
            let name = zip.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            bundles.insert(name.clone(), unpack_one(&zip, &folder.join(name))?);
        }
    }
    anyhow::ensure!(!bundles.is_empty(), "{} holds no zip of a bundle", artifact.display());
    Ok(bundles)
}

fn unpack_one(artifact: &Path, folder: &Path) -> Result<Packed> {
    std::fs::create_dir(folder).with_context(|| format!("make {}", folder.display()))?;
    let packed = std::fs::read(artifact).with_context(|| format!("read {}", artifact.display()))?;
    let sizes = |program_bytes| Sizes {
        zip_bytes: count(packed.len()),
        program_bytes,
        sha256: digest(&packed),
    };
    let mut zip = ZipArchive::new(Cursor::new(&packed)).with_context(|| format!("open {} as a zip", artifact.display()))?;
    let mut packed_program = zip
        .by_name(BOOTSTRAP)
        .with_context(|| format!("find {BOOTSTRAP} in {}", artifact.display()))?;
    let path = folder.join(BOOTSTRAP);
    let mut program = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o755)
        .open(&path)
        .with_context(|| format!("make {}", path.display()))?;
    let program_bytes = std::io::copy(&mut packed_program, &mut program).with_context(|| format!("unpack {}", path.display()))?;
    Ok(Packed {
        program: path,
        sizes: sizes(program_bytes),
    })
}

/// The sizes that the program at `path` has, and would have as a zip.
///
/// # Errors
/// When it can't be read.
pub fn as_packed(path: &Path) -> Result<Sizes> {
    let program = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(BOOTSTRAP, SimpleFileOptions::default().unix_permissions(0o755))
        .context("begin a zip")?;
    zip.write_all(&program).context("write a zip")?;
    let packed = zip.finish().context("end a zip")?.into_inner();
    Ok(Sizes {
        zip_bytes: count(packed.len()),
        program_bytes: count(program.len()),
        sha256: digest(&packed),
    })
}

/// Writes `contents` to `path`.
///
/// # Errors
/// When it can't be written.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let mut file = File::create(path).with_context(|| format!("make {}", path.display()))?;
    file.write_all(contents).with_context(|| format!("write {}", path.display()))
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
