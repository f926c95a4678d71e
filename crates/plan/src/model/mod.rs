//! The types of a plan, one file per part of the document. Their doc comments are the descriptions in the schema.

pub(crate) mod compute;
pub(crate) mod guards;
pub(crate) mod hooks;
pub(crate) mod moves;
pub(crate) mod site;
pub(crate) mod span;
pub(crate) mod workload;
