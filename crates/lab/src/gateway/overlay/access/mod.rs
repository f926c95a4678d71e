//! IAM in front of moto: MiniStack enforces policies, moto none, so the gateway does for EC2, Auto Scaling and Elastic Load
//! Balancing; and for the routing controls that it answers itself.
//!
//! The caller's function tells its role, MiniStack the role's policies, and `policy` evaluates them for each action and
//! resource of the call (`checks`). MiniStack's own SimulatePrincipalPolicy is no use here: it takes one resource, and
//! knows no tags, so that a policy which is as narrow as ours would always deny. A caller that is no function and not
//! root is denied: a guess would hide a hole.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::Mutex;

use super::facts::Facts;
use crate::gateway::call::{Call, Protocol};
use crate::gateway::fault::Fault;
use crate::gateway::upstream::Upstreams;

mod checks;
mod making;
mod policy;
mod role;

use checks::Check;
use policy::Decision;
use role::Role;

/// How long a role's policies are taken as known. They are forgotten at once when a call that may change them is seen.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// The prefix of the functions' names.
const PREFIX: &str = "relight-";

/// Who may do what in moto.
#[derive(Debug)]
pub(crate) struct Access {
    engine_region: String,
    upstreams: Upstreams,
    known: Mutex<HashMap<String, (Arc<Role>, Instant)>>,
}

impl Access {
    pub(super) fn new(engine_region: String, upstreams: Upstreams) -> Self {
        Self {
            engine_region,
            upstreams,
            known: Mutex::default(),
        }
    }

    /// Forgets what is known when `call` may change it.
    pub(super) fn notice(&self, call: &Call) {
        let reads = ["Get", "List", "Describe", "Simulate"]
            .iter()
            .any(|verb| call.operation.starts_with(verb));
        if ["iam", "cloudformation", "lambda"].contains(&call.scope.service.as_str())
            && !reads
            && call.operation != "Invoke"
            && let Ok(mut known) = self.known.try_lock()
        {
            known.clear();
        }
    }

    /// AWS's denial, unless the caller's role allows the call.
    pub(super) async fn refuse(&self, call: &Call, launch: Option<&Facts>) -> Option<Fault> {
        if call.is_roots() {
            return None;
        }
        match self.judge(call, launch).await {
            Ok(refusal) => refusal,
            Err(error) => Some(unknown(call, &error)),
        }
    }

    /// AWS's denial, unless the caller's role allows the call on each of `resources`, given `context`.
    pub(super) async fn refuse_on(&self, call: &Call, resources: &[String], context: &[(&str, &str)]) -> Option<Fault> {
        if call.is_roots() {
            return None;
        }
        let action = format!("{}:{}", call.scope.service, call.operation);
        let given = |check: Check, (key, value): &(&str, &str)| check.with(key, value);
        let checks = resources
            .iter()
            .map(|resource| context.iter().fold(Check::new(&action, resource), given))
            .collect();
        let judged = match self.role(&call.caller).await {
            Ok(role) => self.judge_each(call, &role, checks).await,
            Err(error) => Err(error),
        };
        judged.unwrap_or_else(|error| Some(unknown(call, &error)))
    }

    async fn judge(&self, call: &Call, launch: Option<&Facts>) -> anyhow::Result<Option<Fault>> {
        let role = self.role(&call.caller).await?;
        let mut checks = checks::of(call, launch, &role.account);
        if let Some(profile) = launch.and_then(|launch| launch.profile.as_deref()) {
            match role::behind_profile(&self.upstreams, &self.engine_region, profile).await? {
                Some(passed) => checks.push(Check::pass_role(passed)),
                None => return Ok(Some(no_profile(profile))),
            }
        }
        self.judge_each(call, &role, checks).await
    }

    async fn judge_each(&self, call: &Call, role: &Role, checks: Vec<Check>) -> anyhow::Result<Option<Fault>> {
        for mut check in checks {
            let because = match self.decide(role, &mut check, call).await? {
                Decision::Allowed => continue,
                Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
                Decision::NotAllowed => format!("because no identity-based policy allows the {} action", check.action),
            };
            // The ARN of a session has no path, whatever the role's has.
            let session = format!("arn:aws:sts::{}:assumed-role/{}", role.account, role.name);
            let message = format!(
                "User: {session}/{PREFIX}{} is not authorized to perform: {} on resource: {} {because}",
                call.caller, check.action, check.resource
            );
            return Ok(Some(denial(call, &message)));
        }
        Ok(None)
    }

    /// Whether the caller may do `action` to `resource` too, where that isn't a matter of the whole call.
    pub(super) async fn allows(&self, call: &Call, action: &str, resource: &str) -> bool {
        if call.is_roots() {
            return true;
        }
        let Ok(role) = self.role(&call.caller).await else {
            return false;
        };
        let decided = self.decide(&role, &mut Check::new(action, resource), call).await;
        decided.is_ok_and(|decision| decision == Decision::Allowed)
    }

    async fn decide(&self, role: &Role, check: &mut Check, call: &Call) -> anyhow::Result<Decision> {
        let mut statements = role.statements.iter();
        if statements.any(|statement| statement.asks_for_resource_tags(&check.action)) {
            check.add_resource_tags(&self.upstreams, call).await?;
        }
        Ok(policy::evaluate(&role.statements, &check.request(call, &role.arn)))
    }

    async fn role(&self, caller: &str) -> anyhow::Result<Arc<Role>> {
        // Held while asking, so that a crowd of calls asks once.
        let mut known = self.known.lock().await;
        if let Some((role, at)) = known.get(caller)
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(role));
        }
        let function = format!("{PREFIX}{caller}");
        let role = Arc::new(Role::of_function(&self.upstreams, &self.engine_region, &function).await?);
        known.insert(caller.to_owned(), (Arc::clone(&role), Instant::now()));
        Ok(role)
    }
}

/// EC2 says it in its own words (AWSEC2 APIReference, errors-overview), the query services by AccessDenied
/// (IAM User Guide, "Troubleshoot access denied error messages"), 403 both; those of JSON by AccessDeniedException, 400
/// (their Common Errors; model of route53-recovery-cluster).
fn denial(call: &Call, message: &str) -> Fault {
    match call.protocol {
        Protocol::Ec2 => {
            let message = format!("You are not authorized to perform this operation. {message}");
            Fault::new(StatusCode::FORBIDDEN, "UnauthorizedOperation", message)
        }
        Protocol::Json => Fault::new(StatusCode::BAD_REQUEST, "AccessDeniedException", message),
        _ => Fault::new(StatusCode::FORBIDDEN, "AccessDenied", message),
    }
}

fn unknown(call: &Call, error: &anyhow::Error) -> Fault {
    denial(call, &format!("the lab can't tell the role of {}: {error:#}", call.caller))
}

fn no_profile(profile: &str) -> Fault {
    Fault::new(
        StatusCode::BAD_REQUEST,
        "InvalidParameterValue",
        format!("Value ({profile}) for parameter iamInstanceProfile is invalid. Invalid IAM Instance Profile"),
    )
}
