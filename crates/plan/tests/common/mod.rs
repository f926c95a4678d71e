//! A good plan, changed in one place, and what is then said about it.
#![allow(dead_code, reason = "each test crate uses its part")]

use plan::Plan;

/// A plan with every key of a pilot light.
pub(crate) const COMPLETE: &str = include_str!("../plans/complete.toml");

/// The messages, without their place, for the complete plan with the changes made.
pub(crate) fn messages(changes: &[(&str, &str)]) -> Vec<String> {
    let text = changes.iter().fold(COMPLETE.to_owned(), |text, (before, after)| {
        assert!(text.contains(before), "{before:?} is not in the plan");
        text.replacen(before, after, 1)
    });
    let problems = Plan::parse(&text)
        .err()
        .map(|invalid| invalid.problems().to_vec())
        .unwrap_or_default();
    problems.iter().map(|p| format!("{}: {}; {}", p.path, p.seen, p.remedy)).collect()
}

/// Each row: what is changed in the plan, into what, and the beginning of the only message.
pub(crate) fn each_gives_one_message(rows: &[(&str, &str, &str)]) {
    for (before, after, expected) in rows {
        let messages = messages(&[(before, after)]);
        assert!(
            matches!(messages.as_slice(), [only] if only.starts_with(expected)),
            "{before:?} to {after:?}\nexpected {expected:?}\n     got {messages:#?}"
        );
    }
}

/// Each row: what is changed in the plan, and into what, without any message.
pub(crate) fn each_is_good(rows: &[(&str, &str)]) {
    for (before, after) in rows {
        assert_eq!(messages(&[(before, after)]), Vec::<String>::new(), "{before:?} to {after:?}");
    }
}
