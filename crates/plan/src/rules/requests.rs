//! What a check may ask, and what it may expect.

use std::collections::BTreeMap;

use crate::document::{Node, Problems, list};
use crate::model::site::{Check, Method};
use crate::template::{is_name, placeholders};

const GIVEN: [&str; 2] = ["nonce", "region"];

/// Joined to the site's address, "//host" and "/\host" would lead to another host.
pub(super) fn paths_stay_on_the_site(root: &Node<'_>, problems: &mut Problems<'_>) {
    for path in root.all("site.checks").into_iter().filter_map(|check| check.get("path")) {
        let Some(text) = path.text() else { continue };
        let stays = text.starts_with('/') && !text.starts_with("//");
        if !stays || text.contains(|c: char| c == '\\' || c == '#' || c.is_whitespace() || c.is_control()) {
            let remedy = "write a path from \"/\" without space, backslash and fragment, such as \"/health\"";
            problems.with(&path, format!("found {text:?}"), remedy);
        }
    }
}

/// RFC 9110, 5.1 and 5.5: names are tokens, values hold no control characters.
pub(super) fn headers_are_headers(root: &Node<'_>, problems: &mut Problems<'_>) {
    let token = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    for check in root.all("site.checks") {
        for header in ["headers", "expect.headers"]
            .iter()
            .filter_map(|path| check.get(path))
            .flat_map(|headers| headers.entries())
        {
            if !token(header.key) {
                let remedy = "write a header's name: letters, digits and hyphens";
                problems.add(&header.path, header.key_at, format!("found {:?}", header.key), remedy);
            }
            if let Some(value) = header.text()
                && value.chars().any(char::is_control)
            {
                problems.with(
                    &header,
                    format!("found {value:?}"),
                    "write a value in one line, without control characters",
                );
            }
        }
    }
}

pub(super) fn methods_have_the_bodies_they_can(root: &Node<'_>, problems: &mut Problems<'_>) {
    for check in root.all("site.checks") {
        let method = match check.get("method").map(|method| method.read()) {
            None => Method::default(),
            Some(Ok(method)) => method,
            Some(Err(_)) => continue,
        };
        let refused: (&str, &[&str]) = match method {
            Method::Get => ("GET sends no body", &["body"]),
            Method::Head => (
                "HEAD sends no body and gets none",
                &["body", "capture", "expect.text", "expect.json"],
            ),
            _ => continue,
        };
        for found in refused.1.iter().filter_map(|path| check.get(path)) {
            let remedy = "leave it out, or write another method";
            problems.add(&found.path, found.key_at, format!("found, but {}", refused.0), remedy);
        }
    }
}

/// RFC 6901: a pointer is empty or begins with "/", and "~" is followed by 0 or 1.
pub(super) fn pointers_are_pointers(root: &Node<'_>, problems: &mut Problems<'_>) {
    let pointer =
        |text: &str| (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let remedy = "write a JSON pointer, such as \"/id\" or \"/items/0/id\"";
    for check in root.all("site.checks") {
        for expected in check.get("expect.json").iter().flat_map(Node::entries) {
            if !pointer(expected.key) {
                problems.add(&expected.path, expected.key_at, format!("found {:?}", expected.key), remedy);
            }
        }
        for captured in check.get("capture").iter().flat_map(Node::entries) {
            if let Some(text) = captured.text()
                && !pointer(text)
            {
                problems.with(&captured, format!("found {text:?}"), remedy);
            }
        }
    }
}

pub(super) fn captures_have_names_of_their_own(root: &Node<'_>, problems: &mut Problems<'_>) {
    let mut taken: Vec<&str> = GIVEN.to_vec();
    for capture in root
        .all("site.checks")
        .iter()
        .filter_map(|check| check.get("capture"))
        .flat_map(|capture| capture.entries())
    {
        let report = |problems: &mut Problems<'_>, seen: String, remedy: &str| problems.add(&capture.path, capture.key_at, seen, remedy);
        if !is_name(capture.key) {
            report(
                problems,
                format!("found {:?}", capture.key),
                "write a name of letters and digits, such as \"orderId\"",
            );
        } else if taken.contains(&capture.key) {
            report(
                problems,
                format!("found {:?}, which is taken", capture.key),
                "write a name that nothing else has",
            );
        }
        taken.push(capture.key);
    }
}

/// A placeholder is known if it is always given, or captured by an earlier check that is made whenever this one is.
pub(super) fn placeholders_are_known_when_they_are_used(root: &Node<'_>, problems: &mut Problems<'_>) {
    let mut captured: BTreeMap<&str, Option<Check>> = BTreeMap::new();
    for node in root.all("site.checks") {
        let check: Option<Check> = node.read().ok();
        for (template, name) in templates(&node)
            .iter()
            .flat_map(|node| placeholders(node.text().unwrap_or_default()).map(move |name| (node, name)))
        {
            if GIVEN.contains(&name) {
                continue;
            }
            match captured.get(name) {
                None => {
                    let known = GIVEN.iter().chain(captured.keys()).map(|name| format!("{{{name}}}"));
                    let remedy = format!("known here: {}", list(known, "and"));
                    problems.with(template, format!("unknown placeholder {{{name}}}"), remedy);
                }
                Some(source) => {
                    if let (Some(source), Some(check)) = (source, &check)
                        && (check.probes() && !source.probes() || check.proves() && !source.proves())
                    {
                        let seen = format!(
                            "found {{{name}}}, but check {:?}, which captures it, isn't always made before",
                            source.name
                        );
                        problems.with(template, seen, "write the same `use` for both checks");
                    }
                }
            }
        }
        for capture in node.get("capture").iter().flat_map(Node::entries) {
            captured.insert(capture.key, check.clone());
        }
    }
}

/// The values of a check in which placeholders are filled in.
fn templates<'d>(check: &Node<'d>) -> Vec<Node<'d>> {
    let texts = ["path", "body", "expect.text"].iter().filter_map(|path| check.get(path));
    let tables = ["headers", "expect.headers", "expect.json"]
        .iter()
        .filter_map(|path| check.get(path));
    texts.chain(tables.flat_map(|table| table.entries())).collect()
}
