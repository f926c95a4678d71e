//! Small steps on AWS's XML answers: find, read, replace.

use hyper::body::Bytes;
use xmltree::{Element, EmitterConfig, XMLNode};

/// Reads an answer; nothing when it is no XML.
pub(crate) fn parse(body: &[u8]) -> Option<Element> {
    Element::parse(body).ok()
}

/// Writes an answer again.
pub(crate) fn write(root: &Element) -> Option<Bytes> {
    let mut written = Vec::new();
    root.write_with_config(&mut written, EmitterConfig::new().perform_indent(false))
        .ok()?;
    Some(written.into())
}

/// The text of the element that `path` leads to.
pub(crate) fn text(element: &Element, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(element, |element, name| element.get_child(*name))?;
    Some(found.get_text().map(|text| text.trim().to_owned()).unwrap_or_default())
}

/// Whether the text at `path` is exactly `expected`.
pub(crate) fn says(element: &Element, path: &[&str], expected: &str) -> bool {
    text(element, path).is_some_and(|text| text == expected)
}

/// Replaces the text at `path`, making the elements on the way that are missing.
pub(crate) fn set(element: &mut Element, path: &[&str], text: &str) {
    let Some((name, rest)) = path.split_first() else {
        element.children = vec![XMLNode::Text(text.to_owned())];
        return;
    };
    if element.get_child(*name).is_none() {
        element.children.push(XMLNode::Element(Element::new(name)));
    }
    if let Some(child) = element.get_mut_child(*name) {
        set(child, rest, text);
    }
}

/// The element that `path` leads to.
pub(crate) fn descend<'a>(element: &'a Element, path: &[&str]) -> Option<&'a Element> {
    path.iter().try_fold(element, |element, name| element.get_child(*name))
}

/// The element that `path` leads to, to change it.
pub(crate) fn descend_mut<'a>(element: &'a mut Element, path: &[&str]) -> Option<&'a mut Element> {
    path.iter().try_fold(element, |element, name| element.get_mut_child(*name))
}

/// The child elements.
pub(crate) fn elements(element: &Element) -> impl Iterator<Item = &Element> {
    element.children.iter().filter_map(XMLNode::as_element)
}

/// The child elements, to change them.
pub(crate) fn elements_mut(element: &mut Element) -> impl Iterator<Item = &mut Element> {
    element.children.iter_mut().filter_map(XMLNode::as_mut_element)
}

/// Keeps only the child elements that `keep` says yes to.
pub(crate) fn retain(element: &mut Element, mut keep: impl FnMut(&mut Element) -> bool) {
    element.children.retain_mut(|node| match node {
        XMLNode::Element(child) => keep(child),
        _ => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_namespace_and_its_other_elements() {
        let mut root = parse(br#"<?xml version="1.0"?><R xmlns="http://x/doc/"><A><S>old</S><T>1 &amp; 2</T></A></R>"#).unwrap();
        set(&mut root, &["A", "S"], "new");
        set(&mut root, &["A", "N", "M"], "made");
        let written = String::from_utf8(write(&root).unwrap().to_vec()).unwrap();
        assert!(
            written.ends_with(r#"<R xmlns="http://x/doc/"><A><S>new</S><T>1 &amp; 2</T><N><M>made</M></N></A></R>"#),
            "{written}"
        );
    }
}
