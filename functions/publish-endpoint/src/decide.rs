//! What each place is to hold, and which of them has to be written. Pure.

use std::collections::BTreeSet;

use action::ids::Region;
use places::{Place, Unfit, Value};
use plan::Endpoint;
use plan::template::{fill, placeholders};

use crate::io::Database;

/// What a place is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The place.
    pub place: Place,
    /// Its text.
    pub text: String,
}

/// What is to be published, and what of it nobody knows yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// What each place is to hold, in the plan's order.
    pub wanted: Vec<Wanted>,
    /// The placeholders that have no value and stand in the texts as they are, each with the first place that needs it.
    pub unknown: Vec<Unknown>,
}

/// A placeholder that has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} needs {{{name}}}, and the run knows none: no database has been found or promoted")]
pub struct Unknown {
    /// The place that needs it.
    pub place: Place,
    /// Its name.
    pub name: String,
}

/// Why the plan's endpoints can't be published. Shown to people as it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpublishable {
    /// Two would take turns.
    #[error("two endpoints of the plan write {0}: remove one of them")]
    Twice(Place),
    /// A text doesn't fit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// What `endpoints` say for `region` and `database`.
///
/// # Errors
/// When two of them write the same place, and when a text doesn't fit in its place.
pub fn publication(endpoints: &[Endpoint], region: &Region, database: Option<&Database>) -> Result<Publication, Unpublishable> {
    let mut publication = Publication::default();
    let mut places = BTreeSet::new();
    for endpoint in endpoints {
        let (place, template) = place(endpoint);
        if !places.insert(place.clone()) {
            return Err(Unpublishable::Twice(place));
        }
        for name in placeholders(template).filter(|name| value(name, region, database).is_none()) {
            if publication.unknown.iter().all(|unknown| unknown.name != name) {
                publication.unknown.push(Unknown {
                    place: place.clone(),
                    name: name.to_owned(),
                });
            }
        }
        let or_itself = |name: &str| Some(value(name, region, database).unwrap_or_else(|| format!("{{{name}}}")));
        let text = fill(template, or_itself).unwrap_or_else(|_| template.to_owned());
        place.admits(&text)?;
        publication.wanted.push(Wanted { place, text });
    }
    Ok(publication)
}

fn place(endpoint: &Endpoint) -> (Place, &str) {
    match endpoint {
        Endpoint::Parameter { name, value } => (Place::Parameter(name.clone()), value),
        Endpoint::Object { bucket, key, body } => {
            let (bucket, key) = (bucket.clone(), key.clone());
            (Place::Object { bucket, key }, body)
        }
    }
}

/// What a placeholder stands for. An empty host is none.
fn value(name: &str, region: &Region, database: Option<&Database>) -> Option<String> {
    match name {
        "region" => Some(region.to_string()),
        "databaseEndpoint" => database?.endpoint.clone().filter(|endpoint| !endpoint.is_empty()),
        "databasePort" => database?.port.map(|port| port.to_string()),
        _ => None,
    }
}

/// What has to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The writes, in the plan's order.
    pub writes: Vec<Write>,
    /// How many places there are.
    pub places: usize,
    /// The placeholders that stand for themselves, in plan mode only.
    pub unknown: Vec<String>,
}

/// One place to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The place.
    pub place: Place,
    /// What it holds now; none if there is nothing.
    pub before: Option<Value>,
    /// What it is to hold.
    pub value: Value,
}

/// Those places are written that hold anything else; `seen` is what each holds, in the same order.
pub fn decide(publication: Publication, seen: Vec<Option<Value>>) -> Decision {
    let places = publication.wanted.len();
    let pairs = publication.wanted.into_iter().zip(seen);
    let writes = pairs.filter_map(|(Wanted { place, text }, before)| {
        let value = place.holding(text, before.as_ref());
        (before.as_ref() != Some(&value)).then_some(Write { place, before, value })
    });
    Decision {
        writes: writes.collect(),
        places,
        unknown: publication.unknown.into_iter().map(|unknown| unknown.name).collect(),
    }
}

/// How many places a sentence names.
const NAMED: usize = 3;
/// How many bytes of a place's name it shows: a key may have 1,024.
const SHOWN: usize = 80;

impl Decision {
    /// What was done, or why nothing was.
    pub fn because(&self) -> String {
        match (self.places, self.writes.len()) {
            (0, _) => "the plan publishes no endpoint".to_owned(),
            (1, 0) => "the one place says so already".to_owned(),
            (places, 0) => format!("all {places} places say so already"),
            (places, written) => format!("wrote {written} of {places} {}: {}", plural(places), self.named()),
        }
    }

    /// What would be done, or why nothing would.
    pub fn would_because(&self) -> String {
        if self.writes.is_empty() {
            return self.because();
        }
        let open = match self.unknown.as_slice() {
            [] => String::new(),
            names => {
                let names: Vec<String> = names.iter().map(|name| format!("{{{name}}}")).collect();
                format!("; {} known only after the promotion", are(&names))
            }
        };
        let (places, written) = (self.places, self.writes.len());
        format!("would write {written} of {places} {}: {}{open}", plural(places), self.named())
    }

    fn named(&self) -> String {
        let mut names: Vec<String> = self.writes.iter().take(NAMED).map(|write| shown(&write.place)).collect();
        if let Some(more) = self.writes.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        names.join(", ")
    }
}

fn shown(place: &Place) -> String {
    let text = place.to_string();
    match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…"),
        _ => text,
    }
}

fn plural(places: usize) -> &'static str {
    if places == 1 { "place" } else { "places" }
}

fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(" and "))
}

#[cfg(test)]
mod tests;
