//! The two emulators, as processes of this lab: MiniStack for most services, moto for EC2 and what stands on it.
//!
//! Each runs in its own process group behind `emulator.py`, which ends the group when the lab's end of the pipe closes.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::Instant;

use crate::clients;

const MOTO_LAUNCHER: &str = concat!(include_str!("../moto_gaps.py"), include_str!("../emulator.py"));
const MINISTACK_LAUNCHER: &str = concat!(include_str!("../ministack_gaps.py"), include_str!("../emulator.py"));
const START_TIMEOUT: Duration = Duration::from_secs(45);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where the emulators are installed: one virtual environment each, since they pin different botocores.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The virtual environment that holds MiniStack.
    pub ministack: PathBuf,
    /// The virtual environment that holds moto.
    pub moto: PathBuf,
}

/// One running emulator. Dropping it ends its process group.
#[derive(Debug)]
pub struct Emulator {
    name: &'static str,
    address: SocketAddr,
    log: PathBuf,
    child: Child,
}

impl Emulator {
    /// Starts MiniStack with IAM enforced. Its functions call AWS at `endpoint`, the gateway; its machines wait `wait_scale` times
    /// as long as they say.
    ///
    /// # Errors
    /// When it can't be started, or doesn't answer in time: the message names its log.
    pub async fn ministack(installed: &Installed, folder: &Path, port: u16, endpoint: &str, wait_scale: &str) -> Result<Self> {
        let settings = [
            ("AUTH", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", endpoint),
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", &port.to_string()),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFN_WAIT_SCALE", wait_scale),
        ];
        Self::start("ministack", MINISTACK_LAUNCHER, &installed.ministack, &[], folder, port, &settings).await
    }

    /// Starts moto.
    ///
    /// # Errors
    /// When it can't be started, or doesn't answer in time: the message names its log.
    pub async fn moto(installed: &Installed, folder: &Path, port: u16) -> Result<Self> {
        let arguments = ["-H", "127.0.0.1", "-p", &port.to_string()];
        Self::start(
            "moto_server",
            MOTO_LAUNCHER,
            &installed.moto,
            &arguments,
            folder,
            port,
            &[("MOTO_ACCOUNT_ID", clients::ACCOUNT)],
        )
        .await
    }

    async fn start(
        name: &'static str,
        launcher: &str,
        environment: &Path,
        arguments: &[&str],
        folder: &Path,
        port: u16,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let script = environment.join("bin").join(name);
        let home = folder.join(name);
        std::fs::create_dir_all(&home).with_context(|| format!("make {}", home.display()))?;
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("make {}", log.display()))?;
        let mut command = Command::new(environment.join("bin").join("python"));
        command
            .args(["-c", launcher])
            .arg(&script)
            .args(arguments)
            // Nothing of the caller's own AWS settings may leak into an emulator or its functions.
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "LANG" | "SSL_CERT_FILE")))
            .env("TMPDIR", &home)
            .envs(settings.iter().copied())
            .current_dir(&home)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("share the log")?)
            .stderr(output);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().with_context(|| format!("start {}", script.display()))?;
        let mut emulator = Self {
            name,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            log,
            child,
        };
        emulator.ready().await?;
        Ok(emulator)
    }

    async fn ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait().with_context(|| format!("look after {}", self.name))? {
                bail!("{} ended at its start with {status}; its log is {}", self.name, self.log.display());
            }
            if begun.elapsed() > START_TIMEOUT {
                bail!(
                    "{} didn't answer on {} within {START_TIMEOUT:?}; its log is {}",
                    self.name,
                    self.address,
                    self.log.display()
                );
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The group holds the emulator and the functions that it runs; both have nothing to save.
        let _gone = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _reaped = self.child.wait();
    }
}

/// A port of the loopback interface that was free a moment ago.
///
/// # Errors
/// When the machine has none left.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("read the free port")?.port())
}
