//! The third-party tools that the lab and the checks run, installed from pinned and hash-checked lists under `target/tools`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::process::{cargo, output, root, run, target};

const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// A Python virtual environment with what `requirements` (a path in the repository) lists.
///
/// Its folder's name has the list's digest, so that another list is another environment and a finished one is kept.
pub(crate) fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let list = root().join(requirements);
    installed(name, &[&list], |folder| {
        run(Command::new(python3()?).args(["-m", "venv"]).arg(folder))
            .context("make a virtual environment (on Debian and Ubuntu it needs the package python3-venv)")?;
        run(Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "-r",
            ])
            .arg(&list))
        .with_context(|| format!("install {requirements}"))
    })
}

/// A folder with the npm packages that `folder` (a path in the repository) locks, installed by the npm of `node`, an environment of [`python`].
pub(crate) fn npm(name: &str, folder: &str, node: &Path) -> Result<PathBuf> {
    let source = root().join(folder);
    let files = ["package.json", "package-lock.json", ".npmrc"].map(|file| source.join(file));
    installed(name, &files.each_ref().map(PathBuf::as_path), |folder| {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        for file in &files {
            std::fs::copy(file, folder.join(file.file_name().unwrap_or_default())).with_context(|| format!("copy {}", file.display()))?;
        }
        run(Command::new(node.join("bin/npm"))
            .args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"])
            .env("PATH", with_path(node))
            .current_dir(folder))
        .with_context(|| format!("install {name}"))
    })
}

/// The program of a crate that the registry has in exactly this `version`, compiled with its own lock file. Without optimization, which takes
/// longer than what a check of ours lets it do.
pub(crate) fn cargo_program(name: &str, version: &str) -> Result<PathBuf> {
    let folder = installed(&format!("{name}-{version}"), &[], |folder| {
        run(cargo(["install", "--locked", "--quiet", "--debug", "--version", version, "--root"])
            .arg(folder)
            .arg(name)
            // Its own build is no part of ours, and is not kept.
            .env("CARGO_TARGET_DIR", folder.join("build"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0"))
        .with_context(|| format!("install {name} {version}"))?;
        std::fs::remove_dir_all(folder.join("build")).context("clear away the build")
    })?;
    Ok(folder.join("bin").join(name))
}

/// The search path with the programs of `environment` first.
pub(crate) fn with_path(environment: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(environment.join("bin")).chain(std::env::split_paths(&rest));
    std::env::join_paths(paths).unwrap_or(rest)
}

/// Installs once: under a lock, into a folder named after the content of `inputs`, marked when whole.
fn installed(name: &str, inputs: &[&Path], install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let tools = target().join("tools");
    std::fs::create_dir_all(&tools).with_context(|| format!("make {}", tools.display()))?;
    let lock = File::create(tools.join(format!("{name}.lock"))).context("make a lock file")?;
    lock.lock().context("wait for another installation")?;
    let mut digest = Sha256::new();
    for input in inputs {
        digest.update(std::fs::read(input).with_context(|| format!("read {}", input.display()))?);
    }
    let digest: String = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = tools.join(format!("{name}-{digest}"));
    let whole = folder.join(".whole");
    if !whole.exists() {
        eprintln!("installing {name} (once)");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("clear {}", folder.display()))?;
        }
        install(&folder)?;
        File::create(&whole).context("mark the installation as whole")?;
    }
    Ok(folder)
}

/// The newest Python on the search path that is new enough.
fn python3() -> Result<&'static str> {
    let (major, minor) = OLDEST_PYTHON;
    for candidate in ["python3", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let mut question = Command::new(candidate);
        question.args(["-c", &format!("import sys; print(sys.version_info >= ({major}, {minor}))")]);
        if question
            .stderr(std::process::Stdio::null())
            .output()
            .is_ok_and(|answer| answer.stdout.starts_with(b"True"))
        {
            return Ok(candidate);
        }
    }
    let found = output(Command::new("python3").arg("--version")).unwrap_or_default();
    bail!(
        "Python {major}.{minor} or newer is needed and python3 is {:?}: install it",
        String::from_utf8_lossy(&found).trim()
    )
}
