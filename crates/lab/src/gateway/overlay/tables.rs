//! The replicas of a global table, where the weather says that one isn't ACTIVE.
//!
//! AWS: `Replicas` of DescribeTable lists the other Regions with their `ReplicaStatus`, and `TableStatus` is the asked Region's own
//! (API_TableDescription, API_ReplicaDescription). MiniStack replicates, and all its replicas are ACTIVE.

use http::Response;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::gateway::call::Call;
use crate::gateway::weather::Weather;

/// What the weather says of replicas.
#[derive(Debug)]
pub(super) struct Tables(Weather);

impl Tables {
    pub(super) fn new(weather: Weather) -> Self {
        Self(weather)
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        call.is("dynamodb", "DescribeTable") && !self.0.replicas(call).is_empty()
    }

    pub(super) fn after(&self, call: &Call, answer: Response<Bytes>) -> (Response<Bytes>, Option<String>) {
        let (head, body) = answer.into_parts();
        let Ok(mut told) = serde_json::from_slice::<Value>(&body) else {
            return (Response::from_parts(head, body), None);
        };
        let mut notes = Vec::new();
        for (region, status) in self.0.replicas(call) {
            if show(&mut told, &call.scope.region, &region, &status) {
                notes.push(format!("the replica in {region} is {status}"));
            }
        }
        let note = (!notes.is_empty()).then(|| notes.join(", "));
        (Response::from_parts(head, told.to_string().into()), note)
    }
}

/// Whether there is such a replica to tell it of.
fn show(told: &mut Value, here: &str, region: &str, status: &str) -> bool {
    let Some(table) = told.get_mut("Table").and_then(Value::as_object_mut) else {
        return false;
    };
    if region == here {
        table.insert("TableStatus".to_owned(), status.into());
        return true;
    }
    let replicas = table.get_mut("Replicas").and_then(Value::as_array_mut);
    let mut replicas = replicas.into_iter().flatten().filter_map(Value::as_object_mut);
    let Some(replica) = replicas.find(|replica| replica.get("RegionName") == Some(&json!(region))) else {
        return false;
    };
    replica.insert("ReplicaStatus".to_owned(), status.into());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Value {
        json!({"Table": {"TableStatus": "ACTIVE", "Replicas": [{"RegionName": "us-east-1", "ReplicaStatus": "ACTIVE"}]}})
    }

    #[test]
    fn a_replica_shows_its_status_as_the_tables_own_in_its_region_and_among_the_replicas_elsewhere() {
        let mut told = table();
        assert!(show(&mut told, "us-west-1", "us-west-1", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"));
        assert_eq!(told["Table"]["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
        let mut told = table();
        assert!(show(&mut told, "us-west-1", "us-east-1", "REGION_DISABLED"));
        assert_eq!(told["Table"]["Replicas"][0]["ReplicaStatus"], "REGION_DISABLED");
        assert_eq!(told["Table"]["TableStatus"], "ACTIVE");
        let mut told = table();
        assert!(!show(&mut told, "us-west-1", "eu-west-1", "CREATING"));
        assert_eq!(told, table());
    }
}
