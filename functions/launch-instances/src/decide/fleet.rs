//! The run's instances: which are there, which are missing, which will never run.
//!
//! They carry the tag of the first run of a chain, and a later run of it goes on with those that are there.

use action::ids::{AmiId, InstanceId, InstanceType, RunId, SubnetId, WorkloadName};
use jiff::Timestamp;

use super::pools::ATTEMPTS;
use super::token::{asker, mark};
use super::{counted, listed};

/// Instances that one call asks for, all or none. Which of them are there can be told by the mark in their client
/// token, so that a view of EC2 that lags neither doubles nor forgets any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its place among the run's blocks.
    pub index: usize,
    /// How many instances it is.
    pub size: usize,
    /// The first part of its client tokens.
    pub mark: String,
    /// The second part: which run of the chain asks for it.
    pub asker: String,
}

/// The blocks of a run: single instances, or equal shares where one invocation could not launch each by itself. `run` is
/// the tag, `since` when the run first asked.
pub fn blocks(run: &RunId, workload: &WorkloadName, since: Timestamp, count: u16) -> Vec<Block> {
    let count = usize::from(count);
    let blocks = count.min(ATTEMPTS);
    (0..blocks)
        .map(|index| Block {
            index,
            size: count / blocks + usize::from(index < count % blocks),
            mark: mark(run, workload, index),
            asker: asker(since),
        })
        .collect()
}

/// An instance as EC2 describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The client token that it was launched with.
    pub client_token: String,
    /// What it is doing.
    pub state: State,
    /// Its type.
    pub instance_type: InstanceType,
    /// Its subnet; a terminated instance has left it.
    pub subnet: Option<SubnetId>,
    /// Its image.
    pub image: AmiId,
    /// Its public address, else its private one.
    pub address: Option<String>,
}

/// What an instance is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// On its way, or in a state that this version doesn't know.
    Pending,
    /// Running.
    Running,
    /// Stopping, stopped, shutting down or terminated: it won't run by itself any more.
    Gone {
        /// EC2's name of the state.
        state: String,
        /// EC2's reason for it.
        reason: String,
    },
}

/// What there is of the fleet.
#[derive(Debug, PartialEq, Eq)]
pub enum Fleet<'a> {
    /// Nothing is seen of these blocks.
    Missing(Vec<Block>),
    /// All were launched; the sentence says what they still do.
    Starting(String),
    /// All run.
    Running(Vec<&'a Instance>),
}

/// Instances of this run that will never serve.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; this run launches no others in their place: mend the cause and start again, the next run does")]
pub struct Gone(String);

/// The instances that this action launched under the run's tag, each list by block and id.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ours<'a> {
    /// Those that the fleet is made of.
    pub kept: Vec<&'a Instance>,
    /// Those that an earlier run of the chain asked for and that are gone: others are launched in their place.
    pub lost: Vec<&'a Instance>,
}

/// Those of `seen` that this action launched for `blocks`.
pub fn ours<'a>(blocks: &[Block], seen: &'a [Instance]) -> Ours<'a> {
    let place = |one: &Instance| blocks.iter().position(|block| belongs(one, block));
    let mut all: Vec<&Instance> = seen.iter().filter(|one| place(one).is_some()).collect();
    all.sort_by_key(|one| (place(one), &one.id));
    let lost = |one: &&Instance| one.gone().is_some() && !blocks.iter().any(|block| asked_now(one, block));
    let (lost, kept) = all.into_iter().partition(lost);
    Ours { kept, lost }
}

/// What there is of the fleet that `blocks` make, given what is kept of it.
///
/// # Errors
/// When an instance that this run asked for is gone: what ended it would end its successor.
pub fn fleet<'a>(blocks: &[Block], kept: &[&'a Instance]) -> Result<Fleet<'a>, Gone> {
    let gone: Vec<String> = kept.iter().filter_map(|one| one.gone()).collect();
    if !gone.is_empty() {
        return Err(Gone(listed(gone)));
    }
    let missing: Vec<Block> = blocks.iter().filter_map(|block| missing(block, kept)).collect();
    if !missing.is_empty() {
        return Ok(Fleet::Missing(missing));
    }
    let unlisted: usize = blocks.iter().map(|block| short(block, kept)).sum();
    if unlisted > 0 {
        return Ok(Fleet::Starting(format!(
            "EC2 does not list {} yet",
            counted(unlisted, "launched instance")
        )));
    }
    let pending: Vec<&InstanceId> = kept.iter().filter(|one| one.state == State::Pending).map(|one| &one.id).collect();
    if pending.is_empty() {
        Ok(Fleet::Running(kept.to_vec()))
    } else {
        Ok(Fleet::Starting(format!(
            "{} of {} pending: {}",
            pending.len(),
            counted(kept.len(), "instance"),
            listed(pending)
        )))
    }
}

/// What is still to be asked for of `block`. A launch is all or nothing: where this run asked, the rest is on its way.
fn missing(block: &Block, kept: &[&Instance]) -> Option<Block> {
    let short = short(block, kept);
    (short > 0 && !kept.iter().any(|one| asked_now(one, block))).then(|| Block {
        size: short,
        ..block.clone()
    })
}

/// How many instances of `block` aren't listed.
fn short(block: &Block, kept: &[&Instance]) -> usize {
    block.size.saturating_sub(kept.iter().filter(|one| belongs(one, block)).count())
}

fn belongs(instance: &Instance, block: &Block) -> bool {
    instance.client_token.starts_with(&block.mark)
}

/// Whether this run asked for the instance, rather than one that it goes on from.
fn asked_now(instance: &Instance, block: &Block) -> bool {
    let rest = instance.client_token.strip_prefix(&block.mark);
    rest.is_some_and(|rest| rest.starts_with(&block.asker))
}

impl Instance {
    /// That it won't run any more, and why, for people.
    pub fn gone(&self) -> Option<String> {
        match &self.state {
            State::Gone { state, reason } => Some(format!("{} is {state}: {reason}", self.id)),
            State::Pending | State::Running => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn instance(id: &str, block: &Block, state: State) -> Instance {
        Instance {
            id: format!("i-0000000{id}").parse().unwrap(),
            client_token: format!("{}{}and more", block.mark, block.asker),
            state,
            instance_type: "m7g.large".parse().unwrap(),
            subnet: Some("subnet-0000000a".parse().unwrap()),
            image: "ami-00000001".parse().unwrap(),
            address: Some(format!("10.0.0.{id}")),
        }
    }

    pub(crate) fn blocks_of(count: u16) -> Vec<Block> {
        blocks_since(1_000, count)
    }

    /// The blocks as the run asks for them that first asked at `since`.
    fn blocks_since(since: i64, count: u16) -> Vec<Block> {
        let since = Timestamp::from_second(since).unwrap();
        blocks(&"unishop-1".parse().unwrap(), &"unishop".parse().unwrap(), since, count)
    }

    fn gone(state: &str, reason: &str) -> State {
        State::Gone {
            state: state.to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn all_running_is_all_there() {
        let blocks = blocks_of(2);
        let seen = [instance("2", &blocks[1], State::Running), instance("1", &blocks[0], State::Running)];
        let ours = ours(&blocks, &seen);
        assert_eq!(fleet(&blocks, &ours.kept), Ok(Fleet::Running(vec![&seen[1], &seen[0]])));
    }

    #[test]
    fn blocks_add_up_to_the_count_and_are_never_more_than_one_invocation_tries() {
        for count in 1..=100 {
            let blocks = blocks_of(count);
            assert_eq!(blocks.iter().map(|block| block.size).sum::<usize>(), usize::from(count));
            assert!(blocks.len() <= ATTEMPTS && blocks.iter().all(|block| block.size > 0));
        }
        assert_eq!(blocks_of(3).iter().map(|block| block.size).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn only_what_is_missing_is_launched() {
        let blocks = blocks_of(3);
        let seen = [instance("2", &blocks[1], State::Pending)];
        let Ok(Fleet::Missing(missing)) = fleet(&blocks, &ours(&blocks, &seen).kept) else {
            panic!("nothing is missing")
        };
        assert_eq!(missing, [blocks[0].clone(), blocks[2].clone()]);
    }

    #[test]
    fn a_block_that_is_listed_in_part_is_on_its_way_and_not_missing() {
        let blocks = blocks_of(13);
        let seen: Vec<Instance> = blocks
            .iter()
            .enumerate()
            .map(|(n, block)| instance(&format!("{n:x}"), block, State::Running))
            .collect();
        assert_eq!(
            fleet(&blocks, &ours(&blocks, &seen).kept),
            Ok(Fleet::Starting("EC2 does not list 1 launched instance yet".to_owned()))
        );
    }

    #[test]
    fn pending_instances_are_waited_for_and_named() {
        let blocks = blocks_of(2);
        let seen = [instance("1", &blocks[0], State::Pending), instance("2", &blocks[1], State::Running)];
        assert_eq!(
            fleet(&blocks, &ours(&blocks, &seen).kept),
            Ok(Fleet::Starting("1 of 2 instances pending: i-00000001".to_owned()))
        );
    }

    #[test]
    fn one_instance_gone_ends_the_launch_even_while_others_are_missing() {
        let blocks = blocks_of(2);
        for state in ["shutting-down", "terminated", "stopping", "stopped"] {
            let seen = [instance("1", &blocks[0], gone(state, "Client.InternalError: no access to the key"))];
            let error = fleet(&blocks, &ours(&blocks, &seen).kept).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("i-00000001 is {state}: Client.InternalError: no access to the key;")),
                "{error}"
            );
        }
    }

    #[test]
    fn instances_of_the_run_that_others_launched_are_not_counted() {
        let blocks = blocks_of(1);
        let other = Block {
            mark: "f".repeat(24),
            ..blocks[0].clone()
        };
        let seen = [
            instance("1", &other, State::Running),
            instance("2", &other, gone("terminated", "by hand")),
        ];
        assert_eq!(ours(&blocks, &seen), Ours::default());
        assert_eq!(fleet(&blocks, &[]), Ok(Fleet::Missing(blocks.clone())));
    }

    #[test]
    fn what_an_earlier_run_of_the_chain_left_is_kept_where_it_lives_and_replaced_where_it_is_gone() {
        use State::{Pending, Running};
        let (before, now) = (blocks_since(500, 2), blocks_of(2));
        let dead = || gone("terminated", "User initiated");
        for (earlier, later, missing, lost) in [
            // State of the earlier run's instance of each block, that of this run's; what is missing, how many are lost.
            ([Some(Running), Some(Running)], [None, None], vec![], 0),
            ([Some(Pending), None], [None, None], vec![1], 0),
            ([Some(Running), Some(dead())], [None, None], vec![1], 1),
            ([Some(dead()), Some(gone("stopped", "by hand"))], [None, None], vec![0, 1], 2),
            ([Some(dead()), Some(Running)], [Some(Pending), None], vec![], 1),
            ([Some(dead()), Some(dead())], [None, Some(Running)], vec![0], 2),
        ] {
            let of = |blocks: &[Block], states: &[Option<State>; 2], ids: [&str; 2]| {
                let all = blocks.iter().zip(states.clone()).zip(ids);
                all.filter_map(|((block, state), id)| state.map(|state| instance(id, block, state)))
                    .collect::<Vec<_>>()
            };
            let seen = [of(&before, &earlier, ["1", "2"]), of(&now, &later, ["3", "4"])].concat();
            let ours = ours(&now, &seen);
            let found = match fleet(&now, &ours.kept).unwrap() {
                Fleet::Missing(missing) => missing.iter().map(|block| block.index).collect(),
                Fleet::Starting(_) | Fleet::Running(_) => vec![],
            };
            assert_eq!((found, ours.lost.len()), (missing, lost), "{earlier:?} {later:?}");
        }
    }

    #[test]
    fn only_the_lost_part_of_an_earlier_runs_block_is_launched_and_once() {
        // One block of three.
        let (before, now) = (&blocks_since(500, 25)[..1], &blocks_of(25)[..1]);
        let mut seen = vec![
            instance("1", &before[0], State::Running),
            instance("2", &before[0], gone("terminated", "User initiated")),
            instance("3", &before[0], gone("terminated", "User initiated")),
        ];
        let Ok(Fleet::Missing(missing)) = fleet(now, &ours(now, &seen).kept) else {
            panic!("nothing is missing")
        };
        assert_eq!(missing.iter().map(|block| (block.index, block.size)).collect::<Vec<_>>(), [(0, 2)]);
        // One of the two is listed, so both were launched.
        seen.push(instance("4", &missing[0], State::Running));
        assert_eq!(
            fleet(now, &ours(now, &seen).kept),
            Ok(Fleet::Starting("EC2 does not list 1 launched instance yet".to_owned()))
        );
    }
}
