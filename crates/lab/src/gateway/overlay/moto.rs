//! The gateway's own questions to moto about images and snapshots, and the tags and deletions that moto leaves undone.

use http::StatusCode;
use hyper::body::Bytes;
use xmltree::Element;

use crate::gateway::upstream::{Emulator, Upstreams};
use crate::gateway::xml;

/// moto's EC2 in one Region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moto<'a> {
    pub(super) upstreams: &'a Upstreams,
    pub(super) region: &'a str,
}

impl Moto<'_> {
    /// The image of this id; nothing for one that is unknown or deregistered.
    pub(super) async fn image(&self, id: &str) -> anyhow::Result<Option<Element>> {
        self.first("DescribeImages", "imagesSet", &[("ImageId.1", id)]).await
    }

    /// The id of the account's own image of this name.
    pub(super) async fn own_image_named(&self, name: &str) -> anyhow::Result<Option<String>> {
        let question = [("Owner.1", "self"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", name)];
        let found = self.first("DescribeImages", "imagesSet", &question).await?;
        Ok(found.and_then(|image| xml::text(&image, &["imageId"])))
    }

    /// The snapshots that an image boots from; none for an image that is unknown.
    pub(super) async fn snapshots(&self, image: &str) -> anyhow::Result<Vec<String>> {
        let image = self.image(image).await?;
        let mappings = image.as_ref().and_then(|image| image.get_child("blockDeviceMapping"));
        Ok(mappings
            .into_iter()
            .flat_map(xml::elements)
            .filter_map(|mapping| xml::text(mapping, &["ebs", "snapshotId"]))
            .filter(|id| !id.is_empty())
            .collect())
    }

    /// Tags resources. Nothing is asked for nothing.
    pub(super) async fn tag(&self, resources: &[String], tags: &[(String, String)]) -> anyhow::Result<()> {
        if resources.is_empty() || tags.is_empty() {
            return Ok(());
        }
        let mut question: Vec<(String, String)> = (1..)
            .zip(resources)
            .map(|(number, resource)| (format!("ResourceId.{number}"), resource.clone()))
            .collect();
        for (number, (key, value)) in (1..).zip(tags) {
            question.push((format!("Tag.{number}.Key"), key.clone()));
            question.push((format!("Tag.{number}.Value"), value.clone()));
        }
        let question: Vec<(&str, &str)> = question.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.ask("CreateTags", &question).await?;
        Ok(())
    }

    /// Deletes a snapshot; whether it was deleted.
    pub(super) async fn delete_snapshot(&self, id: &str) -> anyhow::Result<bool> {
        let (status, _) = self.ask("DeleteSnapshot", &[("SnapshotId", id)]).await?;
        Ok(status.is_success())
    }

    async fn first(&self, action: &str, list: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Option<Element>> {
        let (status, body) = self.ask(action, parameters).await?;
        if !status.is_success() {
            return Ok(None);
        }
        Ok(xml::parse(&body).and_then(|mut root| root.take_child(list)?.take_child("item")))
    }

    async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut question = vec![("Action", action), ("Version", "2016-11-15")];
        question.extend(parameters);
        self.upstreams.ask(Emulator::Moto, "ec2", self.region, &question).await
    }
}

/// A resource's tags.
pub(super) fn tags_of(resource: &Element) -> Vec<(String, String)> {
    let tags = resource.get_child("tagSet").into_iter().flat_map(xml::elements);
    tags.filter_map(|tag| Some((xml::text(tag, &["key"])?, xml::text(tag, &["value"]).unwrap_or_default())))
        .collect()
}
