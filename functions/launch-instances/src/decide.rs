//! The decisions: which instances are missing, where to try next, whether those that run serve. No AWS, no clock.

pub mod check;
pub mod fleet;
pub mod pools;
pub mod serve;
pub mod token;

use std::fmt::Display;

/// At most this many items of a list are spelled out for people.
const SPELLED: usize = 4;

/// The items parted by commas, the first few spelled out: `a, b, c, d and 3 more`.
pub fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let (spelled, rest) = all.split_at(all.len().min(SPELLED));
    match rest.len() {
        0 => spelled.join(", "),
        more => format!("{} and {more} more", spelled.join(", ")),
    }
}

/// `1 instance`, `2 instances`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_counted() {
        assert_eq!(listed([1, 2]), "1, 2");
        assert_eq!(listed(1..=7), "1, 2, 3, 4 and 3 more");
        assert_eq!(counted(1, "instance"), "1 instance");
        assert_eq!(counted(0, "instance"), "0 instances");
    }
}
