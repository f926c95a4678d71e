//! The request, and the reply: all that the later states need of the plan.

use action::ids::{
    AllocationId, CapacityReservationId, ExecutionArn, FunctionArn, InstanceType, KmsKeyArn, LaunchTemplateId, ParameterName, RunId,
    SecurityGroupId, StateMachineArn, SubnetId, TargetGroupArn, TopicArn, WorkloadName,
};
use action::{Deadline, Mode, Outcome, PlannedCall};
use jiff::Timestamp;
use ledger::{Machine, StoredPlan, Trigger};
use plan::{
    Consistency, DataLoss, Database, Fence, Group, Hook, Image, ImageSource, Plan, Point, Regions, SiteDistribution, Strategy, Table,
    Traffic, TrafficMetric,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{self, Opening};

/// Which run to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Whether the run may change anything.
    pub mode: Mode,
    /// The run's id: the name of its execution.
    pub run: RunId,
    /// The workload.
    pub workload: WorkloadName,
    /// The machine.
    pub machine: Machine,
    /// The run's execution.
    pub execution: ExecutionArn,
    /// When the execution started.
    pub started_at: Timestamp,
    /// What started it.
    pub trigger: Trigger,
    /// What may be lost without asking, in addition to what the plan accepts.
    pub accept_data_loss: Option<DataLoss>,
}

/// The run as it was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `changed`: the lock is taken. `unchanged`: this run had it. `planned`: plan mode.
    pub outcome: Outcome,
    /// What was opened, for people.
    pub because: String,
    /// When the run was first opened.
    pub opened_at: Timestamp,
    /// When it stops waiting: the RTO after that; of a refresh, twelve hours.
    pub deadline: Deadline,
    /// The run that this one goes on from, since it left the workload partway; null if there is none.
    pub continues: Option<RunId>,
    /// The run under whose tag things are made and found: this one, or the first of those that it goes on from.
    pub work: RunId,
    /// The plan's strategy.
    pub strategy: Strategy,
    /// The plan's Regions.
    pub regions: Regions,
    /// The plan's objectives.
    pub objectives: Objectives,
    /// How many failed looks at the primary are an outage.
    pub probe: Probe,
    /// The plan's database.
    pub database: Option<Database>,
    /// What launch-instances needs.
    pub launch: Option<Launch>,
    /// What readiness is asked about besides.
    pub asks: Asks,
    /// What a refresh of images needs; null for other machines.
    pub refresh: Option<Refresh>,
    /// How many places are told where the database and the site now are.
    pub endpoints: usize,
    /// How users are moved; null where Relight moves nobody.
    pub traffic: Option<Traffic>,
    /// The name that users use; null where the plan has none.
    pub public_site: Option<String>,
    /// What of the user's own is called, in the plan's order.
    pub hooks: Vec<CalledHook>,
    /// What may be lost without asking: the more of what plan and request accept.
    pub accept_data_loss: DataLoss,
    /// How the old primary is stopped from taking writes.
    pub fence: Fence,
    /// Whether people must say yes first.
    pub approval: Approval,
    /// The plan's version in the bucket, so that later states follow the same; null without versions.
    pub plan_version: Option<String>,
    /// The SHA-256 of the plan, in hexadecimal digits.
    pub plan_digest: String,
    /// The plan's own topic; null: the engine's.
    pub notification_topic: Option<TopicArn>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

/// Whether a run asks people before it changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Whether it asks. A run that a person started doesn't: that person is the approval. A plan run says how an alarm's
    /// run would ask, whoever started it.
    pub required: bool,
    /// How long it waits for an answer, in seconds; then the answer is no.
    pub timeout_seconds: u64,
}

/// What a recovery may take and lose, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Objectives {
    /// Recovery time objective.
    pub rto_seconds: u64,
    /// Recovery point objective.
    pub rpo_seconds: u64,
}

/// The plan's `probe`, as confirm-outage takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// The time from one look to the next.
    pub period_seconds: u64,
    /// How many of `looks` must have failed.
    pub failures: u16,
    /// How many looks are judged.
    pub looks: u16,
}

/// The plan's `compute.launch`, and where the newest image is named: as launch-instances takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// The launch template.
    pub launch_template: LaunchTemplateId,
    /// Instance types, the preferred one first.
    pub instance_types: Vec<InstanceType>,
    /// Subnets, the preferred one first.
    pub subnets: Vec<SubnetId>,
    /// Security groups in place of the template's; none: the template's.
    pub security_groups: Vec<SecurityGroupId>,
    /// How many instances.
    pub count: u16,
    /// The elastic IP address that the instance gets.
    pub elastic_ip: Option<AllocationId>,
    /// Target groups that the instances are registered with.
    pub target_groups: Vec<TargetGroupArn>,
    /// The capacity reservation that is used first.
    pub capacity_reservation: Option<CapacityReservationId>,
    /// Which image.
    pub image: ImageChoice,
}

/// What readiness is asked about besides the database and the launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asks {
    /// The plan's Auto Scaling group; null if it has none.
    pub group: Option<Group>,
    /// How old the newest proven image may be, in seconds; null for a plan by which none is proven.
    pub image_maximum_age_seconds: Option<u64>,
    /// The plan's tables.
    pub tables: Vec<Table>,
    /// The metric that moves users; null where none does.
    pub traffic: Option<TrafficMetric>,
    /// The distribution that moves reads by itself; null where the plan names none.
    pub distribution: Option<SiteDistribution>,
    /// For how many days the plan's checks want the site's certificate to be valid; null where none asks.
    pub certificate_days: Option<u16>,
}

/// Which image is launched, as launch-instances takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImageChoice {
    /// The one that this SSM parameter names.
    Pointer(ParameterName),
    /// One that the run makes; the machine puts its id here.
    Unmade,
}

/// The plan's `image`, and how its copies are proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    /// What images are made of, in the primary Region.
    pub source: ImageSource,
    /// What becomes of writes in memory.
    pub consistency: Consistency,
    /// The key of the recovery Region that copies are encrypted with.
    pub kms_key: Option<KmsKeyArn>,
    /// Within how many minutes the snapshots are to be copied; null: as AWS can.
    pub complete_within_minutes: Option<u32>,
    /// How many proven images are kept in each Region.
    pub keep: u16,
    /// How old an image must be before it may be pruned, in seconds.
    pub minimum_age_seconds: u64,
    /// The SSM parameter that names the newest proven image.
    pub pointer: ParameterName,
    /// How a copy is launched to prove it.
    pub launch: Launch,
    /// The function that looks at the booted copy; null: Relight's own smoke-test.
    pub prover: Option<FunctionArn>,
    /// How long the proof may take, in seconds.
    pub proof_within_seconds: u64,
}

/// One of the plan's hooks, as the machine calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalledHook {
    /// Its name.
    pub name: String,
    /// When it is called.
    pub when: Point,
    /// The function that it calls; null for one that calls a state machine.
    pub function: Option<FunctionArn>,
    /// The state machine that it calls; null for one that calls a function.
    pub state_machine: Option<StateMachineArn>,
    /// How long it is waited for, in seconds.
    pub timeout_seconds: u64,
    /// Whether the run stops where it fails.
    pub critical: bool,
}

impl Reply {
    pub(crate) fn unchanged(opening: &Opening, stored: StoredPlan, request: &Request) -> Self {
        let because = format!(
            "run {} was opened at {}; its deadline stays {}{}",
            request.run,
            opening.at,
            opening.deadline.0,
            opening.goes_on()
        );
        Self::new(Outcome::Unchanged, because, opening, stored, request)
    }

    pub(crate) fn planned(opening: &Opening, stored: StoredPlan, request: &Request) -> Self {
        let because = format!(
            "would take the lock of {}: {}{}",
            request.workload,
            opening.why_free(),
            opening.goes_on()
        );
        Self::new(Outcome::Planned, because, opening, stored, request)
    }

    pub(crate) fn changed(opening: &Opening, stored: StoredPlan, request: &Request) -> Self {
        let because = format!(
            "took the lock of {}: {}; {}{}",
            request.workload,
            opening.why_free(),
            opening.until(request.machine, &stored.plan),
            opening.goes_on()
        );
        Self::new(Outcome::Changed, because, opening, stored, request)
    }

    fn new(outcome: Outcome, because: String, opening: &Opening, stored: StoredPlan, request: &Request) -> Self {
        let StoredPlan { plan, version, digest } = stored;
        Self {
            outcome,
            because,
            opened_at: opening.at,
            deadline: opening.deadline,
            continues: opening.chain.continues.clone(),
            work: opening.chain.work.clone(),
            strategy: plan.strategy,
            objectives: Objectives {
                rto_seconds: plan.objectives.rto.seconds(),
                rpo_seconds: plan.objectives.rpo.seconds(),
            },
            probe: Probe {
                period_seconds: plan.probe.period.seconds(),
                failures: plan.probe.failures,
                looks: plan.probe.looks,
            },
            launch: Launch::of(&plan).filter(|_| request.machine == Machine::Failover),
            asks: Asks::of(&plan),
            refresh: refresh(&plan).filter(|_| request.machine == Machine::RefreshImage),
            endpoints: plan.endpoints.len(),
            public_site: plan.site.public.as_ref().map(ToString::to_string),
            hooks: plan.hooks.iter().map(CalledHook::of).collect(),
            approval: Approval {
                required: decide::asks(request, &plan),
                timeout_seconds: plan.guards.approval_timeout.seconds(),
            },
            accept_data_loss: plan.guards.accept_data_loss.max(request.accept_data_loss.unwrap_or_default()),
            fence: plan.guards.fence,
            traffic: Some(plan.traffic).filter(|traffic| !matches!(traffic, Traffic::None { .. })),
            regions: plan.regions,
            database: plan.database,
            plan_version: version,
            plan_digest: digest,
            notification_topic: plan.notifications.topic,
            calls: Vec::new(),
        }
    }
}

impl Launch {
    /// What a recovery by `plan` launches; none where it launches nothing.
    pub fn of(plan: &Plan) -> Option<Self> {
        let launch = plan.compute.as_ref()?.launch.clone()?;
        Some(Self {
            launch_template: launch.launch_template,
            instance_types: launch.instance_types,
            subnets: launch.subnets,
            security_groups: Vec::new(),
            count: launch.count,
            elastic_ip: launch.elastic_ip,
            target_groups: launch.target_groups,
            capacity_reservation: launch.capacity_reservation,
            image: ImageChoice::Pointer(plan.image_pointer()),
        })
    }
}

impl Asks {
    /// Those of `plan`.
    pub fn of(plan: &Plan) -> Self {
        Self {
            group: plan.compute.as_ref().and_then(|compute| compute.group.clone()),
            image_maximum_age_seconds: plan
                .image
                .as_ref()
                .filter(|image| image.proof.is_some())
                .map(|image| image.maximum_age.seconds()),
            tables: plan.tables.clone(),
            traffic: plan.traffic.metric(),
            distribution: plan.site.moved_by(),
            certificate_days: plan.site.checks.iter().filter_map(|check| check.expect.certificate_days).max(),
        }
    }
}

/// None where a plan has no image, or doesn't say how one is proven.
fn refresh(plan: &Plan) -> Option<Refresh> {
    let image: Image = plan.image.clone()?;
    let (proof, production) = (image.proof?, Launch::of(plan)?);
    Some(Refresh {
        source: image.source,
        consistency: image.consistency,
        kms_key: image.kms_key,
        complete_within_minutes: image
            .copy_within
            .map(|span| u32::try_from(span.seconds().div_ceil(60)).unwrap_or(u32::MAX)),
        keep: image.keep,
        minimum_age_seconds: image.minimum_age.seconds(),
        pointer: plan.image_pointer(),
        prover: proof.function,
        launch: Launch {
            subnets: proof.subnets,
            security_groups: proof.security_groups,
            count: 1,
            elastic_ip: None,
            target_groups: Vec::new(),
            capacity_reservation: None,
            image: ImageChoice::Unmade,
            ..production
        },
        proof_within_seconds: proof.within.seconds(),
    })
}

impl CalledHook {
    fn of(hook: &Hook) -> Self {
        Self {
            name: hook.name.clone(),
            when: hook.when,
            function: hook.function.clone(),
            state_machine: hook.state_machine.clone(),
            timeout_seconds: hook.timeout.seconds(),
            critical: hook.critical,
        }
    }
}
