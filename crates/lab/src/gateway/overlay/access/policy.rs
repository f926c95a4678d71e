//! Whether policies allow a request: the evaluation logic of IAM, as far as an identity-based policy for EC2 needs it.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators". An explicit deny
//! wins; without an allow it is denied. An operator or policy variable that isn't known here counts against the caller.
//! Deliberately absent: permissions boundaries, session policies, resource-based policies; the engine uses none.

use std::collections::BTreeMap;

use serde_json::Value;

/// A request, as policies see it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) resource: String,
    /// Condition keys in lower case.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

/// What the policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    /// By an explicit deny.
    Denied,
    NotAllowed,
}

/// One statement of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    denies: bool,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

/// `Action`, `Resource`, or their `Not` forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Patterns {
    patterns: Vec<String>,
    inverted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

impl Statement {
    /// The statements of a policy document.
    pub(super) fn read(document: &Value) -> Vec<Self> {
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement) => std::slice::from_ref(statement),
            None => &[],
        };
        statements.iter().map(Self::read_one).collect()
    }

    fn read_one(statement: &Value) -> Self {
        let patterns = |name: &str| match (statement.get(name), statement.get(format!("Not{name}"))) {
            (Some(patterns), _) => Patterns {
                patterns: texts(patterns),
                inverted: false,
            },
            (None, patterns) => Patterns {
                patterns: patterns.map(texts).unwrap_or_default(),
                inverted: true,
            },
        };
        let blocks = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let conditions = blocks.flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(|(key, values)| Condition {
                operator: operator.to_ascii_lowercase(),
                key: key.to_ascii_lowercase(),
                values: texts(values),
            })
        });
        Self {
            denies: statement.get("Effect").and_then(Value::as_str) != Some("Allow"),
            actions: patterns("Action"),
            resources: patterns("Resource"),
            conditions: conditions.collect(),
        }
    }

    /// Whether the tags of the resource must be known to evaluate this statement for `action`.
    pub(super) fn asks_for_resource_tags(&self, action: &str) -> bool {
        self.actions.take(&action.to_ascii_lowercase(), true)
            && self.conditions.iter().any(|condition| condition.key.contains(":resourcetag/"))
    }

    fn applies(&self, request: &Request) -> bool {
        self.actions.take(&request.action.to_ascii_lowercase(), true)
            && self.resources.take(&request.resource, false)
            // What can't be evaluated hides an allow and shows a deny.
            && self.conditions.iter().all(|condition| condition.holds(&request.context).unwrap_or(self.denies))
    }
}

impl Patterns {
    fn take(&self, text: &str, lower: bool) -> bool {
        let matched = self.patterns.iter().any(|pattern| {
            if lower {
                matches(&pattern.to_ascii_lowercase(), text)
            } else {
                matches(pattern, text)
            }
        });
        matched != self.inverted
    }
}

impl Condition {
    /// Whether it holds; nothing when it can't be told.
    fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> Option<bool> {
        if self.values.iter().any(|value| value.contains("${")) {
            return None;
        }
        let seen = context.get(&self.key).filter(|values| !values.is_empty());
        if self.operator == "null" {
            return Some(self.values.iter().any(|value| (value == "true") == seen.is_none()));
        }
        let (set, operator) = match self.operator.split_once(':') {
            Some((set, operator)) => (set, operator),
            None => ("", self.operator.as_str()),
        };
        let (operator, if_exists) = match operator.strip_suffix("ifexists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let (compare, negated) = operator_named(operator)?;
        let Some(seen) = seen else {
            return Some(if_exists || set == "forallvalues" || (negated && set.is_empty()));
        };
        let one = |value: &String| self.values.iter().any(|wanted| compare(wanted, value)) != negated;
        Some(match set {
            "forallvalues" => seen.iter().all(one),
            "" | "foranyvalue" => seen.iter().any(one),
            _ => return None,
        })
    }
}

/// Compares the policy's value with the request's.
type Compare = fn(&str, &str) -> bool;

/// How an operator compares, and whether it is negated.
fn operator_named(operator: &str) -> Option<(Compare, bool)> {
    Some(match operator {
        "stringequals" => (|wanted, seen| wanted == seen, false),
        "stringnotequals" => (|wanted, seen| wanted == seen, true),
        "stringequalsignorecase" | "bool" => (str::eq_ignore_ascii_case, false),
        "stringnotequalsignorecase" => (str::eq_ignore_ascii_case, true),
        "stringlike" | "arnlike" | "arnequals" => (matches, false),
        "stringnotlike" | "arnnotlike" | "arnnotequals" => (matches, true),
        _ => return None,
    })
}

/// What `statements` say to `request`.
pub(super) fn evaluate(statements: &[Statement], request: &Request) -> Decision {
    let applying = |denies: bool| {
        statements
            .iter()
            .any(|statement| statement.denies == denies && statement.applies(request))
    };
    if applying(true) {
        Decision::Denied
    } else if applying(false) {
        Decision::Allowed
    } else {
        Decision::NotAllowed
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        _ => Vec::new(),
    }
}

/// IAM's wildcards: `*` is any text, `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where to go on when what follows the last `*` doesn't match: one character further.
    let mut retry: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || Some(wanted) == text.get(from) => {
                at += 1;
                from += 1;
            }
            _ => match &mut retry {
                Some((star, start)) => {
                    *start += 1;
                    at = *star + 1;
                    from = *start;
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|rest| *rest == '*'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INSTANCE: &str = "arn:aws:ec2:us-west-1:000000000000:instance/i-0b";

    fn decide(statements: Value, action: &str, resource: &str, context: &[(&str, &str)]) -> Decision {
        let request = Request {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: context
                .iter()
                .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
                .collect(),
        };
        evaluate(&Statement::read(&json!({"Statement": statements})), &request)
    }

    fn allow(condition: Value) -> Value {
        json!({"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "*", "Condition": condition})
    }

    #[test]
    fn nothing_is_allowed_that_no_statement_allows() {
        assert_eq!(decide(json!([]), "ec2:RunInstances", "*", &[]), Decision::NotAllowed);
    }

    #[test]
    fn actions_ignore_case_and_take_wildcards_and_resources_dont_ignore_case() {
        let statement =
            json!({"Effect": "Allow", "Action": ["ec2:describe*", "ec2:Run?nstances"], "Resource": "arn:aws:ec2:*:*:instance/*"});
        for (action, resource, decision) in [
            ("ec2:DescribeInstances", INSTANCE, Decision::Allowed),
            ("ec2:RunInstances", INSTANCE, Decision::Allowed),
            ("ec2:DescribeInstances", "*", Decision::NotAllowed),
            ("ec2:TerminateInstances", INSTANCE, Decision::NotAllowed),
            (
                "ec2:RunInstances",
                "arn:aws:ec2:us-west-1:000000000000:Instance/i-0b",
                Decision::NotAllowed,
            ),
        ] {
            assert_eq!(decide(statement.clone(), action, resource, &[]), decision, "{action} on {resource}");
        }
    }

    #[test]
    fn an_explicit_deny_wins() {
        let statements = json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "NotAction": "ec2:Describe*", "Resource": "*"},
        ]);
        assert_eq!(decide(statements.clone(), "ec2:RunInstances", INSTANCE, &[]), Decision::Denied);
        assert_eq!(decide(statements, "ec2:DescribeImages", "*", &[]), Decision::Allowed);
    }

    #[test]
    fn conditions_hold_as_iam_defines_them() {
        let tag = "aws:resourcetag/relight:workload";
        let seen = [(tag, "unishop")];
        let wanted = |operator: &str, value: Value| allow(json!({operator: {"aws:ResourceTag/relight:workload": value}}));
        for (operator, value, with_tag, without) in [
            ("StringEquals", json!("unishop"), true, false),
            ("StringEquals", json!(["other", "unishop"]), true, false),
            ("StringEquals", json!("other"), false, false),
            ("StringNotEquals", json!("other"), true, true),
            ("StringNotEquals", json!("unishop"), false, true),
            ("StringLike", json!("uni*"), true, false),
            ("StringEqualsIfExists", json!("other"), false, true),
            ("ForAllValues:StringEquals", json!("unishop"), true, true),
            ("ForAnyValue:StringEquals", json!("unishop"), true, false),
            ("Null", json!("false"), true, false),
            ("Null", json!(true), false, true),
            ("NumericLessThan", json!("3"), false, false),
            ("StringEquals", json!("${aws:PrincipalTag/w}"), false, false),
        ] {
            for (context, allowed) in [(&seen[..], with_tag), (&[], without)] {
                let decision = decide(wanted(operator, value.clone()), "ec2:TerminateInstances", INSTANCE, context);
                assert_eq!(decision == Decision::Allowed, allowed, "{operator} {value} with {context:?}");
            }
        }
    }

    #[test]
    fn a_deny_that_cant_be_evaluated_denies() {
        let statements = json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        ]);
        assert_eq!(decide(statements, "ec2:RunInstances", INSTANCE, &[]), Decision::Denied);
    }

    #[test]
    fn wildcards_match_as_often_as_needed() {
        for (pattern, text, matched) in [
            ("*", "", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
            ("??", "ab", true),
            ("??", "a", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), matched, "{pattern} {text}");
        }
    }

    #[test]
    fn only_statements_that_ask_for_tags_cost_a_question() {
        let read = |condition: Value| Statement::read(&json!({"Statement": allow(condition)}));
        let tagged = read(json!({"StringEquals": {"ec2:ResourceTag/relight:workload": "unishop"}}));
        assert!(tagged[0].asks_for_resource_tags("ec2:TerminateInstances"));
        assert!(!tagged[0].asks_for_resource_tags("ec2:RunInstances"));
        assert!(!read(json!({}))[0].asks_for_resource_tags("ec2:TerminateInstances"));
    }
}
