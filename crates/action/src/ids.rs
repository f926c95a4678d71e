//! Identifiers that parse: a value of these types is well formed, so no other code checks its shape.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that isn't what its name says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct Malformed {
    /// The text as given.
    pub value: String,
    /// What was expected, with an example.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = $pattern))]
        pub struct $name(#[schemars(with = "String")] String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(value: String) -> Result<Self, Malformed> {
                let check: fn(&str) -> bool = $check;
                if check(&value) { Ok(Self(value)) } else { Err(Malformed { value, expected: $expected }) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A workload's name: part of names of alarms, parameters, runs and metrics, so it is kept short and plain.
    WorkloadName,
    "a workload name: 1 to 32 lower-case letters, digits and inner hyphens, such as \"unishop\"",
    "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
    |s| s.len() <= 32 && hyphenated(s)
);
id!(
    /// A run's id: the name of its execution.
    RunId,
    "a run id: 1 to 80 letters, digits, hyphens and underscores, such as \"unishop-20261121T031502Z\"",
    "^[A-Za-z0-9_-]{1,80}$",
    |s| (1..=80).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
);
id!(
    /// An AWS Region, by its code.
    Region,
    "a Region code, such as \"us-west-2\"",
    "^[a-z]{2,3}(-[a-z]+)+-[0-9]$",
    is_region
);
id!(
    /// The identifier of an Aurora global cluster (not its ARN).
    GlobalClusterId,
    "a global cluster identifier: 1 to 63 letters, digits and single inner hyphens, beginning with a letter",
    "^[A-Za-z][A-Za-z0-9-]{0,62}$",
    |s| is_rds_name(s)
);
id!(
    /// The ARN of an Aurora cluster.
    ClusterArn,
    "the ARN of a DB cluster, such as \"arn:aws:rds:us-west-2:123456789012:cluster:shop\"",
    "^arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:cluster:[A-Za-z][A-Za-z0-9-]{0,62}$",
    |s| arn(s, "rds").and_then(|rest| rest.strip_prefix("cluster:")).is_some_and(is_rds_name)
);
id!(
    /// The ARN of a target group.
    TargetGroupArn,
    "the ARN of a target group, such as \"arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/shop/0123456789abcdef\"",
    "^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$",
    |s| arn(s, "elasticloadbalancing").and_then(|rest| rest.strip_prefix("targetgroup/")).is_some_and(|rest| !rest.is_empty())
);
id!(
    /// The ARN of a Step Functions execution.
    ExecutionArn,
    "the ARN of an execution, such as \"arn:aws:states:us-west-2:123456789012:execution:relight-failover:unishop-1\"",
    "^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:execution:[^:]+:[^:]+$",
    |s| arn(s, "states").and_then(|rest| rest.strip_prefix("execution:")).is_some_and(|rest| rest.split(':').filter(|part| !part.is_empty()).count() == 2)
);
id!(
    /// The ARN of a Step Functions state machine, with or without a version or alias.
    StateMachineArn,
    "the ARN of a state machine, such as \"arn:aws:states:us-west-2:123456789012:stateMachine:warm-caches\"",
    "^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]{1,80}(:[A-Za-z0-9_.-]+)?$",
    |s| arn(s, "states").and_then(|rest| rest.strip_prefix("stateMachine:")).is_some_and(|rest| {
        let (name, version) = rest.split_once(':').unwrap_or((rest, "1"));
        is_name(name, 1..=80, b"-_") && is_name(version, 1..=80, b"-_.")
    })
);
id!(
    /// The ARN of a KMS key.
    KmsKeyArn,
    "the ARN of a KMS key, such as \"arn:aws:kms:us-west-2:123456789012:key/0123abcd-…\"",
    "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$",
    |s| arn(s, "kms").is_some_and(|rest| rest.starts_with("key/") || rest.starts_with("alias/"))
);
id!(
    /// A machine image.
    AmiId,
    "an image id: \"ami-\" and 8 or 17 hexadecimal digits",
    "^ami-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "ami-")
);
id!(
    /// An EC2 instance.
    InstanceId,
    "an instance id: \"i-\" and 8 or 17 hexadecimal digits",
    "^i-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "i-")
);
id!(
    /// A subnet.
    SubnetId,
    "a subnet id: \"subnet-\" and 8 or 17 hexadecimal digits",
    "^subnet-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "subnet-")
);
id!(
    /// A security group.
    SecurityGroupId,
    "a security group id: \"sg-\" and 8 or 17 hexadecimal digits",
    "^sg-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "sg-")
);
id!(
    /// A launch template.
    LaunchTemplateId,
    "a launch template id: \"lt-\" and 8 or 17 hexadecimal digits",
    "^lt-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "lt-")
);
id!(
    /// An elastic IP address, by its allocation.
    AllocationId,
    "an elastic IP's allocation id: \"eipalloc-\" and 8 or 17 hexadecimal digits",
    "^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "eipalloc-")
);
id!(
    /// A capacity reservation.
    CapacityReservationId,
    "a capacity reservation id: \"cr-\" and 8 or 17 hexadecimal digits",
    "^cr-([0-9a-f]{8}|[0-9a-f]{17})$",
    |s| is_resource(s, "cr-")
);
id!(
    /// An instance type.
    InstanceType,
    "an instance type, such as \"m7g.large\"",
    "^[a-z][a-z0-9-]*\\.[a-z0-9-]+$",
    |s| s.split_once('.').is_some_and(|(family, size)| {
        family.starts_with(|c: char| c.is_ascii_lowercase()) && [family, size].iter().all(|part| !part.is_empty() && part.bytes().all(lower_digit_hyphen))
    })
);
id!(
    /// The full name of an SSM parameter.
    ParameterName,
    "a parameter's full name, such as \"/relight/unishop/image\"",
    "^(/[A-Za-z0-9_.-]+)+$",
    |s| s.strip_prefix('/').is_some_and(|rest| {
        rest.split('/').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)))
    })
);
id!(
    /// The ARN of an SNS topic.
    TopicArn,
    "the ARN of an SNS topic, such as \"arn:aws:sns:us-west-2:123456789012:shop-on-call\"",
    "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
    |s| arn(s, "sns").is_some_and(|rest| is_name(rest, 1..=256, b"-_"))
);
id!(
    /// The ARN of a Lambda function, with or without a version or alias.
    FunctionArn,
    "the ARN of a function, such as \"arn:aws:lambda:us-west-2:123456789012:function:stop-shop\"",
    "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$",
    |s| arn(s, "lambda").and_then(|rest| rest.strip_prefix("function:")).is_some_and(|rest| {
        let (name, version) = rest.split_once(':').unwrap_or((rest, "$LATEST"));
        is_name(name, 1..=64, b"-_") && is_name(version, 1..=128, b"-_$")
    })
);
id!(
    /// The ARN of a routing control cluster. It has no Region of its own.
    RoutingClusterArn,
    "the ARN of a routing control cluster, such as \"arn:aws:route53-recovery-control::123456789012:cluster/0123abcd\"",
    "^arn:aws[a-z-]*:route53-recovery-control::[0-9]{12}:cluster/.+$",
    |s| global_arn(s, "route53-recovery-control").and_then(|rest| rest.strip_prefix("cluster/")).is_some_and(|rest| !rest.is_empty())
);
id!(
    /// The ARN of a routing control. It has no Region of its own.
    RoutingControlArn,
    "the ARN of a routing control, such as \"arn:aws:route53-recovery-control::123456789012:controlpanel/01ab/routingcontrol/23cd\"",
    "^arn:aws[a-z-]*:route53-recovery-control::[0-9]{12}:controlpanel/.+/routingcontrol/.+$",
    |s| global_arn(s, "route53-recovery-control")
        .and_then(|rest| rest.strip_prefix("controlpanel/"))
        .and_then(|rest| rest.split_once("/routingcontrol/"))
        .is_some_and(|(panel, control)| !panel.is_empty() && !control.is_empty())
);
id!(
    /// A CloudFront distribution's id.
    DistributionId,
    "the id of a CloudFront distribution, such as \"EDFDVBD632BHDS5\"",
    "^E[A-Z0-9]{6,31}$",
    |s| s.strip_prefix('E').is_some_and(|rest| (6..=31).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
);
id!(
    /// A bucket's name.
    BucketName,
    "a bucket's name: 3 to 63 lower-case letters, digits, dots and inner hyphens",
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    |s| (3..=63).contains(&s.len()) && s.split('.').all(hyphenated)
);
id!(
    /// A DynamoDB table's name (not its ARN).
    TableName,
    "a table's name: 3 to 255 letters, digits, dots, hyphens and underscores",
    "^[A-Za-z0-9_.-]{3,255}$",
    |s| is_name(s, 3..=255, b"_.-")
);
id!(
    /// An Auto Scaling group's name.
    GroupName,
    "an Auto Scaling group's name: 1 to 255 printable characters without a colon",
    "^[^:]{1,255}$",
    |s| (1..=255).contains(&s.len()) && s.chars().all(|c| c != ':' && !c.is_control())
);

impl ClusterArn {
    /// The cluster's identifier: the ARN's last part.
    pub fn identifier(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or(&self.0)
    }

    /// The Region that the cluster is in.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

impl ParameterName {
    /// The parameter that names the newest proven image of `workload`.
    pub fn of_image(workload: &WorkloadName) -> Self {
        Self(format!("/relight/{workload}/image"))
    }
}

fn lower_digit_hyphen(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

fn hyphenated(s: &str) -> bool {
    !s.is_empty() && !s.starts_with('-') && !s.ends_with('-') && s.bytes().all(lower_digit_hyphen)
}

fn is_region(s: &str) -> bool {
    let parts: Vec<&str> = s.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return false;
    };
    (2..=3).contains(&first.len())
        && !middle.is_empty()
        && std::iter::once(first)
            .chain(middle)
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
        && last.len() == 1
        && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_rds_name(s: &str) -> bool {
    s.len() <= 63
        && s.starts_with(|c: char| c.is_ascii_alphabetic())
        && !s.ends_with('-')
        && !s.contains("--")
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_resource(s: &str, prefix: &str) -> bool {
    s.strip_prefix(prefix)
        .is_some_and(|hex| (hex.len() == 8 || hex.len() == 17) && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

fn is_name(s: &str, length: RangeInclusive<usize>, besides: &[u8]) -> bool {
    length.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || besides.contains(&b))
}

/// What follows the account in an ARN of `service`, if the rest of it is well formed.
fn arn<'a>(s: &'a str, service: &str) -> Option<&'a str> {
    arn_in(s, service, is_region)
}

/// The same for a service whose ARNs have no Region.
fn global_arn<'a>(s: &'a str, service: &str) -> Option<&'a str> {
    arn_in(s, service, str::is_empty)
}

fn arn_in<'a>(s: &'a str, service: &str, region: fn(&str) -> bool) -> Option<&'a str> {
    let mut parts = s.splitn(6, ':');
    let well_formed = parts.next()? == "arn"
        && parts.next()?.starts_with("aws")
        && parts.next()? == service
        && region(parts.next()?)
        && parts
            .next()
            .is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    parts.next().filter(|_| well_formed)
}

#[cfg(test)]
mod tests;
