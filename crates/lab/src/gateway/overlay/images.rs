//! An image is `pending` for a while after CreateImage or CopyImage, and then `available`, or `failed`.
//!
//! AWS: both calls return an id at once, of an image in state `pending` (model: ImageState); its snapshots aren't listed until
//! it is made (lstein/LibVM-EC2-Perl#17). An image that isn't available can't be launched: InvalidAMIID.Unavailable, "is pending,
//! and cannot be run" (AWSEC2 APIReference, errors-overview; hashicorp/packer#12162), and can't be copied: InvalidRequest. A
//! failed image says why (`stateReason`; which code is not documented). moto's images are available at once, and it knows of no
//! encryption: what was copied with a key is shown so here, on the image and on its snapshots.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use xmltree::Element;

use super::Step;
use crate::gateway::call::Call;
use crate::gateway::fault::Fault;
use crate::gateway::form::Filter;
use crate::gateway::xml;

/// An image that was made through the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// Until when it is pending.
    pub(super) until: Timestamp,
    /// Why it fails then, if it does.
    pub(super) failure: Option<String>,
    /// How it is encrypted, if it is.
    pub(super) encryption: Option<Encryption>,
    /// Its snapshots in moto.
    pub(super) snapshots: Vec<String>,
}

/// How the snapshots of a copy are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encryption {
    /// With which key; none is the Region's default one.
    pub(super) key: Option<String>,
}

/// The images that were made through the gateway, by id. None is forgotten before it is deregistered: a request whose filters
/// were taken out must find them applied to its answer.
#[derive(Debug, Default)]
pub(super) struct Images(Mutex<BTreeMap<String, Made>>);

/// How an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Failed(String),
    Available,
}

impl Made {
    fn phase(&self, now: Timestamp) -> Phase {
        match &self.failure {
            _ if now < self.until => Phase::Pending,
            Some(reason) => Phase::Failed(reason.clone()),
            None => Phase::Available,
        }
    }
}

impl Images {
    /// Remembers an image that has been begun.
    pub(super) fn begin(&self, id: &str, made: Made) {
        self.with(|images| images.insert(id.to_owned(), made));
    }

    /// Forgets an image that has been deregistered.
    pub(super) fn forget(&self, id: &str) {
        self.with(|images| images.remove(id));
    }

    /// AWS's refusal to launch an image that isn't available.
    pub(super) fn refuse_launch(&self, id: &str, now: Timestamp) -> Option<Fault> {
        let state = self.unavailable(id, now)?;
        Some(Fault::new(
            StatusCode::BAD_REQUEST,
            "InvalidAMIID.Unavailable",
            format!("AMI '{id}' is {state}, and cannot be run"),
        ))
    }

    /// AWS's refusal to copy an image that isn't available.
    pub(super) fn refuse_copy(&self, id: &str, now: Timestamp) -> Option<Fault> {
        self.unavailable(id, now)?;
        Some(Fault::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "The storage for the ami is not available in the source Region.",
        ))
    }

    /// The state of an image that isn't available.
    fn unavailable(&self, id: &str, now: Timestamp) -> Option<&'static str> {
        match self.with(|images| images.get(id).map(|made| made.phase(now)))? {
            Phase::Pending => Some("pending"),
            Phase::Failed(_) => Some("failed"),
            Phase::Available => None,
        }
    }

    /// Takes the filter on states out of a request.
    pub(super) fn before(&self, call: &Call) -> Step {
        if !call.is("ec2", "DescribeImages") || !self.any() {
            return Step::Forward;
        }
        let filters = call.form.filters();
        let kept: Vec<Filter> = filters.iter().filter(|filter| filter.name != "state").cloned().collect();
        if kept.len() == filters.len() {
            return Step::Forward;
        }
        Step::ForwardInstead(call.form.with_filters(&kept))
    }

    pub(super) fn completes(&self, call: &Call) -> bool {
        (call.is("ec2", "DescribeImages") || call.is("ec2", "DescribeSnapshots")) && self.any()
    }

    pub(super) fn after(&self, call: &Call, root: &mut Element, now: Timestamp) -> Option<String> {
        match call.operation.as_str() {
            "DescribeImages" => self.show(call, root.get_mut_child("imagesSet")?, now),
            "DescribeSnapshots" => {
                self.show_snapshots(root.get_mut_child("snapshotSet")?);
                None
            }
            _ => None,
        }
    }

    /// Shows each image as it is now, and keeps those that the request asks for.
    fn show(&self, call: &Call, list: &mut Element, now: Timestamp) -> Option<String> {
        let filters = call.form.filters();
        let mut note = None;
        self.with(|images| {
            xml::retain(list, |image| {
                let id = xml::text(image, &["imageId"]).unwrap_or_default();
                if let Some(made) = images.get(&id) {
                    note = show_one(image, made, now).map(|state| format!("{id} {state}")).or(note.take());
                }
                let shown = |value: &String| xml::says(image, &["imageState"], value);
                let mut states = filters.iter().filter(|filter| filter.name == "state");
                states.all(|filter| filter.values.iter().any(shown))
            });
        });
        note
    }

    fn show_snapshots(&self, list: &mut Element) {
        self.with(|images| {
            for snapshot in xml::elements_mut(list) {
                let id = xml::text(snapshot, &["snapshotId"]).unwrap_or_default();
                let of = images.values().find(|made| made.snapshots.contains(&id));
                if let Some(encryption) = of.and_then(|made| made.encryption.as_ref()) {
                    xml::set(snapshot, &["encrypted"], "true");
                    if let Some(key) = &encryption.key {
                        xml::set(snapshot, &["kmsKeyId"], key);
                    }
                }
            }
        });
    }

    fn any(&self) -> bool {
        self.with(|images| !images.is_empty())
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Made>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shows an image as it is; its state, when that isn't moto's.
fn show_one(image: &mut Element, made: &Made, now: Timestamp) -> Option<&'static str> {
    let (state, reason) = match made.phase(now) {
        Phase::Pending => ("pending", None),
        Phase::Failed(reason) => ("failed", Some(reason)),
        Phase::Available => {
            if made.encryption.is_some() {
                for mapping in image.get_mut_child("blockDeviceMapping").into_iter().flat_map(xml::elements_mut) {
                    xml::set(mapping, &["ebs", "encrypted"], "true");
                }
            }
            return None;
        }
    };
    xml::set(image, &["imageState"], state);
    if let Some(mappings) = image.get_mut_child("blockDeviceMapping") {
        mappings.children.clear();
    }
    if let Some(reason) = reason {
        xml::set(image, &["stateReason", "code"], "Client.InternalError");
        xml::set(image, &["stateReason", "message"], &reason);
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::call::tests::form_call;

    const KEY: &str = "arn:aws:kms:us-west-1:000000000000:key/1";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// `ami-1` is made until 110, with this failure.
    fn making(failure: Option<&str>) -> Images {
        let images = Images::default();
        let made = Made {
            until: at(110),
            failure: failure.map(str::to_owned),
            encryption: Some(Encryption { key: Some(KEY.to_owned()) }),
            snapshots: vec!["snap-1".to_owned()],
        };
        images.begin("ami-1", made);
        images
    }

    fn described(images: &Images, parameters: &str, second: i64) -> Element {
        let mapping = "<blockDeviceMapping><item><ebs><snapshotId>snap-1</snapshotId></ebs></item></blockDeviceMapping>";
        let body = format!(
            "<R><imagesSet><item><imageId>ami-1</imageId><imageState>available</imageState>{mapping}</item></imagesSet>\
             <snapshotSet><item><snapshotId>snap-1</snapshotId><encrypted>false</encrypted></item></snapshotSet></R>"
        );
        let mut root = xml::parse(body.as_bytes()).unwrap();
        for operation in ["DescribeImages", "DescribeSnapshots"] {
            let call = form_call("ec2", &format!("Action={operation}{parameters}"));
            images.after(&call, &mut root, at(second));
        }
        root
    }

    fn told(root: &Element, path: &[&str]) -> Option<String> {
        xml::text(root, &[&["imagesSet", "item"], path].concat())
    }

    #[test]
    fn an_image_that_was_not_made_here_is_shown_as_it_is() {
        let images = Images::default();
        let call = form_call("ec2", "Action=DescribeImages&Filter.1.Name=state&Filter.1.Value.1=available");
        assert!(!images.completes(&call));
        assert!(matches!(images.before(&call), Step::Forward));
        assert_eq!(told(&described(&images, "", 100), &["imageState"]).as_deref(), Some("available"));
        assert_eq!(images.refuse_launch("ami-1", at(100)), None);
    }

    #[test]
    fn an_image_is_pending_without_snapshots_then_available_or_failed_with_a_reason() {
        for (failure, second, state, snapshot, reason) in [
            (None, 100, "pending", None, None),
            (None, 109, "pending", None, None),
            (None, 110, "available", Some("snap-1"), None),
            (Some("no key"), 109, "pending", None, None),
            (Some("no key"), 110, "failed", None, Some("no key")),
        ] {
            let root = described(&making(failure), "", second);
            let seen = |path: &[&str]| told(&root, path);
            assert_eq!(seen(&["imageState"]).as_deref(), Some(state), "{failure:?} at {second}");
            assert_eq!(seen(&["blockDeviceMapping", "item", "ebs", "snapshotId"]).as_deref(), snapshot);
            assert_eq!(seen(&["stateReason", "message"]).as_deref(), reason);
        }
    }

    #[test]
    fn only_an_available_image_is_launched_or_copied() {
        for (failure, second, state) in [
            (None, 109, Some("pending")),
            (None, 110, None),
            (Some("no key"), 110, Some("failed")),
        ] {
            let images = making(failure);
            let launch = images.refuse_launch("ami-1", at(second));
            assert_eq!(
                launch.as_ref().map(|fault| fault.code.as_str()),
                state.map(|_| "InvalidAMIID.Unavailable")
            );
            assert!(launch.is_none_or(|fault| fault.message.contains(state.unwrap_or_default())));
            let copy = images.refuse_copy("ami-1", at(second));
            assert_eq!(copy.map(|fault| fault.code), state.map(|_| "InvalidRequest".to_owned()));
        }
    }

    #[test]
    fn filters_on_states_see_the_states_that_are_shown_and_only_they_are_kept_from_moto() {
        let images = making(None);
        let available = "&Filter.1.Name=state&Filter.1.Value.1=available&Filter.2.Name=name&Filter.2.Value.1=n";
        let both = format!("{available}&Filter.1.Value.2=pending");
        assert_eq!(told(&described(&images, available, 100), &["imageState"]), None);
        assert_eq!(told(&described(&images, &both, 100), &["imageState"]).as_deref(), Some("pending"));
        assert_eq!(
            told(&described(&images, available, 110), &["imageState"]).as_deref(),
            Some("available")
        );
        let Step::ForwardInstead(form) = images.before(&form_call("ec2", &format!("Action=DescribeImages{available}"))) else {
            panic!("the filter on states was sent on");
        };
        assert_eq!(form, "Action=DescribeImages&Filter.1.Name=name&Filter.1.Value.1=n");
    }

    #[test]
    fn what_was_copied_with_a_key_is_shown_encrypted_until_it_is_gone() {
        let images = making(None);
        let root = described(&images, "", 110);
        assert_eq!(
            told(&root, &["blockDeviceMapping", "item", "ebs", "encrypted"]).as_deref(),
            Some("true")
        );
        let snapshot = |root: &Element, name| xml::text(root, &["snapshotSet", "item", name]);
        assert_eq!(snapshot(&root, "encrypted").as_deref(), Some("true"));
        assert_eq!(snapshot(&root, "kmsKeyId").as_deref(), Some(KEY));
        images.forget("ami-1");
        assert_eq!(snapshot(&described(&images, "", 110), "encrypted").as_deref(), Some("false"));
    }
}
