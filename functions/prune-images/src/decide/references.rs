//! What refers to images in one Region, followed to the images' ids.

use std::collections::{BTreeMap, BTreeSet};

use action::ids::AmiId;

/// Everything of a Region that can refer to an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Every version of every launch template.
    pub versions: Vec<Version>,
    /// Launch configurations.
    pub configurations: Vec<Configuration>,
    /// Auto Scaling groups.
    pub groups: Vec<Group>,
    /// Instances that aren't terminated, each with the image that it was launched from.
    pub instances: Vec<(String, String)>,
    /// What SSM parameters hold, by the name under which something refers to them.
    pub parameters: BTreeMap<String, String>,
    /// The name of the image pointer, where it is in this Region.
    pub pointer: Option<String>,
}

/// One version of a launch template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The template's id.
    pub template: String,
    /// The template's name.
    pub name: String,
    /// The version.
    pub number: i64,
    /// What it says of the image: an id, or [`ALIAS`] and a parameter; none if it says nothing.
    pub image: Option<String>,
}

/// A launch configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it launches by.
    pub uses: BTreeSet<Use>,
}

/// What an Auto Scaling group launches by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A launch template, by its id or its name. Every version of it counts, since `$Latest` and `$Default` move.
    Template(String),
    /// A launch configuration.
    Configuration(String),
    /// An image of its own in place of a template's (model: LaunchTemplateOverrides, `ImageId`).
    Image(String),
}

/// With this a launch template names a parameter that holds the image's id
/// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html).
pub const ALIAS: &str = "resolve:ssm:";

/// The parameter that has to be read to know which image is meant; none if an id is given, or if AWS itself owns the parameter: a
/// public parameter never holds an image of this account.
pub fn parameter(image: &str) -> Option<&str> {
    let name = image.strip_prefix(ALIAS)?;
    let path = name.split_once(":parameter").map_or(name, |(_, path)| path);
    (!path.starts_with("/aws/")).then_some(name)
}

impl References {
    /// The parameters that stand in place of an image's id, each once.
    pub fn aliases(&self) -> BTreeSet<String> {
        let versions = self.versions.iter().filter_map(|version| version.image.as_deref());
        let groups = self.groups.iter().flat_map(|group| &group.uses).filter_map(|used| match used {
            Use::Image(image) => Some(image.as_str()),
            Use::Template(_) | Use::Configuration(_) => None,
        });
        versions.chain(groups).filter_map(parameter).map(str::to_owned).collect()
    }

    /// Who refers to each image, in words for people.
    pub fn by_image(&self) -> BTreeMap<AmiId, BTreeSet<String>> {
        let mut found = BTreeMap::<AmiId, BTreeSet<String>>::new();
        let mut add = |image: Option<&str>, by: String| {
            // A text that is no image's id refers to none.
            if let Some(image) = image.and_then(|image| image.parse().ok()) {
                found.entry(image).or_default().insert(by);
            }
        };
        if let Some(pointer) = &self.pointer {
            add(self.parameters.get(pointer).map(String::as_str), format!("image pointer {pointer}"));
        }
        for version in &self.versions {
            add(
                self.meant(version.image.as_deref()),
                format!("launch template {} version {}", version.template, version.number),
            );
        }
        for one in &self.configurations {
            add(Some(&one.image), format!("launch configuration {}", one.name));
        }
        for group in &self.groups {
            for image in group.uses.iter().flat_map(|used| self.used(used)) {
                add(Some(image), format!("Auto Scaling group {}", group.name));
            }
        }
        for (instance, image) in &self.instances {
            add(Some(image), format!("instance {instance}"));
        }
        found
    }

    /// The images that a group would launch.
    fn used<'a>(&'a self, used: &'a Use) -> Vec<&'a str> {
        match used {
            Use::Image(image) => self.meant(Some(image)).into_iter().collect(),
            Use::Configuration(name) => {
                let named = self.configurations.iter().filter(|one| one.name == *name);
                named.map(|one| one.image.as_str()).collect()
            }
            Use::Template(name) => {
                let named = self.versions.iter().filter(|one| one.template == *name || one.name == *name);
                named.filter_map(|one| self.meant(one.image.as_deref())).collect()
            }
        }
    }

    /// The image's id, through the parameter that stands in its place.
    fn meant<'a>(&'a self, image: Option<&'a str>) -> Option<&'a str> {
        let image = image?;
        match image.strip_prefix(ALIAS) {
            Some(name) => self.parameters.get(name).map(String::as_str),
            None => Some(image),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "ami-0123456789abcdef0";
    const POINTER: &str = "/relight/unishop/image";

    fn version(number: i64, image: Option<&str>) -> Version {
        Version {
            template: "lt-1".to_owned(),
            name: "web".to_owned(),
            number,
            image: image.map(str::to_owned),
        }
    }

    fn group(used: Use) -> Group {
        Group {
            name: "shop".to_owned(),
            uses: [used].into(),
        }
    }

    fn by(references: &References) -> Vec<String> {
        let found = references.by_image();
        assert!(found.keys().all(|id| id.as_str() == IMAGE), "{found:?}");
        found.into_values().flatten().collect()
    }

    #[test]
    fn nothing_refers_to_nothing() {
        let references = References {
            versions: vec![version(1, None)],
            groups: vec![group(Use::Template("lt-9".to_owned()))],
            pointer: Some(POINTER.to_owned()),
            parameters: [("/other".to_owned(), "ami-no-id".to_owned())].into(),
            ..References::default()
        };
        assert!(references.by_image().is_empty());
    }

    #[test]
    fn every_kind_of_referrer_is_found_and_named() {
        let template = References {
            versions: vec![version(1, Some(IMAGE)), version(2, None)],
            ..References::default()
        };
        let configuration = References {
            configurations: vec![Configuration {
                name: "old".to_owned(),
                image: IMAGE.to_owned(),
            }],
            ..References::default()
        };
        let grouped = |references: &References, used: Use| References {
            groups: vec![group(used)],
            ..references.clone()
        };
        let template_one = "launch template lt-1 version 1";
        for (references, names) in [
            (template.clone(), vec![template_one]),
            (configuration.clone(), vec!["launch configuration old"]),
            (
                grouped(&template, Use::Template("lt-1".to_owned())),
                vec!["Auto Scaling group shop", template_one],
            ),
            (
                grouped(&template, Use::Template("web".to_owned())),
                vec!["Auto Scaling group shop", template_one],
            ),
            (
                grouped(&configuration, Use::Configuration("old".to_owned())),
                vec!["Auto Scaling group shop", "launch configuration old"],
            ),
            (
                grouped(&References::default(), Use::Image(IMAGE.to_owned())),
                vec!["Auto Scaling group shop"],
            ),
            (
                References {
                    instances: vec![("i-1".to_owned(), IMAGE.to_owned())],
                    ..References::default()
                },
                vec!["instance i-1"],
            ),
            (
                References {
                    pointer: Some(POINTER.to_owned()),
                    parameters: [(POINTER.to_owned(), IMAGE.to_owned())].into(),
                    ..References::default()
                },
                vec!["image pointer /relight/unishop/image"],
            ),
        ] {
            assert_eq!(by(&references), names);
        }
    }

    #[test]
    fn an_alias_is_followed_to_what_its_parameter_holds() {
        for name in [POINTER.to_owned(), format!("{POINTER}:3"), format!("{POINTER}:good")] {
            let alias = format!("{ALIAS}{name}");
            let mut references = References {
                versions: vec![version(7, Some(&alias))],
                groups: vec![group(Use::Image(alias.clone()))],
                ..References::default()
            };
            assert_eq!(references.aliases(), [name.clone()].into());
            assert!(references.by_image().is_empty(), "a parameter that isn't there holds nothing");
            references.parameters.insert(name, IMAGE.to_owned());
            assert_eq!(by(&references), ["Auto Scaling group shop", "launch template lt-1 version 7"]);
        }
    }

    #[test]
    fn parameters_of_aws_itself_and_plain_ids_need_no_reading() {
        for (image, wanted) in [
            (IMAGE.to_owned(), None),
            (format!("{ALIAS}/aws/service/ami-amazon-linux-latest/al2023"), None),
            (format!("{ALIAS}arn:aws:ssm:us-west-1::parameter/aws/service/bottlerocket"), None),
            (format!("{ALIAS}golden"), Some("golden")),
            (format!("{ALIAS}/awsome/image:2"), Some("/awsome/image:2")),
            (
                format!("{ALIAS}arn:aws:ssm:us-west-1:123456789012:parameter/shared"),
                Some("arn:aws:ssm:us-west-1:123456789012:parameter/shared"),
            ),
        ] {
            assert_eq!(parameter(&image), wanted, "{image}");
        }
    }
}
