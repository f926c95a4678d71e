//! Where the recovery cluster stands, which verb promotes it, and whether its lag allows that. Pure.

mod choice;
mod standing;
mod stop;

use stop::Seconds;

pub use choice::{Choice, LAG_WINDOW, Lag, choose};
pub use standing::{Bar, Follower, Standing, bar, stand};
pub use stop::{Refusal, Stop};

#[cfg(test)]
mod tests;
