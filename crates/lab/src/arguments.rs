//! The arguments of the lab's program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lab::Settings;
use lab::deploy::Sources;
use lab::emulators::Installed;
use lab::gateway::Times;
use ledger::Machine;
use plan::Strategy;

/// The local AWS of Relight.
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Task,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Play a scenario: the loss of the primary Region of a pilot light, a warm standby or a hot standby, or the refresh of the machine image
    Demo {
        /// What to play
        #[arg(value_enum, default_value_t = Scenario::Failover)]
        scenario: Scenario,
        /// Whether to do it, or only to list each call that would be made
        #[arg(long, value_enum, default_value_t = Playing::Execute)]
        mode: Playing,
        #[command(flatten)]
        parts: Parts,
        /// Leave the lab running in the background
        #[arg(long)]
        keep: bool,
        /// Write the report to this file
        #[arg(long)]
        json: Option<PathBuf>,
        #[command(flatten)]
        state: State,
    },
    /// Start a lab in the background
    Up {
        #[command(flatten)]
        parts: Parts,
        #[command(flatten)]
        state: State,
    },
    /// Run a lab in the foreground
    Serve {
        #[command(flatten)]
        parts: Parts,
        #[command(flatten)]
        state: State,
    },
    /// End the lab in the background
    Down(State),
    /// Say how the lab does
    Status(State),
    /// Take a Region away, or bring it back
    Outage {
        /// The Region's code
        region: String,
        /// Away or back
        turn: Turn,
        #[command(flatten)]
        state: State,
    },
}

/// What a lab is made from.
#[derive(Args)]
pub(crate) struct Parts {
    /// The repository's root
    #[arg(long)]
    pub(crate) repository: PathBuf,
    /// The folder with the bundles' zips
    #[arg(long)]
    pub(crate) artifact: PathBuf,
    /// MiniStack's virtual environment
    #[arg(long)]
    pub(crate) ministack: PathBuf,
    /// moto's virtual environment
    #[arg(long)]
    pub(crate) moto: PathBuf,
    /// Write the gateway's log to this file, one JSON object a line
    #[arg(long)]
    pub(crate) requests: Option<PathBuf>,
    /// What of unishop runs in the recovery Region; the demos of standbys have theirs
    #[arg(long, value_parser = strategy, default_value = "pilot-light")]
    pub(crate) strategy: Strategy,
}

/// How a lab in the background is found.
#[derive(Args)]
pub(crate) struct State {
    /// Where a lab in the background writes down how it is reached
    #[arg(long)]
    pub(crate) state: PathBuf,
}

/// What a demo plays.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    Failover,
    WarmStandby,
    HotStandby,
    RefreshImage,
}

/// As a plan writes it.
fn strategy(text: &str) -> Result<Strategy, serde_json::Error> {
    serde_json::from_value(text.into())
}

/// The mode of the run that a demo plays.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Playing {
    Execute,
    Plan,
}

impl Scenario {
    pub(crate) fn machine(self) -> Machine {
        match self {
            Self::Failover | Self::WarmStandby | Self::HotStandby => Machine::Failover,
            Self::RefreshImage => Machine::RefreshImage,
        }
    }
}

/// Away or back.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Turn {
    On,
    Off,
}

impl Parts {
    pub(crate) fn settings(&self) -> Settings {
        let installed = Installed {
            ministack: self.ministack.clone(),
            moto: self.moto.clone(),
        };
        let sources = Sources {
            repository: self.repository.clone(),
            artifact: self.artifact.clone(),
        };
        Settings {
            requests: self.requests.clone(),
            strategy: self.strategy,
            times: Times::WATCHED,
            ..Settings::new(installed, sources)
        }
    }

    pub(crate) fn arguments(&self) -> Vec<PathBuf> {
        let mut arguments = Vec::new();
        let named = [
            ("--repository", &self.repository),
            ("--artifact", &self.artifact),
            ("--ministack", &self.ministack),
            ("--moto", &self.moto),
        ];
        for (name, value) in named.into_iter().chain(self.requests.as_ref().map(|file| ("--requests", file))) {
            arguments.extend([PathBuf::from(name), value.clone()]);
        }
        let strategy = match self.strategy {
            Strategy::PilotLight => "pilot-light",
            Strategy::WarmStandby => "warm-standby",
            Strategy::HotStandby => "hot-standby",
        };
        arguments.extend(["--strategy", strategy].map(PathBuf::from));
        arguments
    }
}
