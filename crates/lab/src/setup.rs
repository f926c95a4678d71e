//! One lab: emulators, gateway, workload, sites and Relight, made in order and ended together.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use plan::Strategy;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::deploy::{self, Engine, Sources};
use crate::emulators::{Emulator, Installed, free_port};
use crate::gateway::{Config, Gateway, Times, Weather};
use crate::inventory::Inventory;
use crate::lag::Lag;
use crate::proof_site::ProofSite;
use crate::public::{Follows, Public, Targets};
use crate::reach::Reach;
use crate::site::{Orders, Site};
use crate::world::traffic::TrafficMethod;
use crate::world::{PRIMARY, RECOVERY, Sites, World};

/// What a lab is made from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the emulators are installed.
    pub installed: Installed,
    /// What is deployed.
    pub sources: Sources,
    /// What of unishop runs in the recovery Region.
    pub strategy: Strategy,
    /// How users are moved.
    pub traffic: TrafficMethod,
    /// How long AWS's waiting states last.
    pub times: Times,
    /// By how much the machines' waits are made shorter: 1 leaves them as they are.
    pub wait_scale: &'static str,
    /// How long the application starts once its instance has booted.
    pub starting: Duration,
    /// Where the gateway's log is written too.
    pub requests: Option<PathBuf>,
}

impl Settings {
    /// The settings of the demo: AWS's waiting states last seconds here instead of minutes.
    pub fn new(installed: Installed, sources: Sources) -> Self {
        Self {
            installed,
            sources,
            strategy: Strategy::PilotLight,
            traffic: TrafficMethod::default(),
            times: Times::default(),
            wait_scale: "1",
            starting: Duration::from_secs(2),
            requests: None,
        }
    }
}

/// A running lab. Dropping it ends everything that it started.
///
/// The fields stand in the order in which they end: who calls before who is called.
#[derive(Debug)]
pub struct Lab {
    /// The world as it was made.
    pub world: World,
    /// The engine's outputs.
    pub engine: Engine,
    /// The plan as it was uploaded.
    pub plan: String,
    follower: JoinHandle<()>,
    times: Times,
    _lag: Lag,
    public: Public,
    primary: Site,
    recovery: Site,
    proof: ProofSite,
    ministack: Emulator,
    moto: Emulator,
    gateway: Gateway,
    _folder: TempDir,
}

impl Lab {
    /// Makes a lab; tells `progress` what it does.
    ///
    /// # Errors
    /// When an emulator doesn't start, or refuses something; nothing is left running then.
    pub async fn start(settings: &Settings, progress: impl Fn(&str)) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("relight-lab-")
            .tempdir()
            .context("make the lab's folder")?;
        progress("starting the emulators");
        let (ministack_port, moto_port) = (free_port()?, free_port()?);
        let gateway = Gateway::start(Config {
            ministack: ([127, 0, 0, 1], ministack_port).into(),
            moto: ([127, 0, 0, 1], moto_port).into(),
            engine_region: RECOVERY.to_owned(),
            times: settings.times,
            log: settings.requests.clone(),
        })
        .await?;
        let endpoint = gateway.url();
        let (ministack, moto) = tokio::try_join!(
            Emulator::ministack(&settings.installed, folder.path(), ministack_port, &endpoint, settings.wait_scale),
            Emulator::moto(&settings.installed, folder.path(), moto_port),
        )?;
        progress("making unishop in us-east-1 and us-west-1, deploying Relight in us-west-1");
        let orders = Orders::default();
        let starting = settings.times.pending.max(settings.times.initializing) + settings.starting;
        let (primary_lost, recovery_lost) = (watch::Sender::new(false), watch::Sender::new(false));
        let primary = Site::serve(
            &endpoint,
            PRIMARY,
            orders.clone(),
            // It has been there for long.
            (settings.strategy, Duration::ZERO),
            primary_lost.subscribe(),
        )
        .await?;
        let recovery = Site::serve(
            &endpoint,
            RECOVERY,
            orders,
            (settings.strategy, starting),
            recovery_lost.subscribe(),
        )
        .await?;
        let proof = ProofSite::serve(&endpoint, settings.starting).await?;
        let behind_the_gateway = format!("http://{}", ministack.address());
        let public = Public::serve(
            Targets {
                primary: primary.authority()?,
                recovery: recovery.authority()?,
            },
            Follows::new(settings.traffic, &behind_the_gateway, gateway.routing())?,
            settings.times.propagation,
        )
        .await?;
        let past_the_gateway = format!("http://{}", moto.address());
        let (world, engine) = tokio::try_join!(
            World::make(&endpoint, &past_the_gateway, settings.strategy, settings.traffic),
            deploy::engine(&endpoint, &settings.sources)
        )?;
        let example = match settings.strategy {
            Strategy::PilotLight => "plan.toml",
            Strategy::WarmStandby => "warm-standby.toml",
            Strategy::HotStandby => "hot-standby.toml",
        };
        let example = settings.sources.repository.join("infra/examples/unishop").join(example);
        let plan = world.plan(
            &example,
            &Sites {
                primary: primary.url(),
                recovery: recovery.url(),
                public: public.url(),
                endpoint: endpoint.clone(),
                proof: proof.url(),
            },
        )?;
        deploy::workload(&endpoint, &settings.sources, &engine, &plan, settings.traffic).await?;
        primary.answers().await?;
        let lag = Lag::publish(&behind_the_gateway, primary_lost.subscribe(), world.table.clone()).await?;
        let follower = tokio::spawn(follow(gateway.weather(), [(PRIMARY, primary_lost), (RECOVERY, recovery_lost)]));
        Ok(Self {
            world,
            engine,
            plan,
            follower,
            times: settings.times,
            _lag: lag,
            public,
            primary,
            recovery,
            proof,
            ministack,
            moto,
            gateway,
            _folder: folder,
        })
    }

    /// How other processes, and the demo, reach this lab.
    ///
    /// # Errors
    /// When the engine's stack lacks an output.
    pub fn reach(&self) -> Result<Reach> {
        Ok(Reach {
            pid: std::process::id(),
            endpoint: self.gateway.url(),
            gateway: self.gateway.address(),
            behind_the_gateway: format!("http://{}", self.ministack.address()),
            primary_site: self.primary.url(),
            recovery_site: self.recovery.url(),
            public_site: self.public.url(),
            times: self.times,
            bucket: self.engine.bucket()?.to_owned(),
            machine: self.engine.output("FailoverMachineArn")?.to_owned(),
            refresh_machine: self.engine.output("RefreshImageMachineArn")?.to_owned(),
            readiness_machine: self.engine.output("ReadinessMachineArn")?.to_owned(),
        })
    }

    /// Whether copies of images serve once they have booted. While they don't, their home page is an error, 500.
    pub fn let_copies_serve(&self, serving: bool) {
        self.proof.let_serve(serving);
    }

    /// What the account has in `region`, asked of moto past the gateway, which notes nothing of it.
    ///
    /// # Errors
    /// When moto doesn't answer.
    pub async fn inventory(&self, region: &str) -> Result<Inventory> {
        Inventory::take(&format!("http://{}", self.moto.address()), region).await
    }

    /// The gateway: its log and its weather.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// Takes away what lies in a Region that the weather takes away: its site refuses, and its replication ends.
async fn follow(weather: Weather, sites: [(&'static str, watch::Sender<bool>); 2]) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        let outages = weather.outages();
        for (region, lost) in &sites {
            let now = outages.contains_key(*region);
            lost.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
    }
}
