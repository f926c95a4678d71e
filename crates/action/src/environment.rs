//! The one place that reads environment variables; functions get what they need as values.

/// A setting that the function's template must give.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name} is not set; infra/engine.yaml sets it")]
pub struct Missing {
    name: &'static str,
}

/// The value of `name`.
///
/// # Errors
/// When it is unset, empty or not UTF-8.
pub fn required(name: &'static str) -> Result<String, Missing> {
    optional(name).ok_or(Missing { name })
}

/// The value of `name`, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
