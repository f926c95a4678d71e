//! The plan of the lab: an example of the repository with the world's ids and addresses in it.

use std::path::Path;

use anyhow::{Context as _, Result};
use plan::Strategy;
use toml::{Table, Value};

use super::hot::{CONFIG_BUCKET, HOOK_MACHINE};
use super::traffic::TrafficMethod;
use super::{FAILURES, GLOBAL_CLUSTER, LOOKS, PRIMARY, PRIMARY_CLUSTER, RECOVERY, RECOVERY_CLUSTER, World};
use crate::clients;

impl World {
    /// What a pilot light launches, and the images that it boots from.
    fn pilot_light(&self, sites: &Sites) -> Vec<(&'static [&'static str], Value)> {
        vec![
            (&["compute", "launch", "launchTemplate"], self.launch_template.as_str().into()),
            (&["compute", "launch", "subnets"], self.subnets.clone().into()),
            (&["compute", "launch", "elasticIp"], self.elastic_ip.as_str().into()),
            (&["compute", "launch", "instanceTypes"], vec!["m7g.large", "m6g.large"].into()),
            (
                &["image", "source"],
                Value::Table(Table::from_iter([("instance".to_owned(), self.primary_instance.as_str().into())])),
            ),
            (&["image", "keep"], 2.into()),
            // So that pruning can be seen without waiting for a day.
            (&["image", "minimumAge"], "0s".into()),
            (&["image", "proof", "subnets"], vec![self.proof.subnet.as_str()].into()),
            (
                &["image", "proof", "securityGroups"],
                vec![self.proof.security_group.as_str()].into(),
            ),
            (&["image", "proof", "site"], sites.proof.as_str().into()),
            (&["image", "proof", "checks"], vec!["home"].into()),
            (&["image", "proof", "within"], "40s".into()),
        ]
    }

    /// What a hot standby names beside its database: the table, the bucket of the object that is told where things are, and the hook.
    fn set_hot_standby(&self, plan: &mut Table) {
        for table in listed(plan, "tables") {
            if let Some(name) = &self.table {
                table.insert("name".to_owned(), name.as_str().into());
            }
        }
        for endpoint in listed(plan, "endpoints") {
            if endpoint.get("kind").and_then(Value::as_str) == Some("object") {
                endpoint.insert("bucket".to_owned(), CONFIG_BUCKET.into());
            }
        }
        for hook in listed(plan, "hooks") {
            hook.remove("function");
            let machine = format!("arn:aws:states:{RECOVERY}:{}:stateMachine:{HOOK_MACHINE}", clients::ACCOUNT);
            hook.insert("stateMachine".to_owned(), machine.into());
        }
    }

    /// The example plan with this world's ids and addresses in it.
    ///
    /// # Errors
    /// When the example can't be read or isn't what it was.
    pub fn plan(&self, example: &Path, sites: &Sites) -> Result<String> {
        let text = std::fs::read_to_string(example).with_context(|| format!("read {}", example.display()))?;
        let mut plan: Table = text.parse().with_context(|| format!("parse {}", example.display()))?;
        let mut traffic = self.traffic.plan(&sites.endpoint);
        if let Some(when) = plan.get("traffic").and_then(|told| told.get("when")) {
            traffic.insert("when".to_owned(), when.clone());
        }
        let cluster = |region: &str, name: &str| format!("arn:aws:rds:{region}:{}:cluster:{name}", clients::ACCOUNT);
        let compute: &[(&[&str], Value)] = match (self.strategy, &self.group) {
            (Strategy::HotStandby, _) => &[],
            (_, Some(group)) => &[(&["compute", "group", "name"], group.as_str().into())],
            (_, None) => &self.pilot_light(sites),
        };
        for (path, value) in [
            (["regions", "primary"].as_slice(), Value::from(PRIMARY)),
            (&["regions", "recovery"], RECOVERY.into()),
            (&["database", "globalCluster"], GLOBAL_CLUSTER.into()),
            (&["database", "primaryCluster"], cluster(PRIMARY, PRIMARY_CLUSTER).into()),
            (&["database", "recoveryCluster"], cluster(RECOVERY, RECOVERY_CLUSTER).into()),
            (&["site", "primary"], sites.primary.as_str().into()),
            (&["site", "recovery"], sites.recovery.as_str().into()),
            (&["site", "public"], sites.public.as_str().into()),
            (&["traffic"], traffic.into()),
            (&["probe", "period"], "10s".into()),
            // An outage in seconds in place of minutes; the alarm is deployed with the same.
            (&["probe", "failures"], i64::from(FAILURES).into()),
            (&["probe", "looks"], i64::from(LOOKS).into()),
        ]
        .into_iter()
        .chain(compute.iter().cloned())
        {
            set(&mut plan, path, value)?;
        }
        // The lab's public name goes where it is moved to; a run would wait in vain for one that nobody moves.
        if self.traffic == TrafficMethod::None {
            remove(&mut plan, &["site", "public"]);
        }
        // CloudFront can't reach the lab's sites.
        remove(&mut plan, &["site", "distribution"]);
        remove(&mut plan, &["image", "kmsKey"]);
        self.set_hot_standby(&mut plan);
        // The lab's functions run on this machine and reach every address of it.
        remove(&mut plan, &["image", "proof", "function"]);
        remove(&mut plan, &["compute", "launch", "targetGroups"]);
        remove(&mut plan, &["compute", "launch", "capacityReservation"]);
        remove(&mut plan, &["notifications"]);
        // The lab's sites speak plain HTTP.
        for check in plan
            .get_mut("site")
            .and_then(|site| site.get_mut("checks"))
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(expect) = check.get_mut("expect").and_then(Value::as_table_mut) {
                expect.remove("certificateDays");
            }
        }
        toml::to_string(&plan).context("write the plan")
    }
}

/// The tables of TOML in the list of `key`.
fn listed<'a>(plan: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    let list = plan.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_table_mut)
}

/// The addresses of the sites.
#[derive(Clone, Debug)]
pub struct Sites {
    /// In the primary Region.
    pub primary: String,
    /// In the recovery Region.
    pub recovery: String,
    /// The name that users use.
    pub public: String,
    /// The gateway, where the endpoints of the cluster of routing controls are.
    pub endpoint: String,
    /// Of booted copies, with `{address}` in the place of an instance's private IP address.
    pub proof: String,
}

fn set(table: &mut Table, path: &[&str], value: Value) -> Result<()> {
    match path {
        [key] => {
            table.insert((*key).to_owned(), value);
            Ok(())
        }
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            set(
                inner
                    .as_table_mut()
                    .with_context(|| format!("{key} is no table in the example plan"))?,
                rest,
                value,
            )
        }
        [] => Ok(()),
    }
}

fn remove(table: &mut Table, path: &[&str]) {
    match path {
        [key] => drop(table.remove(*key)),
        [key, rest @ ..] => {
            if let Some(inner) = table.get_mut(*key).and_then(Value::as_table_mut) {
                remove(inner, rest);
            }
        }
        [] => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FirstImage, ProofNetwork};
    use super::*;

    const HOT: &str = r#"
        [traffic]
        method = "parameter"
        when = "after-promotion"
        [[tables]]
        name = "orders"
        probeItem = { id = "relight" }
        [[endpoints]]
        kind = "parameter"
        name = "/relight/unishop/region"
        [[endpoints]]
        kind = "object"
        bucket = "b"
        key = "config.json"
        [[hooks]]
        name = "warm caches"
        function = "arn"
    "#;

    fn world(strategy: Strategy, traffic: TrafficMethod) -> World {
        World {
            primary_instance: "i-0123456789abcdef0".to_owned(),
            image: FirstImage {
                run: "unishop-20261121T101010Z".parse().unwrap(),
                name: "n".to_owned(),
                primary: "ami-0123456789abcdef0".to_owned(),
                recovery: "ami-0123456789abcdef1".to_owned(),
            },
            proof: ProofNetwork {
                subnet: "subnet-0123456789abcdef0".to_owned(),
                security_group: "sg-0123456789abcdef0".to_owned(),
            },
            launch_template: "lt-0123456789abcdef0".to_owned(),
            subnets: vec!["subnet-0123456789abcdef1".to_owned()],
            elastic_ip: "eipalloc-0123456789abcdef0".to_owned(),
            group: (strategy == Strategy::WarmStandby).then(|| "unishop".to_owned()),
            strategy,
            traffic,
            table: (strategy == Strategy::HotStandby).then(|| "unishop-orders".to_owned()),
        }
    }

    fn filled(example: &Path, strategy: Strategy, traffic: TrafficMethod) -> String {
        let sites = Sites {
            primary: "http://p".to_owned(),
            recovery: "http://r".to_owned(),
            public: "http://u".to_owned(),
            endpoint: "http://127.0.0.1:4566".to_owned(),
            proof: "http://{address}".to_owned(),
        };
        world(strategy, traffic).plan(example, &sites).unwrap()
    }

    fn hot(traffic: TrafficMethod) -> Table {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), HOT).unwrap();
        filled(file.path(), Strategy::HotStandby, traffic).parse().unwrap()
    }

    #[test]
    fn each_example_filled_is_a_good_plan_whatever_moves_its_users() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/examples/unishop");
        for (example, strategy) in [
            ("plan.toml", Strategy::PilotLight),
            ("warm-standby.toml", Strategy::WarmStandby),
            ("hot-standby.toml", Strategy::HotStandby),
        ] {
            for method in [
                TrafficMethod::None,
                TrafficMethod::HealthCheckMetric,
                TrafficMethod::RoutingControl,
                TrafficMethod::Parameter,
                TrafficMethod::Object,
            ] {
                let text = filled(&examples.join(example), strategy, method);
                if let Err(invalid) = plan::Plan::parse(&text) {
                    panic!("{example} with {method:?}: {invalid}\n{text}");
                }
            }
        }
    }

    #[test]
    fn a_hot_standby_names_its_table_its_bucket_and_its_hook_and_launches_nothing() {
        let plan = hot(TrafficMethod::HealthCheckMetric);
        assert_eq!(plan["tables"][0]["name"].as_str(), Some("unishop-orders"));
        assert_eq!(plan["tables"][0]["probeItem"]["id"].as_str(), Some("relight"));
        assert_eq!(plan["endpoints"][1]["bucket"].as_str(), Some(CONFIG_BUCKET));
        assert!(plan["hooks"][0].get("function").is_none());
        assert!(plan["hooks"][0]["stateMachine"].as_str().unwrap().ends_with("-hook"));
        assert!(!plan.contains_key("compute") && !plan.contains_key("image"), "{plan:?}");
    }

    #[test]
    fn each_method_of_traffic_is_told_with_what_it_needs_and_when_stays_as_it_was() {
        for (method, name, keys) in [
            (TrafficMethod::None, "none", &[][..]),
            (TrafficMethod::HealthCheckMetric, "health-check-metric", &[]),
            (
                TrafficMethod::RoutingControl,
                "routing-control",
                &["cluster", "endpoints", "primaryControl", "recoveryControl"],
            ),
            (TrafficMethod::Parameter, "parameter", &["name", "primaryValue", "recoveryValue"]),
            (TrafficMethod::Object, "object", &["bucket", "key", "primaryBody", "recoveryBody"]),
        ] {
            let plan = hot(method);
            let public = plan["site"].get("public").and_then(Value::as_str);
            assert_eq!(public, (method != TrafficMethod::None).then_some("http://u"));
            let traffic = plan["traffic"].as_table().unwrap();
            assert_eq!(traffic["method"].as_str(), Some(name));
            assert_eq!(traffic["when"].as_str(), Some("after-promotion"));
            let told: Vec<&str> = traffic
                .keys()
                .map(String::as_str)
                .filter(|key| !["method", "when"].contains(key))
                .collect();
            assert_eq!(told, keys);
        }
        let plan = hot(TrafficMethod::RoutingControl);
        let endpoints = plan["traffic"]["endpoints"].as_array().unwrap();
        assert_eq!(endpoints.len(), 5);
        assert_eq!(endpoints[0]["region"].as_str(), Some("us-east-1"));
        assert_eq!(endpoints[4]["url"].as_str(), Some("http://127.0.0.1:4566"));
    }
}
