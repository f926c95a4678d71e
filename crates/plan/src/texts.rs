//! The texts with a form of their own, by the name of their definition in the schema.

use std::str::FromStr;

use action::ids::{
    AllocationId, BucketName, CapacityReservationId, ClusterArn, DistributionId, FunctionArn, GlobalClusterId, GroupName, InstanceId,
    InstanceType, KmsKeyArn, LaunchTemplateId, Malformed, ParameterName, Region, RoutingClusterArn, RoutingControlArn, SecurityGroupId,
    StateMachineArn, SubnetId, TableName, TargetGroupArn, TopicArn, WorkloadName,
};
use url::Url;

use crate::model::span::Span;

/// Whether a text has the form, and if not, what was expected.
pub(crate) type Form = fn(&str) -> Result<(), &'static str>;

/// The form of the texts that the schema defines as `name`.
pub(crate) fn form(name: &str) -> Option<Form> {
    Some(match name {
        "Address" => address,
        "AllocationId" => id::<AllocationId>,
        "BucketName" => id::<BucketName>,
        "CapacityReservationId" => id::<CapacityReservationId>,
        "ClusterArn" => id::<ClusterArn>,
        "DistributionId" => id::<DistributionId>,
        "FunctionArn" => id::<FunctionArn>,
        "GlobalClusterId" => id::<GlobalClusterId>,
        "GroupName" => id::<GroupName>,
        "InstanceId" => id::<InstanceId>,
        "InstanceType" => id::<InstanceType>,
        "KmsKeyArn" => id::<KmsKeyArn>,
        "LaunchTemplateId" => id::<LaunchTemplateId>,
        "ParameterName" => id::<ParameterName>,
        "Region" => id::<Region>,
        "RoutingClusterArn" => id::<RoutingClusterArn>,
        "RoutingControlArn" => id::<RoutingControlArn>,
        "SecurityGroupId" => id::<SecurityGroupId>,
        "Span" => span,
        "StateMachineArn" => id::<StateMachineArn>,
        "SubnetId" => id::<SubnetId>,
        "TableName" => id::<TableName>,
        "TargetGroupArn" => id::<TargetGroupArn>,
        "TopicArn" => id::<TopicArn>,
        "WorkloadName" => id::<WorkloadName>,
        _ => return None,
    })
}

/// What a text of the form is, with an example. No form allows the empty text, so that one tells.
pub(crate) fn expected(form: Form) -> &'static str {
    form("").err().unwrap_or("a text")
}

fn id<T: FromStr<Err = Malformed>>(text: &str) -> Result<(), &'static str> {
    text.parse::<T>().map(drop).map_err(|malformed| malformed.expected)
}

fn span(text: &str) -> Result<(), &'static str> {
    text.parse::<Span>().map(drop).map_err(|_| Span::EXPECTED)
}

/// Credentials, a query or a fragment would be lost or leaked when a path is joined to the address.
fn address(text: &str) -> Result<(), &'static str> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(text) {
        Ok(url) if plain(&url) => Ok(()),
        _ => Err("an http or https address without user, query and fragment, such as \"https://shop.us-west-2.example.com\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_allows_the_empty_text() {
        for (name, definition) in crate::schema()["$defs"].as_object().into_iter().flatten() {
            if definition["type"] == "string" {
                let Some(form) = form(name) else {
                    panic!("{name} is a text with a form of its own; add it to form()")
                };
                assert!(form("").is_err(), "{name}");
            }
        }
    }

    #[test]
    fn an_address_is_only_an_address() {
        assert_eq!(address("http://shop.s3-website-us-west-1.amazonaws.com/base"), Ok(()));
        assert_eq!(address("http://127.0.0.1:8080"), Ok(()));
        for text in [
            "shop.example.com",
            "ftp://shop.example.com",
            "https://user@shop.example.com",
            "https://:secret@shop.example.com",
            "https://shop.example.com/?a=b",
            "https://shop.example.com/#top",
            "https://",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
