//! The site and the checks that prove it.

use std::collections::BTreeMap;
use std::fmt;

use action::ids::DistributionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::span::Span;
use crate::template::placeholders;

/// The site of the workload, and what proves that it works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Site {
    /// The site's address in the primary Region: `http` or `https`, without query. Check paths are joined to it.
    #[schemars(with = "Address")]
    pub primary: Url,
    /// The site's address in the recovery Region, reachable without moving users.
    #[schemars(with = "Address")]
    pub recovery: Url,
    /// The name that users use, which leads to one of the two. A recovery looks at it when it has moved them.
    #[schemars(with = "Option<Address>")]
    pub public: Option<Url>,
    /// The CloudFront distribution whose origin group moves reads by itself. Readiness looks at it; a recovery never does.
    pub distribution: Option<DistributionId>,
    /// Other hosts that a redirect may lead to.
    #[serde(default)]
    pub redirect_hosts: Vec<String>,
    /// What is asked, in this order.
    #[schemars(length(min = 1))]
    pub checks: Vec<Check>,
}

/// The site's distribution, and where its origin group is to lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SiteDistribution {
    /// Its id.
    pub id: DistributionId,
    /// The site's address in the primary Region.
    #[schemars(with = "Address")]
    pub primary: Url,
    /// The site's address in the recovery Region.
    #[schemars(with = "Address")]
    pub recovery: Url,
    /// The name that users use; null where the plan has none.
    #[schemars(with = "Option<Address>")]
    pub public: Option<Url>,
}

impl Site {
    /// The distribution that moves reads by itself; none where the plan names none.
    pub fn moved_by(&self) -> Option<SiteDistribution> {
        Some(SiteDistribution {
            id: self.distribution.clone()?,
            primary: self.primary.clone(),
            recovery: self.recovery.clone(),
            public: self.public.clone(),
        })
    }
}

/// One request to the site, and what its reply must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    /// The name that reports and alarms show. No two checks have the same.
    #[schemars(length(min = 1))]
    pub name: String,
    /// When the check is made. Without it: `always` for a `GET` or `HEAD` that doesn't depend on an earlier check, else `proof`.
    #[serde(rename = "use")]
    pub usage: Option<Use>,
    /// The HTTP method.
    #[serde(default)]
    pub method: Method,
    /// The path and query, from `/`. May hold `{nonce}`, `{region}` and what earlier checks captured.
    pub path: String,
    /// Request headers. Values may hold the same placeholders.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The request's body. May hold the same placeholders.
    pub body: Option<String>,
    /// Names, each with the JSON pointer of the value in the reply that later checks may use as `{name}`.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
    /// What the reply must be.
    #[serde(default)]
    pub expect: Expect,
}

/// What a reply must be. All that is given must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Expect {
    /// The HTTP status.
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// A text that the body contains. May hold placeholders.
    pub text: Option<String>,
    /// JSON pointers, each with the value that stands there in the body. Texts may hold placeholders.
    pub json: BTreeMap<String, Scalar>,
    /// Headers of the reply, each with its value. Values may hold placeholders.
    pub headers: BTreeMap<String, String>,
    /// The longest that the reply may take.
    #[schemars(extend("x-least" = "1ms", "x-most" = "30s"))]
    pub latency: Option<Span>,
    /// The least number of days for which the site's TLS certificate must still be valid.
    #[schemars(range(min = 0, max = 398))]
    pub certificate_days: Option<u16>,
}

/// When a check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// By the probe of the primary, and in every proof.
    Always,
    /// Only to prove a site: it may write.
    Proof,
    /// Only by the probe of the primary.
    Probe,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Read.
    #[default]
    Get,
    /// Read the headers only.
    Head,
    /// Create or act.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
    /// Ask what is allowed.
    Options,
}

/// A value in a JSON document that can be compared: a text, an integer or a boolean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
#[schemars(with = "serde_json::Value", extend("type" = ["string", "integer", "boolean"]))]
pub enum Scalar {
    /// A text, in which placeholders are filled in.
    Text(String),
    /// An integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

/// How often the primary is looked at, and how many looks must have failed before it counts as down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Probe {
    /// The time from one look to the next: whole seconds that divide a minute.
    #[schemars(extend("x-least" = "10s", "x-most" = "60s"))]
    pub period: Span,
    /// How many of the last `looks` must have failed before an alarm's run may move the workload.
    #[schemars(range(min = 1, max = 720))]
    pub failures: u16,
    /// How many looks are judged: the window is this many periods, two hours at most.
    #[schemars(range(min = 1, max = 720))]
    pub looks: u16,
}

impl Check {
    /// When the check is made, with the default filled in.
    ///
    /// By default the probe makes no check that may write, and none that asks for what such a check has written: it
    /// would fail for ever, and its alarm would start a recovery.
    pub fn usage(&self) -> Use {
        let reads = matches!(self.method, Method::Get | Method::Head);
        let asked = self.headers.values().chain([&self.path]);
        let depends = asked.flat_map(|text| placeholders(text)).any(|name| name != "region");
        self.usage.unwrap_or(if reads && !depends { Use::Always } else { Use::Proof })
    }

    /// Whether a proof of the site makes this check.
    pub fn proves(&self) -> bool {
        matches!(self.usage(), Use::Always | Use::Proof)
    }

    /// Whether the probe of the primary makes this check.
    pub fn probes(&self) -> bool {
        matches!(self.usage(), Use::Always | Use::Probe)
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            status: 200,
            text: None,
            json: BTreeMap::new(),
            headers: BTreeMap::new(),
            latency: None,
            certificate_days: None,
        }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            period: Span::fixed("10s", 10),
            failures: 12,
            looks: 15,
        }
    }
}

impl Method {
    /// The method as it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A JSON value that no check can be compared with.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a text, an integer or a boolean")]
pub struct NoScalar(serde_json::Value);

impl TryFrom<serde_json::Value> for Scalar {
    type Error = NoScalar;

    fn try_from(value: serde_json::Value) -> Result<Self, NoScalar> {
        match value {
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            serde_json::Value::Bool(boolean) => Ok(Self::Boolean(boolean)),
            other => other.as_i64().map(Self::Integer).ok_or(NoScalar(other)),
        }
    }
}

impl From<Scalar> for serde_json::Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text.into(),
            Scalar::Integer(integer) => integer.into(),
            Scalar::Boolean(boolean) => boolean.into(),
        }
    }
}

/// The address of a site, such as "https://shop.us-west-2.example.com".
#[derive(JsonSchema)]
#[schemars(transparent, extend("format" = "uri"))]
pub(crate) struct Address(#[expect(dead_code, reason = "stands for Url in the schema only")] String);
