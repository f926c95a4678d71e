//! Why an image stays, or goes, in words for people.

use std::fmt;

use images::State;
use jiff::Timestamp;

use super::{Fate, Verdict};

/// A reason to keep an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It isn't Relight's.
    #[error("not Relight's to remove: its tags and its name are not those that a run gives")]
    NotOurs,
    /// This run made it.
    #[error("this run's own")]
    ThisRun,
    /// It isn't finished.
    #[error("still {0}")]
    Pending(String),
    /// A person disabled it.
    #[error("disabled, and so put away by a person")]
    Disabled,
    /// It is young.
    #[error("younger than the minimum age (made {0})")]
    Young(Timestamp),
    /// There is none to rely on instead.
    #[error("not to be given up while no image of the workload is proven in the recovery Region")]
    NothingProven,
    /// A recovery launches it.
    #[error("the newest proven image")]
    NewestProven,
    /// The plan keeps as many.
    #[error("one of the {0} newest proven images")]
    AmongNewest(u16),
    /// Something launches by it, or was launched from it.
    #[error("referred to by {}", listed(.0))]
    Referenced(Vec<String>),
    /// A drill has shown that it carries the workload.
    #[error("what the last good drill booted")]
    LastGoodDrill,
}

/// Why an image is one too many.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Surplus {
    /// It never will be any good.
    #[error("{0}")]
    Failed(String),
    /// It was never proven.
    #[error("never proven")]
    NeverProven,
    /// Newer proven ones are kept in its place.
    #[error("proven, but enough newer ones are")]
    Proven,
}

impl Surplus {
    pub(super) fn of(state: &State, place: Option<usize>) -> Self {
        match (state, place) {
            (State::Failed { state, .. }, _) => Self::Failed(state.clone()),
            (_, Some(_)) => Self::Proven,
            (_, None) => Self::NeverProven,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: ", self.image, self.region)?;
        match &self.fate {
            Fate::Remove(surplus) => write!(f, "goes, made {}, {surplus}", self.made),
            Fate::Spare(reasons) => {
                f.write_str("stays, ")?;
                for (index, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{reason}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

/// At most this many referrers are spelled out.
const SPELLED: usize = 3;

fn listed(names: &[String]) -> String {
    let spelled = names.iter().take(SPELLED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SPELLED) {
        0 => spelled,
        more => format!("{spelled} and {more} more"),
    }
}
