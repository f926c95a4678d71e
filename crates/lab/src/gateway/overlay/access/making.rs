//! What CreateImage and CopyImage need.
//!
//! Source: the Service Authorization Reference of EC2: CreateImage needs its action on the instance, the image and the snapshots,
//! CopyImage on the source image, the new image and its snapshots (EC2 User Guide, copy-ami-permissions: both types must be in the
//! `Resource` element, and ec2:CreateTags is needed "to tag the target AMI" and its snapshots). Images and snapshots have no account
//! in their ARNs. Whether the tags that CopyImageTags brings count as the request's is not documented: here they don't, so that no
//! policy may rely on it.

use crate::gateway::call::Call;
use crate::gateway::overlay::facts::asked_tags;

use super::checks::Check;

/// What an image consists of.
const PARTS: [&str; 2] = ["image", "snapshot"];

/// The checks of a call that makes an image; nothing for another call.
pub(super) fn of(call: &Call, account: &str) -> Option<Vec<Check>> {
    let told = |name| call.form.get(name).unwrap_or_default();
    let source = match (call.scope.service.as_str(), call.operation.as_str()) {
        ("ec2", "CreateImage") => format!("arn:aws:ec2:{}:{account}:instance/{}", call.scope.region, told("InstanceId")),
        ("ec2", "CopyImage") => format!("arn:aws:ec2:{}::image/{}", told("SourceRegion"), told("SourceImageId")),
        _ => return None,
    };
    let action = format!("ec2:{}", call.operation);
    let mut checks = vec![Check::new(&action, source)];
    let asked = asked_tags(call);
    for part in PARTS {
        let arn = format!("arn:aws:ec2:{}::{part}/*", call.scope.region);
        let tags: Vec<(&str, &str)> = asked
            .iter()
            .filter(|tag| tag.resource_type == part)
            .map(|tag| (tag.key.as_str(), tag.value.as_str()))
            .collect();
        checks.push(Check::new(&action, &arn).with_request_tags(tags.iter().copied()));
        if !tags.is_empty() || (part == "image" && call.form.is_true("CopyImageTags")) {
            let tagging = Check::new("ec2:CreateTags", arn).with_request_tags(tags.into_iter());
            checks.push(tagging.with("ec2:CreateAction", &call.operation));
        }
    }
    Some(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;

    const ACCOUNT: &str = "000000000000";
    const TAGS: &str =
        "&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=relight%3Arun&TagSpecification.1.Tag.1.Value=r";

    fn named(form: &str) -> Vec<(String, String)> {
        let checks = of(&form_call("ec2", form), ACCOUNT).unwrap();
        checks.into_iter().map(|check| (check.action, check.resource)).collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(action, arn)| (format!("ec2:{action}"), format!("arn:aws:ec2:{arn}")))
            .collect()
    }

    #[test]
    fn another_call_makes_no_image() {
        assert!(of(&form_call("ec2", "Action=DeregisterImage&ImageId=ami-0c"), ACCOUNT).is_none());
    }

    #[test]
    fn an_image_needs_its_instance_what_it_makes_and_its_tags() {
        let pairs = [
            ("CreateImage", "us-west-1:000000000000:instance/i-0b"),
            ("CreateImage", "us-west-1::image/*"),
            ("CreateImage", "us-west-1::snapshot/*"),
            ("CreateTags", "us-west-1::snapshot/*"),
        ];
        assert_eq!(named(&format!("Action=CreateImage&InstanceId=i-0b&Name=n{TAGS}")), expected(&pairs));
        let call = form_call("ec2", &format!("Action=CreateImage&InstanceId=i-0b{TAGS}"));
        let checks = of(&call, ACCOUNT).unwrap();
        let tagging = checks[3].request(&call, "p").context;
        assert_eq!(tagging["ec2:createaction"], ["CreateImage"]);
        assert_eq!(tagging["aws:requesttag/relight:run"], ["r"]);
    }

    #[test]
    fn a_copy_needs_its_source_in_the_other_region_and_to_tag_what_it_copies_the_tags_to() {
        let copy = "Action=CopyImage&SourceRegion=us-east-1&SourceImageId=ami-0a";
        let pairs = [
            ("CopyImage", "us-east-1::image/ami-0a"),
            ("CopyImage", "us-west-1::image/*"),
            ("CreateTags", "us-west-1::image/*"),
            ("CopyImage", "us-west-1::snapshot/*"),
        ];
        assert_eq!(named(&format!("{copy}&CopyImageTags=true")), expected(&pairs));
        assert_eq!(named(copy), expected(&[pairs[0], pairs[1], pairs[3]]));
    }
}
