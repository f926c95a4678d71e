//! Which image counts, and whether it is fresh. Pure.

use std::time::Duration;

use action::ids::AmiId;
use images::{Image, State};
use jiff::Timestamp;

/// How fresh the newest proven image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No older than the plan allows.
    Fresh(Newest),
    /// Older.
    Stale(Newest),
    /// There is no proven image that could be launched.
    None,
}

/// The newest proven image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its id.
    pub id: AmiId,
    /// How long ago its data was taken, in whole seconds; 0 for a time to come.
    pub age_seconds: u64,
}

impl Freshness {
    /// The newest proven image, if there is one.
    pub fn newest(&self) -> Option<&Newest> {
        match self {
            Self::Fresh(newest) | Self::Stale(newest) => Some(newest),
            Self::None => None,
        }
    }

    /// Whether people must hear of it.
    pub fn is_stale(&self) -> bool {
        !matches!(self, Self::Fresh(_))
    }
}

/// How fresh the newest proven image is: the one whose data is newest among those that are proven and can be launched.
pub fn decide(found: &[Image], maximum: Duration, now: Timestamp) -> Freshness {
    let usable = found
        .iter()
        .filter(|image| image.state == State::Available && image.proven().is_some());
    let Some(image) = usable.max_by_key(|image| image.made()) else {
        return Freshness::None;
    };
    let age = Duration::try_from(now.duration_since(image.made())).unwrap_or_default();
    let newest = Newest {
        id: image.id.clone(),
        age_seconds: age.as_secs(),
    };
    if age <= maximum {
        Freshness::Fresh(newest)
    } else {
        Freshness::Stale(newest)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use images::tags;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn image(id: &str, made: &str, proven: bool, state: State) -> Image {
        let mut tags = BTreeMap::from([(tags::MADE.to_owned(), made.to_owned())]);
        if proven {
            tags.insert(tags::PROVEN.to_owned(), "2026-11-21T04:00:00Z".to_owned());
        }
        Image {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            state,
            created: at("2026-11-21T05:00:00Z"),
            tags,
            snapshots: vec![],
        }
    }

    #[test]
    fn the_newest_proven_image_that_can_be_launched_counts() {
        let found = [
            image("ami-00000001", "2026-11-20T03:00:00Z", true, State::Available),
            image("ami-00000002", "2026-11-21T03:00:00Z", true, State::Available),
            image("ami-00000003", "2026-11-22T03:00:00Z", false, State::Available),
            image("ami-00000004", "2026-11-22T03:00:00Z", true, State::Pending("pending".to_owned())),
        ];
        let day = Duration::from_secs(86_400);
        let newest = |age_seconds| Newest {
            id: "ami-00000002".parse().unwrap(),
            age_seconds,
        };
        for (now, expected) in [
            ("2026-11-21T03:00:00Z", Freshness::Fresh(newest(0))),
            ("2026-11-22T03:00:00Z", Freshness::Fresh(newest(86_400))),
            ("2026-11-22T03:00:01Z", Freshness::Stale(newest(86_401))),
            // A clock behind the tag's makes nothing older.
            ("2026-11-21T02:00:00Z", Freshness::Fresh(newest(0))),
        ] {
            assert_eq!(decide(&found, day, at(now)), expected, "{now}");
        }
        assert_eq!(decide(&found[2..], day, at("2026-11-22T03:00:00Z")), Freshness::None);
        assert!(Freshness::None.is_stale());
    }
}
