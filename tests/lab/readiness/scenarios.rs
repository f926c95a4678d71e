//! What is broken so that a question fails, and how it is made whole again.

use lab::gateway::RuleId;

use super::broken::{Broken, by_metric, of_launch};
use super::relied::Relied;
use super::*;

/// One thing that is broken.
pub(super) struct Scenario {
    /// The question that it is the answer to.
    pub(super) question: Question,
    /// What that comes to.
    pub(super) verdict: Verdict,
    /// What is done.
    pub(super) how: How,
    /// What the answer must say: the value that was seen, and what mends it.
    pub(super) says: [&'static str; 2],
    /// The questions that fail with it, since the same thing breaks them.
    pub(super) also: &'static [Question],
}

impl Scenario {
    /// What of `told` isn't what this scenario says.
    pub(super) fn contradicts(&self, told: &[Answer]) -> Option<String> {
        let question = self.question;
        let others: BTreeSet<Question> = told
            .iter()
            .map(|answer| answer.question)
            .filter(|other| *other != question)
            .collect();
        let Some(answer) = told.iter().find(|answer| answer.question == question) else {
            return Some(format!("{question} passes; told: {told:?}"));
        };
        let text = answer.to_string();
        let unsaid: Vec<&str> = self.says.iter().copied().filter(|part| !text.contains(part)).collect();
        let expected: BTreeSet<Question> = self.also.iter().copied().collect();
        let right = answer.verdict == self.verdict && unsaid.is_empty() && others == expected;
        (!right).then(|| format!("{text} ({:?}, doesn't say {unsaid:?}); also {others:?}", answer.verdict))
    }
}

/// How something is broken.
pub(super) enum How {
    /// A text of the plan is replaced.
    Plan(&'static str, &'static str),
    /// The plan is made another one.
    Replan(fn(&mut toml::Table)),
    /// Calls of a function are answered with an error.
    Weather(&'static str, &'static str, u16, &'static str),
    /// Something is done to AWS.
    Aws(Broken),
}

/// What makes it whole again.
pub(super) enum Undo {
    Plan,
    Weather(RuleId),
    Aws(Broken, String),
}

impl How {
    pub(super) async fn make(&self, stage: &Stage) -> Undo {
        match self {
            Self::Plan(from, to) => stage.change_plan(from, to).await,
            Self::Replan(change) => {
                let mut plan: toml::Table = stage.lab.plan.parse().expect("the plan");
                change(&mut plan);
                stage.upload_plan(&toml::to_string(&plan).expect("a plan")).await;
            }
            Self::Weather(caller, operation, status, code) => {
                let mut rule = denied(caller, Some(operation));
                rule.effect = Effect::Error {
                    status: *status,
                    code: (*code).to_owned(),
                };
                return Undo::Weather(stage.lab.gateway().weather().add(rule));
            }
            Self::Aws(broken) => return Undo::Aws(*broken, broken.make(stage).await),
        }
        Undo::Plan
    }
}

impl Undo {
    pub(super) async fn undo(self, stage: &Stage) {
        match self {
            Self::Plan => stage.upload_plan(&stage.lab.plan).await,
            Self::Weather(rule) => assert!(stage.lab.gateway().weather().remove(rule)),
            Self::Aws(broken, before) => broken.undo(stage, &before).await,
        }
    }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    use Question::*;
    let fails = |question, how, says, also: &'static [Question]| Scenario {
        question,
        verdict: Verdict::Fail,
        how,
        says,
        also,
    };
    let warns = |question, how, says| Scenario {
        verdict: Verdict::Warn,
        ..fails(question, how, says, &[])
    };
    // What the dry run of the launch trips over as well.
    let launch: &[Question] = &[LaunchRehearsal];
    vec![
        fails(
            Plan,
            How::Plan("workload = \"unishop\"", "workload = 1"),
            ["plans/unishop.toml is no valid plan", "check-plan"],
            BUT_PLAN_AND_ALARMS,
        ),
        warns(
            OtherRun,
            How::Aws(Broken::Lock),
            ["run another holds the lock", "wait for the end of"],
        ),
        fails(
            GlobalCluster,
            How::Plan("globalCluster = \"unishop\"", "globalCluster = \"elsewhere\""),
            ["elsewhere is not known in this Region", "database.globalCluster in the plan"],
            &[Members, EngineVersions],
        ),
        fails(
            Members,
            How::Plan("cluster:unishop-primary", "cluster:unishop-other"),
            ["is the writer, not unishop-other", "database.primaryCluster in the plan"],
            &[],
        ),
        fails(
            ClusterHealth,
            How::Plan("cluster:unishop-recovery", "cluster:unishop-elsewhere"),
            ["cluster:unishop-elsewhere does not exist", "database.recoveryCluster in the plan"],
            &[Members, EngineVersions, ClusterInstances, ReplicationLag],
        ),
        warns(
            EngineVersions,
            How::Aws(Broken::OtherVersion),
            ["engine versions differ", "upgrade the older cluster"],
        ),
        fails(
            ClusterInstances,
            How::Aws(Broken::Headless),
            ["it is headless", "aws rds create-db-instance"],
            &[],
        ),
        fails(
            InstanceClasses,
            How::Aws(Broken::BurstableClass),
            ["is a db.t4g.medium", "aws rds modify-db-instance"],
            &[],
        ),
        fails(
            ReplicationLag,
            How::Plan("rpo = \"1m\"", "rpo = \"0s\""),
            ["at most the RPO of 0 s", "objectives.rpo in the plan"],
            &[],
        ),
        fails(
            EncryptionKey,
            How::Aws(Broken::DisabledKey),
            ["is Disabled", "aws kms enable-key"],
            &[],
        ),
        warns(
            DeletionProtection,
            How::Aws(Broken::Unprotected),
            [
                "off for unishop-recovery",
                "aws rds modify-db-cluster --db-cluster-identifier unishop-recovery --deletion-protection",
            ],
        ),
        fails(
            Image,
            How::Aws(Broken::Pointer),
            ["ami-0123456789abcdef0", "refresh the image"],
            launch,
        ),
        fails(
            ImageAge,
            How::Plan("maximumAge = \"7d\"", "maximumAge = \"1h\""),
            ["at most 3600 s old", "run the refresh-image machine"],
            &[],
        ),
        fails(
            LaunchTemplate,
            How::Replan(|plan| of_launch(plan, "launchTemplate", "lt-0123456789abcdef0".into())),
            ["lt-0123456789abcdef0 does not exist", "compute.launch.launchTemplate in the plan"],
            launch,
        ),
        fails(
            SecurityGroups,
            How::Aws(Broken::SecurityGroup),
            ["sg-0123456789abcdef0 not there", "default version of the launch template"],
            &[],
        ),
        fails(
            Subnets,
            How::Replan(|plan| {
                let subnets = plan["compute"]["launch"]["subnets"].as_array().expect("subnets");
                let subnets = vec![subnets[0].clone(), "subnet-0123456789abcdef0".into()];
                of_launch(plan, "subnets", subnets.into());
            }),
            ["subnet-0123456789abcdef0 does not exist", "compute.launch.subnets in the plan"],
            launch,
        ),
        fails(
            FreeAddresses,
            How::Aws(Broken::TinySubnet),
            ["fewer than the 14 instances", "add a subnet to compute.launch.subnets"],
            launch,
        ),
        fails(
            InstanceTypes,
            How::Plan("\"m6g.large\"", "\"m99g.large\""),
            ["m99g.large is not offered", "compute.launch.instanceTypes"],
            launch,
        ),
        fails(
            VcpuQuota,
            How::Plan("\"m7g.large\"", "\"m7g.16xlarge\""),
            [
                "64 vCPUs for 1 m7g.16xlarge, 0 in use, must be within the quota of 32",
                "aws service-quotas request-service-quota-increase",
            ],
            &[],
        ),
        warns(
            CapacityReservation,
            How::Replan(|plan| of_launch(plan, "capacityReservation", "cr-0123456789abcdef0".into())),
            ["cr-0123456789abcdef0", "compute.launch.capacityReservation"],
        ),
        fails(
            ElasticIp,
            How::Replan(|plan| of_launch(plan, "elasticIp", "eipalloc-0123456789abcdef0".into())),
            ["eipalloc-0123456789abcdef0 does not exist", "allocate it in this Region"],
            launch,
        ),
        fails(
            TargetGroups,
            How::Replan(|plan| {
                let arn = "arn:aws:elasticloadbalancing:us-west-1:000000000000:targetgroup/shop/0123456789abcdef";
                of_launch(plan, "targetGroups", vec![arn].into());
            }),
            [
                "targetgroup/shop/0123456789abcdef does not exist",
                "compute.launch.targetGroups in the plan",
            ],
            launch,
        ),
        fails(
            GroupSize,
            How::Replan(|plan| {
                plan.insert("strategy".to_owned(), "warm-standby".into());
                plan.remove("image");
                plan.insert(
                    "compute".to_owned(),
                    "group = { name = \"shop\", fullSize = 4 }"
                        .parse::<toml::Table>()
                        .expect("a group")
                        .into(),
                );
            }),
            ["shop does not exist", "compute.group.name in the plan"],
            &[],
        ),
        fails(
            LaunchRehearsal,
            How::Weather("launch-instances", "RunInstances", 403, "UnauthorizedOperation"),
            ["UnauthorizedOperation", "InstanceRoleArns and ImageKeyArns of infra/engine.yaml"],
            &[],
        ),
        fails(
            Tables,
            How::Replan(|plan| {
                let table = toml::Table::from_iter([("name".to_owned(), "carts".into())]);
                plan.insert("tables".to_owned(), vec![toml::Value::Table(table)].into());
            }),
            ["carts does not exist in this Region", "aws dynamodb update-table --replica-updates"],
            &[],
        ),
        fails(
            InstanceProfile,
            How::Aws(Broken::Relied(Relied::NoProfile)),
            ["instance profile nobody of lt-", "names another"],
            launch,
        ),
        fails(
            Roles,
            How::Aws(Broken::Relied(Relied::OtherTrust)),
            [
                "of relight-detach-global-cluster may not be assumed by Lambda",
                "deploy infra/engine.yaml again",
            ],
            &[],
        ),
        // A service that is away fails nothing: it may be away with the primary Region.
        warns(
            Roles,
            How::Weather("check-dependencies", "GetRole", 503, "ServiceUnavailable"),
            ["could not be asked: get role", "a recovery doesn't ask this service"],
        ),
        fails(
            TrafficHealthCheck,
            How::Aws(Broken::Relied(Relied::InvertedHealthCheck)),
            [
                "is inverted: users would be moved in peace",
                "aws route53 update-health-check --no-inverted",
            ],
            &[TrafficAlarm],
        ),
        fails(
            OriginGroup,
            How::Aws(Broken::Relied(Relied::NoFailover)),
            [
                "origin group either does not fail over on 503",
                "aws cloudfront update-distribution --id E",
            ],
            &[],
        ),
        fails(
            SiteCertificate,
            How::Aws(Broken::Relied(Relied::PendingCertificate)),
            ["is PENDING_VALIDATION", "aws acm describe-certificate"],
            &[],
        ),
        fails(
            ProbeAlarms,
            How::Aws(Broken::SilentProbe),
            ["nobody looks at the primary", "look at schedule relight-unishop-probe"],
            &[],
        ),
        fails(
            RecoveryAlarm,
            How::Aws(Broken::DisabledAlarm),
            [
                "the actions of relight-unishop-primary-down are disabled",
                "aws cloudwatch enable-alarm-actions",
            ],
            &[],
        ),
        fails(
            TrafficAlarm,
            How::Replan(by_metric),
            ["no alarm watches RecoveryServes in Relight", "create it in this Region"],
            &[TrafficHealthCheck],
        ),
    ]
}

/// Without a plan nothing can be asked but the alarms.
const BUT_PLAN_AND_ALARMS: &[Question] = &[
    Question::OtherRun,
    Question::GlobalCluster,
    Question::Members,
    Question::ClusterHealth,
    Question::EngineVersions,
    Question::ClusterInstances,
    Question::InstanceClasses,
    Question::ReplicationLag,
    Question::EncryptionKey,
    Question::DeletionProtection,
    Question::Image,
    Question::ImageAge,
    Question::LaunchTemplate,
    Question::SecurityGroups,
    Question::Subnets,
    Question::FreeAddresses,
    Question::InstanceTypes,
    Question::VcpuQuota,
    Question::CapacityReservation,
    Question::ElasticIp,
    Question::TargetGroups,
    Question::GroupSize,
    Question::LaunchRehearsal,
    Question::InstanceProfile,
    Question::Roles,
    Question::TrafficHealthCheck,
    Question::OriginGroup,
    Question::SiteCertificate,
    Question::Tables,
    Question::TrafficAlarm,
];
