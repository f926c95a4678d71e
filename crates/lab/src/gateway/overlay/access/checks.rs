//! What a call to a moto-bound service needs: which actions on which resources, with which context.
//!
//! Source: the Service Authorization Reference of EC2, Elastic Load Balancing and Auto Scaling. Describe calls know no
//! resources there; other calls are checked once per resource that they name, RunInstances also for what it makes, and
//! tags on a launch need ec2:CreateTags with `ec2:CreateAction`. Calls that make images are in `making`.

use std::collections::BTreeMap;

use crate::gateway::call::Call;
use crate::gateway::overlay::facts::Facts;
use crate::gateway::upstream::{Emulator, Upstreams};
use crate::gateway::xml;

use super::making;
use super::policy::Request;

/// EC2's ids by prefix, and the type in the resource's ARN. Images and snapshots have no account in theirs.
const IDS: [(&str, &str, bool); 11] = [
    ("i-", "instance", true),
    ("ami-", "image", false),
    ("snap-", "snapshot", false),
    ("subnet-", "subnet", true),
    ("sg-", "security-group", true),
    ("eipalloc-", "elastic-ip", true),
    ("eni-", "network-interface", true),
    ("vol-", "volume", true),
    ("lt-", "launch-template", true),
    ("cr-", "capacity-reservation", true),
    ("vpc-", "vpc", true),
];

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) action: String,
    pub(super) resource: String,
    /// Condition keys in lower case.
    context: BTreeMap<String, Vec<String>>,
}

impl Check {
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::new(),
        }
    }

    /// Launching with an instance profile passes its role to EC2.
    pub(super) fn pass_role(role: String) -> Self {
        Self::new("iam:PassRole", role).with("iam:passedtoservice", "ec2.amazonaws.com")
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        self.context.entry(key.to_ascii_lowercase()).or_default().push(value.to_owned());
        self
    }

    pub(super) fn with_request_tags<'a>(mut self, tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        for (key, value) in tags {
            self = self.with(&format!("aws:RequestTag/{key}"), value).with("aws:TagKeys", key);
        }
        self
    }

    /// The request, as policies see it.
    pub(super) fn request(&self, call: &Call, principal: &str) -> Request {
        let mut context = self.context.clone();
        for (key, value) in [
            ("aws:requestedregion", call.scope.region.as_str()),
            ("ec2:region", &call.scope.region),
            ("aws:principalarn", principal),
        ] {
            context.insert(key.to_owned(), vec![value.to_owned()]);
        }
        Request {
            action: self.action.clone(),
            resource: self.resource.clone(),
            context,
        }
    }

    /// Adds the tags that the resource has in moto: EC2's by its id, a group's by its name, a target group's or load balancer's by its ARN.
    pub(super) async fn add_resource_tags(&mut self, upstreams: &Upstreams, call: &Call) -> anyhow::Result<()> {
        let service = call.scope.service.as_str();
        let id = self.resource.rsplit('/').next().unwrap_or_default().to_owned();
        // That of a copy's source isn't the one that the call is signed for.
        let region = self.resource.split(':').nth(3).unwrap_or(&call.scope.region).to_owned();
        if id == "*" || self.action.starts_with("iam:") {
            return Ok(());
        }
        let (version, named): (_, &[(&str, &str)]) = match service {
            "elasticloadbalancing" => ("2015-12-01", &[("ResourceArns.member.1", &self.resource)]),
            "autoscaling" => (
                "2011-01-01",
                &[
                    ("Filters.member.1.Name", "auto-scaling-group"),
                    ("Filters.member.1.Values.member.1", &id),
                ],
            ),
            "ec2" => ("2016-11-15", &[("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", &id)]),
            _ => return Ok(()),
        };
        let mut question = vec![("Action", "DescribeTags"), ("Version", version)];
        question.extend(named);
        let (_, body) = upstreams.ask(Emulator::Moto, service, &region, &question).await?;
        let root = xml::parse(&body);
        let (path, key, value): (&[&str], _, _) = match service {
            "elasticloadbalancing" => (&["DescribeTagsResult", "TagDescriptions", "member", "Tags"], "Key", "Value"),
            "autoscaling" => (&["DescribeTagsResult", "Tags"], "Key", "Value"),
            _ => (&["tagSet"], "key", "value"),
        };
        let tags = root.as_ref().and_then(|root| xml::descend(root, path));
        for tag in tags.into_iter().flat_map(xml::elements) {
            let told = |name| xml::text(tag, &[name]).unwrap_or_default();
            for prefix in ["aws:resourcetag", "ec2:resourcetag"] {
                let name = format!("{prefix}/{}", told(key)).to_ascii_lowercase();
                self.context.entry(name).or_default().push(told(value));
            }
        }
        Ok(())
    }
}

/// The checks of a call; `launch` is what a RunInstances request comes to.
pub(super) fn of(call: &Call, launch: Option<&Facts>, account: &str) -> Vec<Check> {
    let action = format!("{}:{}", call.scope.service, call.operation);
    if call.operation.starts_with("Describe") || call.operation.starts_with("Get") {
        return vec![Check::new(action, "*")];
    }
    if let Some(launch) = launch {
        return of_launch(call, launch, account);
    }
    if let Some(checks) = making::of(call, account) {
        return checks;
    }
    let mut resources: Vec<String> = call
        .form
        .pairs()
        .filter_map(|(name, value)| resource(call, name, value, account))
        .collect();
    resources.dedup();
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let tags: Vec<(&str, &str)> = (1..)
        .map_while(|number| {
            let key = call.form.get(&format!("Tag.{number}.Key"))?;
            Some((key, call.form.get(&format!("Tag.{number}.Value")).unwrap_or_default()))
        })
        .collect();
    resources
        .into_iter()
        .map(|resource| Check::new(&action, resource).with_request_tags(tags.iter().copied()))
        .collect()
}

/// The ARN of the resource that a parameter names, if it names one.
fn resource(call: &Call, name: &str, value: &str, account: &str) -> Option<String> {
    match call.scope.service.as_str() {
        // What a tag says of another resource doesn't name it.
        "ec2" if name.starts_with("Tag.") => None,
        "ec2" => arn_of_id(&call.scope.region, account, value),
        "autoscaling" => (name == "AutoScalingGroupName").then(|| {
            let region = &call.scope.region;
            format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{value}")
        }),
        _ => value.starts_with("arn:aws:elasticloadbalancing:").then(|| value.to_owned()),
    }
}

fn arn_of_id(region: &str, account: &str, id: &str) -> Option<String> {
    let (_, kind, owned) = IDS.iter().find(|(prefix, _, _)| {
        id.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })?;
    let account = if *owned { account } else { "" };
    Some(format!("arn:aws:ec2:{region}:{account}:{kind}/{id}"))
}

fn of_launch(call: &Call, launch: &Facts, account: &str) -> Vec<Check> {
    let region = &call.scope.region;
    let arn = |kind: &str, id: &str| format!("arn:aws:ec2:{region}:{account}:{kind}/{id}");
    let made = ["instance", "volume", "network-interface"];
    let mut resources: Vec<(Option<&str>, String)> = made.iter().map(|kind| (Some(*kind), arn(kind, "*"))).collect();
    let used = [
        ("subnet", launch.subnet.as_ref()),
        ("launch-template", launch.template.as_ref()),
        ("key-pair", launch.key_pair.as_ref()),
        ("capacity-reservation", launch.capacity_reservation.as_ref()),
    ];
    resources.extend(used.into_iter().filter_map(|(kind, id)| Some((None, arn(kind, id?)))));
    resources.extend(
        launch
            .image
            .iter()
            .map(|image| (None, format!("arn:aws:ec2:{region}::image/{image}"))),
    );
    resources.extend(launch.security_groups.iter().map(|group| (None, arn("security-group", group))));
    let mut checks = Vec::new();
    for (made, resource) in resources {
        let tags: Vec<(&str, &str)> = launch
            .tags
            .iter()
            .filter(|tag| Some(tag.resource_type.as_str()) == made)
            .map(|tag| (tag.key.as_str(), tag.value.as_str()))
            .collect();
        let mut check = Check::new("ec2:RunInstances", &resource).with_request_tags(tags.iter().copied());
        for (key, value) in [
            ("ec2:InstanceType", launch.instance_type.clone()),
            ("ec2:MetadataHttpTokens", launch.http_tokens.clone()),
            ("ec2:LaunchTemplate", launch.template.as_ref().map(|id| arn("launch-template", id))),
            ("ec2:Subnet", launch.subnet.as_ref().map(|id| arn("subnet", id))),
        ] {
            if let Some(value) = value {
                check = check.with(key, &value);
            }
        }
        checks.push(check);
        if !tags.is_empty() {
            let tagging = Check::new("ec2:CreateTags", resource).with_request_tags(tags.into_iter());
            checks.push(tagging.with("ec2:CreateAction", "RunInstances"));
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;
    use crate::gateway::overlay::facts::Tagged;

    const ACCOUNT: &str = "000000000000";

    fn named(checks: &[Check]) -> Vec<(&str, &str)> {
        checks
            .iter()
            .map(|check| (check.action.as_str(), check.resource.as_str()))
            .collect()
    }

    #[test]
    fn an_id_in_a_tag_is_no_resource() {
        let call = form_call(
            "ec2",
            "Action=CreateTags&ResourceId.1=ami-0123456789abcdef0&Tag.1.Key=relight%3Asource&Tag.1.Value=i-0123456789abcdef0",
        );
        let image = "arn:aws:ec2:us-west-1::image/ami-0123456789abcdef0";
        assert_eq!(named(&of(&call, None, ACCOUNT)), [("ec2:CreateTags", image)]);
    }

    #[test]
    fn a_description_needs_its_action_on_everything() {
        let call = form_call("ec2", "Action=DescribeInstances&InstanceId.1=i-0123456789abcdef0");
        assert_eq!(named(&of(&call, None, ACCOUNT)), [("ec2:DescribeInstances", "*")]);
    }

    #[test]
    fn a_change_needs_its_action_on_each_resource_that_it_names() {
        let call = form_call(
            "ec2",
            "Action=AssociateAddress&AllocationId=eipalloc-0a&InstanceId=i-0b&AllowReassociation=true",
        );
        let expected = [
            ("ec2:AssociateAddress", "arn:aws:ec2:us-west-1:000000000000:elastic-ip/eipalloc-0a"),
            ("ec2:AssociateAddress", "arn:aws:ec2:us-west-1:000000000000:instance/i-0b"),
        ];
        assert_eq!(named(&of(&call, None, ACCOUNT)), expected);
        let group = "arn:aws:elasticloadbalancing:us-west-1:000000000000:targetgroup/t/1";
        let call = form_call(
            "elasticloadbalancing",
            &format!("Action=RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id=i-0b"),
        );
        assert_eq!(named(&of(&call, None, ACCOUNT)), [("elasticloadbalancing:RegisterTargets", group)]);
        let call = form_call("ec2", "Action=DeregisterImage&ImageId=ami-0c");
        assert_eq!(
            named(&of(&call, None, ACCOUNT)),
            [("ec2:DeregisterImage", "arn:aws:ec2:us-west-1::image/ami-0c")]
        );
    }

    #[test]
    fn a_launch_needs_what_it_makes_what_it_uses_and_its_tags() {
        let launch = Facts {
            image: Some("ami-0c".to_owned()),
            subnet: Some("subnet-0d".to_owned()),
            template: Some("lt-0e".to_owned()),
            security_groups: vec!["sg-0f".to_owned()],
            tags: vec![Tagged {
                resource_type: "instance".to_owned(),
                key: "relight:run".to_owned(),
                value: "r".to_owned(),
            }],
            ..Facts::default()
        };
        let call = form_call("ec2", "Action=RunInstances");
        let checks = of(&call, Some(&launch), ACCOUNT);
        let arn = |rest: &str| format!("arn:aws:ec2:us-west-1:000000000000:{rest}");
        let run = "ec2:RunInstances";
        let expected = [
            (run, arn("instance/*")),
            ("ec2:CreateTags", arn("instance/*")),
            (run, arn("volume/*")),
            (run, arn("network-interface/*")),
            (run, arn("subnet/subnet-0d")),
            (run, arn("launch-template/lt-0e")),
            (run, "arn:aws:ec2:us-west-1::image/ami-0c".to_owned()),
            (run, arn("security-group/sg-0f")),
        ];
        let expected: Vec<(&str, &str)> = expected.iter().map(|(action, arn)| (*action, arn.as_str())).collect();
        assert_eq!(named(&checks), expected);
        let request = checks[1].request(&call, "p");
        assert_eq!(request.context["ec2:createaction"], ["RunInstances"]);
        assert_eq!(request.context["aws:requesttag/relight:run"], ["r"]);
    }
}
