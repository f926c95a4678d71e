//! Holds a document against the schema that the types generate: keys, kinds of value, forms of texts, bounds.
//!
//! The schema is the one description of a plan's shape, so that no key is written down twice. Rules between values
//! are in `rules`.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::document::{Problems, item, join, list, seen};
use crate::expected::{Expected, entries, limits, variants};

/// Reports everything in `document` that `schema` doesn't allow.
///
/// A misspelt key is reported and then renamed in the document, so that what it holds is checked too and isn't
/// reported as missing.
pub(crate) fn check(document: &mut Spanned<DeValue<'_>>, schema: &Value, problems: &mut Problems<'_>) {
    Shape {
        definitions: schema.get("$defs").unwrap_or(&Value::Null),
        problems,
    }
    .value("", document, schema);
}

/// How alike a key and a known one must be (1 is the same) to be taken for a misspelling.
const ALIKE: f64 = 0.6;

struct Shape<'s, 'p, 't> {
    definitions: &'s Value,
    problems: &'p mut Problems<'t>,
}

impl<'s> Shape<'s, '_, '_> {
    fn value(&mut self, path: &str, value: &mut Spanned<DeValue<'_>>, schema: &'s Value) {
        let at = value.span().start;
        let expected = Expected::of(schema, self.definitions);
        let fits = match value.get_mut() {
            DeValue::Table(table) if expected.allows_table() => {
                if let Some(schema) = self.variant(path, at, table, expected.schema) {
                    self.table(path, at, table, schema);
                }
                true
            }
            DeValue::Array(array) => expected.allows("array") && self.array(path, array, expected.schema),
            DeValue::String(text) => expected.fits_text(text),
            DeValue::Integer(integer) => {
                expected.allows("integer")
                    && i64::from_str_radix(integer.as_str(), integer.radix()).is_ok_and(|number| expected.in_bounds(number))
            }
            DeValue::Boolean(_) => expected.allows("boolean"),
            DeValue::Table(_) | DeValue::Float(_) | DeValue::Datetime(_) => false,
        };
        if !fits {
            self.problems.add(
                path,
                at,
                seen(value.get_ref()),
                format!("write {}", expected.phrase(self.definitions)),
            );
        }
    }

    fn array(&mut self, path: &str, array: &mut DeArray<'_>, schema: &'s Value) -> bool {
        if let Some(items) = schema.get("items") {
            for (index, value) in array.iter_mut().enumerate() {
                self.value(&item(path, index), value, items);
            }
        }
        let (least, most) = limits(schema, "minItems", "maxItems");
        (least..=most).contains(&(array.len() as u64))
    }

    /// The schema of `table`: the variant that it is, where `schema` is a choice. Reports it if that can't be told.
    fn variant(&mut self, path: &str, at: usize, table: &mut DeTable<'_>, schema: &'s Value) -> Option<&'s Value> {
        let Some(variants) = variants(schema) else {
            return Some(schema);
        };
        let tables: Vec<&Value> = variants.iter().filter(|variant| variant["type"] == "object").collect();
        let properties = || tables.iter().flat_map(|variant| entries(&variant["properties"]));
        let Some((tag, _)) = properties().find(|(_, property)| property.get("const").is_some()) else {
            return self.variant_by_key(path, at, table, &tables);
        };
        if !table.contains_key(tag.as_str()) {
            let known: BTreeSet<&String> = properties().map(|(name, _)| name).collect();
            self.unknown_keys(path, table, &known.into_iter().collect::<Vec<_>>());
        }
        let named = |name: &str| tables.iter().find(|variant| variant["properties"][tag]["const"] == name);
        let (at, seen) = match table.get(tag.as_str()) {
            None => (at, "missing".to_owned()),
            Some(value) => match value.get_ref().as_str().and_then(named) {
                Some(variant) => return Some(variant),
                None => (value.span().start, seen(value.get_ref())),
            },
        };
        let names = tables.iter().filter_map(|variant| variant["properties"][tag]["const"].as_str());
        let names = list(names.map(|name| format!("{name:?}")), "or");
        self.problems.add(&join(path, tag), at, seen, format!("write {names}"));
        None
    }

    /// The variant of a choice whose tables have one key each.
    fn variant_by_key(&mut self, path: &str, at: usize, table: &mut DeTable<'_>, tables: &[&'s Value]) -> Option<&'s Value> {
        let keyed: Vec<(&String, &Value)> = tables
            .iter()
            .filter_map(|variant| Some((entries(&variant["properties"]).next()?.0, *variant)))
            .collect();
        let names: Vec<&String> = keyed.iter().map(|(name, _)| *name).collect();
        let unknown = self.unknown_keys(path, table, &names);
        let mut known = keyed.iter().filter(|(name, _)| table.contains_key(name.as_str()));
        match (known.next(), known.next()) {
            (Some((_, variant)), None) => return Some(variant),
            (None, _) if unknown > 0 => {}
            _ => {
                let keys = list(table.keys().map(|key| key.get_ref()), "and");
                let seen = if keys.is_empty() {
                    "found an empty table".to_owned()
                } else {
                    format!("found {keys}")
                };
                self.problems
                    .add(path, at, seen, format!("write exactly one of {}", list(names, "and")));
            }
        }
        None
    }

    fn table(&mut self, path: &str, at: usize, table: &mut DeTable<'_>, schema: &'s Value) {
        if schema["additionalProperties"] == Value::Bool(false) {
            let known: Vec<&String> = entries(&schema["properties"]).map(|(name, _)| name).collect();
            self.unknown_keys(path, table, &known);
        }
        for (key, value) in table.iter_mut() {
            let property = schema["properties"].get(key.get_ref().as_ref());
            if let Some(property) = property.or_else(|| schema.get("additionalProperties").filter(|rest| rest.is_object())) {
                self.value(&join(path, key.get_ref()), value, property);
            }
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                let expected = Expected::of(&schema["properties"][key], self.definitions).phrase(self.definitions);
                self.problems.add(&join(path, key), at, "missing", format!("write {expected}"));
            }
        }
    }

    /// Reports the keys that are not among `known`, and renames the misspelt ones; how many there were.
    fn unknown_keys(&mut self, path: &str, table: &mut DeTable<'_>, known: &[&String]) -> usize {
        let is_known = |key: &str| known.iter().any(|name| *name == key);
        let unknown: Vec<_> = table.keys().filter(|key| !is_known(key.get_ref())).cloned().collect();
        for key in &unknown {
            // A key that already stands there was hardly meant once more.
            let absent = known.iter().filter(|name| !table.contains_key(name.as_str()));
            let nearest = nearest(key.get_ref(), absent).or_else(|| nearest(key.get_ref(), known.iter()));
            let remedy = match nearest {
                Some((name, _)) => format!("did you mean {name:?}? Known here: {}", list(known, "and")),
                None => "leave it out".to_owned(),
            };
            let path = join(path, key.get_ref());
            self.problems
                .add(&path, key.span().start, format!("unknown key {:?}", key.get_ref()), remedy);
            if let Some((name, likeness)) = nearest
                && likeness >= ALIKE
                && !table.contains_key(name)
                && let Some(value) = table.remove(key.get_ref().as_ref())
            {
                table.insert(Spanned::new(key.span(), name.to_owned().into()), value);
            }
        }
        unknown.len()
    }
}

/// The known key that is most like `key`, and how like it is.
fn nearest<'k>(key: &str, known: impl Iterator<Item = &'k &'k String>) -> Option<(&'k str, f64)> {
    known
        .map(|name| {
            (
                name.as_str(),
                strsim::normalized_damerau_levenshtein(&key.to_lowercase(), &name.to_lowercase()),
            )
        })
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
}
