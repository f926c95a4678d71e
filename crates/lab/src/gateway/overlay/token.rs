//! Idempotency by client token.
//!
//! AWS: the same `ClientToken` with the same parameters returns the first answer, with other parameters
//! IdempotentParameterMismatch; a token counts per Region, or per Availability Zone where one is named
//! (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html). moto honours none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;

use crate::gateway::call::Call;
use crate::gateway::fault::Fault;
use crate::gateway::form::Form;

/// Operation, Region, Availability Zone if one is named, and token.
type Token = [String; 4];

/// Waiting for it serialises the requests with one token, so that two at once are done once.
type Slot = Arc<tokio::sync::Mutex<Option<Earlier>>>;

/// The requests that were made with a client token.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<Token, Slot>>);

/// A request that succeeded.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    parameters: Vec<(String, String)>,
    answer: Bytes,
}

impl Tokens {
    /// What was done by this call's token; nothing when it carries none.
    pub(super) fn slot(&self, call: &Call) -> Option<Slot> {
        let token = call.form.get("ClientToken")?;
        let zone = call.form.get("Placement.AvailabilityZone").unwrap_or_default();
        let key = [&call.operation, &call.scope.region, zone, token].map(str::to_owned);
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(slots.entry(key).or_default()))
    }
}

impl Earlier {
    pub(super) fn new(call: &Call, answer: Bytes) -> Self {
        Self {
            parameters: parameters(&call.form),
            answer,
        }
    }

    /// The first answer, for a request that is the same.
    pub(super) fn again(&self, call: &Call) -> Result<Bytes, Fault> {
        if self.parameters == parameters(&call.form) {
            return Ok(self.answer.clone());
        }
        Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        ))
    }
}

/// A successful answer of EC2.
pub(super) fn success(body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    answer
}

/// An answer of a service that speaks JSON.
pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    answer
}

/// The parameters that must be the same, in an order of their own.
fn parameters(form: &Form) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = form
        .pairs()
        .filter(|(name, _)| *name != "DryRun")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    pairs.sort();
    pairs
}
