//! What the bench calls the actions with is what they take: found out here, without the packaged artifact.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bench::actions::actions;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Taken = fn(Value) -> Result<(), String>;

fn taken<Request: DeserializeOwned>(payload: Value) -> Result<(), String> {
    serde_json::from_value::<Request>(payload)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn alarm(payload: Value) -> Result<(), String> {
    start_recovery::changes(&payload).map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_action_is_there_and_takes_its_payload() {
    let by_name: [(&str, Taken); 28] = [
        (start_recovery::NAME, alarm),
        (open_run::NAME, taken::<open_run::io::Request>),
        (choose_promotion::NAME, taken::<choose_promotion::io::Request>),
        (detach_global_cluster::NAME, taken::<detach_global_cluster::io::Request>),
        (failover_global_cluster::NAME, taken::<failover_global_cluster::io::Request>),
        (launch_instances::NAME, taken::<launch_instances::io::Request>),
        (smoke_test::NAME, taken::<smoke_test::io::Request>),
        (close_run::NAME, taken::<close_run::io::Request>),
        (terminate_instances::NAME, taken::<terminate_instances::io::Request>),
        (create_image::NAME, taken::<create_image::io::Request>),
        (copy_image::NAME, taken::<copy_image::io::Request>),
        (adopt_image::NAME, taken::<adopt_image::io::Request>),
        (prune_images::NAME, taken::<prune_images::io::Request>),
        (fence_primary::NAME, taken::<fence_primary::io::Request>),
        (keep_lost_writes::NAME, taken::<keep_lost_writes::io::Request>),
        (ask_approval::NAME, taken::<ask_approval::io::Request>),
        (answer_approval::NAME, taken::<answer_approval::io::Request>),
        (stop_run::NAME, taken::<stop_run::io::Request>),
        (confirm_outage::NAME, taken::<confirm_outage::io::Request>),
        (check_plan::NAME, taken::<check_plan::io::Request>),
        (check_database::NAME, taken::<check_database::io::Request>),
        (check_compute::NAME, taken::<check_compute::io::Request>),
        (check_dependencies::NAME, taken::<check_dependencies::io::Request>),
        (scale_group::NAME, taken::<scale_group::io::Request>),
        (check_readiness::NAME, taken::<check_readiness::io::Request>),
        (check_tables::NAME, taken::<check_tables::io::Request>),
        (publish_endpoint::NAME, taken::<publish_endpoint::io::Request>),
        (shift_traffic::NAME, taken::<shift_traffic::io::Request>),
    ];
    let benched = actions();
    assert_eq!(benched.len(), by_name.len());
    for (action, (name, takes)) in benched.into_iter().zip(by_name) {
        assert_eq!(action.name, name);
        assert_eq!(takes(action.payload), Ok(()), "{name}");
    }
}

#[test]
fn every_action_is_measured_in_the_bundle_that_holds_it() {
    let mut held: Vec<(&str, &str)> = bootstrap::BUNDLES
        .iter()
        .flat_map(|bundle| bundle.actions.iter().map(|&action| (action, bundle.name)))
        .collect();
    let mut benched: Vec<(&str, &str)> = actions().iter().map(|action| (action.name, action.bundle)).collect();
    held.sort_unstable();
    benched.sort_unstable();
    assert_eq!(benched, held);
}
