//! What is done to AWS so that a question fails, and how it is undone.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StateValue, Statistic};
use aws_sdk_ec2::types as ec2;
use lab::world::{RECOVERY_CLUSTER, WORKLOAD};
use ledger::Lock;

use super::relied::Relied;
use crate::stage::Stage;

/// What is done to AWS, and undone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Broken {
    Lock,
    OtherVersion,
    Headless,
    BurstableClass,
    DisabledKey,
    Unprotected,
    Pointer,
    SecurityGroup,
    TinySubnet,
    SilentProbe,
    DisabledAlarm,
    Relied(Relied),
}

pub(super) fn of_launch(plan: &mut toml::Table, key: &str, value: toml::Value) {
    let launch = plan["compute"]["launch"].as_table_mut().expect("compute.launch");
    launch.insert(key.to_owned(), value);
}

/// Has `plan` move users by the metric, and name what they use.
pub(super) fn by_metric(plan: &mut toml::Table) {
    let traffic = toml::Table::from_iter([("method".to_owned(), "health-check-metric".into())]);
    plan.insert("traffic".to_owned(), traffic.into());
    let site = plan["site"].as_table_mut().expect("the site");
    site.insert("public".to_owned(), "http://unishop.example.com".into());
}

struct Clients {
    rds: aws_sdk_rds::Client,
    kms: aws_sdk_kms::Client,
    ssm: aws_sdk_ssm::Client,
    ec2: aws_sdk_ec2::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl Clients {
    fn of(stage: &Stage) -> Self {
        let config = stage.reach.config().expect("a configuration");
        Self {
            rds: aws_sdk_rds::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
        }
    }

    async fn key(&self) -> String {
        let found = self.rds.describe_db_clusters().db_cluster_identifier(RECOVERY_CLUSTER).send().await;
        found.expect("the cluster").db_clusters()[0].kms_key_id().expect("a key").to_owned()
    }

    async fn point(&self, image: &str) {
        let put = self
            .ssm
            .put_parameter()
            .name(format!("/relight/{WORKLOAD}/image"))
            .value(image)
            .overwrite(true);
        put.send().await.expect("the pointer");
    }

    /// The alarm on silence as infra/workload.yaml makes it, on this metric.
    async fn silent_alarm_on(&self, metric: &str) {
        let watched = Dimension::builder().name("Workload").value(WORKLOAD).build();
        let put = self.cloudwatch.put_metric_alarm().alarm_name("relight-unishop-probe-silent");
        put.namespace("Relight")
            .metric_name(metric)
            .dimensions(watched)
            .statistic(Statistic::SampleCount)
            .period(60)
            .evaluation_periods(3)
            .threshold(1.0)
            .comparison_operator(ComparisonOperator::LessThanThreshold)
            .treat_missing_data("breaching")
            .send()
            .await
            .expect("the alarm");
    }

    async fn default_version(&self, template: &str, version: &str) {
        let change = self
            .ec2
            .modify_launch_template()
            .launch_template_id(template)
            .default_version(version);
        change.send().await.expect("a default version");
    }
}

const INSTANCE: &str = "unishop-recovery-1";
const PRIMARY_DOWN: &str = "relight-unishop-primary-down";

fn lock() -> Lock {
    Lock {
        owner: "another".parse().expect("a run"),
        machine: ledger::Machine::Failover,
        chain: ledger::Chain::begun_by(&"another".parse().expect("a run")),
        execution: "arn:aws:states:us-west-1:000000000000:execution:relight-failover:another"
            .parse()
            .expect("an execution"),
        taken_at: "2026-11-21T03:15:02Z".parse().expect("a time"),
        expires_at: "2099-11-21T03:15:02Z".parse().expect("a time"),
    }
}

impl Broken {
    /// Breaks it; what the undoing needs.
    pub(super) async fn make(self, stage: &Stage) -> String {
        let aws = Clients::of(stage);
        match self {
            Self::Lock => {
                let item = lock().to_item(&WORKLOAD.parse().expect("a workload"));
                aws.dynamodb
                    .put_item()
                    .table_name("relight-ledger")
                    .set_item(Some(item))
                    .send()
                    .await
                    .expect("a lock");
            }
            Self::OtherVersion => {
                let change = aws
                    .rds
                    .modify_db_cluster()
                    .db_cluster_identifier(RECOVERY_CLUSTER)
                    .engine_version("17.5");
                change
                    .allow_major_version_upgrade(true)
                    .apply_immediately(true)
                    .send()
                    .await
                    .expect("another version");
            }
            Self::Headless => drop(
                aws.rds
                    .delete_db_instance()
                    .db_instance_identifier(INSTANCE)
                    .skip_final_snapshot(true)
                    .send()
                    .await
                    .expect("a deletion"),
            ),
            Self::BurstableClass => {
                let change = aws
                    .rds
                    .modify_db_instance()
                    .db_instance_identifier(INSTANCE)
                    .db_instance_class("db.t4g.medium");
                change.apply_immediately(true).send().await.expect("another class");
            }
            Self::DisabledKey => {
                let key = aws.key().await;
                aws.kms.disable_key().key_id(&key).send().await.expect("a disabled key");
                return key;
            }
            Self::Unprotected => {
                let change = aws
                    .rds
                    .modify_db_cluster()
                    .db_cluster_identifier(RECOVERY_CLUSTER)
                    .deletion_protection(false);
                change.send().await.expect("no protection");
            }
            Self::Pointer => aws.point("ami-0123456789abcdef0").await,
            Self::SecurityGroup => {
                let template = &stage.lab.world.launch_template;
                let data = ec2::RequestLaunchTemplateData::builder()
                    .security_group_ids("sg-0123456789abcdef0")
                    .build();
                let made = aws
                    .ec2
                    .create_launch_template_version()
                    .launch_template_id(template)
                    .launch_template_data(data)
                    .send()
                    .await;
                let made = made
                    .expect("a version")
                    .launch_template_version()
                    .and_then(|version| version.version_number());
                aws.default_version(template, &made.expect("its number").to_string()).await;
            }
            Self::TinySubnet => {
                let first = aws
                    .ec2
                    .describe_subnets()
                    .subnet_ids(&stage.lab.world.subnets[0])
                    .send()
                    .await
                    .expect("a subnet");
                let vpc = first.subnets()[0].vpc_id().expect("its network").to_owned();
                let made = aws
                    .ec2
                    .create_subnet()
                    .vpc_id(vpc)
                    .cidr_block("172.31.240.0/28")
                    .availability_zone("us-west-1a")
                    .send()
                    .await;
                let made = made
                    .expect("a subnet")
                    .subnet()
                    .and_then(|subnet| subnet.subnet_id().map(str::to_owned))
                    .expect("its id");
                let mut plan: toml::Table = stage.lab.plan.parse().expect("the plan");
                of_launch(&mut plan, "subnets", vec![made.as_str()].into());
                of_launch(&mut plan, "count", 14.into());
                plan["compute"]["launch"]
                    .as_table_mut()
                    .expect("compute.launch")
                    .remove("elasticIp");
                stage.upload_plan(&toml::to_string(&plan).expect("a plan")).await;
                return made;
            }
            // MiniStack takes missing data for nothing, so the state that silence leads to is set, on a metric without data.
            Self::SilentProbe => {
                aws.silent_alarm_on("NobodyPutsThis").await;
                let set = aws.cloudwatch.set_alarm_state().alarm_name("relight-unishop-probe-silent");
                let set = set.state_value(StateValue::Alarm).state_reason("test");
                set.send().await.expect("the state");
            }
            Self::DisabledAlarm => drop(
                aws.cloudwatch
                    .disable_alarm_actions()
                    .alarm_names(PRIMARY_DOWN)
                    .send()
                    .await
                    .expect("no actions"),
            ),
            Self::Relied(relied) => return relied.make(stage).await,
        }
        String::new()
    }

    pub(super) async fn undo(self, stage: &Stage, before: &str) {
        let aws = Clients::of(stage);
        match self {
            Self::Lock => {
                let key = ledger::lock_key(&WORKLOAD.parse().expect("a workload"), ledger::Machine::Failover);
                aws.dynamodb
                    .delete_item()
                    .table_name("relight-ledger")
                    .set_key(Some(key))
                    .send()
                    .await
                    .expect("no lock");
            }
            Self::OtherVersion => {
                let change = aws
                    .rds
                    .modify_db_cluster()
                    .db_cluster_identifier(RECOVERY_CLUSTER)
                    .engine_version("17.7");
                change.apply_immediately(true).send().await.expect("the version");
            }
            Self::Headless => {
                let made = aws
                    .rds
                    .create_db_instance()
                    .db_instance_identifier(INSTANCE)
                    .db_cluster_identifier(RECOVERY_CLUSTER);
                made.db_instance_class("db.r8g.large")
                    .engine("aurora-postgresql")
                    .send()
                    .await
                    .expect("an instance");
            }
            Self::BurstableClass => {
                let change = aws
                    .rds
                    .modify_db_instance()
                    .db_instance_identifier(INSTANCE)
                    .db_instance_class("db.r8g.large");
                change.apply_immediately(true).send().await.expect("the class");
            }
            Self::DisabledKey => drop(aws.kms.enable_key().key_id(before).send().await.expect("an enabled key")),
            Self::Unprotected => {
                let change = aws
                    .rds
                    .modify_db_cluster()
                    .db_cluster_identifier(RECOVERY_CLUSTER)
                    .deletion_protection(true);
                change.send().await.expect("protection");
            }
            Self::Pointer => aws.point(&stage.lab.world.image.recovery).await,
            Self::SecurityGroup => aws.default_version(&stage.lab.world.launch_template, "1").await,
            Self::TinySubnet => {
                stage.upload_plan(&stage.lab.plan).await;
                aws.ec2.delete_subnet().subnet_id(before).send().await.expect("no subnet");
            }
            Self::SilentProbe => {
                aws.silent_alarm_on("ProbeFailed").await;
                stage.until_the_probe_is_heard().await;
            }
            Self::DisabledAlarm => drop(
                aws.cloudwatch
                    .enable_alarm_actions()
                    .alarm_names(PRIMARY_DOWN)
                    .send()
                    .await
                    .expect("actions"),
            ),
            Self::Relied(relied) => relied.undo(stage, before).await,
        }
    }
}
