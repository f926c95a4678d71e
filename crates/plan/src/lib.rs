//! The plan of a workload: what it is, where it lives and goes, how it is moved and proven, and who must agree.
//!
//! One TOML document per workload; docs/plan.md describes every key. [`Plan::parse`] is the only way from text to a
//! plan whose rules hold; the types also travel in requests and replies, each well formed by itself.

mod document;
mod expected;
mod model;
mod problem;
mod rules;
mod shape;
pub mod template;
mod texts;

use std::sync::LazyLock;

use serde_json::Value;

pub use model::compute::{Compute, Consistency, Group, Image, ImageProof, ImageSource, Launch};
pub use model::guards::{DataLoss, Fence, GuardMode, Guards, Notifications};
pub use model::hooks::{Hook, Point};
pub use model::moves::{Endpoint, RoutingEndpoint, Traffic, TrafficMetric, When};
pub use model::site::{Check, Expect, Method, NoScalar, Probe, Scalar, Site, SiteDistribution, Use};
pub use model::span::{NoSpan, Span};
pub use model::workload::{Database, Objectives, Plan, Promotion, Regions, Strategy, Table};
pub use problem::{Invalid, Problem};

use document::{Node, Problems};

impl Plan {
    /// Reads a plan and checks it as a whole.
    ///
    /// # Errors
    /// With everything that is wrong, not only the first; with the one error of syntax if it is no TOML.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut document = document::parse(text).map_err(Invalid::new)?;
        let mut problems = Problems::of(text);
        shape::check(&mut document, &SCHEMA, &mut problems);
        let root = Node::root(&document);
        rules::check(&root, &mut problems);
        if problems.list.is_empty() {
            match root.read() {
                Ok(plan) => return Ok(plan),
                Err(error) => problems.add("", error.span().map_or(0, |span| span.start), error.message(), "mend it"),
            }
        }
        Err(Invalid::new(problems.list))
    }
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema);

/// The JSON Schema of a plan, as committed in `schemas/plan.schema.json`.
pub fn schema() -> Value {
    schemars::schema_for!(Plan).to_value()
}
