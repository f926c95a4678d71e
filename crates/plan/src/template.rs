//! Placeholders: `{name}` in a text, filled in when a check is made or an endpoint is published.
//!
//! A name is a letter and then letters and digits; every other brace stands for itself, so that JSON can be written as
//! it is. There is no escape: a text that must contain `{word}` literally can't be a template.

/// The names of the placeholders in `text`, in order, repeated as often as they stand there.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Literal(_) => None,
    })
}

/// `text` with each placeholder replaced by what `value` gives for its name.
///
/// # Errors
/// With the name that `value` knows nothing of.
pub fn fill<'t>(text: &'t str, value: impl Fn(&str) -> Option<String>) -> Result<String, Unknown<'t>> {
    pieces(text)
        .map(|piece| match piece {
            Piece::Literal(literal) => Ok(literal.to_owned()),
            Piece::Placeholder(name) => value(name).ok_or(Unknown(name)),
        })
        .collect()
}

/// Whether `text` can be the name of a placeholder.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A placeholder for which there is no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no value for {{{0}}}")]
pub struct Unknown<'t>(pub &'t str);

enum Piece<'t> {
    Literal(&'t str),
    Placeholder(&'t str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'))
            && is_name(name)
        {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest
            .get(first..)
            .and_then(|tail| tail.find('{'))
            .map_or(rest.len(), |at| first + at);
        let (literal, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Literal(literal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, Unknown<'_>> {
        fill(text, |name| (name == "nonce").then(|| "n1".to_owned()))
    }

    #[test]
    fn a_text_without_placeholders_stays_as_it_is() {
        for text in ["", "plain", "{", "}", "{}", "{ nonce }", "{\"a\":{}}", "{{}}", "a{b", "é{1}ü"] {
            assert_eq!(filled(text).as_deref(), Ok(text));
            assert_eq!(placeholders(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn every_placeholder_is_filled_in_also_within_json() {
        for (text, expected) in [
            ("{nonce}", "n1"),
            ("/orders/{nonce}?again={nonce}", "/orders/n1?again=n1"),
            (r#"{"id":"{nonce}","item":{"of":{nonce}}}"#, r#"{"id":"n1","item":{"of":n1}}"#),
            ("{{nonce}}", "{n1}"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_placeholder_without_a_value_is_named() {
        assert_eq!(filled("{nonce}{orderId}"), Err(Unknown("orderId")));
    }
}
