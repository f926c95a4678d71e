//! The reply, in words for people, and below 4 KiB whatever there is to say.

use action::Outcome;

use crate::decide::Verdict;
use crate::io::Reply;

/// What became of the images that were to go.
#[derive(Default)]
pub(crate) struct Done<'a> {
    /// Those that are gone, or would be.
    pub(crate) gone: Vec<&'a Verdict>,
    /// Those that EC2 keeps, each with why.
    pub(crate) kept: Vec<(&'a Verdict, String)>,
    /// Snapshots that stayed when their image went, each with EC2's word for why.
    pub(crate) snapshots: Vec<(&'a Verdict, String, String)>,
}

/// How many images, snapshots or refusals of a kind a sentence spells out.
const SPELLED: usize = 6;
/// How long one reason may be, and how long all may be together, as written in JSON.
const REASON: usize = 240;
const REASONS: usize = 1_600;
/// How long the sentence may be.
const BECAUSE: usize = 1_200;

/// The reply about what was done, and about `left` images that the next call goes on with.
pub(crate) fn reply(outcome: Outcome, verdicts: &[Verdict], done: &Done<'_>, left: usize) -> Reply {
    let spared = verdicts.iter().filter(|one| !one.goes()).count() + done.kept.len();
    Reply {
        outcome,
        retry_after_seconds: (outcome == Outcome::Waiting).then_some(1),
        because: cut(&because(outcome, done, left, spared), BECAUSE),
        removed: done.gone.iter().take(Reply::MOST).map(|one| one.image.clone()).collect(),
        spared: u32::try_from(spared).unwrap_or(u32::MAX),
        reasons: reasons(verdicts, done),
        calls: vec![],
    }
}

fn because(outcome: Outcome, done: &Done<'_>, left: usize, spared: usize) -> String {
    let planned = outcome == Outcome::Planned;
    let mut parts = Vec::new();
    for region in regions(&done.gone) {
        let there = done.gone.iter().filter(|one| one.region.as_str() == region);
        let images = listed(there.map(|one| one.image.to_string()).collect());
        parts.push(if planned {
            format!("would call ec2:DeregisterImage in {region} on {images}, with DeleteAssociatedSnapshots")
        } else {
            format!("deregistered {images} in {region}, snapshots included")
        });
    }
    if parts.is_empty() {
        parts.push(if planned { "would remove nothing" } else { "removed nothing" }.to_owned());
    }
    if left > 0 {
        parts.push(format!("{left} more {}", if left == 1 { "is to go" } else { "are to go" }));
    }
    parts.push(match spared {
        0 => "no image stays".to_owned(),
        1 => "1 image stays".to_owned(),
        many => format!("{many} images stay"),
    });
    let kept = done
        .kept
        .iter()
        .map(|(one, why)| format!("{} in {} ({})", one.image, one.region, cut(why, 120)));
    if !done.kept.is_empty() {
        parts.push(format!("EC2 keeps {}", listed(kept.collect())));
    }
    let snapshots = done
        .snapshots
        .iter()
        .map(|(one, snapshot, why)| format!("{snapshot} of {} in {} ({why})", one.image, one.region));
    if !done.snapshots.is_empty() {
        parts.push(format!("not deleted: {}", listed(snapshots.collect())));
    }
    parts.join("; ")
}

fn regions<'a>(verdicts: &[&'a Verdict]) -> Vec<&'a str> {
    let mut regions: Vec<&str> = verdicts.iter().map(|one| one.region.as_str()).collect();
    regions.dedup();
    regions
}

/// One line for each image, those that go first, as many as fit; the rest is counted.
fn reasons(verdicts: &[Verdict], done: &Done<'_>) -> Vec<String> {
    let kept = |verdict: &Verdict| done.kept.iter().find(|(one, _)| std::ptr::eq(*one, verdict));
    let (going, staying): (Vec<_>, Vec<_>) = verdicts.iter().partition(|one| one.goes());
    let lines = going.into_iter().chain(staying).map(|verdict| match kept(verdict) {
        Some((_, why)) => format!("{} in {}: stays, kept by EC2: {why}", verdict.image, verdict.region),
        None => verdict.to_string(),
    });
    let (mut fit, mut width) = (Vec::new(), 0);
    for line in lines {
        let line = cut(&line, REASON);
        // With quotes and a comma.
        width += written(&line) + 3;
        if width > REASONS {
            fit.push(format!("and {} more", verdicts.len() - fit.len()));
            break;
        }
        fit.push(line);
    }
    fit
}

/// How many bytes a text takes in JSON at most, without its quotes.
fn written(text: &str) -> usize {
    let width = |letter: char| {
        if letter.is_ascii_graphic() && !matches!(letter, '"' | '\\') || letter == ' ' {
            1
        } else {
            6
        }
    };
    text.chars().map(width).sum()
}

/// The text, cut to that many bytes of JSON.
fn cut(text: &str, most: usize) -> String {
    if written(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = written("…");
    for letter in text.chars() {
        width += written(letter.encode_utf8(&mut [0; 4]));
        if width > most {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

fn listed(texts: Vec<String>) -> String {
    let more = texts.len().saturating_sub(SPELLED);
    let spelled = texts.into_iter().take(SPELLED).collect::<Vec<_>>().join(", ");
    if more == 0 { spelled } else { format!("{spelled} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_what_it_takes_in_json() {
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plainer text", 10), "plai…");
        let wide = cut(&"\"é\n".repeat(100), 60);
        let json = serde_json::to_string(&wide).unwrap();
        assert!(json.len() <= 62 && wide.ends_with('…'), "{json}");
    }
}
