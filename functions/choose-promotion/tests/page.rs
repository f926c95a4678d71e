//! The table of docs/safety.md, "The promotion", held against the code: each row is seen here, and gives what the page says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::time::Duration;

use action::Mode;
use aurora::{Cluster, ClusterStatus, Endpoint, Failover, GlobalCluster, Instances, Member, Role, Seen, Synchronization};
use choose_promotion::decide::{Lag, Standing, choose, stand};
use choose_promotion::io::{Request, Verb};
use plan::{DataLoss, Promotion};

const PRIMARY: &str = "arn:aws:rds:us-east-1:123456789012:cluster:unishop-primary";
const RECOVERY: &str = "arn:aws:rds:us-west-1:123456789012:cluster:unishop-recovery";
const THIRD: &str = "arn:aws:rds:eu-west-1:123456789012:cluster:unishop-third";

/// What is asked, what is seen, and the lag.
struct Case {
    request: Request,
    seen: Seen,
    lag: Lag,
}

fn member(arn: &str, role: Role) -> Member {
    Member {
        arn: arn.to_owned(),
        role,
        synchronization: Synchronization::Connected,
        forwards_writes: false,
    }
}

/// In peace: the recovery cluster follows, half a second behind, and nothing was accepted.
fn peace() -> Case {
    Case {
        request: Request {
            mode: Mode::Execute,
            run: "unishop-1".parse().unwrap(),
            global_cluster: "unishop".parse().unwrap(),
            cluster: RECOVERY.parse().unwrap(),
            promotion: Promotion::Auto,
            rpo_seconds: 60,
            accept_data_loss: DataLoss::None,
        },
        seen: Seen {
            global: Some(GlobalCluster {
                engine_version: Some("16.11".to_owned()),
                members: vec![member(PRIMARY, Role::Writer), member(RECOVERY, Role::Secondary)],
                failover: None,
            }),
            cluster: Cluster {
                status: ClusterStatus::Available,
                engine_version: Some("16.11".to_owned()),
                global_cluster: Some("unishop".to_owned()),
                instances: Instances::Readers,
                endpoint: Some(Endpoint {
                    host: "unishop-recovery.example".to_owned(),
                    port: 5432,
                }),
            },
        },
        lag: measured(500),
    }
}

fn measured(milliseconds: u64) -> Lag {
    Lag::Measured {
        lag: Duration::from_millis(milliseconds),
        metric: "AuroraGlobalDBRPOLag",
        age: Duration::from_secs(40),
    }
}

impl Case {
    fn asked(mut self, promotion: Promotion) -> Self {
        self.request.promotion = promotion;
        self
    }

    fn accepting(mut self, loss: DataLoss) -> Self {
        self.request.accept_data_loss = loss;
        self
    }

    fn behind(mut self, lag: Lag) -> Self {
        self.lag = lag;
        self
    }

    fn global(mut self, change: impl FnOnce(&mut GlobalCluster)) -> Self {
        change(self.seen.global.as_mut().unwrap());
        self
    }

    fn cluster(mut self, change: impl FnOnce(&mut Cluster)) -> Self {
        change(&mut self.seen.cluster);
        self
    }

    /// What is chosen, in the page's words.
    fn chosen(&self) -> String {
        let verb = |verb: Verb, how: &str| match (verb, how) {
            (Verb::None, _) => "none".to_owned(),
            (verb, how) => format!("{verb}{how}"),
        };
        match stand(&self.request, &self.seen) {
            Ok(Standing::Writer { .. }) => verb(Verb::None, ""),
            Ok(Standing::Moving { verb: moving, .. }) => verb(moving, ", waited for"),
            Ok(Standing::Follower(follower)) => match choose(&self.request, &follower, self.lag.clone()) {
                Ok(choice) => verb(choice.verb, ""),
                Err(refusal) => format!("refused: {refusal}"),
            },
            Err(stop) => format!("refused: {stop}"),
        }
    }
}

fn detached(case: Case) -> Case {
    case.global(|global| {
        global.members.pop();
    })
    .cluster(|cluster| {
        cluster.global_cluster = None;
        cluster.instances = Instances::Writer;
    })
}

fn failed_over(case: Case) -> Case {
    case.global(|global| {
        global.members[0].role = Role::Secondary;
        global.members[1].role = Role::Writer;
    })
    .cluster(|cluster| cluster.instances = Instances::Writer)
}

fn other_version(case: Case) -> Case {
    case.cluster(|cluster| cluster.engine_version = Some("16.10".to_owned()))
}

fn resyncing(case: Case) -> Case {
    case.global(|global| global.members[1].synchronization = Synchronization::Broken("pending-resync".to_owned()))
}

/// Each row of the page by its first cell.
fn cases() -> BTreeMap<&'static str, Case> {
    let unknown = || Lag::Unknown("nothing was published".to_owned());
    let moving = |to: &str| {
        let to = Some(to.to_owned());
        peace().global(|global| {
            global.failover = Some(Failover {
                status: "failing-over".to_owned(),
                to,
            });
        })
    };
    let third = || peace().global(|global| global.members.push(member(THIRD, Role::Secondary)));
    BTreeMap::from([
        ("it follows, within the RPO", peace()),
        (
            "it follows, within the RPO; the plan says `failover`",
            peace().asked(Promotion::Failover),
        ),
        (
            "it follows, within the RPO; the plan says `detach`",
            peace().asked(Promotion::Detach),
        ),
        (
            "it follows, within the RPO, and forwards the writes that it gets",
            peace().global(|global| global.members[1].forwards_writes = true),
        ),
        ("another secondary follows too", third()),
        (
            "another secondary follows too; the plan says `detach`",
            third().asked(Promotion::Detach),
        ),
        ("engine versions differ", other_version(peace())),
        (
            "engine versions differ; the plan says `failover`",
            other_version(peace()).asked(Promotion::Failover),
        ),
        (
            "the global cluster has no writer",
            peace().global(|global| {
                global.members.remove(0);
            }),
        ),
        ("its copy waits for a resync", resyncing(peace())),
        (
            "its copy waits for a resync; `unmeasured` is accepted",
            resyncing(peace()).accepting(DataLoss::Unmeasured),
        ),
        ("it is further behind than the RPO", peace().behind(measured(60_010))),
        (
            "it is further behind than the RPO; `beyond-rpo` is accepted",
            peace().behind(measured(60_010)).accepting(DataLoss::BeyondRpo),
        ),
        ("its lag is unknown", peace().behind(unknown())),
        (
            "its lag is unknown; `beyond-rpo` is accepted",
            peace().behind(unknown()).accepting(DataLoss::BeyondRpo),
        ),
        (
            "its lag is unknown; `unmeasured` is accepted",
            peace().behind(unknown()).accepting(DataLoss::Unmeasured),
        ),
        ("it has no instance", peace().cluster(|cluster| cluster.instances = Instances::None)),
        ("a failover to it is under way", moving(RECOVERY)),
        ("a failover to another cluster is under way", moving(THIRD)),
        (
            "it is being detached",
            detached(peace()).cluster(|cluster| cluster.status = "promoting".into()),
        ),
        ("it is the writer of the global cluster", failed_over(peace())),
        ("it stands alone and takes writes", detached(peace())),
        (
            "two members say that they are the writer",
            peace().global(|global| global.members[1].role = Role::Writer),
        ),
        (
            "it belongs to another global cluster",
            detached(peace()).cluster(|cluster| cluster.global_cluster = Some("bookshop".to_owned())),
        ),
        ("the global cluster isn't known in this Region, and it follows", {
            let mut case = peace();
            case.seen.global = None;
            case
        }),
        (
            "it is in a status that it doesn't leave by itself",
            peace().cluster(|cluster| cluster.status = "inaccessible-encryption-credentials".into()),
        ),
    ])
}

/// The rows of the page: what is seen, and what is chosen.
fn page() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/safety.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("The promotion\n")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [seen, chosen, _why] = cells.as_slice() else {
            panic!("a row of three cells: {row}")
        };
        ((*seen).to_owned(), (*chosen).to_owned())
    })
    .collect()
}

#[test]
fn the_page_has_a_row_for_each_case_and_each_row_is_what_the_code_chooses() {
    let (mut cases, page) = (cases(), page());
    for (seen, told) in page {
        let case = cases
            .remove(seen.as_str())
            .unwrap_or_else(|| panic!("no such case, or told twice: {seen}"));
        let chosen = case.chosen();
        match told.strip_prefix("refused: ") {
            // The page leaves names and numbers out.
            Some(told) => {
                let mut rest = chosen.strip_prefix("refused: ").unwrap_or_else(|| panic!("{seen}: {chosen}"));
                for part in told.split('…').map(str::trim) {
                    let at = rest.find(part).unwrap_or_else(|| panic!("{seen}: {part:?} is not in {chosen}"));
                    rest = &rest[at + part.len()..];
                }
            }
            None => assert_eq!(chosen, told, "{seen}"),
        }
    }
    assert!(cases.is_empty(), "the page doesn't tell of {:?}", cases.keys());
}
