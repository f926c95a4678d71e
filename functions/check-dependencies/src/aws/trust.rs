//! Whether a trust policy lets Lambda assume its role.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    statement: OneOrMore<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    principal: Option<Principal>,
    action: Option<OneOrMore<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Principal {
    Kinds {
        #[serde(rename = "Service")]
        service: Option<OneOrMore<String>>,
    },
    Everybody(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::More(more) => more.iter(),
        }
    }
}

/// Whether `document` allows lambda.amazonaws.com to assume the role. It comes URL-encoded as RFC 3986 has it (model: Role).
///
/// Conditions are not looked at: none that the engine's own roles have.
pub(super) fn trusts_lambda(document: &str) -> bool {
    let text = percent_decode_str(document).decode_utf8_lossy();
    let Ok(policy) = serde_json::from_str::<Policy>(&text) else {
        return false;
    };
    policy.statement.iter().any(|statement| {
        let assumes = statement
            .action
            .iter()
            .flat_map(OneOrMore::iter)
            .any(|action| action == "sts:AssumeRole");
        let lambda = match &statement.principal {
            Some(Principal::Kinds { service: Some(services) }) => services.iter().any(|service| service == "lambda.amazonaws.com"),
            Some(Principal::Everybody(everybody)) => everybody == "*",
            _ => false,
        };
        statement.effect == "Allow" && assumes && lambda
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_is_trusted_where_a_statement_says_so_in_any_of_the_ways_that_iam_writes_it() {
        for (document, trusted) in [
            (
                r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
                true,
            ),
            (
                "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%5B%22ec2.amazonaws.com%22%2C%22lambda.amazonaws.com%22%5D%7D%2C%22Action%22%3A%5B%22sts%3AAssumeRole%22%5D%7D%7D",
                true,
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
                false,
            ),
            (
                r#"{"Statement":[{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
                false,
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#,
                false,
            ),
            ("no JSON", false),
        ] {
            assert_eq!(trusts_lambda(document), trusted, "{document}");
        }
    }
}
