//! `demo` and `lab`: sets up the emulators, builds, and hands over to the lab's own program.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::build::{Artifact, build};
use crate::process::{root, status, target};
use crate::tools;

/// What the demo is to do.
#[derive(Args)]
pub(crate) struct Demo {
    /// What to play
    #[arg(value_enum, default_value_t = Scenario::Failover)]
    scenario: Scenario,
    /// Whether to do it, or only to list each call that would be made
    #[arg(long, value_enum, default_value_t = Mode::Execute)]
    mode: Mode,
    /// Run the release build, as it is deployed
    #[arg(long)]
    release: bool,
    /// Leave the lab running afterwards; `cargo xtask lab down` ends it
    #[arg(long)]
    keep: bool,
    /// Write the run's report to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the gateway's log to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
}

/// What the demo plays.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// us-east-1 is lost, an alarm starts the recovery, the site is proven in us-west-1, and users are moved there
    Failover,
    /// The same of a warm standby: a small group grows beside the promotion
    WarmStandby,
    /// The same of a hot standby: nothing is started, the database is promoted, and users are moved meanwhile
    HotStandby,
    /// An image is made in us-east-1, copied, booted, proven and adopted in us-west-1; old ones are pruned
    RefreshImage,
}

/// The mode of the run that the demo plays.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Do it
    Execute,
    /// Change nothing; list each call that would be made, with its arguments, Region, time and cost
    Plan,
}

impl Scenario {
    fn name(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::WarmStandby => "warm-standby",
            Self::HotStandby => "hot-standby",
            Self::RefreshImage => "refresh-image",
        }
    }
}

/// A lab to play with.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Start a lab in the background and print the settings for the aws command
    Up {
        /// Run the release build, as it is deployed
        #[arg(long)]
        release: bool,
    },
    /// End the lab
    Down,
    /// Say what runs and how it does
    Status,
    /// Take a Region away, or bring it back
    Outage {
        /// The Region's code
        region: String,
        /// What to do
        state: Switch,
    },
}

/// On or off.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Take it away
    On,
    /// Bring it back
    Off,
}

/// The programs that run a lab.
struct Set {
    /// The lab's own program.
    program: PathBuf,
    /// The folder with the bundles' zips.
    artifact: PathBuf,
    /// The emulators.
    emulators: Emulators,
}

/// The environments of the emulators.
pub(crate) struct Emulators {
    /// MiniStack's.
    pub(crate) ministack: PathBuf,
    /// moto's.
    pub(crate) moto: PathBuf,
}

/// Sets up the emulators.
pub(crate) fn emulators() -> Result<Emulators> {
    Ok(Emulators {
        ministack: tools::python("ministack", "crates/lab/requirements/ministack.txt")?,
        moto: tools::python("moto", "crates/lab/requirements/moto.txt")?,
    })
}

/// Sets up the emulators and builds.
fn set_up(artifact: Artifact) -> Result<Set> {
    let emulators = emulators()?;
    let built = build(artifact)?;
    Ok(Set {
        program: built.lab,
        artifact: built.artifact,
        emulators,
    })
}

/// The arguments by which the lab's program finds what it runs.
fn found(set: &Set) -> Vec<std::ffi::OsString> {
    let mut arguments = Vec::new();
    for (name, path) in [
        ("--repository", &root()),
        ("--artifact", &set.artifact),
        ("--ministack", &set.emulators.ministack),
        ("--moto", &set.emulators.moto),
    ] {
        arguments.extend([name.into(), path.into()]);
    }
    arguments
}

/// Plays the demo.
pub(crate) fn demo(demo: &Demo) -> Result<ExitCode> {
    let set = set_up(Artifact::chosen(demo.release))?;
    let mut command = Command::new(&set.program);
    command
        .arg("demo")
        .arg(demo.scenario.name())
        .args(found(&set))
        .arg("--state")
        .arg(state());
    if demo.mode == Mode::Plan {
        command.args(["--mode", "plan"]);
    }
    if demo.keep {
        command.arg("--keep");
    }
    for (name, file) in [("--json", &demo.json), ("--requests", &demo.requests)] {
        if let Some(file) = file {
            command.arg(name).arg(file);
        }
    }
    ended(&mut command)
}

/// Does as told with the lab.
pub(crate) fn lab(lab: &Lab) -> Result<ExitCode> {
    if let Lab::Up { release } = lab {
        let set = set_up(Artifact::chosen(*release))?;
        return ended(Command::new(&set.program).arg("up").args(found(&set)).arg("--state").arg(state()));
    }
    let mut command = Command::new(target().join("debug/lab"));
    match lab {
        Lab::Up { .. } | Lab::Status => command.arg("status"),
        Lab::Down => command.arg("down"),
        Lab::Outage { region, state } => command.arg("outage").arg(region).arg(match state {
            Switch::On => "on",
            Switch::Off => "off",
        }),
    };
    if !target().join("debug/lab").exists() {
        eprintln!("no lab runs here: `cargo xtask lab up` starts one");
        return Ok(ExitCode::FAILURE);
    }
    ended(command.arg("--state").arg(state()))
}

/// Where a lab in the background writes down how it is reached.
fn state() -> PathBuf {
    target().join("lab.json")
}

fn ended(command: &mut Command) -> Result<ExitCode> {
    // The lab's program shares the terminal and so gets its own interrupt; this one waits for it to clean up.
    ctrlc::set_handler(|| {})?;
    let status = status(command)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
