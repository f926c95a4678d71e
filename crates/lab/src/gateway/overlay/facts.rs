//! What a RunInstances request comes to, with what its launch template fills in.
//!
//! AWS: a parameter of the request overrides the template's (API_RunInstances, `LaunchTemplate`); without a version it is
//! the default one. Element names are those of ResponseLaunchTemplateData in the model.

use http::{Response, StatusCode};
use hyper::body::Bytes;
use xmltree::Element;

use crate::gateway::call::Call;
use crate::gateway::upstream::{Emulator, Upstreams};
use crate::gateway::xml;

/// A tag that the launch puts on what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) resource_type: String,
    pub(super) key: String,
    pub(super) value: String,
}

/// A launch, as it would be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) image: Option<String>,
    pub(super) instance_type: Option<String>,
    pub(super) subnet: Option<String>,
    pub(super) template: Option<String>,
    pub(super) security_groups: Vec<String>,
    pub(super) key_pair: Option<String>,
    pub(super) capacity_reservation: Option<String>,
    /// Name or ARN of the instance profile.
    pub(super) profile: Option<String>,
    /// `required` is IMDSv2.
    pub(super) http_tokens: Option<String>,
    pub(super) tags: Vec<Tagged>,
}

impl Facts {
    /// Reads the request and asks moto for its template.
    ///
    /// # Errors
    /// moto's own answer when it doesn't know the template.
    pub(super) async fn of(call: &Call, upstreams: &Upstreams) -> anyhow::Result<Result<Self, Response<Bytes>>> {
        let asked = Self::asked(call);
        let named = ["Id", "Name"]
            .into_iter()
            .find_map(|by| Some((by, call.form.get(&format!("LaunchTemplate.LaunchTemplate{by}"))?)));
        let Some((by, template)) = named else {
            return Ok(Ok(asked));
        };
        let by = format!("LaunchTemplate{by}");
        let version = call.form.get("LaunchTemplate.Version").unwrap_or("$Default");
        let question = [
            ("Action", "DescribeLaunchTemplateVersions"),
            ("Version", "2016-11-15"),
            (by.as_str(), template),
            ("LaunchTemplateVersion.1", version),
        ];
        let (status, body) = upstreams.ask(Emulator::Moto, "ec2", &call.scope.region, &question).await?;
        if status != StatusCode::OK {
            let mut answer = Response::new(body);
            *answer.status_mut() = status;
            return Ok(Err(answer));
        }
        let root = xml::parse(&body);
        let version = root
            .as_ref()
            .and_then(|root| xml::descend(root, &["launchTemplateVersionSet", "item"]));
        Ok(Ok(match version {
            Some(version) => asked.over(version),
            None => asked,
        }))
    }

    fn asked(call: &Call) -> Self {
        let form = &call.form;
        let get = |name: &str| form.get(name).map(str::to_owned);
        let groups = |list: &str| -> Vec<String> { form.list(list).into_iter().map(str::to_owned).collect() };
        let mut security_groups = groups("SecurityGroupId");
        security_groups.extend(groups("NetworkInterface.1.SecurityGroupId"));
        Self {
            image: get("ImageId"),
            instance_type: get("InstanceType"),
            subnet: get("SubnetId").or_else(|| get("NetworkInterface.1.SubnetId")),
            template: None,
            security_groups,
            key_pair: get("KeyName"),
            capacity_reservation: get("CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"),
            profile: get("IamInstanceProfile.Arn").or_else(|| get("IamInstanceProfile.Name")),
            http_tokens: get("MetadataOptions.HttpTokens"),
            tags: asked_tags(call),
        }
    }

    /// What was asked, over what the template's version says.
    fn over(mut self, version: &Element) -> Self {
        self.template = xml::text(version, &["launchTemplateId"]);
        let Some(data) = version.get_child("launchTemplateData") else {
            return self;
        };
        let told = |path: &[&str]| xml::text(data, path).filter(|text| !text.is_empty());
        let fill = |slot: &mut Option<String>, path: &[&str]| {
            if slot.is_none() {
                *slot = told(path);
            }
        };
        fill(&mut self.image, &["imageId"]);
        fill(&mut self.instance_type, &["instanceType"]);
        fill(&mut self.subnet, &["networkInterfaceSet", "item", "subnetId"]);
        fill(&mut self.key_pair, &["keyName"]);
        fill(&mut self.profile, &["iamInstanceProfile", "arn"]);
        fill(&mut self.profile, &["iamInstanceProfile", "name"]);
        fill(&mut self.http_tokens, &["metadataOptions", "httpTokens"]);
        let target = [
            "capacityReservationSpecification",
            "capacityReservationTarget",
            "capacityReservationId",
        ];
        fill(&mut self.capacity_reservation, &target);
        if self.security_groups.is_empty() {
            let listed = [&["securityGroupIdSet"][..], &["networkInterfaceSet", "item", "groupSet"]];
            self.security_groups = listed
                .into_iter()
                .filter_map(|path| xml::descend(data, path))
                .flat_map(xml::elements)
                .filter_map(|group| xml::text(group, &[]))
                .collect();
        }
        let specifications = data.get_child("tagSpecificationSet").into_iter().flat_map(xml::elements);
        for specification in specifications {
            let resource_type = xml::text(specification, &["resourceType"]).unwrap_or_default();
            for tag in specification.get_child("tagSet").into_iter().flat_map(xml::elements) {
                let told = |name| xml::text(tag, &[name]).unwrap_or_default();
                let (key, value) = (told("key"), told("value"));
                if !self.tags.iter().any(|tag| tag.resource_type == resource_type && tag.key == key) {
                    self.tags.push(Tagged {
                        resource_type: resource_type.clone(),
                        key,
                        value,
                    });
                }
            }
        }
        self
    }
}

/// The tags that a request puts on what it makes.
pub(super) fn asked_tags(call: &Call) -> Vec<Tagged> {
    let form = &call.form;
    let specifications = (1..).map_while(|number| {
        let resource_type = form.get(&format!("TagSpecification.{number}.ResourceType"))?;
        Some((number, resource_type))
    });
    specifications
        .flat_map(|(number, resource_type)| {
            (1..).map_while(move |tag| {
                let prefix = format!("TagSpecification.{number}.Tag.{tag}");
                Some(Tagged {
                    resource_type: resource_type.to_owned(),
                    key: form.get(&format!("{prefix}.Key"))?.to_owned(),
                    value: form.get(&format!("{prefix}.Value")).unwrap_or_default().to_owned(),
                })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;

    fn template() -> Element {
        let body = "<item><launchTemplateId>lt-1</launchTemplateId><launchTemplateData><imageId>ami-t</imageId><instanceType>t3.micro</instanceType>\
            <iamInstanceProfile><name>web</name></iamInstanceProfile><securityGroupIdSet><item>sg-1</item></securityGroupIdSet>\
            <metadataOptions><httpTokens>required</httpTokens></metadataOptions>\
            <tagSpecificationSet><item><resourceType>instance</resourceType><tagSet><item><key>Name</key><value>t</value></item>\
            <item><key>relight:run</key><value>t</value></item></tagSet></item></tagSpecificationSet></launchTemplateData></item>";
        xml::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_parameter_of_the_request_overrides_the_templates() {
        let call = form_call(
            "ec2",
            "Action=RunInstances&ImageId=ami-r&SubnetId=subnet-1&TagSpecification.1.ResourceType=instance\
             &TagSpecification.1.Tag.1.Key=relight%3Arun&TagSpecification.1.Tag.1.Value=r",
        );
        let facts = Facts::asked(&call).over(&template());
        assert_eq!(facts.image.as_deref(), Some("ami-r"));
        assert_eq!(facts.instance_type.as_deref(), Some("t3.micro"));
        assert_eq!(facts.subnet.as_deref(), Some("subnet-1"));
        assert_eq!(facts.template.as_deref(), Some("lt-1"));
        assert_eq!(facts.profile.as_deref(), Some("web"));
        assert_eq!(facts.http_tokens.as_deref(), Some("required"));
        assert_eq!(facts.security_groups, ["sg-1"]);
        let tags: Vec<(&str, &str)> = facts.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(tags, [("relight:run", "r"), ("Name", "t")]);
    }
}
