//! One life of one process: started, called, answered, ended.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::aws::Aws;
use crate::protocol::DENIAL;
use crate::runtime::{Answer, Event, Runtime};
use crate::variant::{Kind, Variant};

/// How long a process may take for all its answers; generous, since Python and callgrind are slow and machines are busy.
const WITHIN: Duration = Duration::from_secs(60);
/// How long a process may take to end once there is no more work.
const END_WITHIN: Duration = Duration::from_secs(5);

/// How much of what a process printed is shown when something is wrong with it.
const LINES_SHOWN: usize = 5;

/// What one life of a process came to.
#[derive(Clone, Debug)]
pub struct Life {
    /// From the start of the process to its first request for work.
    pub ready: Duration,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
    /// From each further handing out of work to its answer.
    pub warm: Vec<Duration>,
    /// The most memory that it had resident, in bytes.
    pub resident_bytes: u64,
}

/// Starts the program of `variant`, behind the words of `wrapper` if there are any; calls it `times` times; ends it.
///
/// # Errors
/// When it can't be started or ends too early, answers anything but that its AWS call was denied, or makes other calls
/// than it is said to make.
pub async fn live(variant: &Variant, wrapper: &[&OsStr], aws: &mut Aws, log: &Path, times: usize) -> Result<Life> {
    let lived = attempt(variant, wrapper, aws, log, times).await;
    lived.with_context(|| {
        let printed = std::fs::read_to_string(log).unwrap_or_default();
        let first: Vec<&str> = printed.lines().take(LINES_SHOWN).collect();
        format!("{}, which printed {:?}", variant.name, first.join("\n"))
    })
}

async fn attempt(variant: &Variant, wrapper: &[&OsStr], aws: &mut Aws, log: &Path, times: usize) -> Result<Life> {
    let mut runtime = Runtime::start(&variant.payload, times).await?;
    let mut command = command(variant, wrapper, log)?;
    command.env("AWS_LAMBDA_RUNTIME_API", runtime.address());

    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {}", variant.program.display()))?;
    let lived = tokio::select! {
        lived = timeout(WITHIN, serve(&mut runtime, begun, times)) => lived.with_context(|| format!("no answer within {WITHIN:?}"))?,
        status = child.wait() => bail!("ended with {} before its last answer", status.context("wait for it")?),
    }?;
    let resident_bytes = resident(&child)?;
    runtime.end();
    end(&mut child).await?;

    expected(variant, &lived.answer)?;
    let calls: Vec<String> = aws
        .made()
        .into_iter()
        .filter(|made| made.at <= lived.first_at)
        .map(|made| made.name)
        .collect();
    ensure!(
        calls == variant.calls,
        "made the calls {calls:?} until its first answer, and crates/bench/src/actions.rs says {:?}",
        variant.calls
    );
    Ok(Life {
        ready: lived.ready,
        first_answer: lived.first_at.duration_since(begun),
        warm: lived.warm,
        resident_bytes,
    })
}

fn command(variant: &Variant, wrapper: &[&OsStr], log: &Path) -> Result<Command> {
    let output = File::create(log).with_context(|| format!("make {}", log.display()))?;
    let mut words = wrapper.iter().copied().chain([variant.program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .args(&variant.arguments)
        .env_clear()
        .envs(variant.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(output.try_clone().context("share the log")?)
        .stderr(output)
        .kill_on_drop(true);
    Ok(command)
}

struct Served {
    ready: Duration,
    first_at: Instant,
    warm: Vec<Duration>,
    answer: Answer,
}

/// Follows the process until it waits for work that there is not.
async fn serve(runtime: &mut Runtime, begun: Instant, times: usize) -> Result<Served> {
    let mut asked = asks(runtime).await?;
    let ready = asked.duration_since(begun);
    let mut first = None;
    let mut warm = Vec::new();
    for _ in 0..times {
        let (at, answer) = answers(runtime).await?;
        match first {
            None => first = Some((at, answer)),
            Some(_) => warm.push(at.duration_since(asked)),
        }
        asked = asks(runtime).await?;
    }
    let (first_at, answer) = first.context("was never called")?;
    Ok(Served {
        ready,
        first_at,
        warm,
        answer,
    })
}

async fn asks(runtime: &mut Runtime) -> Result<Instant> {
    match runtime.event().await {
        Event::Asked(at) => Ok(at),
        other => bail!("should ask for work, and {other:?}"),
    }
}

async fn answers(runtime: &mut Runtime) -> Result<(Instant, Answer)> {
    match runtime.event().await {
        Event::Answered { at, answer } => Ok((at, answer)),
        other => bail!("should answer, and {other:?}"),
    }
}

/// That a program which calls AWS has said that AWS denied it: any other answer was given by another way through its code.
fn expected(variant: &Variant, answer: &Answer) -> Result<()> {
    match (variant.kind, answer) {
        (Kind::Smallest, Answer::Reply(_)) => Ok(()),
        (Kind::Action | Kind::Python, Answer::Error(error)) if error.contains(DENIAL) => Ok(()),
        // To fence-primary, and to keep-lost-writes of a run, a denial is a reason, and no error.
        (Kind::Action, Answer::Reply(reply)) if reply.contains(DENIAL) => Ok(()),
        _ => bail!("answered {answer:?}"),
    }
}

/// `VmHWM` of proc_pid_status(5).
fn resident(child: &Child) -> Result<u64> {
    let path = format!("/proc/{}/status", child.id().context("has ended")?);
    let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .with_context(|| format!("find VmHWM in {path}"))?;
    let kibibytes: u64 = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .with_context(|| format!("read VmHWM in {path}"))?;
    Ok(kibibytes * 1024)
}

/// Waits for a process that has nothing more to do; asks and then makes it end if it doesn't.
async fn end(child: &mut Child) -> Result<()> {
    if timeout(END_WITHIN, child.wait()).await.is_ok() {
        return Ok(());
    }
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _gone = kill_process(pid, Signal::TERM);
        if timeout(END_WITHIN, child.wait()).await.is_ok() {
            return Ok(());
        }
    }
    child.kill().await.context("end it")
}
