//! Client tokens: which instances are asked for, by which run of a chain, and with what.
//!
//! EC2 answers a repeated token with the instances of the first call, and the same token with other parameters with
//! IdempotentParameterMismatch; a token outlives its instances by a day at least
//! (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html, AWSEC2 Run_Instance_Idempotency). So a token's first
//! part names the instances asked for, its second the run that asks, its third all else: EC2 keeps the token with the
//! instances, which tells whose they are; an attempt elsewhere, or in place of an earlier run's, has a token of its own.

use std::fmt::Write;

use action::ids::{LaunchTemplateId, RunId, WorkloadName};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::fleet::Block;
use super::pools::Pool;

/// Bytes of the parts, two hexadecimal digits each: together 64 digits, the most that EC2 takes
/// (RunInstancesRequest.ClientToken).
const MARK: usize = 12;
const ASKER: usize = 8;
const REST: usize = 12;

/// The first part of the tokens by which a block of the instances tagged with `run` is asked for.
pub fn mark(run: &RunId, workload: &WorkloadName, block: usize) -> String {
    digest(MARK, &[run.as_str(), workload.as_str(), &block.to_string()])
}

/// The second part: the run of the chain that first asked at `since`. All its calls have that time in common, and no
/// other run does, since one follows the other.
pub fn asker(since: Timestamp) -> String {
    digest(ASKER, &[&since.to_string()])
}

/// The token for launching `block` in `pool`.
pub fn client_token(block: &Block, template: &LaunchTemplateId, image: &str, pool: &Pool) -> String {
    let reservation = pool.reservation.as_ref().map_or("", |id| id.as_str());
    let inputs = [
        template.as_str(),
        image,
        pool.instance_type.as_str(),
        pool.subnet.as_str(),
        reservation,
        &block.size.to_string(),
    ];
    format!("{}{}{}", block.mark, block.asker, digest(REST, &inputs))
}

/// No part can hold a line break, so joined parts are unambiguous.
fn digest(bytes: usize, parts: &[&str]) -> String {
    let mut text = String::with_capacity(2 * bytes);
    for byte in Sha256::digest(parts.join("\n")).iter().take(bytes) {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::pools::tests::pool;
    use super::*;

    fn block(run: &str, index: usize, size: usize) -> Block {
        Block {
            index,
            size,
            mark: mark(&run.parse().unwrap(), &"unishop".parse().unwrap(), index),
            asker: asker(Timestamp::UNIX_EPOCH),
        }
    }

    fn token(block: &Block, image: &str, pool: &Pool) -> String {
        client_token(block, &"lt-0123456789abcdef0".parse().unwrap(), image, pool)
    }

    #[test]
    fn the_same_attempt_has_the_same_token() {
        let [first, second] = [(); 2].map(|()| token(&block("r", 0, 1), "ami-00000001", &pool("m7g.large", "a")));
        assert_eq!(first, second);
        assert_eq!(first.len(), 64);
    }

    #[test]
    fn whatever_differs_gives_another_token() {
        let pools = [pool("m7g.large", "a"), pool("m7g.large", "b"), pool("m6g.large", "a")];
        let mut tokens = std::collections::BTreeSet::new();
        for run in ["r1", "r2"] {
            for (index, size, since) in [(0, 1, 0), (1, 1, 0), (0, 2, 0), (0, 1, 1)] {
                let block = Block {
                    asker: asker(Timestamp::from_millisecond(since).unwrap()),
                    ..block(run, index, size)
                };
                for image in ["ami-00000001", "ami-00000002"] {
                    for pool in &pools {
                        tokens.insert(token(&block, image, pool));
                        let reserved = Pool {
                            reservation: Some("cr-00000001".parse().unwrap()),
                            ..pool.clone()
                        };
                        tokens.insert(token(&block, image, &reserved));
                    }
                }
            }
        }
        assert_eq!(tokens.len(), 2 * 4 * 2 * 3 * 2);
    }

    #[test]
    fn attempts_elsewhere_keep_the_mark_of_their_block() {
        let block = block("r", 3, 1);
        for pool in [pool("m7g.large", "a"), pool("m6g.large", "b")] {
            assert!(token(&block, "ami-00000001", &pool).starts_with(&block.mark));
        }
    }
}
