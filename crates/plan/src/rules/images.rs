//! What the refresh of machine images needs.

use url::Url;

use crate::document::{Node, Problems, list};
use crate::model::compute::ImageProof;
use crate::model::span::Span;

pub(super) fn proof_looks_at_an_address(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(site) = root.get("image.proof.site") else { return };
    let Some(text) = site.text() else { return };
    let filled = Url::parse(&text.replace(ImageProof::ADDRESS, "10.0.0.1"));
    let good = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.fragment().is_none();
    if !text.contains(ImageProof::ADDRESS) || !filled.is_ok_and(good) {
        let remedy =
            "write an http or https address without query in which {address} stands for the instance's, such as \"http://{address}:8080\"";
        problems.with(&site, format!("found {text:?}"), remedy);
    }
}

pub(super) fn proof_makes_checks_of_the_site(root: &Node<'_>, problems: &mut Problems<'_>) {
    let names: Vec<&str> = root
        .all("site.checks")
        .iter()
        .filter_map(|check| check.get("name").and_then(|name| name.text()))
        .collect();
    // Where checks lack names, that is what has to be mended first.
    if names.len() < root.all("site.checks").len() || names.contains(&"") {
        return;
    }
    for named in root.all("image.proof.checks") {
        if let Some(text) = named.text()
            && !names.contains(&text)
        {
            let remedy = format!(
                "write the name of one of the site's checks: {}",
                list(names.iter().map(|name| format!("{name:?}")), "or")
            );
            problems.with(&named, format!("found {text:?}"), remedy);
        }
    }
}

/// An image that may not be pruned before it is useless would fill the Region with images.
pub(super) fn nothing_is_pruned_before_it_is_too_old(root: &Node<'_>, problems: &mut Problems<'_>) {
    let span = |path: &str| root.get(path).and_then(|node| node.read::<Span>().ok());
    if let (Some(least), Some(most), Some(node)) = (span("image.minimumAge"), span("image.maximumAge"), root.get("image.minimumAge"))
        && least.duration() > most.duration()
    {
        let seen = format!("found {:?}, which is more than maximumAge, {:?}", least.as_str(), most.as_str());
        problems.with(&node, seen, "write less than maximumAge");
    }
}

/// AWS takes multiples of 15 minutes (API_CopyImage, `SnapshotCopyCompletionDurationMinutes`).
pub(super) fn copies_are_timed_in_quarters_of_an_hour(root: &Node<'_>, problems: &mut Problems<'_>) {
    let Some(node) = root.get("image.copyWithin") else { return };
    let Ok(span) = node.read::<Span>() else { return };
    let bounded = (900_000..=172_800_000).contains(&span.duration().as_millis());
    if bounded && !span.duration().as_millis().is_multiple_of(900_000) {
        problems.with(
            &node,
            format!("found {:?}", span.as_str()),
            "write a multiple of 15m, such as \"45m\" or \"2h\"",
        );
    }
}
