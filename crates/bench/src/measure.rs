//! Measures all programs in one run, in turns, so that what the machine does meanwhile touches all alike.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::artifact;
use crate::authority;
use crate::aws::Aws;
use crate::callgrind;
use crate::figures::Spread;
use crate::invoke::{Life, live};
use crate::limits::Limits;
use crate::machine::{Machine, Versions};
use crate::report::{Figures, Report, bytes};
use crate::variant::{self, Kind, Variant, World};

/// How often a started program is called after its first answer.
const WARM_CALLS: usize = 10;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder with the bundles' zips.
    pub artifact: PathBuf,
    /// The smallest possible bootstrap.
    pub smallest: PathBuf,
    /// The virtual environment with boto3 and awslambdaric.
    pub python: PathBuf,
    /// How often each program is started.
    pub runs: usize,
}

/// Measures; tells `progress` what it does.
///
/// # Errors
/// When a program doesn't start, doesn't answer as it should, or makes other calls than it is said to make.
pub async fn measure(settings: &Settings, progress: impl Fn(&str)) -> Result<Report> {
    let folder = tempfile::Builder::new()
        .prefix("relight-bench-")
        .tempdir()
        .context("make a folder")?;
    let bundles = artifact::unpack(&settings.artifact, folder.path())?;
    let (bundle, config) = authority::make(folder.path())?;
    let machine = Machine::read(bundle.certificates);
    let mut aws = Aws::start(config).await?;
    let world = World {
        endpoint: aws.url(),
        bundle,
    };

    let mut variants = vec![variant::smallest(&settings.smallest, &world)];
    variants.extend(variant::of_artifact(&bundles, &world)?);
    variants.push(variant::python(&settings.python, folder.path(), &world)?);
    let versions = Versions::ask(&settings.python).await;

    let log = folder.path().join("printed.log");
    let mut lives: Vec<Vec<Life>> = vec![Vec::new(); variants.len()];
    // The first round fills the caches of the kernel, and of Python, and doesn't count.
    for round in 0..=settings.runs {
        progress(&format!("round {round} of {}", settings.runs));
        for turn in 0..variants.len() {
            // Each round begins with another program, so that none always follows the same one.
            let chosen = (turn + round) % variants.len();
            let (Some(variant), Some(lives)) = (variants.get(chosen), lives.get_mut(chosen)) else {
                continue;
            };
            let life = live(variant, &[], &mut aws, &log, 1 + WARM_CALLS).await?;
            if round > 0 {
                lives.push(life);
            }
        }
    }

    let mut figures = Vec::new();
    for (variant, lives) in variants.iter().zip(&lives) {
        // Under callgrind Python would take a minute, and nobody counts its instructions.
        let counted = versions.valgrind.is_some() && variant.kind != Kind::Python;
        progress(&format!("counting the instructions of {}", variant.name));
        let instructions = if counted {
            Some(callgrind::instructions(variant, &mut aws, folder.path()).await?)
        } else {
            None
        };
        figures.push(summary(variant, lives, instructions).context("at least one run is needed")?);
    }
    Ok(Report {
        measured_at: Timestamp::now(),
        machine,
        versions,
        runs: settings.runs,
        warm_calls: WARM_CALLS,
        limits: Limits::of_functions(),
        bundles: bundles.into_iter().map(|(name, bundle)| (name, bundle.sizes)).collect(),
        smallest: artifact::as_packed(&settings.smallest)?,
        figures,
    })
}

fn summary(variant: &Variant, lives: &[Life], instructions: Option<u64>) -> Option<Figures> {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    Some(Figures {
        name: variant.name.clone(),
        kind: variant.kind,
        calls: variant.calls.clone(),
        ready_millis: Spread::of(lives.iter().map(|life| millis(life.ready)))?,
        first_answer_millis: Spread::of(lives.iter().map(|life| millis(life.first_answer)))?,
        warm_answer_micros: Spread::of(lives.iter().flat_map(|life| &life.warm).map(|&warm| millis(warm) * 1e3))?,
        resident_bytes: Spread::of(lives.iter().map(|life| bytes(life.resident_bytes)))?,
        instructions,
    })
}
