//! The lab itself: two at once, and nothing left behind.

use crate::stage::{Stage, at_once};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn two_labs_run_side_by_side_and_leave_nothing_behind() {
    let settings = at_once();
    let (one, two) = tokio::join!(Stage::set(&settings), Stage::set(&settings));
    assert_ne!(one.reach.endpoint, two.reach.endpoint);
    one.reach.set_lost("us-east-1", true).await.expect("an outage");
    assert!(two.lab.gateway().weather().outages().is_empty(), "one lab's outage is the other's");
    let addresses = [&one.reach, &two.reach].map(|reach| (reach.endpoint.clone(), reach.behind_the_gateway.clone()));
    drop((one, two));
    for (gateway, emulator) in addresses {
        for address in [gateway, emulator] {
            let address = address.trim_start_matches("http://").to_owned();
            assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "{address} still answers");
        }
    }
}
