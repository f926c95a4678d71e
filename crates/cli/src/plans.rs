//! Checks plans in files.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use plan::Plan;

/// Writes what is wrong with each of `files` to `out`; returns whether nothing is.
///
/// A file that can't be read is one more thing that is wrong, so that the others are checked all the same.
///
/// # Errors
/// When `out` can't be written to.
pub(crate) fn check(files: &[PathBuf], out: &mut impl Write) -> io::Result<bool> {
    let mut all_good = true;
    for file in files {
        let name = file.display();
        match read(file).map(|text| Plan::parse(&text)) {
            Ok(Ok(plan)) => writeln!(out, "{name}: a good plan for {}", plan.workload)?,
            Ok(Err(invalid)) => {
                all_good = false;
                writeln!(out, "{}", invalid.in_file(name))?;
            }
            Err(error) => {
                all_good = false;
                writeln!(out, "{name}: {error}")?;
            }
        }
    }
    Ok(all_good)
}

fn read(file: &Path) -> io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        Ok(text)
    } else {
        fs::read_to_string(file)
    }
}
