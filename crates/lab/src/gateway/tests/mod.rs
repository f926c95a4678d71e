//! The gateway as its callers meet it: over HTTP, mostly through the SDK, which is generated from the service models and so
//! checks every element name that an overlay writes.

mod access;
mod aurora;
mod images;
mod instances;
mod routing;
mod standby;
mod traffic;
mod weather;
