//! The switch by which people hold all recoveries back.

use std::fmt;

use action::aws::Failure;

/// The parameter of the recovery Region that is the switch, one for all workloads of the engine. No template makes it: people
/// set it, and a template would set it back.
pub const PARAMETER: &str = "/relight/inhibit";

/// How much of the text is read: what people read, and a request can repeat.
const MOST: usize = 200;

/// Why recoveries are inhibited: the parameter's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibit(String);

impl Inhibit {
    /// What a parameter's value means: empty and `off` inhibit nothing, any other text does and is the reason.
    pub fn read(value: &str) -> Option<Self> {
        let why = value.trim();
        let off = why.is_empty() || why.eq_ignore_ascii_case("off");
        (!off).then(|| Self(why.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()))
    }

    /// Whether `consent` repeats the reason, and so was given by who has read it.
    pub fn is_repeated_by(&self, consent: &str) -> bool {
        consent.trim() == self.0.trim()
    }
}

impl fmt::Display for Inhibit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Why recoveries are inhibited; none if they aren't. A parameter that doesn't exist inhibits nothing.
///
/// # Errors
/// When SSM doesn't tell. That is no "off": whoever may not look must not go. It costs no recovery that could succeed, since
/// the recovery itself reads its image and publishes its endpoints by the same service of the same Region.
pub async fn inhibit(ssm: &aws_sdk_ssm::Client) -> Result<Option<Inhibit>, Failure> {
    match ssm.get_parameter().name(PARAMETER).send().await.map_err(Failure::from) {
        Ok(answer) => Ok(answer.parameter().and_then(|parameter| parameter.value()).and_then(Inhibit::read)),
        Err(failure) if failure.is(&["ParameterNotFound"]) => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_off_inhibit_nothing_and_any_other_text_does() {
        for off in ["", " ", "off", "OFF", " Off\n"] {
            assert_eq!(Inhibit::read(off), None, "{off:?}");
        }
        for on in ["on", "0", "false", "no", "off until noon", "Ada moves the network until 14:00"] {
            assert!(Inhibit::read(on).is_some(), "{on:?}");
        }
    }

    #[test]
    fn the_reason_is_one_line_of_bounded_length_that_a_request_can_repeat() {
        let why = Inhibit::read(&format!("  Ada:\n{}", "x".repeat(4_096))).unwrap();
        let shown = why.to_string();
        assert!(shown.starts_with("\"Ada: xxx") && shown.len() == MOST + 2, "{shown}");
        assert!(why.is_repeated_by(shown.trim_matches('"')));
        assert!(!why.is_repeated_by("Ada:") && !why.is_repeated_by("true") && !why.is_repeated_by(""));
    }
}
