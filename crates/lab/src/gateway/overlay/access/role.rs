//! A function's role and its policies, as MiniStack has them.

use anyhow::{Context, bail};
use http::StatusCode;
use hyper::body::Bytes;
use serde_json::Value;
use url::form_urlencoded;
use xmltree::Element;

use super::policy::Statement;
use crate::gateway::upstream::{Emulator, Upstreams};
use crate::gateway::xml;

/// The version of IAM's query API.
const IAM: (&str, &str) = ("Version", "2010-05-08");

/// A role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) statements: Vec<Statement>,
}

impl Role {
    /// The role that `function` runs as, with all its inline and attached policies.
    pub(super) async fn of_function(upstreams: &Upstreams, region: &str, function: &str) -> anyhow::Result<Self> {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let (status, body) = upstreams.get(Emulator::MiniStack, "lambda", region, &path).await?;
        if status != StatusCode::OK {
            bail!("no function {function} in {region}: {}", String::from_utf8_lossy(&body));
        }
        let configuration: Value = serde_json::from_slice(&body).context("read the function's configuration")?;
        let arn = configuration
            .get("Role")
            .and_then(Value::as_str)
            .with_context(|| format!("{function} has no role"))?
            .to_owned();
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let asked = Iam { upstreams, region };
        let mut statements = Vec::new();
        for policy in asked.list("ListRolePolicies", &name, "PolicyNames").await? {
            let named = text_of(&policy);
            let answer = asked.ask("GetRolePolicy", &[("RoleName", &name), ("PolicyName", &named)]).await?;
            statements.extend(document(&answer, &["PolicyDocument"])?);
        }
        for policy in asked.list("ListAttachedRolePolicies", &name, "AttachedPolicies").await? {
            let policy_arn = xml::text(&policy, &["PolicyArn"]).unwrap_or_default();
            let known = asked.ask("GetPolicy", &[("PolicyArn", &policy_arn)]).await?;
            let version = xml::text(&known, &["Policy", "DefaultVersionId"]).unwrap_or_default();
            let answer = asked
                .ask("GetPolicyVersion", &[("PolicyArn", &policy_arn), ("VersionId", &version)])
                .await?;
            statements.extend(document(&answer, &["PolicyVersion", "Document"])?);
        }
        Ok(Self {
            arn,
            name,
            account,
            statements,
        })
    }
}

/// The ARN of the role in an instance profile, by the profile's name or ARN; nothing when there is no such profile.
pub(super) async fn behind_profile(upstreams: &Upstreams, region: &str, profile: &str) -> anyhow::Result<Option<String>> {
    let name = profile.rsplit('/').next().unwrap_or_default();
    let asked = Iam { upstreams, region };
    let (status, body) = asked.raw("GetInstanceProfile", &[("InstanceProfileName", name)]).await?;
    if status != StatusCode::OK {
        return Ok(None);
    }
    let path = ["GetInstanceProfileResult", "InstanceProfile", "Roles", "member", "Arn"];
    Ok(xml::parse(&body).and_then(|root| xml::text(&root, &path)))
}

struct Iam<'a> {
    upstreams: &'a Upstreams,
    region: &'a str,
}

impl Iam<'_> {
    /// The result of an action.
    async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Element> {
        let (status, body) = self.raw(action, parameters).await?;
        if status != StatusCode::OK {
            bail!("{action}: {}", String::from_utf8_lossy(&body));
        }
        let mut root = xml::parse(&body).with_context(|| format!("{action}: no XML"))?;
        let result = format!("{action}Result");
        root.take_child(result.as_str()).with_context(|| format!("{action}: no result"))
    }

    async fn list(&self, action: &str, role: &str, list: &str) -> anyhow::Result<Vec<Element>> {
        let answer = self.ask(action, &[("RoleName", role)]).await?;
        Ok(answer.get_child(list).into_iter().flat_map(xml::elements).cloned().collect())
    }

    async fn raw(&self, action: &str, parameters: &[(&str, &str)]) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut question = vec![("Action", action), IAM];
        question.extend(parameters);
        self.upstreams.ask(Emulator::MiniStack, "iam", self.region, &question).await
    }
}

fn text_of(element: &Element) -> String {
    element.get_text().map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// IAM returns policy documents as URL-encoded JSON (RFC 3986; API_GetRolePolicy).
fn document(answer: &Element, path: &[&str]) -> anyhow::Result<Vec<Statement>> {
    let encoded = xml::text(answer, path).unwrap_or_default();
    let decoded = if encoded.starts_with('%') {
        form_urlencoded::parse(encoded.as_bytes())
            .map(|(document, _)| document.into_owned())
            .next()
            .unwrap_or_default()
    } else {
        encoded
    };
    let document: Value = serde_json::from_str(&decoded).context("read a policy")?;
    Ok(Statement::read(&document))
}
