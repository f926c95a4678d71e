//! Lints the templates as CloudFormation will see them, and the machines as Step Functions will.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{root, run};
use crate::tools;

/// Lints every template and every machine.
pub(crate) fn lint() -> Result<()> {
    let environment = tools::python("lint", "infra/lint/requirements.txt")?;
    run(Command::new(environment.join("bin/python")).arg(root().join("infra/lint/lint.py"))).context("lint the templates")?;
    let modules = tools::npm("asl-validator", "statemachine", &environment)?;
    for entry in std::fs::read_dir(root().join("statemachine")).context("read statemachine/")? {
        let path = entry.context("read statemachine/")?.path();
        if path.to_string_lossy().ends_with(".asl.json") {
            run(Command::new(modules.join("node_modules/.bin/asl-validator"))
                .arg("--json-path")
                .arg(&path)
                .env("PATH", tools::with_path(&environment)))
            .with_context(|| format!("validate {}", path.display()))?;
        }
    }
    Ok(())
}
