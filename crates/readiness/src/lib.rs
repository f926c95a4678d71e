//! What would stop a failover, as questions, and how each is answered.
//!
//! Shared by those who ask and by the one who judges, so that no question is asked by two and none by nobody: the table
//! [`Question::ALL`] is what the documentation shows, what the judge holds the answers against, and what the lab makes fail
//! one by one.

mod answer;
mod question;

pub use answer::{Answer, Heard, Verdict, unasked, words};
pub use question::{Asker, BeforeMove, Question};
