//! What the schema allows at one place, as a test and in words.

use serde_json::Value;

use crate::document::list;
use crate::model::span::Span;
use crate::texts;

/// What may stand at one place: the schema there, and the one that it refers to.
pub(crate) struct Expected<'s> {
    here: &'s Value,
    name: Option<&'s str>,
    pub(crate) schema: &'s Value,
}

impl<'s> Expected<'s> {
    /// Follows a reference. What may also be null in JSON can only be left out in TOML, so null is passed over.
    pub(crate) fn of(here: &'s Value, definitions: &'s Value) -> Self {
        let not_null = |schema: &&Value| schema["type"] != "null";
        let referring = here["anyOf"].as_array().and_then(|any| any.iter().find(not_null)).unwrap_or(here);
        let name = referring["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        let schema = name.map_or(referring, |name| &definitions[name]);
        Self { here, name, schema }
    }

    pub(crate) fn allows(&self, kind: &str) -> bool {
        match &self.schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|allowed| allowed == kind),
            allowed => allowed == kind,
        }
    }

    pub(crate) fn allows_table(&self) -> bool {
        let tables = |variants: &[Value]| variants.iter().any(|variant| variant["type"] == "object");
        variants(self.schema).map_or_else(|| self.allows("object"), tables)
    }

    pub(crate) fn fits_text(&self, text: &str) -> bool {
        if let Some(variants) = variants(self.schema) {
            return variants.iter().any(|variant| variant["const"] == text);
        }
        let (least, most) = limits(self.here, "minLength", "maxLength");
        let long_enough = (least..=most).contains(&(text.chars().count() as u64));
        let formed = self.name.and_then(texts::form).is_none_or(|form| form(text).is_ok());
        let in_bounds = self.spans().is_none_or(|(least, most)| {
            text.parse::<Span>()
                .is_ok_and(|span| (least.duration()..=most.duration()).contains(&span.duration()))
        });
        self.allows("string") && long_enough && formed && in_bounds
    }

    pub(crate) fn in_bounds(&self, number: i64) -> bool {
        let (least, most) = self.numbers();
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    }

    fn numbers(&self) -> (Option<i64>, Option<i64>) {
        (self.here["minimum"].as_i64(), self.here["maximum"].as_i64())
    }

    fn spans(&self) -> Option<(Span, Span)> {
        let bound = |key: &str| self.here[key].as_str()?.parse::<Span>().ok();
        Some((bound("x-least")?, bound("x-most")?))
    }

    /// What is expected, in words that go on after "write".
    pub(crate) fn phrase(&self, definitions: &Value) -> String {
        if let Some(variants) = variants(self.schema) {
            return choice(variants);
        }
        if let Some(form) = self.name.and_then(texts::form) {
            let bounds = self.spans().map(|(least, most)| format!(", from {least} to {most}"));
            return format!("{}{}", texts::expected(form), bounds.unwrap_or_default());
        }
        if self.allows("object") {
            let keys: Vec<&str> = self.schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            return if keys.is_empty() {
                "a table".to_owned()
            } else {
                format!("a table with {}", list(keys, "and"))
            };
        }
        if self.allows("array") {
            let item = Expected::of(&self.schema["items"], definitions).phrase(definitions);
            let size = match limits(self.schema, "minItems", "maxItems") {
                (0, u64::MAX) => String::new(),
                (_, u64::MAX) => " that is not empty".to_owned(),
                (least, most) => format!(" of {least} to {most}"),
            };
            return format!("an array{size}, each item {item}");
        }
        let integer = match self.numbers() {
            (Some(least), Some(most)) => format!("an integer from {least} to {most}"),
            _ => "an integer".to_owned(),
        };
        let text = match limits(self.here, "minLength", "maxLength") {
            (0, u64::MAX) => "a text".to_owned(),
            (_, u64::MAX) => "a text that is not empty".to_owned(),
            (least, most) => format!("a text of {least} to {most} characters"),
        };
        let kinds = [("string", text.as_str()), ("integer", integer.as_str()), ("boolean", "a boolean")];
        list(
            kinds.into_iter().filter(|(kind, _)| self.allows(kind)).map(|(_, phrase)| phrase),
            "or",
        )
    }
}

/// The least and the most of something that `schema` counts.
pub(crate) fn limits(schema: &Value, least: &str, most: &str) -> (u64, u64) {
    (schema[least].as_u64().unwrap_or(0), schema[most].as_u64().unwrap_or(u64::MAX))
}

/// The variants, if the schema is a choice.
pub(crate) fn variants(schema: &Value) -> Option<&[Value]> {
    schema["oneOf"].as_array().map(Vec::as_slice)
}

fn choice(variants: &[Value]) -> String {
    let names = variants
        .iter()
        .filter_map(|variant| variant["const"].as_str())
        .map(|name| format!("{name:?}"));
    let tables = variants.iter().filter(|variant| variant["type"] == "object").map(|variant| {
        let keys = entries(&variant["properties"]).map(|(key, property)| match property["const"].as_str() {
            Some(tag) => format!("{key} = {tag:?}"),
            None => format!("{key} = …"),
        });
        let first = keys.take(1).collect::<String>();
        format!("{{ {first} }}")
    });
    list(names.chain(tables), "or")
}

/// The properties of a table's schema, by name.
pub(crate) fn entries(properties: &Value) -> impl Iterator<Item = (&String, &Value)> {
    properties.as_object().into_iter().flatten()
}
