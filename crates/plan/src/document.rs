//! A parsed TOML document whose every value knows its path and its place in the text.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::problem::Problem;

/// The whole document as one value, or the problem with its syntax. After a syntax error nothing else can be known.
pub(crate) fn parse(text: &str) -> Result<Spanned<DeValue<'_>>, Vec<Problem>> {
    DeTable::parse(text)
        .map(|table| Spanned::new(table.span(), DeValue::Table(table.into_inner())))
        .map_err(|error| {
            let mut problems = Problems::of(text);
            let at = error.span().map_or(0, |span| span.start);
            problems.add(
                "",
                at,
                format!("no TOML: {}", error.message().replace('\n', ", ")),
                "mend the syntax",
            );
            problems.list
        })
}

/// The problems found so far in one text.
pub(crate) struct Problems<'t> {
    text: &'t str,
    pub(crate) list: Vec<Problem>,
}

impl<'t> Problems<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Adds a problem at a byte of the text.
    pub(crate) fn add(&mut self, path: &str, at: usize, seen: impl Into<String>, remedy: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        self.list.push(Problem {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            path: path.to_owned(),
            seen: seen.into(),
            remedy: remedy.into(),
        });
    }

    /// Adds a problem with a value.
    pub(crate) fn with(&mut self, node: &Node<'_>, seen: impl Into<String>, remedy: impl Into<String>) {
        self.add(&node.path, node.at, seen, remedy);
    }
}

/// A value of the document, with its path and place.
#[derive(Clone)]
pub(crate) struct Node<'d> {
    /// Such as `site.checks[0].path`; empty for the document itself.
    pub(crate) path: String,
    /// The last part of the path if that is a key, else nothing.
    pub(crate) key: &'d str,
    /// The byte of the text at which the value begins.
    pub(crate) at: usize,
    /// The byte at which its key begins, or the value where it has none.
    pub(crate) key_at: usize,
    spanned: &'d Spanned<DeValue<'d>>,
}

impl<'d> Node<'d> {
    pub(crate) fn root(spanned: &'d Spanned<DeValue<'d>>) -> Self {
        let at = spanned.span().start;
        Self {
            path: String::new(),
            key: "",
            at,
            key_at: at,
            spanned,
        }
    }

    fn entry(&self, key: &'d Spanned<Cow<'d, str>>, spanned: &'d Spanned<DeValue<'d>>) -> Self {
        Self {
            path: join(&self.path, key.get_ref()),
            key: key.get_ref(),
            at: spanned.span().start,
            key_at: key.span().start,
            spanned,
        }
    }

    /// The values of a table, or nothing if this is none.
    pub(crate) fn entries(&self) -> Vec<Node<'d>> {
        let table = self.spanned.get_ref().as_table();
        table.into_iter().flatten().map(|(key, spanned)| self.entry(key, spanned)).collect()
    }

    /// The items of an array, or nothing if this is none.
    pub(crate) fn items(&self) -> Vec<Node<'d>> {
        let array = self.spanned.get_ref().as_array();
        let items = array
            .into_iter()
            .flat_map(|array| array.iter())
            .enumerate()
            .map(|(index, spanned)| Node {
                path: item(&self.path, index),
                key: "",
                at: spanned.span().start,
                key_at: spanned.span().start,
                spanned,
            });
        items.collect()
    }

    /// The value at a dotted path below this one.
    pub(crate) fn get(&self, path: &str) -> Option<Node<'d>> {
        path.split('.').try_fold(self.clone(), |node, key| {
            let (key, spanned) = node.spanned.get_ref().as_table()?.get_key_value(key)?;
            Some(node.entry(key, spanned))
        })
    }

    /// The items of the array at a dotted path below this one, or nothing if there is none.
    pub(crate) fn all(&self, path: &str) -> Vec<Node<'d>> {
        self.get(path).map(|node| node.items()).unwrap_or_default()
    }

    /// The text, if the value is one.
    pub(crate) fn text(&self) -> Option<&'d str> {
        self.spanned.get_ref().as_str()
    }

    /// The value as a `T`. Rules pass over what is none: its shape has been reported already.
    pub(crate) fn read<T: Deserialize<'d>>(&self) -> Result<T, toml::de::Error> {
        T::deserialize(ValueDeserializer::from(self.spanned.clone()))
    }
}

/// The path of a key below `path`.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let dot = if path.is_empty() { "" } else { "." };
    if bare {
        format!("{path}{dot}{key}")
    } else {
        format!("{path}{dot}{key:?}")
    }
}

/// The path of an item of the array at `path`.
pub(crate) fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// What stands there, for people: short, and texts in quotes.
pub(crate) fn seen(value: &DeValue<'_>) -> String {
    const MOST: usize = 80;
    let value = match value {
        DeValue::String(text) if text.chars().count() > MOST => format!("{:?}…", text.chars().take(MOST).collect::<String>()),
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => format!("the date {datetime}"),
        DeValue::Array(array) if array.is_empty() => "an empty array".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(table) if table.is_empty() => "an empty table".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    format!("found {value}")
}

/// `a`, `a and b`, `a, b and c`: with the word that parts the last two.
pub(crate) fn list<T: Display>(items: impl IntoIterator<Item = T>, last: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}
