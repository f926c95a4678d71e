//! What is wrong with a plan: every problem, each with its place.

use std::fmt;

/// One thing that is wrong, where it is, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key, such as `site.checks[0].path`; empty for the document as a whole.
    pub path: String,
    /// What stands there.
    pub seen: String,
    /// What would be right, as an imperative.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            path,
            seen,
            remedy,
        } = self;
        write!(f, "{line}:{column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{seen}; {remedy}")
    }
}

/// Why a text is no plan: all of its problems, in the order of the text. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    problems: Vec<Problem>,
}

impl Invalid {
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort();
        // Two ways to find the same thing may word its remedy differently.
        problems.dedup_by(|later, earlier| {
            (later.line, later.column, &later.path, &later.seen) == (earlier.line, earlier.column, &earlier.path, &earlier.seen)
        });
        Self { problems }
    }

    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// One line per problem, each beginning with `file`: `plan.toml:12:9: objectives.rto: found …; write …`.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        let lines: Vec<String> = self.problems.iter().map(|problem| format!("{file}:{problem}")).collect();
        lines.join("\n")
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_file("plan.toml"))
    }
}

impl std::error::Error for Invalid {}
