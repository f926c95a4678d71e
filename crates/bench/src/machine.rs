//! What the figures were measured on, and with what.

use std::path::Path;

use serde::Serialize;
use tokio::process::Command;

/// This machine.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// The processor's model.
    pub processor: String,
    /// How many cores a process may use.
    pub cores: usize,
    /// The processor's architecture.
    pub architecture: &'static str,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution.
    pub system: String,
    /// How many certificates a process reads at its start.
    pub authorities: usize,
}

/// The versions of what was measured, or measured with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// The compiler in the search path.
    pub rustc: Option<String>,
    /// Python, and what it runs.
    pub python: Option<String>,
    /// What counted the instructions.
    pub valgrind: Option<String>,
}

impl Machine {
    /// Reads what the kernel and the distribution say.
    pub fn read(authorities: usize) -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            processor: field(&text("/proc/cpuinfo"), "model name", ':').unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            architecture: std::env::consts::ARCH,
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: field(&text("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_else(|| "unknown".to_owned()),
            authorities,
        }
    }
}

impl Versions {
    /// Asks each for its version; `python` is a virtual environment.
    pub async fn ask(python: &Path) -> Self {
        let program = "import sys, boto3, awslambdaric as a; \
                       print(f'Python {sys.version.split()[0]}, boto3 {boto3.__version__}, awslambdaric {a.__version__}')";
        Self {
            rustc: said(Command::new("rustc").arg("--version")).await,
            python: said(Command::new(python.join("bin/python")).args(["-c", program])).await,
            valgrind: crate::callgrind::version().await,
        }
    }
}

async fn said(command: &mut Command) -> Option<String> {
    let output = command.output().await.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The value of the first line `name <separator> value`.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(separator));
    fields
        .find(|(field, _)| field.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_whole_name() {
        let cpu = "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n";
        assert_eq!(field(cpu, "model name", ':').as_deref(), Some("AMD EPYC"));
        assert_eq!(
            field("NAME=\"Debian\"\nPRETTY_NAME=\"Debian 12\"\n", "PRETTY_NAME", '=').as_deref(),
            Some("Debian 12")
        );
        assert_eq!(field(cpu, "flags", ':'), None);
    }
}
