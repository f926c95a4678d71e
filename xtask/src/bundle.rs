//! The zips of the functions: one a bundle, with the one program in it that Lambda looks for.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::process::root;

/// How much work goes into a zip.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// None: nothing is saved by squeezing what never leaves the machine.
    Stored,
    /// As small as deflate gets, for what is uploaded and then fetched at cold starts.
    Smallest,
}

/// The names of all bundles: those of the programs of `functions/bootstrap`.
pub(crate) fn names() -> Result<Vec<String>> {
    let programs = root().join("functions/bootstrap/src/bin");
    let mut names = Vec::new();
    for program in std::fs::read_dir(&programs).with_context(|| format!("read {}", programs.display()))? {
        let path = program.with_context(|| format!("read {}", programs.display()))?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Packs each bundle's program, which `program` finds, as `<bundle>.zip` into `folder`. The same program gives the same
/// bytes, whenever it is packed.
///
/// What was in the folder before is cleared away: a bundle that is no more would be uploaded with the others.
pub(crate) fn pack(folder: &Path, packing: Packing, program: impl Fn(&str) -> PathBuf) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    for name in names()? {
        let from = program(&name);
        let to = folder.join(format!("{name}.zip"));
        let content = std::fs::read(&from).with_context(|| format!("read {}", from.display()))?;
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        let options = match packing {
            Packing::Stored => options.compression_method(CompressionMethod::Stored),
            Packing::Smallest => options.compression_method(CompressionMethod::Deflated).compression_level(Some(9)),
        };
        let file = File::create(&to).with_context(|| format!("make {}", to.display()))?;
        let mut zip = ZipWriter::new(file);
        zip.start_file("bootstrap", options)
            .and_then(|()| Ok(zip.write_all(&content)?))
            .and_then(|()| zip.finish())
            .with_context(|| format!("write {}", to.display()))?;
    }
    Ok(())
}
