//! The lab's program: `demo`, and a lab in the background with `up`, `serve`, `down`, `status` and `outage`.
//!
//! `cargo xtask` sets up what it needs and calls it; nobody else has to.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]
#![allow(
    clippy::disallowed_methods,
    reason = "a program on this machine: it waits and reads the environment"
)]

mod arguments;

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;
use lab::Lab;
use lab::demo::{plan as planned, play, refresh_image, summary};
use lab::gateway::Remote;
use lab::reach::Reach;
use lab::show::Live;
use lab::world::RECOVERY;
use ledger::Verdict;
use plan::Strategy;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Parts, Playing, Scenario, Task, Turn};

const UP_WITHIN: Duration = Duration::from_secs(180);
const DOWN_WITHIN: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> ExitCode {
    let task = Arguments::parse().command;
    let ended = tokio::select! {
        ended = run(task) => ended,
        name = interrupted() => {
            eprintln!("\n{name}: ended what was started");
            Ok(ExitCode::from(130))
        }
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Dropping the work ends the emulators, the gateway and the sites.
async fn interrupted() -> &'static str {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
        _ = hang_up.recv() => "hung up",
    }
}

async fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Demo {
            scenario,
            mode,
            mut parts,
            keep,
            json,
            state,
        } => {
            match scenario {
                Scenario::WarmStandby => parts.strategy = Strategy::WarmStandby,
                Scenario::HotStandby => parts.strategy = Strategy::HotStandby,
                Scenario::Failover | Scenario::RefreshImage => {}
            }
            demo((scenario, mode), &parts, keep, json.as_deref(), &state.state).await
        }
        Task::Up { parts, state } => {
            println!("{}", how_to_use(&up(&parts, &state.state).await?));
            Ok(ExitCode::SUCCESS)
        }
        Task::Serve { parts, state } => {
            let lab = Lab::start(&parts.settings(), |what| eprintln!("{what}")).await?;
            lab.reach()?.write(&state.state)?;
            std::future::pending().await
        }
        Task::Down(state) => down(&state.state).await,
        Task::Status(state) => status(&state.state).await,
        Task::Outage { region, turn, state } => {
            let reach = running(&state.state)?;
            reach.set_lost(&region, turn == Turn::On).await?;
            println!(
                "{region} is {}",
                if turn == Turn::On {
                    "away: its endpoints hang and its site refuses"
                } else {
                    "back"
                }
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn demo(played: (Scenario, Playing), parts: &Parts, keep: bool, json: Option<&Path>, state: &Path) -> Result<ExitCode> {
    let mut live = Live::default();
    let setting_up = "a lab with unishop and Relight";
    live.begin(setting_up);
    let mut own = None;
    let reach = if keep {
        up(parts, state).await?
    } else {
        let lab = own.insert(Lab::start(&parts.settings(), |_| {}).await?);
        lab.reach()?
    };
    live.end(setting_up, None, "");
    let (document, verdict) = match played {
        (scenario, Playing::Plan) => {
            let played = planned::play(&reach, scenario.machine(), &mut live).await?;
            println!("{}", planned::summary(&played));
            (played.document, played.report.verdict)
        }
        (Scenario::Failover | Scenario::WarmStandby | Scenario::HotStandby, Playing::Execute) => {
            let played = play(&reach, &mut live).await?;
            println!("{}", summary(&reach, &played).await?);
            (played.document, played.report.verdict)
        }
        (Scenario::RefreshImage, Playing::Execute) => {
            let played = refresh_image::play(&reach, &refresh_image::scheduled(), &mut live).await?;
            println!("{}", refresh_image::summary(&played));
            (played.document, played.report.verdict)
        }
    };
    if let Some(file) = json {
        std::fs::write(file, &document).with_context(|| format!("write {}", file.display()))?;
    }
    if keep {
        println!("{}", how_to_use(&reach));
    }
    Ok(if verdict == Verdict::Done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Starts a lab as a process of its own and waits until it can be used.
async fn up(parts: &Parts, state: &Path) -> Result<Reach> {
    if let Ok(reach) = running(state) {
        bail!("a lab runs already, as process {}: `cargo xtask lab down` ends it", reach.pid);
    }
    // What a lab that was killed left behind says nothing any more.
    if state.exists() {
        std::fs::remove_file(state).with_context(|| format!("remove {}", state.display()))?;
    }
    let log = state.with_extension("log");
    let output = File::create(&log).with_context(|| format!("make {}", log.display()))?;
    let mut command = Command::new(std::env::current_exe().context("find the lab's own program")?);
    command
        .arg("serve")
        .args(parts.arguments())
        .arg("--state")
        .arg(state)
        .stdin(Stdio::null())
        .stdout(output.try_clone().context("share the log")?)
        .stderr(output);
    // A group of its own, so that an interrupt at the terminal isn't for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("start the lab in the background")?;
    let begun = tokio::time::Instant::now();
    while !state.exists() {
        if let Some(status) = child.try_wait().context("look after the lab")? {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            bail!("the lab ended at its start with {status}: {}", said.trim());
        }
        if begun.elapsed() > UP_WITHIN {
            let _gone = child.kill();
            bail!("the lab wasn't up within {UP_WITHIN:?}; its log is {}", log.display());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Reach::read(state)
}

async fn down(state: &Path) -> Result<ExitCode> {
    let reach = running(state)?;
    let pid = pid(&reach)?;
    kill_process(pid, Signal::TERM).context("end the lab")?;
    let begun = tokio::time::Instant::now();
    while test_kill_process(pid).is_ok() {
        if begun.elapsed() > DOWN_WITHIN {
            bail!("process {} didn't end within {DOWN_WITHIN:?}", reach.pid);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    std::fs::remove_file(state).with_context(|| format!("remove {}", state.display()))?;
    println!("the lab has ended");
    Ok(ExitCode::SUCCESS)
}

async fn status(state: &Path) -> Result<ExitCode> {
    let reach = running(state)?;
    let status = Remote::new(reach.gateway).status().await?;
    println!("{}\n", how_to_use(&reach));
    let away: Vec<&str> = status.outages.keys().map(String::as_str).collect();
    println!(
        "process {}; {} calls so far; Regions away: {}",
        reach.pid,
        status.calls,
        if away.is_empty() { "none".to_owned() } else { away.join(", ") }
    );
    Ok(ExitCode::SUCCESS)
}

/// The lab that `state` tells of, if it runs.
fn running(state: &Path) -> Result<Reach> {
    let none = || "no lab runs here: `cargo xtask lab up` starts one".to_owned();
    let reach = Reach::read(state).with_context(none)?;
    test_kill_process(pid(&reach)?).with_context(none)?;
    Ok(reach)
}

fn pid(reach: &Reach) -> Result<Pid> {
    i32::try_from(reach.pid)
        .ok()
        .and_then(Pid::from_raw)
        .with_context(|| format!("{} is no process", reach.pid))
}

fn how_to_use(reach: &Reach) -> String {
    format!(
        "export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION={RECOVERY} AWS_DEFAULT_REGION={RECOVERY}\n\
         # the sites: {} and {}; users use {}, which leads to one of the two\n\
         # for example: aws stepfunctions list-executions --state-machine-arn {}\n\
         # cargo xtask lab outage us-east-1 on takes the primary Region away; cargo xtask lab down ends the lab",
        reach.endpoint, reach.primary_site, reach.recovery_site, reach.public_site, reach.machine
    )
}
