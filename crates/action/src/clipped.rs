//! A text that has to fit.

/// `text` in at most `most` bytes, and a sign where there was more.
pub fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().find(|(at, letter)| at + letter.len_utf8() > most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_the_rest_is_cut_between_letters() {
        for (text, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc…"),
            ("ab cd", 3, "ab…"),
            ("aé", 2, "a…"),
            ("", 0, ""),
        ] {
            assert_eq!(clipped(text, most), expected, "{text:?} in {most}");
        }
    }
}
