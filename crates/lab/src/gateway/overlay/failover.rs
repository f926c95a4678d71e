//! A managed failover or switchover of a global cluster takes a while, in which the old writer is still the writer.
//!
//! AWS: `GlobalCluster.FailoverState` carries status, both ARNs and whether data may be lost, and is empty unless an
//! operation is under way (API_FailoverState; `failing-over` in the model, `switching-over` in its text). Meanwhile another
//! such call is InvalidGlobalClusterStateFault (the error of all three verbs in the model). MiniStack swaps the writer at
//! once. What DescribeDBClusters shows meanwhile isn't documented, so the cluster keeps its own status here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use xmltree::Element;

use super::later;
use crate::gateway::call::Call;
use crate::gateway::fault::Fault;
use crate::gateway::xml;

/// The global clusters that are failing over, by identifier.
#[derive(Debug)]
pub(super) struct Failovers {
    takes: Duration,
    under_way: Mutex<BTreeMap<String, Failover>>,
}

#[derive(Clone, Debug)]
struct Failover {
    status: &'static str,
    from: String,
    to: String,
    loses_data: bool,
    until: Timestamp,
}

impl Failovers {
    pub(super) fn new(takes: Duration) -> Self {
        Self {
            takes,
            under_way: Mutex::default(),
        }
    }

    /// The error that a call earns because a failover of its global cluster is under way.
    pub(super) fn refuse(&self, call: &Call, now: Timestamp) -> Option<Fault> {
        let verbs = ["FailoverGlobalCluster", "SwitchoverGlobalCluster", "RemoveFromGlobalCluster"];
        if call.scope.service != "rds" || !verbs.contains(&call.operation.as_str()) {
            return None;
        }
        let global = call.form.get("GlobalClusterIdentifier")?;
        let busy = self.with(|under_way| under_way.get(global).is_some_and(|failover| now < failover.until));
        busy.then(|| {
            Fault::new(
                StatusCode::BAD_REQUEST,
                "InvalidGlobalClusterStateFault",
                format!("Global cluster {global} is in state failing-over."),
            )
        })
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        is_verb(call) || (call.is("rds", "DescribeGlobalClusters") && self.with(|under_way| !under_way.is_empty()))
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element, now: Timestamp) -> Option<String> {
        if is_verb(call) {
            let result = format!("{}Result", call.operation);
            self.begin(call, xml::descend_mut(root, &[&result, "GlobalCluster"])?, now)
        } else if call.is("rds", "DescribeGlobalClusters") {
            let clusters = xml::descend_mut(root, &["DescribeGlobalClustersResult", "GlobalClusters"])?;
            self.with(|under_way| {
                under_way.retain(|_, failover| now < failover.until);
                xml::elements_mut(clusters)
                    .filter_map(|cluster| {
                        let global = xml::text(cluster, &["GlobalClusterIdentifier"])?;
                        Some(show(under_way.get(&global)?, cluster))
                    })
                    .last()
            })
        } else {
            None
        }
    }

    /// Begins what the call asked for, as the emulator's answer tells it: the writer is the target already.
    fn begin(&self, call: &Call, cluster: &mut Element, now: Timestamp) -> Option<String> {
        let to = call.form.get("TargetDbClusterIdentifier")?;
        let members = xml::descend(cluster, &["GlobalClusterMembers"])?;
        let told = xml::text(cluster, &["FailoverState", "FromDbClusterArn"]);
        let other = || xml::elements(members).find_map(|member| xml::text(member, &["DBClusterArn"]).filter(|arn| arn != to));
        let loses_data = call.form.is_true("AllowDataLoss");
        let failover = Failover {
            status: if loses_data { "failing-over" } else { "switching-over" },
            from: told.filter(|arn| !arn.is_empty()).or_else(other)?,
            to: to.to_owned(),
            loses_data,
            until: later(now, self.takes),
        };
        let note = show(&failover, cluster);
        let global = call.form.get("GlobalClusterIdentifier")?;
        self.with(|under_way| under_way.insert(global.to_owned(), failover));
        Some(note)
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Failover>) -> T) -> T {
        use_it(&mut self.under_way.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_verb(call: &Call) -> bool {
    call.is("rds", "FailoverGlobalCluster") || call.is("rds", "SwitchoverGlobalCluster")
}

/// Shows a global cluster as it is while `failover` is under way: the old writer writes, the target follows.
fn show(failover: &Failover, cluster: &mut Element) -> String {
    xml::set(cluster, &["Status"], failover.status);
    for (name, value) in [
        ("Status", failover.status),
        ("FromDbClusterArn", &failover.from),
        ("ToDbClusterArn", &failover.to),
        ("IsDataLossAllowed", if failover.loses_data { "true" } else { "false" }),
    ] {
        xml::set(cluster, &["FailoverState", name], value);
    }
    if let Some(members) = cluster.get_mut_child("GlobalClusterMembers") {
        let readers = xml::elements(members)
            .find(|member| xml::says(member, &["IsWriter"], "true"))
            .and_then(|writer| writer.get_child("Readers"))
            .map(|readers| readers.children.clone())
            .unwrap_or_default();
        for member in xml::elements_mut(members) {
            let writes = xml::says(member, &["DBClusterArn"], &failover.from);
            xml::set(member, &["IsWriter"], if writes { "true" } else { "false" });
            if let Some(shown) = member.get_mut_child("Readers") {
                shown.children = if writes { readers.clone() } else { Vec::new() };
            }
        }
        // The writer's readers are the others: the emulator's list has the old writer where the target belongs.
        if let Some(writer) = xml::elements_mut(members).find(|member| xml::says(member, &["IsWriter"], "true"))
            && let Some(readers) = writer.get_mut_child("Readers")
        {
            for reader in xml::elements_mut(readers) {
                if reader.get_text().is_some_and(|arn| arn == failover.from) {
                    xml::set(reader, &[], &failover.to);
                }
            }
        }
    }
    format!("{} until {}", failover.status, failover.until)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;

    pub(in super::super) const FROM: &str = "arn:aws:rds:us-east-1:000000000000:cluster:p";
    pub(in super::super) const TO: &str = "arn:aws:rds:us-west-1:000000000000:cluster:s";

    /// An answer with one global cluster, as MiniStack writes it.
    pub(in super::super) fn global_cluster(operation: &str, members: &[(&str, bool)]) -> Element {
        let lines: String = members
            .iter()
            .map(|(arn, writer)| {
                let others = members.iter().filter(|(other, _)| writer & (other != arn));
                let readers: String = others.map(|(other, _)| format!("<member>{other}</member>")).collect();
                format!(
                    "<GlobalClusterMember><DBClusterArn>{arn}</DBClusterArn><Readers>{readers}</Readers><IsWriter>{writer}</IsWriter></GlobalClusterMember>"
                )
            })
            .collect();
        let cluster = format!(
            "<GlobalClusterIdentifier>g</GlobalClusterIdentifier><Status>available</Status><GlobalClusterMembers>{lines}</GlobalClusterMembers>"
        );
        let result = if operation.starts_with("Describe") {
            format!("<GlobalClusters><GlobalClusterMember>{cluster}</GlobalClusterMember></GlobalClusters>")
        } else {
            format!("<GlobalCluster>{cluster}</GlobalCluster>")
        };
        let body = format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>");
        xml::parse(body.as_bytes()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failing_over(parameters: &str) -> (Failovers, Call) {
        let failovers = Failovers::new(Duration::from_secs(20));
        let call = form_call(
            "rds",
            &format!("Action=FailoverGlobalCluster&GlobalClusterIdentifier=g&TargetDbClusterIdentifier={TO}{parameters}"),
        );
        let mut root = global_cluster("FailoverGlobalCluster", &[(FROM, false), (TO, true)]);
        assert!(failovers.after(&call, &mut root, at(100)).is_some());
        (failovers, call)
    }

    /// Who writes and what the state says, at a time.
    fn seen(failovers: &Failovers, now: Timestamp) -> (Vec<bool>, Option<String>) {
        let mut root = global_cluster("DescribeGlobalClusters", &[(FROM, false), (TO, true)]);
        failovers.after(&form_call("rds", "Action=DescribeGlobalClusters"), &mut root, now);
        let path = ["DescribeGlobalClustersResult", "GlobalClusters", "GlobalClusterMember"];
        let cluster = xml::descend(&root, &path).unwrap();
        let members = xml::descend(cluster, &["GlobalClusterMembers"]).unwrap();
        let writers = xml::elements(members)
            .map(|member| xml::says(member, &["IsWriter"], "true"))
            .collect();
        (writers, xml::text(cluster, &["FailoverState", "Status"]))
    }

    #[test]
    fn a_global_cluster_at_peace_is_shown_as_it_is() {
        let failovers = Failovers::new(Duration::from_secs(20));
        assert!(!failovers.completes(&form_call("rds", "Action=DescribeGlobalClusters")));
        assert_eq!(seen(&failovers, at(100)), (vec![false, true], None));
    }

    #[test]
    fn the_old_writer_writes_until_the_time_is_over() {
        let (failovers, _) = failing_over("&AllowDataLoss=true");
        assert_eq!(seen(&failovers, at(119)), (vec![true, false], Some("failing-over".to_owned())));
        assert_eq!(seen(&failovers, at(120)), (vec![false, true], None));
    }

    #[test]
    fn without_consent_to_lose_data_it_is_a_switchover() {
        let (failovers, _) = failing_over("");
        assert_eq!(seen(&failovers, at(100)).1.as_deref(), Some("switching-over"));
    }

    #[test]
    fn the_readers_are_the_others() {
        let (failovers, _) = failing_over("&AllowDataLoss=true");
        let mut root = global_cluster("DescribeGlobalClusters", &[(FROM, false), (TO, true)]);
        failovers.after(&form_call("rds", "Action=DescribeGlobalClusters"), &mut root, at(100));
        let written = String::from_utf8(xml::write(&root).unwrap().to_vec()).unwrap();
        assert!(
            written.contains(&format!(
                "<DBClusterArn>{FROM}</DBClusterArn><Readers><member>{TO}</member></Readers>"
            )),
            "{written}"
        );
    }

    #[test]
    fn a_second_verb_is_refused_while_the_first_is_under_way() {
        let (failovers, again) = failing_over("&AllowDataLoss=true");
        let removal = form_call(
            "rds",
            &format!("Action=RemoveFromGlobalCluster&GlobalClusterIdentifier=g&DbClusterIdentifier={TO}"),
        );
        let other = form_call("rds", "Action=FailoverGlobalCluster&GlobalClusterIdentifier=h");
        for (call, second, refused) in [
            (&again, 119, true),
            (&removal, 119, true),
            (&other, 119, false),
            (&again, 120, false),
        ] {
            let code = failovers.refuse(call, at(second)).map(|fault| fault.code);
            assert_eq!(code.as_deref() == Some("InvalidGlobalClusterStateFault"), refused);
        }
    }
}
