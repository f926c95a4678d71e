//! The report as JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::artifact::Sizes;
use crate::figures::Spread;
use crate::limits::Limits;
use crate::machine::{Machine, Versions};
use crate::variant::Kind;

/// What was measured, on what, and what it came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// When the measuring ended.
    pub measured_at: Timestamp,
    /// The machine.
    pub machine: Machine,
    /// What ran.
    pub versions: Versions,
    /// How often each program was started, one after the other in turns.
    pub runs: usize,
    /// How often a started program was called after its first answer.
    pub warm_calls: usize,
    /// What the functions may cost at most. Medians are held against them.
    pub limits: Limits,
    /// The bundles by name.
    pub bundles: BTreeMap<String, Sizes>,
    /// The smallest possible bootstrap, packed alike.
    pub smallest: Sizes,
    /// Each program.
    pub figures: Vec<Figures>,
}

/// What one program came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Its name.
    pub name: String,
    /// What kind of program it is.
    pub kind: Kind,
    /// The AWS calls until its first answer, in their order.
    pub calls: Vec<String>,
    /// From the start of the process to its first request for work.
    pub ready_millis: Spread,
    /// From the start of the process to its first answer.
    pub first_answer_millis: Spread,
    /// From handing out work to the answer, in a process that has answered before.
    pub warm_answer_micros: Spread,
    /// The most memory resident.
    pub resident_bytes: Spread,
    /// Instructions of a cold start; null where none were counted.
    pub instructions: Option<u64>,
}

impl Report {
    /// The figures above their limit, each as a sentence. Times and memory are held by their medians.
    pub fn above(&self) -> Vec<String> {
        let mut above = Vec::new();
        let limits = &self.limits;
        for (name, sizes) in self.bundles.iter().filter(|(_, sizes)| sizes.zip_bytes > limits.zip_bytes) {
            above.push(format!("{name}.zip has {} bytes", sizes.zip_bytes));
        }
        for figures in self.figures.iter().filter(|figures| figures.kind == Kind::Action) {
            let name = &figures.name;
            if figures.ready_millis.median > limits.ready_millis {
                above.push(format!("{name} is ready after {:.1} ms", figures.ready_millis.median));
            }
            if figures.first_answer_millis.median > limits.first_answer_millis {
                above.push(format!("{name} answers after {:.1} ms", figures.first_answer_millis.median));
            }
            if figures.resident_bytes.median > bytes(limits.resident_bytes) {
                above.push(format!("{name} has {:.1} MB resident", figures.resident_bytes.median / 1e6));
            }
            if let Some(instructions) = figures.instructions.filter(|&count| count > limits.instructions) {
                above.push(format!("{name} starts with {instructions} instructions"));
            }
        }
        above
    }
}

/// A number of bytes among measurements: exact up to 2^53.
#[expect(clippy::as_conversions, reason = "the standard library has no other way from u64 to f64")]
pub fn bytes(count: u64) -> f64 {
    count as f64
}
